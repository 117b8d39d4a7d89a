/** Notes how it was when an append was asked for, by the places of its events, so that what comes of it can be judged. */
import type { StoredEvent } from '../src/kernel/event.ts'
import type { StreamAppend } from '../src/ports/event-log.ts'
import type { ManualClock } from '../src/ports/testing/manual-clock.ts'
import type { Asked } from './invariants/invariant.ts'

/** Of an append that is not in the log yet. */
type Open = { -readonly [Key in keyof Asked]: Asked[Key] }

/** In place of a version that the writer left open: such events come in the order in which they were asked for. */
const ANY = 'any'

export class AskedFor {
  readonly #clock: ManualClock
  /** By stream and version; the first is the one that was not refused. */
  readonly #asked = new Map<string, Open[]>()
  #jumps = 0
  /** The latest time of day since everybody last had a turn: what is put on record now may be about it. */
  #reached = 0
  #latest = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** To be called when time has passed, before anybody has had a turn. */
  timePassed(): void {
    this.#reached = Math.max(this.#reached, this.#clock.now())
    this.#latest = Math.max(this.#latest, this.#reached)
  }

  jumped(): void {
    this.#jumps += 1
    this.timePassed()
  }

  /** Everybody has had a turn. */
  turned(): void {
    this.#reached = this.#clock.now()
  }

  /** The latest time of day that there has ever been. */
  get latest(): number {
    return Math.max(this.#clock.now(), this.#latest)
  }

  /** Of a process that has died, nothing more comes. */
  forget(): void {
    this.#asked.clear()
  }

  /** To be called off when the append is refused. */
  note(parts: readonly StreamAppend[], head: number): () => void {
    const now = this.#clock.now()
    const jumps = this.#jumps
    this.#latest = Math.max(now, this.#latest, this.#reached)
    const reached = Math.max(now, this.#reached)
    const asked = { now, reached, latest: this.#latest, head, jumps, jumpsAtCommit: jumps }
    const places = parts.flatMap(({ stream, expectedVersion, events }) =>
      events.map((_, i) => `${stream}@${expectedVersion === 'any' ? ANY : expectedVersion + i + 1}`),
    )
    for (const place of places) {
      const before = this.#asked.get(place)
      if (before === undefined) this.#asked.set(place, [asked])
      else before.push(asked)
    }
    return () => {
      for (const place of places) {
        const left = this.#asked.get(place)?.filter((one) => one !== asked)
        if (left !== undefined) this.#asked.set(place, left)
      }
    }
  }

  take({ stream, version }: StoredEvent): Asked | undefined {
    const place = `${stream}@${version}`
    const asked = this.#asked.get(place)?.[0] ?? this.#asked.get(`${stream}@${ANY}`)?.shift()
    this.#asked.delete(place)
    if (asked !== undefined) asked.jumpsAtCommit = this.#jumps
    return asked
  }
}
