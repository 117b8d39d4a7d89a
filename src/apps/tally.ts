/** Counts what becomes of mail while it is taken in, as the log tells it. */
import type { EventLog } from '../ports/event-log.ts'
import type { Received } from './intake.ts'

export interface Counts {
  readonly messages: number
  readonly new: number
  readonly duplicate: number
  readonly skipped: number
  /** Runs that came to a review. */
  readonly leads: number
  /** Runs that ended without one. */
  readonly closed: number
  /** Messages that started no run, since a flag has it switched off for their sender. */
  readonly off: number
  /** Runs that failed, or can't go on until a person acts. */
  readonly stuck: number
}

export class Tally {
  readonly #taken = { new: 0, duplicate: 0, skipped: 0 }
  readonly #leads = new Set<string>()
  readonly #stuck = new Set<string>()
  #closed = 0
  #off = 0
  readonly #stop: () => void

  /** @param onChange called after each commit. */
  constructor(log: Pick<EventLog, 'onCommit'>, onChange: () => void = () => {}) {
    this.#stop = log.onCommit((events) => {
      for (const { kind, stream } of events) {
        if (kind === 'review.requested') this.#leads.add(stream)
        else if (kind === 'start.skipped') this.#off += 1
        else if (kind === 'run.failed' || kind === 'run.stalled') this.#stuck.add(stream)
        else if (kind === 'run.reopened') this.#stuck.delete(stream)
        else if (kind === 'run.completed' && !this.#leads.has(stream)) this.#closed += 1
      }
      onChange()
    })
  }

  add(what: Received['what']): void {
    this.#taken[what] += 1
  }

  counts(): Counts {
    const { new: fresh, duplicate, skipped } = this.#taken
    return {
      messages: fresh + duplicate + skipped,
      ...this.#taken,
      leads: this.#leads.size,
      closed: this.#closed,
      off: this.#off,
      stuck: this.#stuck.size,
    }
  }

  stop(): void {
    this.#stop()
  }
}

/** `61 messages: 60 new, 1 duplicate → 25 leads, 35 closed`. */
export function countsText(counts: Counts): string {
  const { messages, duplicate, skipped, leads, closed, off, stuck } = counts
  const taken = [
    `${counts.new} new`,
    ...(duplicate > 0 ? [`${duplicate} duplicate${duplicate === 1 ? '' : 's'}`] : []),
    ...(skipped > 0 ? [`${skipped} unreadable`] : []),
  ]
  const became = [
    `${leads} lead${leads === 1 ? '' : 's'}`,
    `${closed} closed`,
    ...(off > 0 ? [`${off} kept back by a flag`] : []),
    ...(stuck > 0 ? [`${stuck} stuck`] : []),
  ]
  return `${messages} message${messages === 1 ? '' : 's'}: ${taken.join(', ')} → ${became.join(', ')}`
}
