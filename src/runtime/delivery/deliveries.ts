/**
 * Hands runs what they wait for: published events, and the ends of the children they have called. Whatever is
 * delivered twice is refused the second time by the run's journal; what wakes many goes out page by page.
 */

import type { StoredEvent } from '../../kernel/event.ts'
import { outsideSince, sinceBody } from '../../kernel/outside.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { receiveEvents } from '../perform/receive.ts'
import type { Execution } from '../run/execution.ts'
import { PAGE, type Pager } from '../scheduler/pager.ts'
import { endedChildren, isAwaited, missedEvents, waitsFor } from './missed.ts'
import { firstPublished } from './published-index.ts'

export interface DeliveryHost {
  readonly log: EventLog
  wake(run: string, wake: (execution: Execution) => void): void
}

export class Deliveries {
  readonly #host: DeliveryHost
  readonly #pager: Pager
  /** Which kinds any run waits for, as far as asked since the last commit. */
  readonly #awaitedKinds = new Map<string, boolean>()

  constructor(host: DeliveryHost, pager: Pager) {
    this.#host = host
    this.#pager = pager
  }

  /** To be called with each commit, before its events. */
  committed(): void {
    this.#awaitedKinds.clear()
  }

  published(event: StoredEvent): void {
    const kind = String(event.body?.kind)
    const key = String(event.body?.key)
    if (!this.#isAwaited(kind, key)) return
    let last = { run: '', name: '' }
    this.#pager.begin(() => {
      const waits = waitsFor(this.#host.log.tables, { kind, key, before: event.position }, last, PAGE)
      for (const { run } of waits) this.#receive(run, kind, key)
      last = waits.at(-1) ?? last
      return waits.length === PAGE
    })
  }

  /** Asked for each published event, most of which are of kinds that nobody waits for. */
  #isAwaited(kind: string, key: string): boolean {
    const { tables } = this.#host.log
    let kindIs = this.#awaitedKinds.get(kind)
    if (kindIs === undefined) {
      kindIs = isAwaited(tables, kind)
      this.#awaitedKinds.set(kind, kindIs)
    }
    return kindIs && isAwaited(tables, kind, key)
  }

  /** An event published before the wait was on record, but after the run began, is not missed. */
  waitStarted(run: string, event: StoredEvent): void {
    const { kind, key, after } = event.body ?? {}
    const position = firstPublished(this.#host.log.tables, String(kind), String(key), Number(after))
    if (position !== undefined) this.#receive(run, String(kind), String(key))
  }

  /** An event that a wait had received, before it was given up, is there for the next one. */
  waitAbandoned(run: string, event: StoredEvent): void {
    const { kind, key, returned } = event.body ?? {}
    if (returned !== null) this.#receive(run, String(kind), String(key))
  }

  /** Gives one run, or all, what they wait for and has come already. */
  missed(run?: string): void {
    const { tables } = this.#host.log
    this.#each(missedEvents(tables, run), (one) => this.#receive(one.run, one.kind, one.key))
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
      const ended = { name, ...result, ...sinceBody(outsideSince(event)) }
      execution.arrive(name, execution.event('child.ended', ended, { label }))
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

  /** Which wait receives what, the run itself knows: a later event may be told of first. */
  #receive(run: string, kind: string, key: string): void {
    this.#host.wake(run, (execution) => receiveEvents(execution, kind, key))
  }
}

/** Of a run that has ended, its end. */
export function lastEvent(log: EventLog, run: string): StoredEvent | undefined {
  const stream = runStream(run)
  const version = log.versionOf(stream)
  return log.readStream(stream, Math.max(1, version - 1)).findLast(({ kind }) => kind !== 'run.discarded')
}
