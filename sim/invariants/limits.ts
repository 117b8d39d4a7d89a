/** Runs are held back as their workflows say: by key, by rate, by the time they are to begin at. */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { HELD, RATE_MS } from '../workflow.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

interface Held {
  readonly slot: string | null
  readonly limit: number
  readonly rate: string | null
  readonly perPeriod: number
  readonly notBefore: number | null
  isAdmitted: boolean
  /** Whether its time has come, where it is to begin later. */
  isDue: boolean
}

interface Admission {
  readonly time: number
  readonly jumps: number
}

export class Limits implements Invariant {
  readonly #held = new Map<string, Held>()
  /** What limits and rates count by, of every run. */
  readonly #keys = new Map<string, string>()
  readonly #holders = new Map<string, Set<string>>()
  readonly #admissions = new Map<string, Admission[]>()

  see(event: StoredEvent, asked: Asked | undefined): void {
    const run = runOf(event)
    if (run === null) return
    const { kind } = event
    if (kind === 'run.started') this.#keys.set(run, keyOf(event))
    const begins = kind === 'run.started' || kind === 'run.reopened'
    if (begins) this.#start(run, event)
    const held = this.#held.get(run)
    if (held === undefined || begins || kind === 'run.discarded') return
    if (kind === 'run.queued') this.#queue(run, held, asked)
    else if (kind === 'run.admitted') this.#admit(run, held, event, asked)
    else if (RUN_ENDS.has(kind)) this.#holders.get(held.slot ?? '')?.delete(run)
    else if (!held.isAdmitted && kind !== 'review.answered')
      throw new Violation('limits', `${kind} of ${run}, which was not admitted`)
  }

  end(): void {}

  #start(run: string, { body }: StoredEvent): void {
    const workflow = String(body?.workflow)
    const { slots, rate } = HELD[workflow] ?? {}
    const place = body?.queue as JsonObject | undefined
    if (place === undefined) {
      if (slots === undefined && rate === undefined) return void this.#held.delete(run)
      throw new Violation('limits', `${run} of ${workflow} began without a place in the queue`)
    }
    const key = `${workflow} ${this.#keys.get(run)}`
    const notBefore = typeof place.notBefore === 'number' ? place.notBefore : null
    this.#held.set(run, {
      slot: slots === undefined ? null : key,
      limit: slots ?? 0,
      rate: rate === undefined ? null : key,
      perPeriod: rate ?? 0,
      notBefore,
      isAdmitted: false,
      isDue: notBefore === null,
    })
  }

  #queue(run: string, held: Held, asked: Asked | undefined): void {
    held.isDue = true
    const { notBefore } = held
    if (asked !== undefined && notBefore !== null && asked.now < notBefore)
      throw new Violation('not-before', `${run} was to begin ${notBefore - asked.now} ms later`)
  }

  #admit(run: string, held: Held, { time }: StoredEvent, asked: Asked | undefined): void {
    if (!held.isDue) throw new Violation('not-before', `${run} was admitted, and its time had not come`)
    held.isAdmitted = true
    if (held.slot !== null) {
      const holders = this.#holders.get(held.slot) ?? new Set()
      this.#holders.set(held.slot, holders.add(run))
      if (holders.size > held.limit)
        throw new Violation('limits', `${[...holders].join(', ')} run at once with ${held.slot}`)
    }
    if (held.rate !== null && asked !== undefined) this.#count(held.rate, held.perPeriod, time, asked)
  }

  /** A clock that jumps makes periods shorter and longer, so what lies beyond a jump is not counted. */
  #count(rate: string, most: number, time: number, { now, jumps, jumpsAtCommit }: Asked): void {
    const before = this.#admissions.get(rate) ?? []
    const recent = before.filter((one) => one.jumps === jumps && one.time > now - RATE_MS)
    this.#admissions.set(rate, [...recent, { time, jumps: jumpsAtCommit }])
    if (recent.length >= most)
      throw new Violation('rates', `${recent.length + 1} were admitted within one period of ${rate}`)
  }
}

function keyOf({ body }: StoredEvent): string {
  return String((body?.input as JsonObject | undefined)?.key ?? '')
}
