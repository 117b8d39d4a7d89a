/**
 * Verification by replay: the workflow's code is run again on the journal of a run, and the first place
 * where the two part is named.
 *
 * Nothing is done and nothing is appended: outcomes come from the record, in its order, through the same
 * `Sequencer` as live. No effect is performed, no model asked, and of the steps only the pure ones are run
 * again, as are the rules of decisions that rules made.
 *
 * A request that is not on record is not a divergence by itself: it may have been under way when the run
 * ended (the loser of a race) or was cut off. It is one when the record shows that the run came to rest
 * after it, when it would have left a trace at once, or when the code gets no further without it.
 *
 * Why: docs/decisions/0008-verification-by-replay.md
 */
import { fromErrorRecord, toErrorRecord } from '../../kernel/errors.ts'
import type { ForkPoint } from '../../kernel/fork-point.ts'
import type { Outcome, RunEnd } from '../../kernel/journal.ts'
import { type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { type Note, noteKey } from '../../kernel/note.ts'
import { type Schema, validate } from '../../kernel/schema.ts'
import type { AnyWorkflow, Context } from '../../kernel/workflow.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { createContext } from '../context/context.ts'
import type { WorkflowRegistry } from '../life/workflow-registry.ts'
import { isHandOver, type Operation, type OperationHost } from '../operations.ts'
import { handedOver, refusalOf } from '../perform/perform.ts'
import { isKeptOtherwise, keptOtherwise } from '../reopening/kept.ts'
import { never } from '../run/never.ts'
import { Sequencer } from '../run/sequencer.ts'
import { wasAbandoned } from '../run-errors.ts'
import {
  compareEnds,
  continuedWith,
  type Divergence,
  endNotReached,
  missing,
  noResult,
  notReached,
  otherGraph,
  otherInput,
  otherKind,
  same,
} from './divergence.ts'
import { type RecordedOperation, type RunRecord, readRecord } from './replay-record.ts'
import { requestOf } from './replay-request.ts'
import { type Rerun, rerun } from './replay-rerun.ts'
import { blocking, isExposedBy, type Traceless, tracedAfter, type UnderWay } from './replay-traceless.ts'

export interface ReplayReport {
  readonly run: string
  readonly workflow: string
  readonly version: number
  /** unfinished: the run has not ended; everything on record was reproduced. */
  readonly verdict: 'same' | 'diverged' | 'unfinished'
  /** Operations that were compared. */
  readonly operations: number
  /** The first one; null unless the verdict is `diverged`. */
  readonly divergence: Divergence | null
  /** Pure steps whose code, and decisions whose rules, have changed and still give the same. */
  readonly changedCode: readonly string[]
}

/** Turns of the event loop without a request after which the code is taken to wait for good. */
const QUIET_TURNS = 5

/** The same while a pure step is run again, which may be asynchronous: about a second. */
const RERUN_TURNS = 500_000

/** @throws RUN_NOT_FOUND, BODY_ERASED, WORKFLOW_UNKNOWN */
export async function verifyRun(
  log: EventLog,
  workflows: WorkflowRegistry,
  run: string,
): Promise<ReplayReport> {
  const record = readRecord(log, run)
  const workflow = workflows.get(record.start.workflow, record.start.workflowVersion)
  return await replay(log, record, workflow)
}

/** Says of a difference whether it counts. */
export type Counts = (divergence: Divergence, recorded: RecordedOperation) => boolean

/** As `verifyRun`, on a record that was read. What does not count is named in `changedCode`. */
export async function replay(
  log: EventLog,
  record: RunRecord,
  workflow: AnyWorkflow,
  counts: Counts = () => true,
): Promise<ReplayReport> {
  return await new Replay(log, record, counts).verify(workflow)
}

class Replay implements OperationHost {
  readonly run: Context['run']
  readonly seed: string
  readonly fork: ForkPoint | null
  readonly #log: EventLog
  readonly #record: RunRecord
  readonly #counts: Counts
  readonly #sequencer = new Sequencer(() => this.#onQuiet())
  readonly #compared = new Set<string>()
  readonly #held = new Map<string, JsonObject>()
  readonly #changedCode: string[] = []
  /** By the order in which the code asked. */
  readonly #divergences = new Map<number, Divergence>()
  /** Pure steps that are being run again, by the same order. */
  readonly #rerunning = new Map<number, RecordedOperation>()
  /** In the order of their requests. */
  #traceless: readonly Traceless[] = []
  /** What the code asks for and has not been given, each with how it is told that it was abandoned. */
  readonly #asked = new Map<string, { operation: Operation; reject: (error: Error) => void }>()
  #requests = 0
  #quietTurns = 0
  #seen: { readonly version: number; readonly position: number; readonly time: number }
  #codeEnd: Outcome | null = null
  #finish: () => void = () => {}
  #isBounded = false
  /** Why the code could not be given what it read before. */
  #erased: Error | null = null
  /** Of the input of the workflow. */
  #schema: Schema<unknown> | null = null

  constructor(log: EventLog, record: RunRecord, counts: Counts) {
    const { run, start } = record
    this.#log = log
    this.#record = record
    this.#counts = counts
    this.run = { id: run, workflow: start.workflow, customer: start.customer }
    this.seed = start.seed
    this.fork = start.fork
    this.#seen = { version: 1, position: start.position, time: start.toldTime }
  }

  now(): number {
    return this.#seen.time
  }

  async verify(workflow: AnyWorkflow): Promise<ReplayReport> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve
    })
    this.#schema = workflow.input
    this.#isBounded = workflow.bounds !== undefined
    this.#sequencer.begin()
    void this.#execute(workflow)
    await finished
    this.#sequencer.stop()
    const report = this.#report()
    if (this.#erased !== null && report.divergence !== null) throw this.#erased
    return report
  }

  async #execute(workflow: AnyWorkflow): Promise<void> {
    try {
      const input = await validate(workflow.input, this.#record.start.input, `Input of ${workflow.name}`)
      const output = await workflow.run(createContext(this), input)
      const checked = await validate(workflow.output, output, `Output of ${workflow.name}`, 'OUTPUT_INVALID')
      this.#codeEnd = { ok: true, value: toJson(checked, 'output') }
    } catch (error) {
      this.#codeEnd = { ok: false, error: toErrorRecord(error) }
      if (this.#codeEnd.error.code === 'BODY_ERASED') this.#erased = error as Error
    }
  }

  // -- what the code asks for --------------------------------------------------------------------

  operate(operation: Operation): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#asked.set(operation.name, { operation, reject })
      const given = this.#operate(operation)
      given.then(resolve, reject)
    })
  }

  /** What is refused is thrown at the code, as it was then. */
  async continueAs(input: Json): Promise<never> {
    const { workflow } = this.run
    if (this.#schema !== null) await validate(this.#schema, input, `Input of ${workflow}`)
    if (!this.#isOver) this.#codeEnd = continuedWith(input)
    return never()
  }

  abandon({ name }: Operation): void {
    const asked = this.#asked.get(name)
    if (asked === undefined || this.#isOver) return
    this.#asked.delete(name)
    this.#traceless = this.#traceless.filter(({ divergence }) => divergence.name !== name)
    asked.reject(wasAbandoned(name))
  }

  /** A run that has ended is past every place that it left no note of. */
  isBehind(): boolean {
    const { end, operations } = this.#record
    if (end !== null) return true
    return [...operations.values()].some(({ name, settled, abandoned, isLoose, isInner }) => {
      if (abandoned || isLoose || isInner) return false
      return settled === null ? !this.#compared.has(name) : settled.version > this.#seen.version
    })
  }

  hasNote(note: Note): boolean {
    return this.#record.notes.has(noteKey(note))
  }

  note(note: Note): void {
    if (this.#isOver) return
    this.#requests += 1
    const recorded = this.#record.notes.get(noteKey(note))
    if (note.kind !== 'graph.started' || recorded === undefined || same(recorded.body, note.body)) return
    this.#divergences.set(this.#requests, otherGraph(recorded, note.body))
  }

  /** A bounded run that has not completed handed nothing over, and has nothing of it on record. */
  #holdsBack(operation: Operation): boolean {
    return this.#isBounded && isHandOver(operation) && this.#record.end?.status !== 'completed'
  }

  #operate(operation: Operation): Promise<Json> {
    if (this.#isOver) return never()
    this.#quietTurns = 0
    this.#requests += 1
    const recorded = this.#record.operations.get(operation.name)
    if (recorded === undefined) {
      const asking = { run: this.run, host: { log: this.#log }, held: this.#held, before: this.#endPosition }
      const refusal = refusalOf(asking, operation)
      if (refusal !== null) return Promise.reject(refusal)
      if (this.#holdsBack(operation)) return Promise.resolve(handedOver(this.run.id, operation, this.#held))
      this.#noteTraceless(operation)
      return never()
    }
    this.#compared.add(recorded.name)
    if (!recorded.isLoose) this.#exposeTraceless(recorded)
    if (this.#isOver) return never()
    const refusal = isKeptOtherwise(recorded, requestOf(operation, this.run.id))
      ? keptOtherwise(this.run.id, operation)
      : null
    if (refusal !== null) return Promise.reject(refusal)
    const divergence = this.#counted(this.#compare(operation, recorded), recorded)
    if (divergence === null) return this.#outcome(recorded)
    this.#divergences.set(this.#requests, divergence)
    return never()
  }

  #compare(operation: Operation, recorded: RecordedOperation): Divergence | null {
    if (operation.type !== recorded.type) return otherKind(operation, recorded)
    const again = rerun(operation, recorded, { run: this.run, host: { log: this.#log } })
    if (again instanceof Promise) void this.#awaitRerun(again, recorded, this.#requests)
    else if (again !== null) return this.#takeRerun(again, recorded)
    const request = requestOf(operation, this.run.id)
    if (recorded.request === undefined || same(recorded.request, request)) return null
    return otherInput(operation, recorded, request)
  }

  async #awaitRerun(again: Promise<Rerun>, recorded: RecordedOperation, request: number): Promise<void> {
    this.#rerunning.set(request, recorded)
    const divergence = this.#counted(this.#takeRerun(await again, recorded), recorded)
    this.#rerunning.delete(request)
    if (divergence !== null) this.#divergences.set(request, divergence)
  }

  #takeRerun({ divergence, isChanged }: Rerun, { name }: RecordedOperation): Divergence | null {
    if (divergence === null && isChanged) this.#changedCode.push(name)
    return divergence
  }

  #counted(divergence: Divergence | null, recorded: RecordedOperation): Divergence | null {
    if (divergence === null || this.#counts(divergence, recorded)) return divergence
    this.#changedCode.push(recorded.name)
    return null
  }

  #outcome({ name, settled }: RecordedOperation): Promise<Json> {
    if (settled === null) return never()
    const { version, time, outcome, event } = settled
    return new Promise((resolve, reject) => {
      this.#sequencer.push(version, () => {
        if (this.#isOver || !this.#asked.delete(name)) return
        this.#quietTurns = 0
        // What a reopened run has kept is handed over when its code asks for it, behind later outcomes.
        const last = version > this.#seen.version ? { version, position: event.position } : this.#seen
        this.#seen = { ...last, time: Math.max(this.#seen.time, time) }
        if (outcome.ok) resolve(outcome.value)
        else reject(fromErrorRecord(outcome.error))
      })
    })
  }

  #noteTraceless(operation: Operation): void {
    const { run } = this.#record
    const { version, position } = this.#seen
    const divergence = missing(operation, requestOf(operation, run), position)
    const cameToRest = this.#record.lastParkVersion > version
    if (cameToRest) this.#divergences.set(this.#requests, divergence)
    else {
      const seen = { version, position }
      const traced = tracedAfter(run, operation, seen, this.#underWay())
      const traceless = { request: this.#requests, divergence, seen, tracedAfter: traced }
      this.#traceless = [...this.#traceless, traceless]
    }
  }

  #underWay(): UnderWay[] {
    return [...this.#asked.values()].map(({ operation: { name, type } }) => {
      return { type, settled: this.#record.operations.get(name)?.settled ?? null }
    })
  }

  #exposeTraceless(recorded: RecordedOperation): void {
    for (const traceless of this.#traceless) {
      if (isExposedBy(traceless, recorded, this.#seen.version))
        this.#divergences.set(traceless.request, traceless.divergence)
    }
  }

  /** Nothing that the code asks for from here on counts. */
  get #isOver(): boolean {
    return this.#codeEnd !== null || this.#divergences.size > 0
  }

  /** What another took an id for after that, can't have been in the way of the run. */
  get #endPosition(): number {
    return this.#record.end === null ? Number.POSITIVE_INFINITY : this.#record.lastPosition
  }

  get #endedByItself(): boolean {
    const { end } = this.#record
    return end !== null && !wasCutOff(end)
  }

  // -- when it is over ---------------------------------------------------------------------------

  #onQuiet(): void {
    this.#quietTurns += 1
    const enough = this.#rerunning.size > 0 ? RERUN_TURNS : QUIET_TURNS
    if (this.#quietTurns < enough) this.#sequencer.begin()
    else this.#finish()
  }

  #report(): ReplayReport {
    const { run, start, end } = this.#record
    const divergence = this.#firstFound() ?? this.#incomplete() ?? this.#otherEnd()
    return {
      run,
      workflow: start.workflow,
      version: start.workflowVersion,
      verdict: divergence !== null ? 'diverged' : end === null ? 'unfinished' : 'same',
      operations: this.#compared.size,
      divergence,
      changedCode: this.#changedCode,
    }
  }

  #firstFound(): Divergence | undefined {
    for (const [request, recorded] of this.#rerunning) this.#divergences.set(request, noResult(recorded))
    return this.#divergences.get(Math.min(...this.#divergences.keys()))
  }

  /** The code went past something on record, or stopped short of the end. */
  #incomplete(): Divergence | null {
    const skipped = [...this.#record.operations.values()].find(
      ({ name, isInner, isLoose }) => !isInner && !isLoose && !this.#compared.has(name),
    )
    const goesOn = this.#codeEnd === null && (skipped !== undefined || this.#endedByItself)
    const kept = goesOn ? blocking(this.#traceless) : undefined
    if (kept !== undefined) return kept
    if (skipped !== undefined) return notReached(skipped)
    return goesOn ? endNotReached(this.#record) : null
  }

  #otherEnd(): Divergence | null {
    const { end, isParked } = this.#record
    const mayEndAnyway = end === null ? !isParked : wasCutOff(end)
    return this.#codeEnd === null || mayEndAnyway ? null : compareEnds(this.#record, this.#codeEnd)
  }
}

/** Its code need not have come as far as the record says that the run did. */
function wasCutOff(end: RunEnd): boolean {
  return end.status === 'cancelled' || (end.status === 'failed' && end.cutOff)
}
