/**
 * One alert for each workflow that has dead letters, however many: raised with the first, cleared when all were
 * retried to a good end or discarded. How many there are is counted when it is read, so that a thousand failures
 * write one alert.
 *
 * It is compared with the tables after each commit that may change it, and when the log is opened: what a
 * crash kept from being raised, or cleared, is then.
 */

import type { StoredEvent } from '../../kernel/event.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { clearAlert, isRaised, RUNS_FAILED, raiseAlert, subjectsOf } from '../alert-index.ts'

/** After which a run that was retried is dead no longer, or may be. */
const SETTLES: ReadonlySet<string> = new Set([
  'run.completed',
  'run.cancelled',
  'run.continued',
  'run.discarded',
  'agent.set-aside',
  'bodies.erased',
])

export class DeadLetterAlerts {
  readonly #log: EventLog
  readonly #due = new Set<string>()
  #stopListening: () => void = () => {}
  #working: Promise<void> | null = null

  constructor(log: EventLog) {
    this.#log = log
  }

  open(): void {
    this.#stopListening = this.#log.onCommit((events) => this.#onCommit(events))
    const { tables } = this.#log
    const dead = tables.all<{ workflow: string }>('SELECT DISTINCT workflow FROM runs_dead')
    for (const { workflow } of dead) this.#due.add(workflow)
    for (const workflow of subjectsOf(tables, RUNS_FAILED)) this.#due.add(workflow)
    this.#work()
  }

  #onCommit(events: readonly StoredEvent[]): void {
    for (const { kind, stream } of events) {
      if (kind === 'run.failed') this.#noteFailed(runOf(stream))
    }
    if (events.some(({ kind }) => SETTLES.has(kind))) {
      for (const workflow of subjectsOf(this.#log.tables, RUNS_FAILED)) this.#due.add(workflow)
    }
    this.#work()
  }

  #noteFailed(run: string): void {
    const sql = 'SELECT workflow FROM runs_dead WHERE run = ?'
    const row = this.#log.tables.get<{ workflow: string }>(sql, run)
    if (row !== undefined) this.#due.add(row.workflow)
  }

  #work(): void {
    if (this.#working !== null || this.#due.size === 0) return
    this.#working = this.#settleAll().then(
      () => {
        this.#working = null
        this.#work()
      },
      // What the store refuses now is compared again with the next commit.
      () => {
        this.#working = null
      },
    )
  }

  /** What changed while one was put on record is looked at again. */
  async #settleAll(): Promise<void> {
    await Promise.resolve()
    for (const workflow of this.#due) {
      this.#due.delete(workflow)
      const { tables } = this.#log
      const sql = 'SELECT 1 FROM runs_dead WHERE workflow = ? LIMIT 1'
      const isWanted = tables.get(sql, workflow) !== undefined
      if (isWanted === isRaised(tables, RUNS_FAILED, workflow)) continue
      const message = `Runs of ${workflow} have failed`
      const part = isWanted ? raiseAlert(RUNS_FAILED, workflow, message) : clearAlert(RUNS_FAILED, workflow)
      await this.#log.append([part]).catch((error) => {
        this.#due.add(workflow)
        throw error
      })
    }
  }

  async idle(): Promise<boolean> {
    if (this.#working === null) return false
    while (this.#working !== null) await this.#working
    return true
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#due.clear()
    await this.#working
  }
}
