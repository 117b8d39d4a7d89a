/**
 * Each event of a trigger starts one run, alone or with the events that belong to it, or is set aside until it is
 * tried again.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { MANNERS, type Manner, PARCEL, type Parcel } from '../starters.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

interface Waiting {
  readonly position: number
  readonly time: number
}

interface Published extends Waiting {
  readonly id: string
  readonly key: string
  readonly skipped: boolean
}

interface State {
  readonly manner: Manner
  /** By key, the oldest first: what has neither started a run nor been set aside. */
  readonly waiting: Map<string, Waiting[]>
  readonly aside: Set<number>
  /** Set aside once, and now tried again. */
  readonly again: Set<number>
}

export class TriggeredOnce implements Invariant {
  readonly #states = new Map<string, State>()
  readonly #parcels = new Map<number, Published>()
  /** The events of each run, as its trigger says. */
  readonly #runs = new Map<string, readonly number[]>()

  see(event: StoredEvent, asked: Asked | undefined): void {
    const { kind, body, stream } = event
    if (kind === 'event.published' && body?.kind === PARCEL) this.#publish(event, body)
    else if (kind === 'run.started' && body?.triggered !== undefined) this.#start(event, body)
    else if (kind === 'trigger.set') this.#set(nameOf(stream), Number(body?.after))
    else if (kind.startsWith('trigger.') && kind !== 'trigger.routed')
      this.#seeTaken(event, (body?.positions ?? []) as number[], asked)
  }

  #seeTaken({ kind, stream }: StoredEvent, positions: readonly number[], asked: Asked | undefined): void {
    const name = nameOf(stream)
    const state = this.#states.get(name)
    if (state === undefined) return
    if (kind === 'trigger.retried') {
      for (const one of positions) if (state.aside.delete(one)) state.again.add(one)
      return
    }
    if (kind === 'trigger.fired') this.#runs.set(`trigger/${name}/${Math.max(...positions)}`, positions)
    else for (const one of positions) state.aside.add(one)
    this.#take(name, state, positions, asked)
  }

  #set(name: string, after: number): void {
    const manner = MANNERS[name]
    if (manner === undefined) return
    const state: State = { manner, waiting: new Map(), aside: new Set(), again: new Set() }
    this.#states.set(name, state)
    for (const parcel of this.#parcels.values()) if (parcel.position > after) addTo(state, parcel)
  }

  #publish({ position, time }: StoredEvent, body: JsonObject): void {
    const { skipped } = body.data as unknown as Parcel
    const parcel = { id: String(body.id), key: String(body.key), position, time, skipped }
    this.#parcels.set(position, parcel)
    for (const state of this.#states.values()) addTo(state, parcel)
  }

  /** They are the oldest of their key, and no more and no fewer than belong together. */
  #take(name: string, state: State, positions: readonly number[], asked: Asked | undefined): void {
    if (positions.length > 0 && positions.every((one) => state.again.delete(one))) return
    const key = this.#parcels.get(positions[0] ?? 0)?.key ?? ''
    const line = state.waiting.get(key) ?? []
    const group = line.slice(0, positions.length)
    const oldest = group.map(({ position }) => position).join(' ')
    if (oldest !== positions.join(' '))
      throw new Violation('trigger-once', `${name} takes ${positions.join(' ')}, and ${oldest} wait`)
    state.waiting.set(key, line.slice(positions.length))
    const { max, due } = state.manner
    let end = Number.NEGATIVE_INFINITY
    const [first] = group as [Waiting]
    for (const [i, { position, time }] of group.entries()) {
      if (i > 0 && time >= end)
        throw new Violation('trigger-groups', `${name}: ${position} came after the end of ${oldest}`)
      end = Math.max(end, due(first.time, time))
    }
    if (group.length > max) throw new Violation('trigger-groups', `${name} took ${group.length} at once`)
    const next = line[group.length]
    // What was due before the clock was set back may be asked for only now.
    const reached = asked === undefined ? 0 : asked.jumps === 0 ? asked.reached : asked.latest
    const isOver = (next !== undefined && next.time >= end) || reached >= end
    if (group.length < max && !isOver)
      throw new Violation('trigger-groups', `${name} took ${oldest} before more could come`)
  }

  #start(event: StoredEvent, body: JsonObject): void {
    const run = runOf(event) ?? ''
    const { positions } = body.triggered as { positions: number[] }
    const { parcels } = body.input as { parcels: string[] }
    const told = this.#runs.get(run)
    this.#runs.delete(run)
    const ids = positions.map((one) => this.#parcels.get(one)?.id)
    if (told?.join(' ') !== positions.join(' ') || ids.join(' ') !== parcels.join(' '))
      throw new Violation('trigger-once', `${run} was started with ${parcels.join(' ')}`)
  }

  end(): void {
    const [lost] = this.#runs.keys()
    if (lost !== undefined) throw new Violation('trigger-once', `${lost} was fired, and never started`)
    for (const [name, { waiting, aside, again }] of this.#states) {
      const left = [...[...waiting.values()].flat().map(({ position }) => position), ...aside, ...again]
      if (left.length > 0) throw new Violation('trigger-once', `nothing came of ${left.join(' ')} in ${name}`)
    }
  }
}

function addTo({ waiting }: State, { key, position, time, skipped }: Published): void {
  if (skipped) return
  const line = waiting.get(key)
  if (line === undefined) waiting.set(key, [{ position, time }])
  else line.push({ position, time })
}

function nameOf(stream: string): string {
  return stream.slice('trigger/'.length)
}
