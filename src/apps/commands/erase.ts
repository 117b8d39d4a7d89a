/** `erase CUSTOMER`: one customer, for good, and the proof that nothing is left. */
import { z } from 'zod'
import { systemClock } from '../../adapters/system/clock.ts'
import { findCustomer } from '../../customers/read.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import {
  type ErasePlan,
  type EraseReport,
  eraseCustomer,
  newPending,
  planErasure,
} from '../erasure/erase-customer.ts'
import { isMeant, type Pending, readPending } from '../erasure/pending.ts'
import { personOf } from '../erasure/person.ts'
import { mailFoldersOf } from '../mail-folders.ts'
import type { Workspace } from '../workspace.ts'
import { backupsIn } from './backup.ts'
import { workspaceCommand } from './command.ts'

export type Erased =
  | (ErasePlan & { readonly dryRun: true; readonly customer: string })
  | (EraseReport & {
      readonly dryRun: false
      readonly customer: string
      readonly cancelled: readonly string[]
      readonly backups: ErasedBackups
    })

/** Backups that were made before, and may hold the customer still. */
export interface ErasedBackups {
  /** That can be read still: until when; null for plain copies. */
  readonly left: readonly { readonly id: string; readonly to: string; readonly until: number | null }[]
  /** Whose keys were destroyed now. */
  readonly destroyed: readonly string[]
}

/** Runs that are cancelled may leave others that begin with their ends. */
const MOST_ROUNDS = 10

export const erase = workspaceCommand({
  name: 'erase',
  params: z.strictObject({
    customer: z.string().min(1),
    reason: z.string(),
    dryRun: z.boolean(),
    cancelRuns: z.boolean(),
    mentions: z.boolean(),
    finish: z.boolean(),
    /** Destroys at once the keys of the backups that may hold them. */
    endBackups: z.boolean(),
  }),
  advances: true,
  /** @throws CUSTOMER_NOT_FOUND, CUSTOMER_BUSY, ERASURE_UNFINISHED */
  async run(workspace, params, { signal, progress }): Promise<Erased> {
    const { dir, log, loaded } = workspace
    const { endBackups, ...said } = params
    const options = { actor: 'operator', signal, ...said }
    const site = { dir, log, folders: await mailFoldersOf(dir) }
    const begun = await readPending(dir)
    const pending = begunFor(begun, params.customer) ?? newPendingFor()
    const { person } = pending
    const customer = person.customer
    const mentions = params.mentions || pending.record.mentions
    const plan = () => planErasure(site, person, mentions)
    if (params.dryRun) return { ...(await plan()), dryRun: true, customer }
    const cancelled = params.cancelRuns ? await cancelRuns(workspace, plan) : []
    progress('Erasing')
    const { backups } = await backupsIn(workspace)
    let ended: readonly string[] = []
    const report = await eraseCustomer(site, pending, {
      ...options,
      mentions,
      endBackups: async () => {
        if (endBackups) ended = (await backups.destroyOlder()).destroyed
      },
    })
    const now = systemClock().now()
    const left = (await backups.list(now)).filter(
      ({ erased, state }) => erased !== null && state !== 'destroyed',
    )
    const told = left.map(({ id, to, until }) => ({ id, to, until }))
    return { ...report, dryRun: false, customer, cancelled, backups: { left: told, destroyed: ended } }

    function newPendingFor(): Pending {
      const found = findCustomer(log.tables, params.customer)
      return newPending(personOf(log, found, loaded.config.owner.addresses), options)
    }
  },
})

/** The erasure that is under way, if it is theirs. */
function begunFor(begun: Pending | null, asked: string): Pending | null {
  if (begun === null || isMeant(begun, asked)) return begun
  const { customer } = begun.person
  throw new HoldfastError('ERASURE_UNFINISHED', `The erasure of ${customer} has not come to its end`, {
    details: { customer },
  })
}

async function cancelRuns(
  { holdfast }: Workspace,
  plan: () => Promise<{ readonly openRuns: readonly string[] }>,
): Promise<string[]> {
  const cancelled: string[] = []
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { openRuns } = await plan()
    if (openRuns.length === 0) break
    for (const run of openRuns) {
      await holdfast.cancel(run, 'the customer is erased').catch((error) => {
        if (!isHoldfastError(error) || error.code !== 'RUN_ENDED') throw error
      })
      cancelled.push(run)
    }
    await holdfast.idle()
  }
  return [...new Set(cancelled)]
}
