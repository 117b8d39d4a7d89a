/** That a log was restored from a backup is a fact of the log itself. */
import type { EventLog } from './event-log.ts'

export const RESTORES_STREAM = 'log/restores'
/** Body: `position` and `hash` of the backup's head, `made`: when the backup was made. */
export const LOG_RESTORED = 'log.restored'

export interface Restore {
  /** Of the last event that the backup holds. */
  readonly position: number
  /** When the backup was made, ISO 8601. */
  readonly made: string
}

/** The last time that the log was restored; null when it never was. */
export function lastRestore(log: Pick<EventLog, 'readStream' | 'versionOf'>): Restore | null {
  const body = log.readStream(RESTORES_STREAM, log.versionOf(RESTORES_STREAM)).at(-1)?.body
  return body == null ? null : { position: Number(body.position), made: String(body.made) }
}
