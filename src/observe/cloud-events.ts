/**
 * Events in the form of CloudEvents 1.0, JSON format (https://github.com/cloudevents/spec): what an export of
 * the log holds. What has no attribute of its own there travels as extension attributes, whose names may
 * only have small letters and digits.
 */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Trust } from '../kernel/label.ts'

export interface CloudEvent {
  readonly specversion: '1.0'
  /** The position, as text: unique together with `source`. */
  readonly id: string
  /** `urn:holdfast:` and the id of the log. */
  readonly source: string
  /** `holdfast.` and the kind: `holdfast.step.completed`. */
  readonly type: string
  /** The stream. */
  readonly subject: string
  /** RFC 3339, UTC. */
  readonly time: string
  /** Both missing when the body was erased. */
  readonly datacontenttype?: 'application/json'
  readonly data?: JsonObject
  readonly position: number
  readonly streamversion: number
  readonly actor: string
  readonly trust: Trust
  /** Where it came from, separated by spaces; missing when from nowhere outside. */
  readonly sources?: string
  /** Who may read it, separated by spaces; missing when anybody may. */
  readonly readers?: string
  readonly causeposition?: number
  readonly correlation?: string
  readonly erased?: true
}

/** @param logId `EventLog.id` */
export function toCloudEvent(event: StoredEvent, logId: string): CloudEvent {
  const { position, stream, version, kind, time, actor, cause, correlation, label, body } = event
  return {
    specversion: '1.0',
    id: String(position),
    source: `urn:holdfast:${logId}`,
    type: `holdfast.${kind}`,
    subject: stream,
    time: new Date(time).toISOString(),
    position,
    streamversion: version,
    actor,
    trust: label.trust,
    ...(label.sources.length > 0 ? { sources: label.sources.join(' ') } : {}),
    ...(label.readers === null ? {} : { readers: label.readers.join(' ') }),
    ...(cause === null ? {} : { causeposition: cause }),
    ...(correlation ? { correlation } : {}),
    ...(body === null ? { erased: true } : { datacontenttype: 'application/json', data: body }),
  }
}
