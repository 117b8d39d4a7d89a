/**
 * The outside world: systems that do what they are asked, and the network before them. A request that was
 * sent travels on when its sender dies; an answer to a dead process reaches nobody.
 *
 * What was really done stands in `done`, whatever anybody was told. That is what the invariants compare the
 * log with, and what the simulated operator looks at before answering "was this done?".
 */
import { HoldfastError } from '../src/kernel/errors.ts'
import type { ManualClock } from '../src/ports/testing/manual-clock.ts'
import type { Chance } from './chance.ts'
import type { Tally } from './tally.ts'

/** How the network treats one request. */
type Fate =
  | 'ok'
  /** The system says no. */
  | 'refused'
  /** The system says that it did nothing and may be asked again. */
  | 'unavailable'
  /** The request never arrives, and nobody answers. */
  | 'dropped'
  /** The line breaks before the request arrives. */
  | 'broken'
  /** Done, but the answer never comes. */
  | 'lost'
  /** Done, but the line breaks within the answer. */
  | 'cut'
  /** Done, but the answer is not what it should be. */
  | 'garbled'
  /** Done, but so late that nobody waits any more. */
  | 'late'
  /** The network delivers the request twice. */
  | 'twice'

const FATES: Readonly<Record<Exclude<Fate, 'ok'>, number>> = {
  refused: 1,
  unavailable: 4,
  dropped: 3,
  broken: 3,
  lost: 3,
  cut: 3,
  garbled: 1,
  late: 2,
  twice: 3,
}

export interface Request {
  readonly operation: 'keyed' | 'natural' | 'plain' | 'blind' | 'guarded' | 'read'
  /** Unique among all effects of a simulation, by their place in the workload. */
  readonly path: string
  readonly key: string
  /** Whether it is to be taken back. */
  readonly isUndo?: true
}

/** What one effect came to outside. */
export interface Done {
  readonly operation: Request['operation']
  readonly path: string
  /** The idempotency keys it was asked for with: one, if all is well. */
  readonly keys: Set<string>
  /** How often it was carried out; a repeat that a system with keys dropped is not. */
  times: number
  /** How often it was taken back: repeating that is harmless. */
  undone: number
}

/** A request on its way; once called off, it never arrives. */
interface Flight {
  calledOff: boolean
}

/** Longer than any manifest of the simulated connector allows. */
const LATE_MS = 90_000

export class World {
  /** By path. */
  readonly done = new Map<string, Done>()
  /** From 0 to 1: how much of the traffic meets with a fault. */
  faults = 0
  readonly #clock: ManualClock
  readonly #chance: Chance
  readonly #tally: Tally
  readonly #undoneFromNothing: string[] = []
  /** The requests on their way, by path; those that take back apart. */
  readonly #travelling = new Map<string, Set<Flight>>()

  constructor(clock: ManualClock, chance: Chance, tally: Tally) {
    this.#clock = clock
    this.#chance = chance
    this.#tally = tally
  }

  /** Sends a request; how it ends is what its sender sees of it, which may be nothing for ever. */
  async send(request: Request, signal: AbortSignal, onArrival: () => void): Promise<unknown> {
    const fate = this.#fate(request)
    this.#tally.add(`network: ${fate}`)
    const flight = this.#depart(request)
    await this.#pass(this.#delay())
    if (!this.#arrives(request, flight)) return await silence(signal, this.#chance.happens(0.5))
    if (fate === 'unavailable') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed for now')
    if (fate === 'refused') throw new HoldfastError('CONNECTOR_REFUSED', 'we do not do that')
    if (fate === 'dropped') return await silence(signal, this.#chance.happens(0.5))
    if (fate === 'broken') throw new Error('the line broke')
    if (fate === 'late') {
      void this.#deliver(request, LATE_MS)
      return await silence(signal, this.#chance.happens(0.5))
    }
    onArrival()
    this.#carryOut(request)
    if (fate === 'twice') void this.#deliver(request, this.#chance.whole(0, 5_000), true)
    await this.#pass(this.#delay())
    if (fate === 'lost') return await silence(signal, this.#chance.happens(0.5))
    if (fate === 'cut') throw new Error('the line broke within the answer')
    return fate === 'garbled' ? { moved: true } : answerTo(request)
  }

  /** What was to be taken back without ever having been done. */
  get undoneFromNothing(): readonly string[] {
    return this.#undoneFromNothing
  }

  /** Whether it was done, as its system says; from then on, what has not arrived by now never will. */
  async ask(path: string): Promise<'yes' | 'no' | 'unknown'> {
    await this.#pass(this.#chance.whole(0, 1_000))
    if (this.#chance.happens(this.faults / 2)) {
      this.#tally.add('network: lookup failed')
      throw new Error('the line broke during the question')
    }
    if (this.#chance.happens(this.faults / 4)) return 'unknown'
    return this.truth(path) ? 'yes' : 'no'
  }

  /** Whether it was done. What has not arrived by now never will. */
  truth(path: string): boolean {
    for (const flight of this.#travelling.get(path) ?? []) flight.calledOff = true
    this.#travelling.delete(path)
    return this.done.has(path)
  }

  #fate({ operation, isUndo }: Request): Fate {
    if (!this.#chance.happens(this.faults)) return 'ok'
    const fate = this.#chance.weighted(FATES)
    const mayRepeat = isUndo || operation === 'keyed' || operation === 'natural' || operation === 'read'
    return fate === 'twice' && !mayRepeat ? 'ok' : fate
  }

  #carryOut({ operation, path, key, isUndo }: Request): void {
    const known = this.done.get(path)
    if (isUndo) {
      this.#tally.add('world: taken back')
      if (known === undefined) this.#undoneFromNothing.push(path)
      else known.undone += 1
      return
    }
    if (known === undefined)
      this.done.set(path, { operation, path, keys: new Set([key]), times: 1, undone: 0 })
    else if (operation === 'keyed' && known.keys.has(key)) this.#tally.add('world: repeat dropped by key')
    else {
      known.keys.add(key)
      known.times += 1
    }
  }

  async #deliver(request: Request, afterMs: number, isCopy = false): Promise<void> {
    const flight = this.#depart(request)
    await this.#pass(afterMs)
    if (this.#arrives(request, flight) && !isCopy) this.#carryOut(request)
  }

  #depart(request: Request): Flight {
    const flight = { calledOff: false }
    const flights = this.#travelling.get(wayOf(request)) ?? new Set()
    this.#travelling.set(wayOf(request), flights.add(flight))
    return flight
  }

  /** Whether nobody has asked for its outcome meanwhile. What arrives is carried out in the same breath. */
  #arrives(request: Request, flight: Flight): boolean {
    this.#travelling.get(wayOf(request))?.delete(flight)
    return !flight.calledOff
  }

  /** Of a journey, one way: different for each, so that answers overtake each other. */
  #delay(): number {
    return this.#chance.happens(0.3) ? 0 : this.#chance.whole(1, 2_000)
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#clock.after(ms, resolve))
  }
}

function wayOf({ path, isUndo }: Request): string {
  return isUndo ? `undo ${path}` : path
}

/** What the world answers when it has done something. */
export function answerTo({ operation, path }: Pick<Request, 'operation' | 'path'>): string {
  return `${operation} ${path}`
}

/** Never an answer; a connector that heeds the signal says so at least. */
function silence(signal: AbortSignal, heeds: boolean): Promise<never> {
  return new Promise((_, reject) => {
    if (heeds) signal.addEventListener('abort', () => reject(new Error('gave up waiting')))
  })
}
