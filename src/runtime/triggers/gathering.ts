/**
 * Puts the events of a trigger into groups, each of which starts one run. What comes of it depends on the events,
 * their keys and their times alone, not on when somebody was there to look at them.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Together } from './firing.ts'
import type { Gathering } from './trigger.ts'
import { type Gathered, gatheredUnder } from './trigger-index.ts'

interface OpenGroup {
  readonly events: StoredEvent[]
  due: number
  /** How many of the events are on record. */
  readonly known: number
}

/** The groups of one batch. Those that are complete are handed out, in the order of their last events. */
export class Groups {
  readonly #log: EventLog
  readonly #name: string
  readonly #gathering: Gathering
  readonly #open = new Map<string, OpenGroup>()
  /** Those that were handed out are no longer as the tables say. */
  readonly #closed = new Set<string>()

  constructor(log: EventLog, name: string, gathering: Gathering) {
    this.#log = log
    this.#name = name
    this.#gathering = gathering
  }

  /** With the groups that this event completes: the one before it, when it comes after its end, and its own. */
  add(event: StoredEvent, key: () => string): Together[] {
    const { max, due } = this.#gathering
    if (max === 1) return [{ key: null, events: [event] }]
    const name = key()
    const before = this.#groupOf(name)
    const complete = before !== undefined && event.time >= before.due ? this.close(name) : []
    const group = this.#open.get(name) ?? { events: [], due: 0, known: 0 }
    this.#open.set(name, group)
    group.events.push(event)
    group.due = Math.max(group.due, due(group.events[0]?.time ?? event.time, event.time))
    return group.events.length < max ? complete : [...complete, ...this.close(name)]
  }

  /** @param by only if it is due by then; default at any rate */
  close(key: string, by = Number.POSITIVE_INFINITY): Together[] {
    const group = this.#groupOf(key)
    if (group === undefined || group.due > by) return []
    this.#open.delete(key)
    this.#closed.add(key)
    return [{ key, events: group.events }]
  }

  /** In this batch, or as it is on record. */
  #groupOf(key: string): OpenGroup | undefined {
    const open = this.#open.get(key)
    if (open !== undefined || this.#closed.has(key)) return open
    const gathered = gatheredUnder(this.#log.tables, this.#name, key)
    if (gathered === undefined) return undefined
    const events = gathered.positions.flatMap((position) => this.#log.event(position) ?? [])
    const group = { events, due: gathered.due, known: events.length }
    this.#open.set(key, group)
    return group
  }

  /** What is to be put on record of the groups that are not complete. */
  gathered(): Gathered[] {
    return [...this.#open].flatMap(([key, { events, due, known }]) => {
      const positions = events.slice(known).map(({ position }) => position)
      return positions.length === 0 ? [] : [[key, positions, due] as const]
    })
  }
}
