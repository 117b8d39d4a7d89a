/**
 * A checkpoint is a head of the log, noted elsewhere: on paper, with a friend, in another building. The chain
 * proves that a log is consistent with its own head; only a checkpoint shows that the end was cut off, that
 * the past was written anew with a chain of its own, or that another log stands in its place.
 *
 * Why: docs/decisions/0017-backups-and-checkpoints.md
 */
import { HoldfastError } from './errors.ts'
import { GENESIS_HASH } from './event.ts'

export interface Checkpoint {
  /** Id of the log. */
  readonly log: string
  /** Of the last event; 0 for an empty log. */
  readonly position: number
  /** Hex SHA-256 of that event's header, which vouches for all before it. */
  readonly hash: string
  /** When it was taken, ISO 8601 in UTC; by the clock of whoever took it. */
  readonly time: string
}

/** What a log shows when it is held against a checkpoint. */
export interface Seen {
  readonly log: string
  readonly head: { readonly position: number; readonly hash: string }
  /** Hash of the event at the checkpoint's position, if there is one. */
  readonly hash: string | undefined
}

export function checkpointOf(
  log: { readonly id: string; head(): { readonly position: number; readonly hash: string } },
  timeMs: number,
): Checkpoint {
  const { position, hash } = log.head()
  return { log: log.id, position, hash, time: new Date(timeMs).toISOString() }
}

/**
 * A checkpoint from parsed JSON; `what` names it in the error.
 * @throws INPUT_INVALID
 */
export function readCheckpoint(value: unknown, what = 'the checkpoint'): Checkpoint {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const { log, position, hash, time } = given
  const fits =
    typeof log === 'string' &&
    typeof position === 'number' &&
    Number.isSafeInteger(position) &&
    position >= 0 &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof time === 'string'
  if (fits) return { log, position, hash, time }
  throw new HoldfastError('INPUT_INVALID', `${what} is not a checkpoint: log, position, hash and time`, {
    fix: 'Give the JSON document that `holdfast log checkpoint` printed.',
  })
}

/** Whether the log is the one of the checkpoint, and goes on from it. @throws LOG_REPLACED, LOG_TRUNCATED, LOG_REWRITTEN */
export function assertGoesOnFrom(checkpoint: Checkpoint, seen: Seen): void {
  const { position, time } = checkpoint
  const details = { expected: checkpoint, seen: { log: seen.log, head: seen.head, hash: seen.hash ?? null } }
  if (seen.log !== checkpoint.log) {
    const message = `This is log ${seen.log}; the checkpoint of ${time} is of log ${checkpoint.log}`
    throw new HoldfastError('LOG_REPLACED', message, { details })
  }
  if (seen.head.position < position) {
    const message = `The log ends at ${seen.head.position}; on ${time} it went up to ${position}, so ${position - seen.head.position} events are missing`
    throw new HoldfastError('LOG_TRUNCATED', message, { details })
  }
  const hash = position === 0 ? GENESIS_HASH : seen.hash
  if (hash !== checkpoint.hash) {
    const message = `Event ${position} has the hash ${hash ?? 'of nothing'}; on ${time} it was ${checkpoint.hash}`
    throw new HoldfastError('LOG_REWRITTEN', message, { details })
  }
}
