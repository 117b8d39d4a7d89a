/**
 * Keeps a run that ends the process from doing so at every start.
 *
 * Runs that were under way when the process ended are taken up at the next start, and that is put on record
 * before their code runs. One that was so twice in a row, without having got on in between, is suspected: the
 * suspects are taken up one after the other, each once the one before has got on, rests, or had half a minute,
 * so that the one that ends the process is counted alone. Counted `limit` times, a run is not taken up again:
 * it fails with RUN_CUT_OFF, and is a dead letter like any other.
 *
 * A crash before that record leaves the run uncounted, and its code has not run; a crash after it is what is
 * counted. A stop in good order lets go of all counts. Of very many runs only the oldest are counted.
 *
 * Why: docs/decisions/0037-dead-letters.md
 */

import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Json } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { isAnyTakenUp, LET_GO, TAKEN_UP, type TakenUp, takenUpBefore } from './cut-off-index.ts'

const DEFAULT_LIMIT = 10
/** Taken up so often in a row, a run is suspected. */
const SUSPICIOUS = 2
const MOST_COUNTED = 1_000
const TURN_MS = 30_000

/** What a run may have on record again and again without getting on. */
const NO_PROGRESS: ReadonlySet<string> = new Set([
  'run.admitted',
  'run.queued',
  'run.stalled',
  'policy.decided',
  'decision.held',
  'effect.held',
  'effect.intended',
  'effect.unknown',
  'undo.held',
  'undo.intended',
  'undo.unknown',
  'attempt.failed',
  'step.begun',
  'step.beat',
  'model.called',
  'graph.started',
  'patch.noted',
])

export interface CutOffHost {
  readonly log: EventLog
  readonly clock: Clock
  /** Brings the run in, now that it may be. */
  wake(run: string): void
}

export class CutOffs {
  readonly #host: CutOffHost
  readonly #limit: number
  /** Suspects whose turn has not come, with their counts. */
  readonly #waiting = new Map<string, TakenUp>()
  readonly #givenUp = new Map<string, number>()
  /** The suspect whose turn it is. */
  #present: string | null = null
  #callOff: () => void = () => {}
  #stopListening: () => void = () => {}
  #stopped = false

  constructor(host: CutOffHost, limit: number = DEFAULT_LIMIT) {
    this.#host = host
    this.#limit = limit
  }

  /** Whether the run is not to be brought in yet. */
  holds(run: string): boolean {
    return this.#waiting.has(run)
  }

  /** Why the run is not to go on; null where it is. */
  whyGivenUp(run: string): HoldfastError | null {
    const times = this.#givenUp.get(run)
    if (times === undefined) return null
    return new HoldfastError(
      'RUN_CUT_OFF',
      `The process ended ${times} times in a row while run ${run} was under way, and the run did not get on`,
      { details: { run, times } },
    )
  }

  /** To be called at the start, before any run is brought in. Resolves when it is on record what is taken up. */
  async begin(): Promise<void> {
    const { log } = this.#host
    const rows = log.tables.all<{ id: string }>(
      "SELECT id FROM runs WHERE status IN ('running', 'stalled') ORDER BY position LIMIT ?",
      MOST_COUNTED,
    )
    const taken: TakenUp[] = []
    for (const { id } of rows) this.#sort(id, taken)
    if (this.#waiting.size > 0) this.#stopListening = log.onCommit((events) => this.#onCommit(events))
    if (taken.length > 0) await this.#record(taken)
    void this.#turn()
  }

  #sort(run: string, taken: TakenUp[]): void {
    const { log } = this.#host
    const before = takenUpBefore(log.tables, run)
    const since = before === undefined ? [] : log.readStream(runStream(run), before.version + 1)
    const times = before === undefined || since.some(isProgress) ? 0 : before.times
    const next: TakenUp = [run, log.versionOf(runStream(run)), times + 1]
    if (times >= this.#limit) this.#givenUp.set(run, times)
    else if (times >= SUSPICIOUS) this.#waiting.set(run, next)
    else taken.push(next)
  }

  /** What the store refuses is not counted; the runs go on. */
  async #record(runs: readonly TakenUp[]): Promise<void> {
    const body = { runs: runs as unknown as Json }
    await this.#append(TAKEN_UP, body).catch(() => {})
  }

  async #append(kind: string, body: { readonly [field: string]: Json }): Promise<void> {
    const event = { kind, body, actor: 'runtime', label: SYSTEM }
    await this.#host.log.append([{ stream: 'recovery', expectedVersion: 'any', events: [event] }])
  }

  // -- suspects, one after the other -------------------------------------------------------------

  async #turn(): Promise<void> {
    this.#callOff()
    this.#present = null
    const next = this.#waiting.entries().next().value
    if (next === undefined || this.#stopped) {
      this.#stopListening()
      return
    }
    const [run, taken] = next
    this.#present = run
    await this.#record([taken])
    this.#waiting.delete(run)
    if (this.#stopped) return
    this.#callOff = this.#host.clock.after(TURN_MS, () => {
      if (this.#waiting.size > 0) this.rested(run)
    })
    this.#host.wake(run)
  }

  /** The run has come to rest, or was under way for long enough, and the process is still there: it was not that one. */
  rested(run: string): void {
    if (this.#present !== run || this.#waiting.has(run)) return
    this.#present = null
    const { log } = this.#host
    void this.#record([[run, log.versionOf(runStream(run)), 0]]).then(() => this.#turn())
  }

  /** The run was reopened: it is taken up again. */
  forgive(run: string): void {
    this.#givenUp.delete(run)
  }

  #onCommit(events: readonly StoredEvent[]): void {
    const present = this.#present
    if (present === null || this.#waiting.has(present)) return
    const stream = runStream(present)
    if (events.some((event) => event.stream === stream && isProgress(event))) void this.#turn()
  }

  /** The process stops in good order: what is under way was not cut off. */
  async close(): Promise<void> {
    this.#stopped = true
    this.#callOff()
    this.#stopListening()
    if (isAnyTakenUp(this.#host.log.tables)) await this.#append(LET_GO, {}).catch(() => {})
  }
}

function isProgress({ kind, body }: StoredEvent): boolean {
  return !NO_PROGRESS.has(kind) || body?.parks === true
}
