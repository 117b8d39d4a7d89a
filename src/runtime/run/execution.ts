/**
 * One run in this process: its journal, its workflow function, and what it waits for.
 *
 * - An outcome is handed to the code as soon as it is on its way to the log, in journal order (`Sequencer`).
 *   What the code then does to the outside, the functions of steps included, waits until all before it is
 *   durable; records may follow at once, since each is on condition of those before.
 *   Why: docs/decisions/0024-outcomes-ahead-of-the-disk.md
 * - All appends to the run's stream are made here, each on condition of the version before, so a second
 *   writer (there should be none) loses with LOG_CONFLICT instead of forking the history.
 * - Operations that only wait are put on record when the code has come to rest. The last of them carries
 *   `parks: true` when nothing of the run is left under way; the run may then leave the process.
 * - A dropped execution never resolves anything again: its code simply stops, and a later activation
 *   replays the journal. The host is told once the calls under way have come back, so that a run that comes
 *   back makes no second attempt beside the first.
 * - Nothing follows the end of a run: the effects under way get their outcome on record before it.
 */
import { toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { intendedEffects, isOver, type Journal, type RunStatus } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Label } from '../../kernel/label.ts'
import { type Note, noteKey } from '../../kernel/note.ts'
import type { AnyWorkflow, Context } from '../../kernel/workflow.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { createContext } from '../context/context.ts'
import { CatchUp } from '../life/catch-up.ts'
import { type Abandonable, isHandOver, type Operation, type OperationHost } from '../operations.ts'
import { performOperation } from '../perform/perform.ts'
import { abandonOperation } from '../perform/receive.ts'
import { Retries } from '../perform/retries.ts'
import { refusalOfKept } from '../reopening/kept.ts'
import { diverged, forgotten, isErased, recordJson, wasAbandoned } from '../run-errors.ts'
import { Abort } from './abort.ts'
import { ABORTED_CALL_MS, Activity } from './activity.ts'
import type { ExecutionHost } from './execution-host.ts'
import { handedOn } from './external-since.ts'
import type { Handover } from './handover.ts'
import type { Beside } from './joint-append.ts'
import { never } from './never.ts'
import { Openings } from './openings.ts'
import { runCode } from './run-code.ts'
import { RunLimits } from './run-limits.ts'
import { type Begun, RunRecords } from './run-records.ts'
import type { RunWriter } from './run-writer.ts'

export class Execution implements OperationHost {
  readonly run: Context['run']
  readonly actor: string
  readonly seed: string
  readonly fork: OperationHost['fork']
  readonly host: ExecutionHost
  /** Aborted at cancellation and shutdown: attempts under way should stop. */
  readonly abort = new Abort()
  readonly records: RunRecords
  readonly #handover: Handover
  readonly activity = new Activity()
  readonly #openings = new Openings()
  #retries: Retries | null = null
  readonly #writer: RunWriter
  readonly #catchUp: CatchUp
  /** Of a bounded run: its records are held until one of them has to be durable. */
  #limits: RunLimits | null = null
  #parked = false
  #isDraining = false

  constructor(host: ExecutionHost, run: string, status: RunStatus, begun: Begun = {}) {
    this.host = host
    const onRest = (): void => this.#rest()
    const onOver = (failure?: unknown): void => this.drop(failure)
    this.records = new RunRecords({ host, run, status, begun, onRest, onOver })
    this.#handover = this.records.handover
    this.#writer = this.records.writer
    this.#catchUp = new CatchUp(this.journal)
    const { start } = this.journal
    this.run = { id: run, workflow: start?.workflow ?? '', customer: start?.customer ?? null }
    this.actor = `workflow:${this.run.workflow}`
    this.seed = start?.seed ?? ''
    this.fork = start?.fork ?? null
  }

  get journal(): Journal {
    return this.records.journal
  }

  /** The join of all that this run has seen. */
  get label(): Label {
    return this.#handover.label
  }

  /** Made with the first attempt that waits: most runs have none. */
  get retries(): Retries {
    this.#retries ??= new Retries()
    return this.#retries
  }

  get isBounded(): boolean {
    return this.#limits !== null
  }

  get ended(): boolean {
    return this.journal.end !== null
  }

  /** Whether something new may be begun. */
  get active(): boolean {
    return !this.#isDraining && !this.#isDropped
  }

  get #isDropped(): boolean {
    return this.records.isLetGo
  }

  now(): number {
    return this.#handover.lastSeen
  }

  // -- the code ----------------------------------------------------------------------------------

  /** Starts the workflow's code; what the journal holds is handed to it, the rest is done. Given up, the run fails. */
  begin(givenUp: Error | null = null): void {
    const { start } = this.journal
    if (givenUp !== null) return void this.fail(givenUp)
    if (start === null) return
    this.#handover.begin()
    try {
      if (this.journal.erased) throw isErased(this.run.id)
      const workflow = this.host.workflow(start.workflow, start.workflowVersion)
      const run = { id: this.run.id, started: this.journal.reopened ?? start.time }
      const onPassed = (error: Error): void => void this.fail(error)
      if (workflow.bounds) this.#limits = new RunLimits(workflow.bounds, run, this.host.clock, onPassed)
      void this.#execute(workflow, start.input)
    } catch (error) {
      void this.stall(error)
    }
  }

  async #execute(workflow: AnyWorkflow, input: Json): Promise<void> {
    const [kind, body] = await runCode(workflow, createContext(this), input)
    const end = this.event(kind, { ...body, ...handedOn(this) })
    if (!this.active) return
    this.#isDraining = true
    const unknown = await this.#effectsOver('the run ended before the outcome was on record')
    crashPoint('run.before-end')
    await this.append([...unknown, end])
    crashPoint('run.after-end')
  }

  /** Waits for the effects under way; what to note of those that are still without an outcome. */
  async #effectsOver(why: string): Promise<readonly NewEvent[]> {
    await this.activity.effectsOver()
    await this.#keepUndone()
    return intendedEffects(this.journal).map((effect) => this.event('effect.unknown', { ...effect, why }))
  }

  async #keepUndone(): Promise<void> {
    const undone = this.#openings.takeUndone()
    if (undone.length > 0) await this.records.write(undone).catch(() => {})
  }

  operate(operation: Operation): Promise<Json> {
    if (!this.active) return never()
    const entry = this.journal.entries.get(operation.name)
    if (entry !== undefined && entry.type !== operation.type) {
      void this.stall(diverged(this.run.id, operation, entry))
      return never()
    }
    if (this.#limits?.admits(operation.name) === false) return never()
    const changed = entry?.isLoose ? refusalOfKept(this.host.log, this.run.id, operation) : null
    if (changed !== null) return Promise.reject(changed)
    this.#catchUp.asks(operation.name)
    return new Promise((resolve, reject) => {
      this.#handover.asks(operation.name, { resolve, reject })
      if (entry?.settled) this.#handover.deliver(operation.name, entry.settled.version)
      else if ((this.isBounded && isHandOver(operation)) || !this.#catchUp.holds(operation))
        this.#perform(operation)
    })
  }

  async continueAs(input: Json): Promise<never> {
    if (!this.active) return never()
    const next = await this.host.nextLink(this, input)
    if (!this.active) return never()
    this.#isDraining = true
    this.#handover.halt()
    const unknown = await this.#effectsOver('the run was continued before the outcome was on record')
    const end = this.event('run.continued', { next: next.id, input })
    await this.append([...unknown, end], [next.part()])
    return never()
  }

  abandon(operation: Abandonable): void {
    if (!this.active || !this.#handover.refuse(operation.name, wasAbandoned(operation.name))) return
    const body = abandonOperation(this.journal, operation)
    if (body !== null) this.#openings.abandon(this.event(`${operation.type}.abandoned`, body))
  }

  isBehind(): boolean {
    return this.#catchUp.isBehind(this.#handover.seenVersion)
  }

  hasNote(note: Note): boolean {
    return this.journal.notes.has(noteKey(note))
  }

  note(note: Note): void {
    if (!this.active || this.hasNote(note)) return
    this.journal.notes.add(noteKey(note))
    this.records.note(this.event(note.kind, note.body))
  }

  #perform(operation: Operation): void {
    try {
      performOperation(this, operation)
    } catch (error) {
      this.#handover.refuse(operation.name, error)
    }
  }

  // -- records -----------------------------------------------------------------------------------

  event(kind: string, body: JsonObject, by: { actor?: string; label?: Label } = {}): NewEvent {
    return { kind, body, actor: by.actor ?? this.actor, label: by.label ?? this.label }
  }

  /**
   * Appends to the run's stream, and to others in the same commit; what it settles is handed to the code.
   * Never resolves when this execution does not go on.
   */
  async append(events: readonly NewEvent[], others: readonly StreamAppend[] = []): Promise<void> {
    await this.records.writeOn(events, others, 'now')
  }

  /** As `record`, for what a bounded run hands over if it completes. */
  handOver(event: NewEvent, others: readonly StreamAppend[]): void {
    this.records.put([event], others, this.isBounded ? 'at-end' : 'now')
  }

  /** As `append`, for what this operation ends with: the run may park meanwhile. */
  record(events: readonly NewEvent[], others: readonly StreamAppend[] = [], onDurable?: () => void): void {
    this.records.put(events, others, this.isBounded ? 'held' : 'now', onDurable)
    if (!this.activity.busy) this.#handover.begin()
  }

  /**
   * Puts the outcome of an operation on record, unless another is there: an event just when its time is up.
   * @throws when it can't be put on record
   */
  async settle(name: string, event: NewEvent, { others = [], joint }: Beside = {}): Promise<boolean> {
    if (this.#writer.isEnding || isOver(this.journal.entries.get(name))) return false
    this.#enter()
    const written = this.records.write([event], others, 'now', joint)
    this.#leave()
    await written
    return true
  }

  /** As `settle`, for what a run that comes back is given again: an event, a timer, the end of a child. */
  arrive(name: string, event: NewEvent): void {
    this.settle(name, event).catch(() => {})
  }

  /** Puts an operation that only waits on record, once the code has come to rest. */
  open(event: NewEvent): void {
    this.#openings.open(event)
    if (!this.activity.busy) this.#handover.begin()
  }

  // -- activity ----------------------------------------------------------------------------------

  /** Does something that must not be cut off by parking. A failure that `work` doesn't handle stalls the run. */
  async working(work: () => Promise<void>): Promise<void> {
    this.#enter()
    try {
      await work()
    } catch (error) {
      void this.stall(error)
    } finally {
      this.#leave()
    }
  }

  /** As `working`, once all that was written is durable; what gives no promise is over when it returns. */
  workOnceDurable(work: () => Promise<void> | undefined): void {
    this.#enter()
    this.#writer.whenDurable(() => {
      const underWay = work()
      if (underWay !== undefined) void this.working(() => underWay)
      this.#leave()
    })
  }

  /** As `working`, for what the end of the run waits for. */
  effect(work: () => Promise<void>): void {
    this.activity.effect(this.working(work))
  }

  #enter(): void {
    this.activity.enter()
    if (!this.#parked || this.#isDropped) return
    this.#parked = false
    this.host.resumed(this)
  }

  #leave(): void {
    this.activity.leave()
    if (!this.#isDropped) this.#handover.begin()
  }

  /** The code rests: put what it waits for on record, and park when nothing else is under way. */
  #rest(): void {
    if (!this.active || this.ended) return
    const held = this.#catchUp.over()
    if (held !== null && held.length > 0) {
      const lost = this.#catchUp.lost(held)
      if (lost !== null) void this.stall(forgotten(this.run.id, lost.recorded, lost.asked))
      else for (const operation of held) this.#perform(operation)
      this.#handover.begin()
      return
    }
    const parks = !this.activity.busy
    const openings = this.#openings.take(this.records.takeNotes(), parks)
    if (openings.length > 0) void this.working(() => this.append(openings))
    else if (!parks) return
    else if (this.#writer.onRecord === 'waiting') this.#park()
    else if (this.#handover.isAsked) void this.working(() => this.append([this.event('run.parked', {})]))
  }

  #park(): void {
    if (this.#parked) return
    this.#parked = true
    this.host.parked(this)
  }

  // -- from outside ------------------------------------------------------------------------------

  /** Ends the execution's part in the run; a parked one leaves so too. */
  drop(failure?: unknown): void {
    if (this.#isDropped) return
    this.records.letGo(failure)
    this.#limits?.lift()
    this.#retries?.clear()
    this.#openings.take([], false)
    this.activity.abandon()
    const tell = (): void => this.host.finished(this, failure)
    if (this.ended || !this.activity.calling) tell()
    else void this.activity.callsOver().then(tell)
  }

  /**
   * Begins nothing new; resolves when what is under way is on record. Calls are aborted after `graceMs`, and
   * soon after that no longer waited for.
   */
  async drain(graceMs: number): Promise<void> {
    if (this.active) this.#isDraining = true
    const cancelAbort = this.host.clock.after(graceMs, () => this.abort.abort())
    const cancelWait = this.host.clock.after(graceMs + ABORTED_CALL_MS, () => this.activity.abandon())
    await this.activity.still()
    await this.#writer.settled()
    await this.#keepUndone()
    cancelAbort()
    cancelWait()
    this.drop()
    this.activity.letGo()
  }

  /** Stops the code, puts on record that the run can not go on until a person has acted, and lets go of it. */
  async stall(error: unknown): Promise<void> {
    if (!this.records.isSaved) return await this.fail(error)
    this.#handover.halt()
    const shown = this.#writer.onRecord
    this.#writer.stall()
    const record = toErrorRecord(error)
    const known = this.journal.stalled
    if (shown !== 'stalled' || known?.code !== record.code || known.message !== record.message) {
      await this.append([this.event('run.stalled', { error: recordJson(record) })])
    } else {
      // What the run was woken for, an answer or its cancellation, still gets its place in the log.
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.drop(error)
  }

  /** Ends the run though its code has not ended. */
  async fail(error: unknown): Promise<void> {
    if (!this.active) return
    const body = { error: recordJson(toErrorRecord(error)), cutOff: true, ...handedOn(this) }
    await this.cutOff('the run failed', this.event('run.failed', body)).catch(() => {})
  }

  /** Ends the run as it stands. @throws RUN_ENDED, or why it can't be put on record */
  async cutOff(why: string, end: NewEvent): Promise<void> {
    if (this.active) this.#isDraining = true
    this.abort.abort()
    const unknown = await this.#effectsOver(`${why} before the outcome was on record`)
    await this.records.write([...unknown, end])
  }
}
