/**
 * Undoes what a run did: every effect that succeeded, its own and those of the runs that it called, one after
 * the other in reverse order of their success. One that can't be undone does not keep the others from it.
 * What has no undo is shown to the operator at the end. When an undo failed, the rollback fails with
 * ROLLBACK_INCOMPLETE, and retrying it goes on with what is left.
 *
 * Why: docs/decisions/0030-compensation-and-rollback.md
 */
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import { type Json, toJson } from '../../kernel/json.ts'
import {
  type Context,
  defineWorkflow,
  type Rollback,
  type RolledBack,
  type Workflow,
} from '../../kernel/workflow.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Gate } from '../../ports/gate.ts'
import { recordJson } from '../run-errors.ts'
import { type Deed, type Deeds, deedsOf, inputAndOutput } from './deeds.ts'
import { rollbacksBefore, SETTLE_REST } from './others.ts'
import { ROLLBACK, type RollbackInput, UNDO, type Undoing } from './rollback-id.ts'

/** How often it looks whether the runs that were called have ended, and how long between. */
const LOOKS = 60
const BETWEEN_LOOKS = '10s'
/** It waits for another rollback for a second, then twice as long each time, up to this. */
const LONGEST_WAIT_MS = 3_600_000

export function rollbackWorkflow(log: EventLog, gate: Gate): Workflow<RollbackInput, Rollback> {
  return defineWorkflow({
    ...ROLLBACK,
    async run(ctx, { run }) {
      const deeds = await find(ctx, log, gate, run)
      const undone: RolledBack[] = []
      const failed: (RolledBack & { readonly error: unknown })[] = []
      for (const deed of deeds.undoable) {
        const { position: _, ...what } = deed
        const given = inputAndOutput(log, deed)
        try {
          await undo(ctx, deed, run, given)
          undone.push(what)
        } catch (error) {
          failed.push({ ...what, error: recordJson(toErrorRecord(error)) })
        }
      }
      const rest = await settleRest(ctx, run, deeds)
      const report = { run, undone, ...rest }
      if (failed.length === 0) return report
      const names = failed.map(({ name }) => `"${name}"`).join(', ')
      throw new HoldfastError(
        'ROLLBACK_INCOMPLETE',
        `Of run ${run}, ${names} could not be undone; ${undone.length} were`,
        { details: { ...report, failed } },
      )
    },
  })
}

interface Found extends Deeds {
  /** Rollbacks that began before this one and may still undo something of the same runs. */
  readonly before: readonly string[]
}

/**
 * Waits for the rollbacks before it, so that nothing is undone by two at once; whoever began later does the same.
 * Looks again for a while when runs that were called are still under way: they may do something yet.
 */
async function find(ctx: Context, log: EventLog, gate: Gate, run: string): Promise<Deeds> {
  for (let waits = 0, looks = 1; ; ) {
    const look = () => ({ ...deedsOf(log, gate, run), before: rollbacksBefore(log.tables, run) })
    const found = (await ctx.step('find what was done', look)) as Found
    if (found.before.length > 0) {
      await ctx.sleep(`wait for ${found.before[0]}`, Math.min(1_000 * 2 ** waits, LONGEST_WAIT_MS))
      waits += 1
    } else if (found.open.length === 0 || looks === LOOKS) {
      return found
    } else {
      await ctx.sleep('wait for the runs it called', BETWEEN_LOOKS)
      looks += 1
    }
  }
}

async function undo(
  ctx: Context,
  { run, name, operation }: Deed,
  target: string,
  given: { readonly input: Json; readonly output: Json },
): Promise<void> {
  const where = run === target ? '' : ` of ${run}`
  const what = { of: { run, name }, ...given }
  await (ctx as Context & Undoing)[UNDO](`undo "${name}"${where}`, operation, what)
}

/** The operator's word on what can not be undone from here. */
async function settleRest(
  ctx: Context,
  run: string,
  { final, unclear }: Deeds,
): Promise<Pick<Rollback, 'byHand' | 'left'>> {
  const rest = [...final, ...unclear].map(({ position: _, ...what }) => what)
  if (rest.length === 0) return { byHand: [], left: [] }
  const isUnclear = new Set(unclear.map(({ run: of, name }) => `${of}\n${name}`))
  const lines = rest.map((what) => {
    const why = isUnclear.has(`${what.run}\n${what.name}`) ? 'perhaps done' : 'has no undo'
    return `"${what.name}" (${what.operation}, ${why})`
  })
  const answer = await ctx.review(SETTLE_REST, {
    action: 'settle-rollback',
    summary: `${rest.length} ${rest.length === 1 ? 'effect' : 'effects'} of run ${run} can't be undone from here`,
    reason: `Left: ${lines.join('; ')}. Approve: dealt with by hand. Reject: leave it as it is.`,
    confidence: 1,
    proposal: { run, effects: rest.map((what) => toJson(what)) },
  })
  const isDealtWith = answer.verdict === 'approved' || answer.verdict === 'edited'
  return isDealtWith ? { byHand: rest, left: [] } : { byHand: [], left: rest }
}
