/** `budgets`: what each budget may take, what is reserved and settled of it, what is left. */
import { z } from 'zod'
import type { Standing } from '../../ports/gate.ts'
import { type BudgetState, budgets as listed } from '../../sdk.ts'
import { workspaceCommand } from './command.ts'

export interface BudgetList {
  readonly budgets: readonly BudgetState[]
  /** Reservations that stand: work that is under way, or whose outcome is not known. The oldest first. */
  readonly reservations: readonly Standing[]
}

export const budgets = workspaceCommand({
  name: 'budgets',
  params: z.strictObject({ all: z.boolean() }),
  advances: false,
  async run({ holdfast }, options): Promise<BudgetList> {
    return { budgets: listed(holdfast, options), reservations: holdfast.runtime.gate.reservations() }
  },
})
