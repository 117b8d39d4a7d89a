/** What a host program does with the runtime: start runs, publish events, answer reviews, wait for results. */

import { HoldfastError, isHoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS } from '../kernel/journal.ts'
import { canonicalJson, type Json, type JsonObject, toJson } from '../kernel/json.ts'
import { type Label, OWNER, SYSTEM } from '../kernel/label.ts'
import type { Pipeline } from '../kernel/pipeline.ts'
import { runOf, runStream } from '../kernel/run-stream.ts'
import { validate } from '../kernel/schema.ts'
import type { AnyWorkflow, Rollback, Workflow } from '../kernel/workflow.ts'
import type { Autonomy } from '../ports/autonomy.ts'
import { crashPoint } from '../ports/crash-points.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Flags } from '../ports/flags.ts'
import { NO_SWITCH, type StopSwitch } from '../ports/stop-switch.ts'
import { type AgentAccess, agentAccess } from './agents/agent-handle.ts'
import type { Agents } from './agents/agents.ts'
import { type Alert, raisedAlerts } from './alert-index.ts'
import type { Answer } from './answer.ts'
import { type BreakerRow, listBreakers } from './breakers/breaker-index.ts'
import { BudgetExpiry } from './budgets/budget-expiry.ts'
import { checkedFields, checkedId, checkedText, checkedWorkflow } from './checked-id.ts'
import type { EmittedEvent, RunHandle, Starters } from './handles.ts'
import { lastOfChain } from './life/run-chain.ts'
import { type RunToStart, type StartOptions, startOf } from './life/run-start.ts'
import { assertOn } from './life/switches.ts'
import { NewEvents, type PublishedEvent, publish } from './perform/publish.ts'
import { PipelineCalls } from './pipeline-calls.ts'
import { DeadLetters } from './reopening/dead-letters.ts'
import { type Fork, type ForkOptions, isForked, planFork } from './replay/fork.ts'
import { ReviewDesk } from './reviews/review-desk.ts'
import { findReview, type Review, waitingReviews } from './reviews/review-index.ts'
import type { Deeds } from './rollback/deeds.ts'
import { Rollbacks } from './rollback/rollbacks.ts'
import { idConflict, isClosed, noAutonomy } from './run-errors.ts'
import type { RunStatus } from './run-index.ts'
import type { Runtime } from './runtime.ts'
import { Turnstile } from './scheduler/turnstile.ts'
import { Schedules } from './schedules/schedules.ts'
import { Triggers } from './triggers/triggers.ts'
import { tellEnd, type Waiter } from './waiter.ts'
import type { WhatIfReport } from './what-if/changes.ts'
import { type WhatIfOptions, whatIf } from './what-if/what-if.ts'

const ENDED: ReadonlySet<RunStatus> = new Set<RunStatus>(['completed', 'failed', 'cancelled', 'continued'])
/** More wait for the next turn of the event loop, so that the process stays responsive under a flood. */
const STARTS_A_TURN = 500
const OPERATOR = { actor: 'operator', label: OWNER }

export class Holdfast {
  readonly log: EventLog
  readonly runtime: Runtime
  readonly agents: Agents
  /** Feature flags; without any, each evaluation gives the default of whoever asks. */
  readonly flags: Flags
  /** What can be done with an agent or, with a key, with one of its instances. */
  readonly agent: AgentAccess
  /** What starts runs: by the time of day, and by published events. */
  readonly schedules: Schedules
  readonly triggers: Triggers
  /** What the operator can do with reviews besides answering them. */
  readonly desk: ReviewDesk
  /** What has failed for good and waits for the operator. */
  readonly deadLetters: DeadLetters
  /** The one switch for all work: stops everything now, and lets it go on. */
  readonly work: StopSwitch
  /** Gives back what was reserved so long ago that nobody will say any more what became of it. */
  readonly budgetExpiry: BudgetExpiry
  readonly #waiters = new Map<string, Waiter[]>()
  readonly #newId: () => string
  readonly #newEvents: NewEvents
  readonly #calls: PipelineCalls
  readonly #rollbacks: Rollbacks
  readonly #starts = new Turnstile(STARTS_A_TURN)
  #closing: Promise<void> | null = null

  /** `newId` makes the ids of runs and events that come without one. */
  constructor(runtime: Runtime, agents: Agents, newId: () => string, starters: Starters = {}) {
    this.runtime = runtime
    this.schedules = new Schedules(runtime, starters.schedules ?? [])
    this.triggers = new Triggers(runtime, starters.triggers ?? [])
    this.desk = new ReviewDesk(runtime)
    this.deadLetters = new DeadLetters(runtime)
    this.budgetExpiry = new BudgetExpiry(runtime)
    this.agents = agents
    this.agent = agentAccess(agents)
    this.work = starters.work ?? NO_SWITCH
    this.log = runtime.log
    this.flags = runtime.flags
    this.#rollbacks = new Rollbacks(runtime)
    this.#newId = newId
    this.#newEvents = new NewEvents(runtime.log)
    this.#calls = new PipelineCalls({
      begin: ({ run, started }) => this.runtime.beginUnsaved(run, started),
      recorded: ({ run, started }) => (this.#isOnRecord(run, started.body) ? this.#result(run) : null),
    })
    this.log.onCommit((events) => {
      if (this.#waiters.size === 0) return
      for (const event of events) if (RUN_ENDS.has(event.kind)) this.#tellWaiters(event)
    })
  }

  /**
   * Starts a run; it is durable once this resolves.
   * @throws INPUT_INVALID, WORKFLOW_UNKNOWN, FLAG_OFF, RUN_ID_CONFLICT when the id has another workflow or input.
   */
  async start<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: StartOptions = {},
  ): Promise<RunHandle<Output>> {
    const { run, json } = await this.#prepare(workflow, input, options)
    await this.#append(startOf(run, workflow, json, options, this.runtime.clock.now()))
    return this.#handle<Output>(run)
  }

  /**
   * Runs a pipeline and gives its output. It is put on record by one commit at its end; with the id of an
   * earlier call, that one's output is given.
   * @throws the error of the pipeline's code; PIPELINE_DEADLINE, PIPELINE_STEP_LIMIT, PIPELINE_CANNOT_WAIT;
   * INPUT_INVALID, WORKFLOW_UNKNOWN, FLAG_OFF, RUN_ID_CONFLICT; HOLDFAST_CLOSED
   */
  async call<Input, Output>(
    pipeline: Pipeline<Input, Output>,
    input: Input,
    options: StartOptions = {},
  ): Promise<Output> {
    const { run, json } = await this.#prepare(pipeline, input, options)
    const start = startOf(run, pipeline, json, options, this.runtime.clock.now())
    const started = this.runtime.started({ ...start, awaited: true })
    return (await this.#calls.call({ run, started })) as Output
  }

  /** @throws INPUT_INVALID, WORKFLOW_UNKNOWN, FLAG_OFF */
  async #prepare(
    workflow: AnyWorkflow,
    input: unknown,
    options: StartOptions,
  ): Promise<{ run: string; json: Json }> {
    this.#assertOpen()
    await this.#starts.pass()
    const { name, version } = checkedWorkflow(workflow, 'The start of a run')
    const registered = this.runtime.workflows.get(name, version)
    const json = toJson(input, 'input')
    await validate(registered.input, json, `Input of ${name}`)
    const run = checkedId(checkedFields(options, 'the start of a run').id ?? this.#newId(), 'run')
    const switched = { what: 'workflow', name, customer: options.customer ?? null } as const
    if (this.log.versionOf(runStream(run)) === 0) await assertOn(this.runtime, switched)
    return { run, json }
  }

  async #append(start: RunToStart): Promise<void> {
    const part = this.runtime.startPart(start)
    try {
      await this.log.append([part])
    } catch (error) {
      const raced = isHoldfastError(error) && error.code === 'LOG_CONFLICT'
      const [started] = part.events
      if (!raced || !started || !this.#isOnRecord(start.run, started.body)) throw error
    }
  }

  /** Whether this very run was started before. @throws RUN_ID_CONFLICT when another was under this id */
  #isOnRecord(run: string, asked: JsonObject): boolean {
    const [started] = this.log.readStream(runStream(run))
    if (started === undefined) return false
    const request = ({ workflow, version, input }: JsonObject) =>
      canonicalJson([workflow ?? null, version ?? null, input ?? null])
    if (started.body !== null && request(started.body) === request(asked)) return true
    throw idConflict(run, started.body)
  }

  /**
   * Starts a run that begins as another did and goes its own way from one of its operations: see fork.ts.
   * Durable once this resolves.
   * @throws RUN_NOT_FOUND, WORKFLOW_UNKNOWN, BODY_ERASED, INPUT_INVALID, FORK_UNSETTLED, RUN_ID_CONFLICT
   */
  async fork<Output = unknown>(
    source: string,
    options: ForkOptions = {},
  ): Promise<RunHandle<Output> & { readonly fork: Fork }> {
    this.#assertOpen()
    const run = checkedId(checkedFields(options, 'a fork').id ?? this.#newId(), 'run')
    const { fork, part } = await planFork(this.runtime, source, run, options)
    if (!isForked(this.log, part)) await this.log.append([part])
    return { ...this.#handle<Output>(run), fork }
  }

  /** Tries the code of today, or another policy, on runs of the past. Changes nothing. @throws RUN_NOT_FOUND */
  async whatIf(options: WhatIfOptions = {}): Promise<WhatIfReport> {
    this.#assertOpen()
    return await whatIf(this, checkedFields(options, 'a what-if'))
  }

  /** A run by its id. @throws RUN_NOT_FOUND */
  run<Output = unknown>(id: string): RunHandle<Output> {
    this.#status(id)
    return this.#handle(id)
  }

  #handle<Output>(id: string): RunHandle<Output> {
    return {
      id,
      result: () => this.#result(id) as Promise<Output>,
      status: () => this.#status(id),
    }
  }

  #status(run: string): RunStatus {
    this.#assertOpen()
    return this.#statusOnRecord(run)
  }

  #statusOnRecord(run: string): RunStatus {
    const row = this.log.tables.get<{ status: RunStatus }>('SELECT status FROM runs WHERE id = ?', run)
    if (row !== undefined) return row.status
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }

  /** Of the last run, where it goes on as others. */
  #result(given: string): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      const isLast = this.runtime.resident(given)?.ended === false
      this.#waitFor(isLast ? given : lastOfChain(this.log.tables, given), { resolve, reject })
    })
  }

  #waitFor(run: string, waiter: Waiter): void {
    if (this.#settle(run, waiter)) return
    if (this.#closing) waiter.reject(isClosed(run))
    else this.#waiters.set(run, [...(this.#waiters.get(run) ?? []), waiter])
  }

  #tellWaiters(end: StoredEvent): void {
    const run = runOf(end.stream)
    const waiters = this.#waiters.get(run) ?? []
    this.#waiters.delete(run)
    const next = end.kind === 'run.continued' ? String(end.body?.next) : null
    if (next === null) for (const waiter of waiters) tellEnd(waiter, run, end)
    else for (const waiter of waiters) this.#waitFor(next, waiter)
  }

  /** Gives the waiter the run's end, if it has ended. */
  #settle(run: string, waiter: Waiter): boolean {
    const resident = this.runtime.resident(run)
    if (resident !== undefined && !resident.ended) return false
    if (!ENDED.has(this.#statusOnRecord(run))) return false
    tellEnd(waiter, run, this.runtime.lastEvent(run))
    return true
  }

  /**
   * Publishes an event: wakes the runs that wait for its kind and key, and is kept for those that will
   * look back for it, and for the agents that handle its kind. Durable once this resolves.
   * @throws EVENT_ID_CONFLICT, AGENT_UNKNOWN, INPUT_INVALID
   */
  async emit(event: EmittedEvent): Promise<{ readonly id: string }> {
    this.#assertOpen()
    checkedFields(event, 'an event')
    const id = event.id === undefined ? this.#newId() : checkedId(event.id, 'event')
    const kind = checkedText(event.kind, 'the kind of an event')
    const key = checkedText(event.key ?? '', 'the key of an event')
    const to = event.to === undefined ? {} : { to: this.agents.summary(event.to).name }
    const published = { id, kind, key, data: toJson(event.data ?? null, 'data'), ...to }
    const { label = SYSTEM, actor = 'operator' } = event
    crashPoint('event.before-publish')
    if (event.id === undefined) await this.#newEvents.publish(published, actor, label)
    else await this.#publishOnce(published, label, actor)
    crashPoint('event.after-publish')
    return { id }
  }

  /** In the order in which events were asked for. @throws EVENT_ID_CONFLICT */
  async #publishOnce(event: PublishedEvent, label: Label, actor: string): Promise<void> {
    const append = async (): Promise<void> => {
      const parts = publish(this.log, event, actor, label)
      if (parts.length > 0) await this.log.append(parts)
    }
    this.#newEvents.close()
    await Promise.resolve()
    try {
      await append()
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT') throw error
      await append()
    }
  }

  /** The reviews that wait for the operator, oldest first; not those that were put off. */
  reviews(): Review[] {
    return waitingReviews(this.log.tables)
  }

  /** @throws REVIEW_NOT_FOUND */
  review(id: string): Review {
    return findReview(this.log.tables, id)
  }

  /**
   * Answers a review; used once, durable once this resolves.
   * @throws REVIEW_NOT_FOUND, REVIEW_ENDED, REVIEW_STALE, REVIEW_FIELD_FIXED; INPUT_INVALID for changes that the
   * review can't take.
   */
  async answer(id: string, answer: Answer): Promise<Review> {
    this.#assertOpen()
    return await this.desk.answer(id, answer)
  }

  /** Stops a run for good; an effect under way is waited for. @throws RUN_NOT_FOUND, RUN_ENDED */
  async cancel(run: string, reason = ''): Promise<void> {
    this.#assertOpen()
    await this.runtime.cancel(run, { ...OPERATOR, reason })
  }

  /**
   * Undoes what a run did that has ended, or is stalled, last first: by the run `rollback/<id>`, whose handle this
   * is. Rolling back twice is one rollback.
   * @throws RUN_NOT_FOUND, RUN_UNDER_WAY
   */
  async rollback(run: string): Promise<RunHandle<Rollback>> {
    this.#assertOpen()
    return this.#handle(await this.#rollbacks.start(run))
  }

  /** What a rollback of the run would undo now, and what it could not. @throws RUN_NOT_FOUND */
  planRollback(run: string): Deeds {
    return this.#rollbacks.plan(run)
  }

  /** How far each agent may go without the operator, and what speaks for it. @throws INPUT_INVALID without one */
  get autonomy(): Autonomy {
    return this.runtime.autonomy ?? noAutonomy()
  }

  /** What the operator should know of and act on, the oldest first. */
  alerts(): Alert[] {
    return raisedAlerts(this.log.tables)
  }

  /** The circuit breakers that have ever opened, by the name of their connector. */
  breakers(): BreakerRow[] {
    return listBreakers(this.log.tables)
  }

  /**
   * Closes the breaker of a connector, on the operator's word that it is back; what waited for it goes on.
   * Durable once this resolves, with whether it was open. @throws CONNECTOR_UNKNOWN when it never was
   */
  async closeBreaker(connector: string): Promise<boolean> {
    this.#assertOpen()
    return await this.runtime.breakers.override(connector)
  }

  /** Resolves when nothing is under way: every run has ended or waits. */
  async idle(): Promise<void> {
    do await this.runtime.idle()
    while (
      (await this.agents.idle()) ||
      (await this.triggers.idle()) ||
      (await this.desk.idle()) ||
      (await this.deadLetters.idle()) ||
      (await this.budgetExpiry.idle()) ||
      (await this.runtime.autonomy?.idle())
    )
  }

  /**
   * Stops taking on work, lets attempts under way finish (aborted after `graceMs`, default 10 s), folds
   * everything into the file and lets go of the workspace. Waiting results reject with HOLDFAST_CLOSED.
   */
  async close({ graceMs = 10_000 }: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    await this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    try {
      this.schedules.close()
      const expiryClosed = this.budgetExpiry.close()
      const triggersClosed = this.triggers.close()
      const deskClosed = this.desk.close()
      const autonomyClosed = this.runtime.autonomy?.close()
      await this.agents.close()
      await this.runtime.close(graceMs)
      await Promise.all([triggersClosed, deskClosed, autonomyClosed, expiryClosed])
      await this.deadLetters.close()
      await this.work.close()
      await this.log.close()
    } finally {
      for (const [run, waiters] of this.#waiters) for (const waiter of waiters) waiter.reject(isClosed(run))
      this.#waiters.clear()
    }
  }

  #assertOpen(): void {
    if (this.#closing) throw new HoldfastError('HOLDFAST_CLOSED', 'Holdfast was closed')
  }
}
