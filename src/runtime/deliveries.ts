/**
 * Hands runs what they wait for: published events, and the ends of the children they have called. Whatever is
 * delivered twice is refused the second time by the run's journal; what wakes many goes out page by page.
 */
import type { StoredEvent } from '../kernel/event.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Execution } from './execution.ts'
import { endedChildren, firstPublished, missedEvents, waitsFor } from './missed.ts'
import { toReceived } from './publish.ts'
import { runStream } from './run-index.ts'
import { PAGE, type Pager } from './scheduler/pager.ts'

export interface DeliveryHost {
  readonly log: EventLog
  wake(run: string, wake: (execution: Execution) => void): void
}

export class Deliveries {
  readonly #host: DeliveryHost
  readonly #pager: Pager

  constructor(host: DeliveryHost, pager: Pager) {
    this.#host = host
    this.#pager = pager
  }

  published(event: StoredEvent): void {
    const kind = String(event.body?.kind)
    const key = String(event.body?.key)
    let last = { run: '', name: '' }
    this.#pager.begin(() => {
      const waits = waitsFor(this.#host.log.tables, { kind, key, before: event.position }, last, PAGE)
      for (const { run, name, after } of waits) this.#receiveFirst(run, name, kind, key, after)
      last = waits.at(-1) ?? last
      return waits.length === PAGE
    })
  }

  /** An event published before the wait was on record, but after the run began, is not missed. */
  waitStarted(run: string, event: StoredEvent): void {
    const { name, kind, key, after } = event.body ?? {}
    this.#receiveFirst(run, String(name), String(kind), String(key), Number(after))
  }

  /** Gives one run, or all, what they wait for and has come already. */
  missed(run?: string): void {
    const { tables } = this.#host.log
    this.#each(missedEvents(tables, run), (one) => this.#receive(one.run, one.name, one.position))
    this.#each(endedChildren(tables, run), ({ id, parent, parent_name: name }) => {
      const end = lastEvent(this.#host.log, id)
      if (end) this.childEnded(parent, name, end)
    })
  }

  childEnded(parent: string, name: string, event: StoredEvent): void {
    this.#host.wake(parent, (execution) => {
      const { label } = event
      const { output, error } = event.body ?? {}
      const result = event.kind === 'run.completed' ? { output: output ?? null } : { error: error ?? null }
      execution.arrive(name, execution.event('child.ended', { name, ...result }, { label }))
    })
  }

  #each<T>(all: readonly T[], deliver: (one: T) => void): void {
    let next = 0
    this.#pager.begin(() => {
      for (const one of all.slice(next, next + PAGE)) deliver(one)
      next += PAGE
      return next < all.length
    })
  }

  /** The event just published need not be the first: an earlier one may share its commit with the wait. */
  #receiveFirst(run: string, name: string, kind: string, key: string, after: number): void {
    const position = firstPublished(this.#host.log.tables, kind, key, after)
    if (position !== undefined) this.#receive(run, name, position)
  }

  #receive(run: string, name: string, position: number): void {
    this.#host.wake(run, (execution) => {
      const published = this.#host.log.event(position)
      if (published === undefined) return
      const { label } = published
      const event = toReceived(published)
      execution.arrive(name, execution.event('wait.ended', { name, event }, { label }))
    })
  }
}

export function lastEvent(log: EventLog, run: string): StoredEvent | undefined {
  const stream = runStream(run)
  return log.readStream(stream, log.versionOf(stream)).at(-1)
}
