/**
 * Publishing events. One whose id was given has a stream of its own, named by it, so that the same id can't come
 * twice; those under new ids share a stream.
 */
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { canonicalJson, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Label } from '../../kernel/label.ts'
import { sinceBody } from '../../kernel/outside.ts'
import type { ReceivedEvent } from '../../kernel/workflow.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'

export interface PublishedEvent {
  readonly id: string
  readonly kind: string
  readonly key: string
  readonly data: Json
  /** The one agent it is for, whatever kinds that one handles. */
  readonly to?: string
  /** Position of the first thing from outside that whoever publishes it has read; null for none. Default none. */
  readonly externalSince?: number | null
}

const NEW_EVENTS_STREAM = 'events'

export function eventStream(id: string): string {
  return `event/${id}`
}

/** Events of one append; more make another, so that no commit is a long one. */
const MOST_TOGETHER = 500

interface Batch {
  readonly events: NewEvent[]
  /** Resolves once they are durable; false when one of them can't be written, and so none is. */
  readonly appended: Promise<boolean>
}

/**
 * Publishes events under ids that were made for them and that nobody else can have. No version stands against
 * them, so those that are published at the same moment are one append.
 */
export class NewEvents {
  readonly #log: EventLog
  #batch: Batch | null = null

  constructor(log: EventLog) {
    this.#log = log
  }

  /** Durable once this resolves. @throws LOG_WRITE_FAILED, LOG_EPOCH_STALE, LOG_CLOSED */
  async publish(event: PublishedEvent, actor: string, label: Label): Promise<void> {
    const fresh = published(event, actor, label)
    if (this.#batch === null || this.#batch.events.length === MOST_TOGETHER) this.#batch = this.#begin()
    this.#batch.events.push(fresh)
    if (!(await this.#batch.appended)) await this.#append([fresh])
  }

  /** What is published from now on comes later; what was published is appended in the next microtask. */
  close(): void {
    this.#batch = null
  }

  #begin(): Batch {
    const events: NewEvent[] = []
    const appended = Promise.resolve().then(async () => {
      if (this.#batch?.events === events) this.#batch = null
      return await this.#append(events).then(
        () => true,
        () => false,
      )
    })
    return { events, appended }
  }

  async #append(events: readonly NewEvent[]): Promise<void> {
    await this.#log.append([{ stream: NEW_EVENTS_STREAM, expectedVersion: 'any', events }])
  }
}

/**
 * What to append to publish an event; nothing when the same was published before.
 * @param held what of this id is to be published with the end of a pipeline
 * @throws EVENT_ID_CONFLICT when the id was used for something else.
 */
export function publish(
  log: EventLog,
  event: PublishedEvent,
  actor: string,
  label: Label,
  held?: JsonObject,
): StreamAppend[] {
  const conflict = conflictOf(log, event, held)
  if (conflict !== null) throw conflict
  const stream = eventStream(event.id)
  if (held !== undefined || log.versionOf(stream) > 0) return []
  return [{ stream, expectedVersion: 0, events: [published(event, actor, label)] }]
}

function published(event: PublishedEvent, actor: string, label: Label): NewEvent {
  const body = { ...bodyOf(event), ...sinceBody(event.externalSince ?? null) }
  return { kind: 'event.published', body, actor, label }
}

/** EVENT_ID_CONFLICT when the id was used for something else: among what is held, or on record before that position. */
export function conflictOf(
  log: EventLog,
  event: PublishedEvent,
  held?: JsonObject,
  before = Number.POSITIVE_INFINITY,
): HoldfastError | null {
  const { id } = event
  const [first] = log.readStream(eventStream(id))
  const onRecord = first !== undefined && first.position < before ? first : undefined
  const known = onRecord === undefined ? held : onRecord.body
  if (known == null || canonicalJson(contentOf(known)) === canonicalJson(bodyOf(event))) return null
  return new HoldfastError(
    'EVENT_ID_CONFLICT',
    `Event ${id} was published as ${known.kind} with other content`,
    { details: { id, position: onRecord?.position ?? null } },
  )
}

function bodyOf({ id, kind, key, data, to }: PublishedEvent): JsonObject {
  return { id, kind, key, data, ...(to === undefined ? {} : { to }) }
}

/** What it says, whatever whoever published it had read. */
function contentOf({ externalSince: _, ...content }: JsonObject): JsonObject {
  return content
}

/** A published event as `waitFor` hands it over. */
export function toReceived(event: StoredEvent): ReceivedEvent & JsonObject {
  const body = event.body ?? {}
  return {
    id: String(body.id),
    kind: String(body.kind),
    key: String(body.key),
    data: body.data ?? null,
    time: event.time,
    position: event.position,
  }
}
