import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { runStream } from '../kernel/run-stream.ts'
import type { EventLog } from '../ports/event-log.ts'

/** The last event on record that is about an operation of a run, of those that fit; undefined for none. */
export function lastAbout(
  log: Pick<EventLog, 'readStream'>,
  run: string,
  name: string,
  fits: (kind: string, body: JsonObject) => boolean,
): StoredEvent | undefined {
  return log.readStream(runStream(run)).findLast(({ kind, body }) => body?.name === name && fits(kind, body))
}
