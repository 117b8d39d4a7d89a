/**
 * The order in which runs are admitted. Those that differ in nothing the queue looks at: as they were queued. Those that
 * differ in their priority alone: the higher first, but for one turn in eight, which goes by age.
 *
 * Turns are counted by each process from its start, so of one that had an append refused the eighth turn is not known.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import { placeFromJson } from '../../src/kernel/scheduling.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

interface Queued {
  readonly run: string
  /** What holds runs back alike: workflow, concurrency key, rate key. */
  readonly keys: string
  readonly priority: number
  readonly position: number
  readonly time: number
  readonly jumps: number
}

const BY_AGE = 8

export class QueueOrder implements Invariant {
  /** What is to be queued with the event that brings it in. */
  readonly #places = new Map<string, Pick<Queued, 'keys' | 'priority'>>()
  readonly #queued = new Map<string, Queued>()
  #turns = 0
  #isSure = false

  /** A process has begun. */
  opened(): void {
    this.#turns = 0
    this.#isSure = true
  }

  /** It may have taken turns that are not on record. */
  unsure(): void {
    this.#isSure = false
  }

  see(event: StoredEvent, asked: Asked | undefined): void {
    const run = runOf(event)
    if (run === null) return
    const { kind } = event
    if (kind === 'run.started' || kind === 'run.reopened') this.#start(run, event, asked)
    else if (kind === 'run.queued') this.#queue(run, event, asked)
    else if (kind === 'run.admitted') this.#admit(run, asked)
    else if (RUN_ENDS.has(kind)) this.#queued.delete(run)
  }

  end(): void {}

  #start(run: string, event: StoredEvent, asked: Asked | undefined): void {
    this.#places.delete(run)
    const given = event.body?.queue
    if (given === undefined || given === null) return
    const { slot, rate, priority, notBefore } = placeFromJson(given as Parameters<typeof placeFromJson>[0])
    const keys = JSON.stringify([event.body?.workflow, slot?.key, rate?.key])
    this.#places.set(run, { keys, priority })
    if (notBefore === null) this.#queue(run, event, asked)
  }

  #queue(run: string, { position, time }: StoredEvent, asked: Asked | undefined): void {
    const place = this.#places.get(run)
    const jumps = asked?.jumpsAtCommit ?? Number.POSITIVE_INFINITY
    if (place !== undefined) this.#queued.set(run, { ...place, run, position, time, jumps })
  }

  #admit(run: string, asked: Asked | undefined): void {
    this.#turns += 1
    const own = this.#queued.get(run)
    this.#queued.delete(run)
    if (own === undefined) return
    for (const other of this.#queued.values()) {
      if (other.keys !== own.keys || other.priority < own.priority) continue
      if (other.priority === own.priority && other.position < own.position)
        throw new Violation('queue-order', `${run} is admitted before ${other.run}, which was queued before`)
      if (other.priority > own.priority) this.#checkTurn(own, other, asked)
    }
  }

  /** What came into the queue while the turn was taken could not be seen. */
  #checkTurn(own: Queued, higher: Queued, asked: Asked | undefined): void {
    if (asked === undefined || !this.#isSure) return
    const wasThere = higher.jumps < asked.jumps || (higher.jumps === asked.jumps && higher.time < asked.now)
    if (!wasThere) return
    const isByAge = this.#turns % BY_AGE === 0 && own.position < higher.position
    if (!isByAge)
      throw new Violation(
        'queue-order',
        `${own.run} is admitted before ${higher.run}, whose priority is higher, in turn ${this.#turns}`,
      )
  }
}
