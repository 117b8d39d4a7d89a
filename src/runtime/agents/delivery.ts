/**
 * Delivers published events to the instances of one agent.
 *
 * The agent's cursor says up to where the log was looked at. Of a batch of what is beyond it, the events whose instance is free are
 * handled, the others are put into mailboxes, and the cursor moves: one commit. Under load a batch gathers
 * what several commits bring, so that one event on record stands for many handled.
 *
 * All appends are on condition of what was seen before; a refused one changes nothing, and is looked at anew.
 */
import { type AnyAgent, agentStream, type Lifecycle } from '../../kernel/agent.ts'
import { toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { Json } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { ReceivedEvent } from '../../kernel/workflow.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import { CURSOR_LAG, EventInbox } from '../delivery/event-inbox.ts'
import { WorkLoop } from '../delivery/work-loop.ts'
import { toReceived } from '../perform/publish.ts'
import { recordJson } from '../run-errors.ts'
import type { Arrival, Handled, Handling } from './handling.ts'
import type { Instances } from './instances.ts'

/** Limits of one batch, and so of one commit. */
const BATCH = { events: 16_384, keys: 1_000, kept: 100_000 }
const MOST_WAITING = 200
/** Turns that a batch waits for more as long as more comes. */
const GATHERING_TURNS = 32

interface AgentRow {
  readonly lifecycle: Lifecycle
  readonly since_position: number
  readonly cursor: number
}

export class Delivery {
  readonly agent: AnyAgent
  readonly instances: Instances
  readonly #log: EventLog
  readonly #handling: Handling
  readonly #kinds: ReadonlySet<unknown>
  readonly #inbox: EventInbox
  readonly #loop: WorkLoop

  constructor(agent: AnyAgent, log: EventLog, clock: Clock, instances: Instances, handling: Handling) {
    this.agent = agent
    this.instances = instances
    this.#log = log
    this.#handling = handling
    this.#kinds = new Set(agent.on)
    this.#inbox = new EventInbox(log, (event) => this.takes(event), BATCH)
    this.#loop = new WorkLoop(clock, { turn: () => this.#turn(), refused: () => this.#refused() })
  }

  /** How many events wait in memory to be looked at. */
  get gathered(): number {
    return this.#inbox.size
  }

  takes({ kind, body }: StoredEvent): boolean {
    if (kind !== 'event.published' || body === null) return false
    return body.to === undefined ? this.#kinds.has(body.kind) : body.to === this.agent.name
  }

  /** An event was committed that it takes. */
  note(event: StoredEvent): void {
    this.#inbox.note(event)
    this.wake()
  }

  /** Bodies were erased, and are in memory no longer. */
  erased(): void {
    this.instances.forgetAll()
    this.#inbox.erased()
    this.wake()
  }

  /** The log has come this far. */
  saw(position: number): void {
    if (this.#inbox.saw(position)) this.wake()
  }

  wake(): void {
    this.#loop.wake()
  }

  /** Resolves with whether there was something under way. */
  idle(): Promise<boolean> {
    return this.#loop.idle()
  }

  close(): Promise<void> {
    return this.#loop.close()
  }

  async #turn(): Promise<boolean> {
    await this.#gather()
    this.#inbox.begin()
    const stream = agentStream(this.agent.name)
    const row = this.#row()
    if (row === undefined || row.lifecycle === 'retired') {
      this.#inbox.forget()
      return false
    }
    const sight: StreamAppend = { stream, expectedVersion: this.#log.versionOf(stream), events: [] }
    const handles = row.lifecycle === 'enabled' || row.lifecycle === 'draining'
    if (handles && (await this.#deliverWaiting(sight))) return true
    return await this.#route(row, handles, sight)
  }

  /** Lets a batch grow as long as each turn brings more. */
  async #gather(): Promise<void> {
    let before = -1
    for (let turn = 0; turn < GATHERING_TURNS; turn += 1) {
      if (this.#inbox.size === before || this.#inbox.size >= BATCH.events) return
      before = this.#inbox.size
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #row(): AgentRow | undefined {
    return this.#log.tables.get<AgentRow>(
      'SELECT lifecycle, since_position, cursor FROM agents WHERE name = ?',
      this.agent.name,
    )
  }

  // -- what is new -------------------------------------------------------------------------------

  /** Whether there may be more. */
  async #route(row: AgentRow, handles: boolean, sight: StreamAppend): Promise<boolean> {
    const until = row.lifecycle === 'draining' ? row.since_position : Number.POSITIVE_INFINITY
    if (until < Number.POSITIVE_INFINITY) this.#inbox.forget()
    if (row.cursor >= until) return false
    const { events, through, isLast } = this.#inbox.next(row.cursor, until)
    const lag = through - row.cursor
    const isDue = events.length > 0 || lag >= CURSOR_LAG || (lag > 0 && through >= until)
    if (isDue) await this.#deliver(events, through, handles, sight)
    return !isLast
  }

  async #deliver(
    events: readonly StoredEvent[],
    through: number,
    handles: boolean,
    sight: StreamAppend,
  ): Promise<void> {
    const { groups, misrouted } = this.#group(events)
    const parts: StreamAppend[] = []
    const queued: Json[] = []
    const handled = new Map<string, Handled>()
    for (const [key, arrivals] of groups) {
      const result = handles
        ? await this.#handling.handle(key, arrivals, false)
        : { parts: [], next: null, left: arrivals }
      handled.set(key, result)
      parts.push(...result.parts)
      for (const { event } of result.left) queued.push([key, event.position])
    }
    const body = { ...(queued.length > 0 ? { queued } : {}), ...(misrouted.length > 0 ? { misrouted } : {}) }
    const routed: NewEvent = {
      kind: 'agent.routed',
      actor: `agent:${this.agent.name}`,
      label: SYSTEM,
      cause: through,
      body: { through, ...body },
    }
    await this.#append([{ ...sight, events: [routed] }, ...parts], handled)
  }

  #group(events: readonly StoredEvent[]): {
    readonly groups: ReadonlyMap<string, Arrival[]>
    /** Position and error, where the agent could not say whom an event is for. */
    readonly misrouted: readonly Json[]
  } {
    const groups = new Map<string, Arrival[]>()
    const misrouted: Json[] = []
    for (const event of events) {
      const received = toReceived(event)
      try {
        const key = this.#keyOf(event, received)
        if (key === null) continue
        const group = groups.get(key)
        if (group === undefined) groups.set(key, [{ event, received }])
        else group.push({ event, received })
      } catch (error) {
        misrouted.push([event.position, recordJson(toErrorRecord(error, 'AGENT_KEY_FAILED'))])
      }
    }
    return { groups, misrouted }
  }

  /** Which instance an event is for. One that was sent to this agent names it by its key. */
  #keyOf({ body }: StoredEvent, received: ReceivedEvent): string | null {
    const { key } = this.agent
    const given = key === undefined || body?.to !== undefined ? received.key : key(received)
    return given === null ? null : String(given).toWellFormed()
  }

  // -- what has waited ---------------------------------------------------------------------------

  /** Whether something had waited. */
  async #deliverWaiting(sight: StreamAppend): Promise<boolean> {
    const { tables } = this.#log
    const keys = tables.all<{ key: string }>(
      `SELECT key FROM agents_instances
       WHERE agent = ? AND waiting > 0 AND run IS NULL AND lifecycle = 'enabled' LIMIT ${MOST_WAITING}`,
      this.agent.name,
    )
    const parts: StreamAppend[] = []
    const handled = new Map<string, Handled>()
    for (const { key } of keys) {
      this.instances.forget(key)
      const result = await this.#handling.handle(key, this.#mailbox(key), true)
      handled.set(key, { ...result, next: null })
      parts.push(...result.parts)
    }
    if (parts.length > 0) await this.#append([sight, ...parts], handled)
    return keys.length > 0
  }

  #mailbox(key: string): Arrival[] {
    const rows = this.#log.tables.all<{ position: number }>(
      `SELECT position FROM agents_mailbox WHERE agent = ? AND key = ? ORDER BY position LIMIT ${MOST_WAITING}`,
      this.agent.name,
      key,
    )
    return rows.flatMap(({ position }) => {
      const event = this.#log.event(position)
      return event === undefined ? [] : [{ event, received: event.body === null ? null : toReceived(event) }]
    })
  }

  // -- on record ---------------------------------------------------------------------------------

  async #append(parts: readonly StreamAppend[], handled: ReadonlyMap<string, Handled>): Promise<void> {
    this.#inbox.assertThere()
    await this.#log.append(parts)
    for (const [key, { next }] of handled) {
      if (next === null || this.#inbox.hasErased) this.instances.forget(key)
      else this.instances.keep(next)
    }
  }

  /** Nothing of the batch is on record: it is looked at again. */
  #refused(): void {
    this.instances.forgetAll()
    this.#inbox.forget()
  }
}
