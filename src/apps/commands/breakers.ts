/** `breakers`, `breaker close NAME`: the circuit breakers of the connectors. */
import { z } from 'zod'
import { type BreakerRow, countHeld } from '../../runtime/breakers/breaker-index.ts'
import { workspaceCommand } from './command.ts'

export interface ListedBreaker extends Omit<BreakerRow, 'since' | 'code' | 'message'> {
  /** Milliseconds since 1970 of its last change; null when it never opened. */
  readonly since: number | null
  /** What it opened with last; null when it never did. */
  readonly error: { readonly code: string; readonly message: string } | null
  /** Effects that wait for it. */
  readonly held: number
}

export const breakers = workspaceCommand({
  name: 'breakers',
  params: z.strictObject({}),
  advances: true,
  async run({ holdfast, log, connectors }): Promise<ListedBreaker[]> {
    const opened = holdfast.breakers().map(({ code, message, ...row }) => ({
      ...row,
      error: { code, message },
      held: countHeld(log.tables, row.connector),
    }))
    const never = connectors
      .filter(({ name }) => !opened.some(({ connector }) => connector === name))
      .map(({ name }) => ({ connector: name, ...NEVER_OPENED }))
    return [...opened, ...never].toSorted((a, b) => (a.connector < b.connector ? -1 : 1))
  },
})

const NEVER_OPENED = {
  status: 'closed',
  times: 0,
  since: null,
  until: null,
  run: null,
  error: null,
  held: 0,
} as const

export const breakerClose = workspaceCommand({
  name: 'breaker close',
  params: z.strictObject({ name: z.string().min(1) }),
  advances: true,
  async run({ holdfast }, { name }): Promise<{ connector: string; wasOpen: boolean }> {
    return { connector: name, wasOpen: await holdfast.closeBreaker(name) }
  },
})
