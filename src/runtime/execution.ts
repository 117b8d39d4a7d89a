/**
 * One run in this process: its journal, its workflow function, and what it waits for.
 *
 * - Every outcome is on disk before the code sees it; `Sequencer` hands outcomes over in journal order.
 * - All appends to the run's stream are made here, each on condition of the version before, so a second
 *   writer (there should be none) loses with LOG_CONFLICT instead of forking the history.
 * - Operations that only wait are put on record when the code has come to rest. The last of them carries
 *   `parks: true` when nothing of the run is left under way; the run may then leave the process.
 * - A dropped execution never resolves anything again: its code simply stops, and a later activation
 *   replays the journal.
 */
import { fromErrorRecord, HoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import { applyToJournal, foldJournal, type Journal, type JournalEntry, labelOf } from '../kernel/journal.ts'
import { type Json, type JsonObject, toJson } from '../kernel/json.ts'
import { joinLabels, type Label } from '../kernel/label.ts'
import { validate } from '../kernel/schema.ts'
import type { AnyWorkflow, Context } from '../kernel/workflow.ts'
import type { Clock } from '../ports/clock.ts'
import { crashPoint } from '../ports/crash-points.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import type { Gate } from '../ports/gate.ts'
import { createContext, type Operation, type OperationHost } from './operations.ts'
import { performOperation } from './perform.ts'
import { runStream } from './run-index.ts'
import { Sequencer } from './sequencer.ts'

/** What an execution needs of the runtime around it. */
export interface ExecutionHost {
  readonly log: EventLog
  readonly gate: Gate
  readonly clock: Clock
  /** The workflow that a run began with. @throws WORKFLOW_UNKNOWN */
  workflow(name: string, version: number): AnyWorkflow
  /** The `run.started` of a child, to be appended together with the parent's record of it. */
  childStart(
    child: string,
    workflow: AnyWorkflow,
    input: Json,
    execution: Execution,
    name: string,
  ): StreamAppend
  /** Nothing of the run is under way; it waits. */
  parked(execution: Execution): void
  /** Something of the run is under way again. */
  resumed(execution: Execution): void
  /** The run has ended, or this execution can not go on; the error says why, if it is not the end. */
  finished(execution: Execution, error?: unknown): void
}

export class Execution implements OperationHost {
  readonly run: Context['run']
  readonly seed: string
  readonly journal: Journal
  readonly host: ExecutionHost
  /** Aborted at cancellation and shutdown: attempts under way should stop. */
  readonly abort = new AbortController()
  readonly #sequencer = new Sequencer(() => this.#rest())
  readonly #pending = new Map<string, { resolve: (value: Json) => void; reject: (error: unknown) => void }>()
  /** Operations that are to be tried again when their timer is due. */
  readonly #retries = new Map<string, () => void>()
  /** Names whose outcome is on its way to the log. */
  readonly #claimed = new Set<string>()
  /** Effects between intent and outcome: cancellation waits for them. */
  readonly #effects = new Set<Promise<void>>()
  #openings: NewEvent[] = []
  /** Called when nothing is under way any more. */
  #still: () => void = () => {}
  #parkedOnRecord: boolean
  #parked = false
  #working = 0
  #version: number
  #label: Label
  #lastSeen: number
  #state: 'active' | 'draining' | 'dropped' = 'active'

  constructor(host: ExecutionHost, run: string, options: { parked: boolean }) {
    this.host = host
    this.journal = foldJournal(run, host.log.readStream(runStream(run)))
    const { start } = this.journal
    if (start === null) {
      const code = this.journal.erased ? 'BODY_ERASED' : 'RUN_NOT_FOUND'
      throw new HoldfastError(code, `Run ${run} can't be read`, { details: { run } })
    }
    this.run = { id: run, workflow: start.workflow, customer: start.customer }
    this.seed = start.seed
    this.#version = this.journal.version
    this.#label = labelOf(this.journal)
    this.#lastSeen = start.time
    this.#parkedOnRecord = options.parked
  }

  get actor(): string {
    return `workflow:${this.run.workflow}`
  }

  /** The join of all that this run has seen. */
  get label(): Label {
    return this.#label
  }

  get ended(): boolean {
    return this.journal.end !== null
  }

  now(): number {
    return this.#lastSeen
  }

  // -- the code ----------------------------------------------------------------------------------

  /** Starts the workflow's code; what the journal holds is handed to it, the rest is done. */
  begin(): void {
    const { start } = this.journal
    if (start === null) return
    this.#sequencer.begin()
    let workflow: AnyWorkflow
    try {
      workflow = this.host.workflow(start.workflow, start.workflowVersion)
    } catch (error) {
      void this.stall(error)
      return
    }
    void this.#execute(workflow, start.input)
  }

  async #execute(workflow: AnyWorkflow, input: Json): Promise<void> {
    let end: NewEvent
    try {
      const parsed = await validate(workflow.input, input, `Input of ${workflow.name}`)
      const output = await workflow.run(createContext(this), parsed)
      const checked = await validate(workflow.output, output, `Output of ${workflow.name}`, 'OUTPUT_INVALID')
      end = this.event('run.completed', { output: toJson(checked, 'output') })
    } catch (error) {
      end = this.event('run.failed', { error: recordJson(toErrorRecord(error)) })
    }
    if (this.#state !== 'active') return
    crashPoint('run.before-end')
    await this.append([end])
    crashPoint('run.after-end')
  }

  operate(operation: Operation): Promise<Json> {
    if (this.#state !== 'active') return never()
    const entry = this.journal.entries.get(operation.name)
    if (entry !== undefined && entry.type !== operation.type) {
      void this.stall(diverged(this.run.id, operation, entry))
      return never()
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(operation.name, { resolve, reject })
      if (entry?.settled) this.#deliver(operation.name, entry.settled.version)
      else performOperation(this, operation)
    })
  }

  #deliver(name: string, version: number): void {
    if (!this.#pending.has(name)) return
    this.#sequencer.push(version, () => {
      const pending = this.#pending.get(name)
      const settled = this.journal.entries.get(name)?.settled
      if (!pending || !settled) return
      this.#pending.delete(name)
      this.#label = joinLabels(this.#label, settled.label)
      this.#lastSeen = Math.max(this.#lastSeen, settled.time)
      if (settled.outcome.ok) pending.resolve(settled.outcome.value)
      else pending.reject(fromErrorRecord(settled.outcome.error))
    })
  }

  // -- records -----------------------------------------------------------------------------------

  event(kind: string, body: JsonObject, by: { actor?: string; label?: Label } = {}): NewEvent {
    return { kind, body, actor: by.actor ?? this.actor, label: by.label ?? this.#label }
  }

  /** Appends to the run's stream, and to others in the same commit; what it settles is handed to the code. */
  async append(events: readonly NewEvent[], others: readonly StreamAppend[] = []): Promise<void> {
    if (this.#state === 'dropped') return never()
    const expectedVersion = this.#version
    this.#version += events.length
    let stored: readonly StoredEvent[]
    try {
      const own = { stream: runStream(this.run.id), expectedVersion, events: this.#withStatus(events) }
      stored = await this.host.log.append([own, ...others])
    } catch (error) {
      this.#drop(error)
      return never()
    }
    for (const event of stored.slice(0, events.length)) this.#take(event)
  }

  /** Marks the first event after a park with `wakes: true`, so that a crash from here on is noticed. */
  #withStatus(events: readonly NewEvent[]): readonly NewEvent[] {
    const last = events.at(-1)
    if (last?.body.parks === true || last?.kind === 'run.parked') this.#parkedOnRecord = true
    else if (this.#parkedOnRecord) {
      this.#parkedOnRecord = false
      return events.map((event, i) => (i === 0 ? { ...event, body: { ...event.body, wakes: true } } : event))
    }
    return events
  }

  #take(event: StoredEvent): void {
    applyToJournal(this.journal, event)
    if (this.ended) {
      this.#drop()
      return
    }
    const name = String(event.body?.name ?? '')
    const entry = this.journal.entries.get(name)
    if (entry?.settled?.version !== event.version) return
    this.#claimed.delete(name)
    this.#deliver(name, event.version)
  }

  /**
   * Puts the outcome of an operation on record, unless another outcome is there or on its way (a wait
   * that ends by an event just when its time is up).
   */
  async settle(
    name: string,
    events: readonly NewEvent[],
    others: readonly StreamAppend[] = [],
  ): Promise<boolean> {
    if (this.#claimed.has(name) || this.journal.entries.get(name)?.settled) return false
    this.#claimed.add(name)
    await this.working(() => this.append(events, others))
    return true
  }

  /** Puts an operation that only waits on record, once the code has come to rest. */
  open(event: NewEvent): void {
    this.#openings.push(event)
    if (this.#sequencer.idle && this.#working === 0) this.#sequencer.begin()
  }

  /** To be called by `timerDue` when the wait before the next attempt is over. */
  retryLater(name: string, again: () => void): void {
    this.#retries.set(name, again)
  }

  // -- activity ----------------------------------------------------------------------------------

  /** Does something that must not be cut off by parking. A failure that `work` doesn't handle stalls the run. */
  async working(work: () => Promise<void>): Promise<void> {
    this.wake()
    this.#working += 1
    try {
      await work()
    } catch (error) {
      void this.stall(error)
    } finally {
      this.#working -= 1
      if (this.#working === 0) this.#still()
      if (this.#state !== 'dropped' && this.#sequencer.idle) this.#sequencer.begin()
    }
  }

  /** As `working`, for what must not be cut off by cancellation either. */
  effect(work: () => Promise<void>): void {
    const done = this.working(work)
    this.#effects.add(done)
    void done.finally(() => this.#effects.delete(done))
  }

  wake(): void {
    if (!this.#parked) return
    this.#parked = false
    this.host.resumed(this)
  }

  /** The code rests: put what it waits for on record, and park when nothing else is under way. */
  #rest(): void {
    if (this.#state !== 'active' || this.ended) return
    const parks = this.#working === 0
    const openings = this.#openings
    this.#openings = []
    const last = openings.at(-1)
    if (last !== undefined) {
      if (parks) openings[openings.length - 1] = { ...last, body: { ...last.body, parks: true } }
      void this.working(() => this.append(openings))
      return
    }
    if (!parks) return
    if (this.#parkedOnRecord) this.#park()
    else if (this.#pending.size > 0) void this.working(() => this.append([this.event('run.parked', {})]))
  }

  #park(): void {
    if (this.#parked) return
    this.#parked = true
    this.host.parked(this)
  }

  // -- from outside ------------------------------------------------------------------------------

  /** The time of a timer, of a wait's end or of a next attempt has come. */
  async timerDue(name: string): Promise<void> {
    const entry = this.journal.entries.get(name)
    if (entry === undefined || entry.settled !== null) return
    if (entry.type === 'timer') await this.settle(name, [this.event('timer.fired', { name })])
    else if (entry.type === 'wait') await this.settle(name, [this.event('wait.ended', { name, event: null })])
    else {
      const again = this.#retries.get(name)
      this.#retries.delete(name)
      again?.()
    }
  }

  /** Ends the execution's part in the run: no outcome is delivered, nothing new is begun. */
  #drop(error?: unknown): void {
    if (this.#state === 'dropped') return
    this.#state = 'dropped'
    this.#sequencer.stop()
    this.#pending.clear()
    this.#retries.clear()
    this.#openings = []
    this.host.finished(this, error)
  }

  /** Lets a parked execution leave the process. */
  evict(): void {
    this.#drop()
  }

  /** Begins nothing new; resolves when what is under way is on record. Attempts are aborted after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.#state = this.#state === 'active' ? 'draining' : this.#state
    const cancelAbort = this.host.clock.after(graceMs, () => this.abort.abort())
    if (this.#working > 0)
      await new Promise<void>((resolve) => {
        this.#still = resolve
      })
    cancelAbort()
    this.#drop()
  }

  /** Puts on record that the run can not go on until a person has acted, and lets go of it. */
  async stall(error: unknown): Promise<void> {
    const record = toErrorRecord(error)
    const known = this.journal.stalled
    if (known?.code !== record.code || known.message !== record.message) {
      await this.append([this.event('run.stalled', { error: recordJson(record) })])
    }
    this.#drop(error)
  }

  /** @throws RUN_ENDED */
  async cancel(by: { actor: string; label: Label; reason: string }): Promise<void> {
    if (this.ended)
      throw new HoldfastError('RUN_ENDED', `Run ${this.run.id} has ended`, { details: { run: this.run.id } })
    this.#state = 'draining'
    this.abort.abort()
    await Promise.allSettled(this.#effects)
    const unknown = [...this.journal.entries.values()].filter((entry) => entry.effect === 'intended')
    const notes = unknown.map((entry) =>
      this.event('effect.unknown', {
        name: entry.name,
        operation: entry.opened?.operation ?? null,
        why: 'the run was cancelled before the outcome was on record',
      }),
    )
    const message = `Cancelled${by.reason && `: ${by.reason}`}`
    const error = { code: 'RUN_CANCELLED', message }
    await this.append([...notes, this.event('run.cancelled', { reason: by.reason, error }, by)])
  }
}

export function recordJson(record: ReturnType<typeof toErrorRecord>): JsonObject {
  return record as unknown as JsonObject
}

function diverged(run: string, operation: Operation, entry: JournalEntry): HoldfastError {
  const { name, type } = operation
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run} asks for a ${type} named "${name}", its journal holds a ${entry.type} there`,
    { details: { run, name, asked: type, recorded: entry.type } },
  )
}

/** For code that must go no further: its frame is collected with the promise. */
function never<T>(): Promise<T> {
  return new Promise(() => {})
}
