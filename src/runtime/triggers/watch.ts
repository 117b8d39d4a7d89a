/**
 * Looks at published events for one trigger, and starts its runs.
 *
 * The trigger's cursor says up to where the log was looked at. Of a batch of what is beyond it, the runs that
 * begin, what is gathered, what is set aside, and the cursor are one commit, on condition that the trigger's stream
 * is as it was seen: a crash leaves all of it or nothing, and what is not on record is looked at again. While the
 * trigger is paused its cursor stays where it is.
 */
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { Json } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { CURSOR_LAG, EventInbox } from '../delivery/event-inbox.ts'
import { WorkLoop } from '../delivery/work-loop.ts'
import { toReceived } from '../perform/publish.ts'
import { type Firing, type FiringHost, fire, setAside } from './firing.ts'
import { Groups } from './gathering.ts'
import { type AnyTrigger, type Gathering, gatheringOf } from './trigger.ts'
import { dueKeys, nextDue, TRIGGER_STREAM, triggerRow } from './trigger-index.ts'

/** Limits of one batch, and so of one commit. */
const BATCH = { events: 500, kept: 10_000 }

export class Watch {
  readonly trigger: AnyTrigger
  readonly #host: FiringHost
  readonly #gathering: Gathering
  readonly #inbox: EventInbox
  readonly #loop: WorkLoop
  #callOff: (() => void) | null = null

  constructor(trigger: AnyTrigger, host: FiringHost) {
    this.trigger = trigger
    this.#host = host
    this.#gathering = gatheringOf(trigger)
    this.#inbox = new EventInbox(host.log, (event) => this.#takes(event), BATCH)
    this.#loop = new WorkLoop(host.clock, { turn: () => this.#turn(), refused: () => this.#inbox.forget() })
  }

  /** To be called with every commit. */
  saw(events: readonly StoredEvent[]): void {
    let isTold = this.#inbox.saw(events.at(-1)?.position ?? 0)
    for (const event of events) {
      const isErasure = event.kind === 'bodies.erased'
      if (!isErasure && !this.#takes(event)) continue
      if (isErasure) this.#inbox.erased()
      else this.#inbox.note(event)
      isTold = true
    }
    if (isTold) this.wake()
  }

  #takes({ kind, body }: StoredEvent): boolean {
    return kind === 'event.published' && body?.kind === this.trigger.on && body.to === undefined
  }

  wake(): void {
    this.#loop.wake()
  }

  /** Resolves with whether there was something under way. */
  idle(): Promise<boolean> {
    return this.#loop.idle()
  }

  async close(): Promise<void> {
    await this.#loop.close()
    this.#callOff?.()
  }

  async #turn(): Promise<boolean> {
    this.#callOff?.()
    const { log, clock } = this.#host
    const { name } = this.trigger
    const row = triggerRow(log.tables, name)
    if (row === undefined || row.paused === 1) {
      this.#inbox.forget()
      return false
    }
    this.#inbox.begin()
    const stream = TRIGGER_STREAM + name
    const expectedVersion = log.versionOf(stream)
    const { events, through, isLast } = this.#inbox.next(row.cursor)
    // What is due is complete once all that came before is looked at.
    const due = isLast ? dueKeys(log.tables, name, clock.now(), BATCH.events) : []
    const { own, others } = await this.#handle(events, due, through, row.cursor)
    this.#inbox.assertThere()
    if (own.length > 0) await log.append([{ stream, expectedVersion, events: own }, ...others])
    if (!isLast || due.length === BATCH.events) return true
    this.#setAlarm()
    return false
  }

  async #handle(
    events: readonly StoredEvent[],
    due: readonly string[],
    through: number,
    cursor: number,
  ): Promise<Firing> {
    const groups = new Groups(this.#host.log, this.trigger.name, this.#gathering)
    const own: NewEvent[] = []
    const others: StreamAppend[] = []
    const add = (firing: Firing): void => {
      own.push(...firing.own)
      others.push(...firing.others)
    }
    for (const event of events) {
      try {
        const { where, key = ({ key }) => key } = this.trigger
        const received = toReceived(event)
        if (where?.(received) === false) continue
        const complete = groups.add(event, () => String(key(received)).toWellFormed())
        for (const group of complete) add(await fire(this.#host, this.trigger, group))
      } catch (error) {
        add(setAside(this.trigger, { key: null, events: [event] }, error))
      }
    }
    for (const key of due) {
      // One that has grown in this batch is due later.
      for (const group of groups.close(key, this.#host.clock.now()))
        add(await fire(this.#host, this.trigger, group))
    }
    const gathered = groups.gathered()
    const isBehind = through - cursor >= CURSOR_LAG
    if (gathered.length > 0 || isBehind)
      own.push(routed(this.trigger.name, through, gathered as unknown as Json))
    return { own, others }
  }

  #setAlarm(): void {
    const due = nextDue(this.#host.log.tables, this.trigger.name)
    if (due !== null) this.#callOff = this.#host.clock.wakeAt(due, () => this.wake())
  }
}

function routed(name: string, through: number, gathered: Json): NewEvent {
  const body = { gathered }
  return { kind: 'trigger.routed', actor: `trigger:${name}`, label: SYSTEM, cause: through, body }
}
