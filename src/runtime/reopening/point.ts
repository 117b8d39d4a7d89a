/**
 * What of a failed run is done again when it is reopened.
 *
 * Without a name it goes on where it failed: what failed with the error of the run is voided, with whatever
 * else failed or was given up from there on. A failure that the code had handled stays, so that it takes the
 * same way. From a named operation on, all that was settled since is voided.
 *
 * What was done outside (effects, children, publications) is never voided, nor is what else succeeded after a
 * failure: it is kept, for the code that asks for it again.
 */
import { approvalName, effectOfReview } from '../../kernel/effect-review.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { noteKey } from '../../kernel/note.ts'
import type { Reopening } from '../../kernel/reopening.ts'
import type { RecordedNote, RecordedOperation, RunRecord } from '../replay/replay-record.ts'
import { ROLLBACK } from '../rollback/rollback-id.ts'
import { OUTWARD } from './kept.ts'

/** @throws INPUT_INVALID, RETRY_REPEATS */
export function reopeningOf(
  record: RunRecord,
  events: readonly StoredEvent[],
  from: string | undefined,
): Reopening {
  const own = [...record.operations.values()].filter(({ isInner }) => !isInner)
  const chosen = from === undefined ? whereItFailed(record, own, events) : fromOn(record, own, events, from)
  const { point, voided } = chosen
  const names = new Set(voided.map(({ name }) => name))
  const kept = own.filter(({ name, position }) => !names.has(name) && position > point)
  const inner = [...record.operations.values()].filter((one) => isAskedAnew(one, names, from !== undefined))
  return {
    from: chosen.from,
    voided: [...names, ...inner.map(({ name }) => name)],
    unclear: voided.filter((one) => one.type === 'effect' && isUnclear(one, events)).map(({ name }) => name),
    kept: kept.map(({ name }) => name),
    notes: [...record.notes.values()]
      .filter((note) => isTakenBack(note, point, from !== undefined))
      .map((note) => noteKey(note)),
  }
}

interface Chosen {
  readonly from: string | null
  /** Position: what began after it was begun by code that may take another way now. */
  readonly point: number
  readonly voided: readonly RecordedOperation[]
}

// -- where it failed ----------------------------------------------------------------------------------

function whereItFailed(
  record: RunRecord,
  own: readonly RecordedOperation[],
  events: readonly StoredEvent[],
): Chosen {
  const failed = own.filter(hasFailed).sort((a, b) => endOf(a) - endOf(b))
  const voided = record.start.workflow === ROLLBACK.name ? failed : failed.filter(isBehindTheEnd)
  const source = voided.find((one) => isErrorOf(record, one)) ?? voided[0]
  const lastEnd = own.reduce((last, one) => Math.max(last, endOf(one)), 0)
  const point = voided[0] === undefined ? lastEnd : endOf(voided[0])
  const givenUp = own.filter((one) => one.abandoned && abandonedAt(one, events) >= point)
  return { from: source?.name ?? null, point, voided: [...voided, ...givenUp] }

  /** Its failure became that of the run, or came after that, or nothing was begun after it. */
  function isBehindTheEnd(one: RecordedOperation): boolean {
    const cause = failed.findLast((other) => isErrorOf(record, other))
    if (cause !== undefined && endOf(one) >= endOf(cause)) return true
    return !own.some(({ position }) => position > endOf(one))
  }
}

function hasFailed({ settled, abandoned }: RecordedOperation): boolean {
  return settled !== null && !settled.outcome.ok && !abandoned
}

function endOf({ settled }: RecordedOperation): number {
  return settled?.event.position ?? 0
}

function isErrorOf({ end }: RunRecord, { settled }: RecordedOperation): boolean {
  if (end?.status !== 'failed' || settled === null || settled.outcome.ok) return false
  const { code, message } = settled.outcome.error
  return code === end.error.code && message === end.error.message
}

function abandonedAt({ name }: RecordedOperation, events: readonly StoredEvent[]): number {
  const found = events.findLast(({ kind, body }) => kind.endsWith('.abandoned') && body?.name === name)
  return found?.position ?? 0
}

// -- from a named operation on ------------------------------------------------------------------------

function fromOn(
  { run }: RunRecord,
  own: readonly RecordedOperation[],
  events: readonly StoredEvent[],
  name: string,
): Chosen {
  const step = own.find((one) => one.name === name)
  if (step === undefined) throw unknownStep(run, name, own)
  const repeated = own.filter(
    (one) => OUTWARD.has(one.type) && one.position >= step.position && !mayStay(one, step),
  )
  if (repeated.length > 0) throw repeats(run, name, repeated)
  const isVoided = (one: RecordedOperation): boolean => {
    if (one.abandoned) return abandonedAt(one, events) >= step.position
    if (OUTWARD.has(one.type)) return hasFailed(one) && endOf(one) >= step.position
    return one === step || one.position >= step.position || endOf(one) >= step.position
  }
  return { from: name, point: step.position - 1, voided: own.filter(isVoided) }
}

/**
 * The named operation itself is to be done again, so it must not have been done. What comes behind it stays as it
 * is; but a child that did not complete is bound to the input that it has.
 */
function mayStay(one: RecordedOperation, step: RecordedOperation): boolean {
  const isDone = one.settled?.outcome.ok === true
  return one === step ? !isDone : one.type !== 'child' || isDone
}

function unknownStep(run: string, name: string, own: readonly RecordedOperation[]): HoldfastError {
  const known = own.map((one) => one.name)
  return new HoldfastError('INPUT_INVALID', `Run ${run} has no operation ${JSON.stringify(name)}`, {
    details: { run, name, known: known.slice(0, 50) },
    fix: `Retry it from one of ${known.slice(0, 20).join(', ') || 'none'}; or leave out the operation, to go on where it failed.`,
  })
}

function repeats(run: string, from: string, what: readonly RecordedOperation[]): HoldfastError {
  const names = what.map(({ type, name }) => `the ${type} "${name}"`)
  return new HoldfastError(
    'RETRY_REPEATS',
    `Run ${run} can't be retried from "${from}": that would do ${names.join(' and ')} again`,
    { details: { run, from, repeated: what.map(({ name }) => name) } },
  )
}

// -- what belongs to it -------------------------------------------------------------------------------

/** Whether a failed effect may have been done all the same. */
function isUnclear({ name, settled }: RecordedOperation, events: readonly StoredEvent[]): boolean {
  if (settled !== null && !settled.outcome.ok && settled.outcome.error.code === 'EFFECT_ABANDONED')
    return true
  const own = events.filter(({ body }) => body?.name === name)
  return own.some(({ kind, body }) => kind === 'attempt.failed' && body?.unclear === true)
}

/** The operator's word on a voided effect holds if it was a yes to exactly this. */
function isAskedAnew(one: RecordedOperation, voided: ReadonlySet<string>, anew: boolean): boolean {
  const effect = one.isInner ? effectOfReview(one.name) : null
  if (effect === null || !voided.has(effect)) return false
  const answer = one.settled?.outcome.ok ? (one.settled.outcome.value as JsonObject) : null
  return anew || one.name !== approvalName(effect) || answer?.verdict !== 'approved'
}

/** How nodes ended that are run again; from a named operation on, all that the code notes again. */
function isTakenBack({ kind, body, position }: RecordedNote, point: number, all: boolean): boolean {
  if (position <= point) return false
  return all || (kind === 'node.ended' && body.state !== 'done')
}
