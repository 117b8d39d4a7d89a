/**
 * The runtime: which runs are in the process, and what wakes the others.
 *
 * Everything is driven by commits: a `run.started` in the log, whoever appended it, brings the run in; a
 * published event, a due timer, an answer or the end of a child wakes the run that waits for it. A parked
 * run stays resident while there is room, then leaves; waking it replays its journal.
 *
 * After a crash, `recover` brings in the runs that were cut off, and delivers what was published or ended
 * but not yet received. Whatever is delivered twice is refused the second time by the run's journal.
 */

import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { RunStart } from '../kernel/run-start.ts'
import { RUN_STREAM, runOf, runStream } from '../kernel/run-stream.ts'
import { queuePlace } from '../kernel/scheduling.ts'
import type { AnyWorkflow } from '../kernel/workflow.ts'
import type { Autonomy } from '../ports/autonomy.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import { type Flags, NO_FLAGS } from '../ports/flags.ts'
import type { Gate } from '../ports/gate.ts'
import { lastRestore, type Restore } from '../ports/restores.ts'
import { Breakers } from './breakers/breakers.ts'
import { Deliveries, lastEvent } from './delivery/deliveries.ts'
import { isReopened, pagesOfRuns } from './delivery/missed.ts'
import { type DueTimer, RunTimers, TIMES, timeSetBy } from './delivery/run-timers.ts'
import { cancelWhereverItIs } from './life/cancellation.ts'
import { Comebacks, WRITE_RETRY_MS } from './life/comebacks.ts'
import { CutOffs } from './life/cut-offs.ts'
import { type By, Family, isAlone } from './life/family.ts'
import { type Link, nextLink } from './life/run-chain.ts'
import { type RunToStart, runStarted } from './life/run-start.ts'
import { WorkflowRegistry } from './life/workflow-registry.ts'
import type { OperationOf } from './operations.ts'
import { timeIsUp } from './perform/receive.ts'
import { placeAgain } from './reopening/place.ts'
import { rollbackWorkflow } from './rollback/rollback-workflow.ts'
import { Execution } from './run/execution.ts'
import type { ExecutionHost } from './run/execution-host.ts'
import { startedBy } from './run/external-since.ts'
import { Rest } from './run/rest.ts'
import { isClosed, notFound } from './run-errors.ts'
import { bondRow, type RunStatus } from './run-index.ts'
import type { RuntimeOptions, Wake, Waking } from './runtime-options.ts'
import { PAGE, Pager } from './scheduler/pager.ts'
import { isQueued, RunQueue } from './scheduler/run-queue.ts'
import { Stops } from './stops/stops.ts'

export class Runtime implements ExecutionHost {
  readonly log: EventLog
  readonly gate: Gate
  readonly flags: Flags
  readonly autonomy: Autonomy | null
  readonly clock: Clock
  readonly restored: Restore | null
  readonly workflows: WorkflowRegistry
  readonly breakers: Breakers
  besideEnd: ExecutionHost['besideEnd'] = () => []
  readonly #limits: { readonly active: number; readonly resident: number }
  /** All executions in the process; those in `#active` have something under way. */
  readonly #executions = new Map<string, Execution>()
  readonly #active = new Set<Execution>()
  /** Parked executions, the longest parked first. */
  readonly #parked = new Set<Execution>()
  /** Runs to be brought in, in order, with what to do then. */
  readonly #queue = new Map<string, Waking[]>()
  readonly #pager = new Pager(() => this.#queue.size < PAGE)
  readonly #timers: RunTimers
  readonly #waitingRuns: RunQueue
  readonly #deliveries: Deliveries
  readonly #family = new Family(this, () => this.#rest.moveOn())
  readonly #rest: Rest
  readonly #stopListening: () => void
  readonly #comebacks: Comebacks
  readonly #cutOffs: CutOffs
  readonly #stops: Stops
  #holds = 0
  #closing = false

  constructor(options: RuntimeOptions) {
    this.log = options.log
    this.gate = options.gate
    this.flags = options.flags ?? NO_FLAGS
    this.autonomy = options.autonomy ?? null
    this.clock = options.clock
    this.restored = lastRestore(options.log)
    this.workflows = new WorkflowRegistry([...options.workflows, rollbackWorkflow(this.log, this.gate)])
    this.#limits = { active: options.activeRuns ?? 200, resident: options.residentRuns ?? 500 }
    this.#timers = new RunTimers(this.log.tables, this.clock, this.#pager, (due) => this.#onDue(due))
    this.#comebacks = new Comebacks(this.clock, (run) => {
      this.wake(run)
      this.#handOver(run)
    })
    this.#cutOffs = new CutOffs(this, options.cutOffs)
    this.#deliveries = new Deliveries(this, this.#pager)
    this.breakers = new Breakers(this, this.#pager)
    this.#stops = new Stops(this, this.#pager)
    this.#waitingRuns = new RunQueue(this, {
      room: () => this.#limits.active - this.#active.size - this.#queue.size,
      rested: () => this.#rest.moveOn(),
    })
    this.#rest = new Rest(
      () => {
        this.#bringIn()
        this.#waitingRuns.look()
      },
      () => this.#busy,
    )
    this.#stopListening = this.log.onCommit((events) => this.#onCommit(events))
  }

  // -- starting ----------------------------------------------------------------------------------

  /**
   * The `run.started` to append, alone or together with other facts; its commit brings the run in, or puts it
   * into the queue.
   * @throws INPUT_INVALID when the workflow's keys can't be made of the input
   */
  startPart(start: RunToStart): StreamAppend {
    const place = queuePlace(start.workflow, start.input, start)
    const event = runStarted(this.log.id, start, this.#waitingRuns.placed(place))
    return { stream: runStream(start.run), expectedVersion: 0, events: [event] }
  }

  /** The beginning of a run that is put on record when it is over. */
  started(start: RunToStart): NewEvent {
    return runStarted(this.log.id, start)
  }

  /** As `startPart`, for a run that goes on: its place in the queue; undefined when it may at once. @throws WORKFLOW_UNKNOWN */
  reopenedPlace(start: RunStart, [started]: readonly StoredEvent[]): JsonObject | undefined {
    return this.#waitingRuns.placed(placeAgain(this.workflows, start, started))
  }

  /** Resolves when no child is left to be cancelled with a run that has ended. */
  readonly childrenClosed = (run: string): Promise<void> => this.#family.closed(run)

  childStart(run: string, child: OperationOf<'child'>, by: Execution): StreamAppend {
    const { workflow, input, name, mode, onParentClose } = child
    const parent = { run: by.run.id, name, mode, onParentClose }
    return this.startPart({ run, workflow, input, ...startedBy(by), parent })
  }

  nextLink(execution: Execution, input: Json): Promise<Link> {
    return nextLink(this, execution, input)
  }

  /** What of the run is in this process; undefined for a run that has ended, or is not here. */
  resident(run: string): Execution | undefined {
    return this.#executions.get(run)
  }

  workflow(name: string, version: number): AnyWorkflow {
    return this.workflows.get(name, version)
  }

  // -- waking ------------------------------------------------------------------------------------

  /** Hands the run's execution to `wake`, bringing it in first if need be; `fail` is told why it can't be. */
  wake(run: string, wake: Wake = () => {}, fail: (error: unknown) => void = () => {}): void {
    const resident = this.#executions.get(run)
    if (resident !== undefined) {
      wake(resident)
      return
    }
    const waiting = this.#queue.get(run)
    if (waiting) waiting.push({ wake, fail })
    else this.#queue.set(run, [{ wake, fail }])
    this.#bringIn()
  }

  /**
   * Until the returned function is called, runs that are started or woken wait in the queue, to go on together then:
   * their commits are shared, which is several times as fast as one run after the other.
   */
  hold(): () => void {
    this.#holds += 1
    let held = true
    return () => {
      if (held) this.#holds -= 1
      held = false
      this.#bringIn()
    }
  }

  #bringIn(): void {
    while (this.#hasRoom) {
      const next = this.#nextWaking()
      if (next === undefined) break
      const [run, wakings] = next
      this.#queue.delete(run)
      let execution: Execution
      try {
        execution = this.#load(run)
      } catch (error) {
        for (const { fail } of wakings) fail(error)
        this.#rest.moveOn()
        continue
      }
      for (const { wake } of wakings) wake(execution)
      if (execution.ended) this.#rest.moveOn()
    }
    this.#pager.goOn()
  }

  #nextWaking(): [string, Waking[]] | undefined {
    for (const next of this.#queue) if (!this.#cutOffs.holds(next[0])) return next
    return undefined
  }

  get #hasRoom(): boolean {
    return !this.#closing && this.#holds === 0 && this.#active.size < this.#limits.active
  }

  /** @throws RUN_NOT_FOUND, RUN_QUEUED, BODY_ERASED */
  #load(run: string): Execution {
    const row = this.log.tables.get<{ status: RunStatus }>('SELECT status FROM runs WHERE id = ?', run)
    if (row === undefined) throw notFound(run)
    if (row.status === 'queued') throw isQueued(run)
    return this.#begin(new Execution(this, run, row.status))
  }

  #begin(execution: Execution): Execution {
    if (execution.ended) return execution
    this.#executions.set(execution.run.id, execution)
    this.#active.add(execution)
    execution.begin(this.#cutOffs.whyGivenUp(execution.run.id))
    return execution
  }

  /**
   * Begins a bounded run whose `run.started` is put on record with its end, or with its first effect.
   * @throws WORKFLOW_UNKNOWN
   */
  beginUnsaved(run: string, started: NewEvent): Execution {
    return this.#begin(new Execution(this, run, 'running', { unsaved: started }))
  }

  /** Resolves with the run's execution. @throws RUN_NOT_FOUND, BODY_ERASED, HOLDFAST_CLOSED */
  async execution(run: string): Promise<Execution> {
    if (this.#closing) throw isClosed(run)
    return await new Promise((resolve, reject) => this.wake(run, resolve, reject))
  }

  /** Cancels a run, or the one that it goes on as, and then its children. @throws RUN_NOT_FOUND, RUN_ENDED */
  async cancel(given: string, by: By): Promise<void> {
    const host = { log: this.log, queue: this.#waitingRuns, execution: (run: string) => this.execution(run) }
    await this.#family.closed(await cancelWhereverItIs(host, given, by), by)
  }

  parked(execution: Execution): void {
    this.#active.delete(execution)
    this.#parked.add(execution)
    this.#cutOffs.rested(execution.run.id)
    if (this.#parked.size > this.#limits.resident) this.#parked.values().next().value?.drop()
    this.#rest.moveOn()
  }

  resumed(execution: Execution): void {
    this.#parked.delete(execution)
    this.#active.add(execution)
  }

  finished(execution: Execution, error?: unknown): void {
    const { run, records } = execution
    this.#active.delete(execution)
    this.#parked.delete(execution)
    if (this.#executions.get(run.id) === execution) this.#executions.delete(run.id)
    this.#timers.forget(run.id)
    this.gate.forgo(run.id)
    this.#cutOffs.rested(run.id)
    if (error !== undefined && !this.#closing && records.isSaved) this.#comebacks.lost(run.id, error)
    this.#rest.moveOn()
  }

  /** Gives one run, or all, what they wait for and has come already. */
  #handOver(run?: string): void {
    this.#deliveries.missed(run)
    // Runs whose timers were set in the very commit that brought us here take note of it first.
    setImmediate(() => this.#timers.look())
  }

  get #busy(): boolean {
    const isWorking = this.#active.size > 0 || this.#queue.size > 0
    return isWorking || this.#pager.busy || this.#waitingRuns.busy || this.#family.busy
  }

  /** Resolves when no run has anything under way: all that is not ended waits. */
  async idle(): Promise<void> {
    await this.#rest.idle()
  }

  // -- commits -----------------------------------------------------------------------------------

  #onCommit(events: readonly StoredEvent[]): void {
    this.#waitingRuns.committed()
    this.#deliveries.committed()
    for (const event of events) {
      const run = event.stream.startsWith(RUN_STREAM) ? runOf(event.stream) : null
      if (event.kind === 'event.published') this.#deliveries.published(event)
      else if (run === null) continue
      else if (event.kind === 'run.started') this.#onStarted(run, event)
      else if (event.kind === 'run.admitted') this.#onAdmitted(run)
      else if (event.kind === 'run.reopened') this.#onReopened(run, event)
      else if (event.kind === 'run.queued') this.#onQueued(run, event)
      else if (event.kind === 'wait.started') this.#onWait(run, event)
      else if (event.kind === 'wait.abandoned') this.#deliveries.waitAbandoned(run, event)
      else if (event.kind in TIMES) this.#timers.consider(timeSetBy(event))
      else if (RUN_ENDS.has(event.kind)) this.#onEnd(run, event)
    }
    this.#waitingRuns.look()
  }

  #onStarted(run: string, event: StoredEvent): void {
    const queue = event.body?.queue as { readonly notBefore?: number } | undefined
    const isAtOnce = queue === undefined && this.#hasRoom && this.#queue.size === 0
    if (isAtOnce && this.log.versionOf(event.stream) === event.version)
      this.#begin(new Execution(this, run, 'running', { events: [event] }))
    else if (queue === undefined) this.wake(run)
    else if (queue.notBefore === undefined) this.#waitingRuns.onQueued(event)
    else this.#timers.consider(queue.notBefore)
  }

  /** What came for a reopened run while it was queued is handed to it. */
  #onAdmitted(run: string): void {
    this.wake(run)
    if (!isReopened(this.log.tables, run)) return
    this.#timers.forget(run)
    this.#handOver(run)
  }

  #onReopened(run: string, event: StoredEvent): void {
    this.#cutOffs.forgive(run)
    if (this.#executions.get(run)?.ended) this.#executions.delete(run)
    if (event.body?.queue !== undefined) this.#waitingRuns.onQueued(event)
    else this.#onAdmitted(run)
  }

  #onQueued(run: string, event: StoredEvent): void {
    this.#timers.forget(run)
    this.#waitingRuns.onQueued(event)
  }

  #onDue({ run, name, type }: DueTimer): void {
    if (type === 'start') this.#waitingRuns.due(run).catch(() => this.#timers.again(run, WRITE_RETRY_MS))
    else this.wake(run, (execution) => timeIsUp(execution, name))
  }

  #onWait(run: string, event: StoredEvent): void {
    this.#deliveries.waitStarted(run, event)
    if (typeof event.body?.deadline === 'number') this.#timers.consider(event.body.deadline)
  }

  #onEnd(run: string, event: StoredEvent): void {
    const execution = this.#executions.get(run)
    if (execution !== undefined) this.#active.delete(execution)
    if (execution !== undefined && event.kind !== 'run.continued' && isAlone(execution.journal)) return
    const row = bondRow(this.log.tables, run)
    const isAwaited = row?.parent_mode === 'call' && event.kind !== 'run.continued'
    if (isAwaited && row.parent && row.parent_name)
      this.#deliveries.childEnded(row.parent, row.parent_name, event)
    if (row?.slot) this.#waitingRuns.freed(row.slot)
    this.#family.follow(run)
  }

  // -- opening and closing -----------------------------------------------------------------------

  /** Brings in what a crash or a stop has left under way. */
  recover(): void {
    const goOn = this.hold()
    this.#cutOffs.begin().then(goOn, goOn)
    for (const status of ['running', 'stalled'])
      this.#pager.begin(pagesOfRuns(this.log, status, (run) => this.wake(run)))
    this.#family.recover()
    for (const part of [this.#timers, this.breakers, this.#stops, this.#waitingRuns]) part.start()
    this.#handOver()
  }

  lastEvent(run: string): StoredEvent | undefined {
    return lastEvent(this.log, run)
  }

  /** Stops taking on work, lets attempts under way finish (aborting them after `graceMs`), lets go of all runs. */
  async close(graceMs = 10_000): Promise<void> {
    this.#closing = true
    this.#stopListening()
    const parts = [this.#timers, this.breakers, this.#stops, this.#waitingRuns, this.#pager]
    for (const part of [...parts, this.#comebacks, this.#family]) part.stop()
    for (const [run, wakings] of this.#queue) for (const { fail } of wakings) fail(isClosed(run))
    this.#queue.clear()
    for (const execution of [...this.#parked]) execution.drop()
    await Promise.all([...this.#active].map((execution) => execution.drain(graceMs)))
    await this.#cutOffs.close()
    this.#rest.tell()
  }
}
