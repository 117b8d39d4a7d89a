/**
 * What replayed code asks for and the run has not on record. That may rightly be so: it was under way when the run
 * ended or was cut off, or held back by a run that ended while it caught up. What came later shows that it was not.
 */
import type { OperationType } from '../../kernel/journal.ts'
import type { Operation } from '../operations.ts'
import { childId } from '../perform/perform.ts'
import { isRollback } from '../rollback/rollback-id.ts'
import type { Divergence } from './divergence.ts'
import type { RecordedOperation } from './replay-record.ts'

/** What leaves a trace in the same turn; the others leave one when the code comes to rest, or when they end. */
const LEAVES_TRACE_AT_ONCE: ReadonlySet<OperationType> = new Set([
  'effect',
  'decision',
  'publication',
  'child',
])

/** An outcome of the record: its version in the stream of the run, and its position in the log. */
export interface Place {
  readonly version: number
  readonly position: number
}

export interface Traceless {
  /** Its place in the order of requests. */
  readonly request: number
  readonly divergence: Divergence
  /** The last outcome that the code had seen. */
  readonly seen: Place
  /** The outcome that it leaves a trace after, at the latest; null for one that never need leave any. */
  readonly tracedAfter: Place | null
}

/** What the code has asked for and not been given, with its outcome on record; null for none. */
export interface UnderWay {
  readonly type: OperationType
  readonly settled: RecordedOperation['settled']
}

/** The outcome that a request leaves a trace after, when the code has seen that one; null as in `Traceless`. */
export function tracedAfter(
  run: string,
  operation: Operation,
  seen: Place,
  underWay: readonly UnderWay[],
): Place | null {
  if (!LEAVES_TRACE_AT_ONCE.has(operation.type)) return null
  const waitsForEffects = operation.type === 'child' && isRollback(childId(run, operation))
  return waitsForEffects ? whenOver(underWay, seen) : seen
}

/** A rollback begins when the effects under way are over; null when one of them never is. */
function whenOver(underWay: readonly UnderWay[], seen: Place): Place | null {
  let last = seen
  for (const { type, settled } of underWay) {
    if (type !== 'effect' && type !== 'undo') continue
    if (settled === null) return null
    const { version, event } = settled
    if (version > last.version) last = { version, position: event.position }
  }
  return last
}

/** What the code asks for shows that an earlier request was gone past. `seen` is the version of the last outcome. */
export function isExposedBy({ tracedAfter }: Traceless, recorded: RecordedOperation, seen: number): boolean {
  // What was asked for in the same turn may have come to the disk first.
  return tracedAfter !== null && recorded.position > tracedAfter.position && seen > tracedAfter.version
}

/** The first of the latest requests: the earlier ones did not keep the code from going on. */
export function blocking(all: readonly Traceless[]): Divergence | undefined {
  const latest = all.at(-1)?.seen.version
  return all.find(({ seen }) => seen.version === latest)?.divergence
}
