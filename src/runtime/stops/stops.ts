/**
 * What a stop holds, and its end. While one is in force, whatever would reach outside is on record as held and its
 * run parks: no attempt is used up, no timer is lost, and what was begun before has its outcome on record. With
 * `work.resumed` all of it is woken in order, some at a time, through the queue of the runtime. A crash between that
 * record and the waking is made up for at the next start.
 *
 * Why: docs/decisions/0050-absence-and-stop.md
 */

import type { StoredEvent } from '../../kernel/event.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Gate } from '../../ports/gate.ts'
import { RESUMED } from '../../ports/stop-switch.ts'
import { timeIsUp } from '../perform/receive.ts'
import type { Execution } from '../run/execution.ts'
import type { Pager } from '../scheduler/pager.ts'
import { BY_STOP, heldByStop } from './held-index.ts'

/** Held operations that are woken in one turn. */
const PAGE = 50

export interface StopHost {
  readonly log: EventLog
  readonly gate: Gate
  wake(run: string, wake: (execution: Execution) => void): void
}

export class Stops {
  readonly #host: StopHost
  readonly #pager: Pager
  #stopListening: () => void = () => {}
  #running = false

  constructor(host: StopHost, pager: Pager) {
    this.#host = host
    this.#pager = pager
  }

  start(): void {
    this.#running = true
    this.#stopListening = this.#host.log.onCommit((events) => this.#onCommit(events))
    this.#release()
  }

  stop(): void {
    this.#running = false
    this.#stopListening()
  }

  /** What is on record as held may have missed the end of the stop. */
  #onCommit(events: readonly StoredEvent[]): void {
    for (const { kind, stream, body } of events) {
      if (kind === RESUMED) this.#release()
      else if (body?.by === BY_STOP && kind.endsWith('.held') && this.#host.gate.stopped() === null) {
        // The run takes note of the record first.
        setImmediate(() => this.#wake(runOf(stream), String(body.name)))
      }
    }
  }

  #release(): void {
    let after = 0
    this.#pager.begin(() => {
      if (!this.#running || this.#host.gate.stopped() !== null) return false
      const page = heldByStop(this.#host.log.tables, after, PAGE)
      for (const { run, name } of page) this.#wake(run, name)
      after = page.at(-1)?.position ?? after
      return page.length === PAGE
    })
  }

  #wake(run: string, name: string): void {
    if (this.#running) this.#host.wake(run, (execution) => timeIsUp(execution, name))
  }
}
