/**
 * A past run tried on the code of today: what the code asks for is answered from the record by name, but
 * for what can be made anew without touching anything. Those are decisions by rules, pure steps, the
 * answers of flags and those of the policy. Where the record has no answer, the code stops there.
 */
import { fromErrorRecord, HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { Outcome } from '../../kernel/journal.ts'
import { type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { joinLabels, type Label } from '../../kernel/label.ts'
import { type Note, noteKey } from '../../kernel/note.ts'
import { validate } from '../../kernel/schema.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'
import type { FlagRules } from '../../ports/flags.ts'
import type { Judge, Verdict } from '../../ports/gate.ts'
import { createContext } from '../context/context.ts'
import type { Abandonable, Operation, OperationHost, OperationOf } from '../operations.ts'
import { flagBody } from '../perform/perform-flag.ts'
import { comparable, continuedWith, endOnRecord, same } from '../replay/divergence.ts'
import type { RecordedOperation } from '../replay/replay-record.ts'
import { requestOf } from '../replay/replay-request.ts'
import { runPure } from '../replay/replay-rerun.ts'
import { never } from '../run/never.ts'
import { Sequencer } from '../run/sequencer.ts'
import { wasAbandoned } from '../run-errors.ts'
import { addCosts, type Cost, NO_COST, type WhatIfRun } from './changes.ts'
import { Findings } from './findings.ts'
import { decisionOf, flagOf, flagView, type PastRun } from './past-run.ts'

/** Turns of the event loop without a request after which the code is taken to wait for good. */
const QUIET_TURNS = 5
/** The same while a pure step is under way, which may be asynchronous: about a second. */
const WORKING_TURNS = 500_000
const ONE_UNPRICED: Cost = { modelCalls: 1, priceMicros: 0, unpricedCalls: 1 }

export class Retrial implements OperationHost {
  readonly run: OperationHost['run']
  readonly seed: string
  readonly fork: OperationHost['fork']
  readonly #past: PastRun
  readonly #judge: Judge
  readonly #flags: FlagRules
  readonly #logId: string
  readonly #found: Findings
  readonly #sequencer = new Sequencer(() => this.#onQuiet())
  readonly #asked = new Set<string>()
  /** What the code has not been given, each with how it is told that it was abandoned. */
  readonly #waiting = new Map<string, (error: Error) => void>()
  #seen: { readonly version: number; readonly time: number }
  #label: Label
  #cost = NO_COST
  #working = 0
  #quietTurns = 0
  #stopped: WhatIfRun['stopped'] = null
  /** The first of what was open when the record ends. */
  #open: WhatIfRun['stopped'] = null
  #end: Outcome | null = null
  #finish: () => void = () => {}

  constructor(past: PastRun, by: { readonly judge: Judge; readonly flags: FlagRules }, logId: string) {
    const { run, start } = past.record
    this.run = { id: run, workflow: start.workflow, customer: start.customer }
    this.seed = start.seed
    this.fork = start.fork
    this.#past = past
    this.#judge = by.judge
    this.#flags = by.flags
    this.#logId = logId
    this.#found = new Findings(past)
    this.#seen = { version: 1, time: start.toldTime }
    this.#label = start.label
  }

  now(): number {
    return this.#seen.time
  }

  async follow(workflow: AnyWorkflow): Promise<WhatIfRun> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve
    })
    this.#sequencer.begin()
    void this.#execute(workflow)
    await finished
    this.#sequencer.stop()
    return this.#report(workflow)
  }

  async #execute(workflow: AnyWorkflow): Promise<void> {
    try {
      const input = await validate(workflow.input, this.#past.record.start.input, `Input of ${workflow.name}`)
      const output = await workflow.run(createContext(this), input)
      const checked = await validate(workflow.output, output, `Output of ${workflow.name}`, 'OUTPUT_INVALID')
      this.#end ??= { ok: true, value: toJson(checked, 'output') }
    } catch (error) {
      this.#end ??= { ok: false, error: toErrorRecord(error) }
    }
  }

  // -- what the code asks for --------------------------------------------------------------------------

  operate(operation: Operation): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(operation.name, reject)
      this.#operate(operation).then(resolve, reject)
    })
  }

  continueAs(input: Json): Promise<never> {
    this.#end ??= continuedWith(input)
    return never()
  }

  abandon({ name }: Abandonable): void {
    const reject = this.#waiting.get(name)
    if (reject === undefined || this.#end !== null) return
    this.#waiting.delete(name)
    if (this.#stopped?.at === name) this.#stopped = null
    if (this.#open?.at === name) this.#open = null
    reject(wasAbandoned(name))
  }

  /** The run is past: it takes the paths of `ctx.patched` that it has noted, and no others. */
  isBehind(): boolean {
    return true
  }

  hasNote(note: Note): boolean {
    return this.#past.record.notes.has(noteKey(note))
  }

  /** What the code makes known is no part of the question. */
  note(): void {}

  #operate(operation: Operation): Promise<Json> {
    if (this.#end !== null) return never()
    const { name, type } = operation
    this.#quietTurns = 0
    this.#asked.add(name)
    const recorded = this.#past.operation(name)
    if (recorded !== undefined && recorded.type !== type) {
      return this.#stop(
        name,
        `the code asks for the ${type} "${name}", which is on record as a ${recorded.type}`,
      )
    }
    if (recorded?.isAmended) return this.#fromRecord(operation, recorded)
    switch (operation.type) {
      case 'step':
        return operation.options.pure === true
          ? this.#runStep(operation, recorded)
          : this.#fromRecord(operation, recorded)
      case 'decision':
        return this.#decide(operation, recorded)
      case 'flag':
        return this.#evaluate(operation, recorded)
      case 'effect':
        return this.#act(operation, recorded)
      case 'review':
        return this.#propose(operation, recorded)
      case 'publication':
      case 'child':
        return this.#reachOut(operation, recorded)
      default:
        return this.#fromRecord(operation, recorded)
    }
  }

  #fromRecord(operation: Operation, recorded: RecordedOperation | undefined): Promise<Json> {
    const { name, type } = operation
    if (recorded === undefined) {
      return this.#stop(name, `the code asks for the ${type} "${name}", which the run has not on record`)
    }
    if (recorded.settled === null) {
      this.#open ??= { at: name, why: `the record ends here: the ${type} "${name}" was not over` }
      return never()
    }
    const { outcome, version, time, label } = recorded.settled
    return this.#give(name, outcome, { version, time, label })
  }

  async #runStep(step: OperationOf<'step'>, recorded: RecordedOperation | undefined): Promise<Json> {
    const owner = { run: this.run, host: { log: { id: this.#logId } } }
    const attempts = Number(recorded?.settled?.event.body?.attempts ?? 1)
    this.#working += 1
    const outcome = await runPure(step, owner, attempts)
    this.#working -= 1
    this.#quietTurns = 0
    const before = recorded?.settled?.outcome
    if (before !== undefined && !same(comparable(before), comparable(outcome))) this.#found.step(step.name)
    return await this.#give(step.name, outcome, this.#placeOf(recorded))
  }

  #decide(
    { name, question }: OperationOf<'decision'>,
    recorded: RecordedOperation | undefined,
  ): Promise<Json> {
    const before = decisionOf(recorded)
    const isModel = this.#isModelAsked(name)
    const isOtherQuestion =
      recorded?.request !== undefined &&
      !same(recorded.request, requestOf({ type: 'decision', name, question }, this.run.id))
    if (isModel) this.#pay(name, isOtherQuestion)
    if (recorded !== undefined && isModel && before?.tier === 'model') {
      if (isOtherQuestion) this.#found.decision({ name, before, after: before, isOtherQuestion })
      return this.#fromRecord({ type: 'decision', name, question }, recorded)
    }
    try {
      const { source, ...ruled } = question.rules()
      const value = toJson({ ...ruled, provenance: { tier: 'rules', source } }, `answer of ${name}`)
      const { answer = null, confidence } = value as JsonObject
      const after = { answer, confidence: Number(confidence), tier: 'rules' as const }
      this.#found.decision({ name, before, after, isOtherQuestion: false })
      return this.#give(name, { ok: true, value }, this.#placeOf(recorded))
    } catch (error) {
      const failure: Outcome = { ok: false, error: toErrorRecord(error, 'DECISION_FAILED') }
      const then = recorded?.settled?.outcome
      if (then !== undefined && same(comparable(then), comparable(failure)))
        return this.#give(name, failure, this.#placeOf(recorded))
      return this.#stop(name, `the rules of the decision "${name}" fail: ${toErrorRecord(error).message}`)
    }
  }

  /** Whether the policy lets a model be asked where one was to be asked then. */
  #isModelAsked(name: string): boolean {
    const asked = this.#past.policyOn(name)
    if (asked === null) return false
    const { id: run, workflow, customer } = this.run
    const request = { run, workflow, customer, label: this.#label }
    const verdict = this.#judge.model(asked.operation, request, this.#cost.priceMicros)
    this.#found.policy(name, asked.operation, asked, verdict)
    return verdict.answer === 'allow'
  }

  #pay(name: string, isOtherQuestion: boolean): void {
    const then = this.#past.costOf(name)
    const known = then.modelCalls > 0 && !isOtherQuestion
    this.#cost = addCosts(this.#cost, known ? then : ONE_UNPRICED)
  }

  /** As the flags to try say, by what is known of the customer today. */
  #evaluate(operation: OperationOf<'flag'>, recorded: RecordedOperation | undefined): Promise<Json> {
    const time = recorded?.settled?.time ?? this.#seen.time
    const body = flagBody(this.run, operation, this.#flags, time)
    const { name, flag } = operation
    this.#found.flag({ name, flag, before: flagOf(recorded), after: flagView(body) })
    return this.#give(name, { ok: true, value: body.value ?? null }, this.#placeOf(recorded))
  }

  #act(effect: OperationOf<'effect'>, recorded: RecordedOperation | undefined): Promise<Json> {
    const { name } = effect
    const request = requestOf(effect, this.run.id)
    let verdict: Verdict
    try {
      verdict = this.#judgeEffect(effect)
    } catch (error) {
      return this.#stop(name, toErrorRecord(error).message)
    }
    const approval = this.#past.approvalOf(name)
    if (verdict.answer === 'deny') return this.#deny(effect, recorded, verdict)
    if (verdict.answer === 'review' && approval === null) {
      this.#found.reachedOut('effect', name, recorded, request)
      return this.#stop(name, `${effect.operation} for "${name}" needs your word (${verdict.rule})`)
    }
    const wasDenied = approval === null && this.#past.policyOn(name)?.answer === 'deny'
    this.#found.reachedOut('effect', name, wasDenied ? undefined : recorded, request)
    if (!wasDenied) return this.#fromRecord(effect, recorded)
    return this.#stop(name, `the policy would allow "${name}" now, and what comes of it is not on record`)
  }

  #judgeEffect({ name, operation, input }: OperationOf<'effect'>): Verdict {
    const approval = this.#past.approvalOf(name)
    const { id: run, workflow, customer } = this.run
    const told = this.#past.toldOn(name)
    const request = { run, workflow, customer, operation, input, label: this.#label, ...told }
    const first = this.#judge.effect({ ...request, approvedBy: null })
    const before = this.#past.policyOn(name)
    if (before !== null) this.#found.policy(name, operation, before, first)
    return approval?.isGiven ? this.#judge.effect({ ...request, approvedBy: approval.review }) : first
  }

  #deny(
    effect: OperationOf<'effect'>,
    recorded: RecordedOperation | undefined,
    verdict: Verdict,
  ): Promise<Json> {
    const { name, operation } = effect
    this.#found.dropped('effect', recorded)
    const message = `${operation} for "${name}" was denied by ${verdict.rule}: ${verdict.reason}`
    const error = toErrorRecord(new HoldfastError('POLICY_DENIED', message))
    return this.#give(name, { ok: false, error }, this.#placeOf(recorded))
  }

  #propose(
    { name, proposal }: OperationOf<'review'>,
    recorded: RecordedOperation | undefined,
  ): Promise<Json> {
    const after = toJson(proposal.proposal, `proposal of ${name}`) as JsonObject
    const isOther = this.#found.proposal(name, proposal.action, after, recorded)
    if (recorded === undefined) {
      return this.#stop(name, `the code makes a proposal "${name}" that the operator has not answered`)
    }
    const { settled } = recorded
    const answer = settled?.outcome.ok ? (settled.outcome.value as JsonObject) : null
    if (settled === null || answer === null || !isOther || answer.verdict !== 'approved') {
      return this.#fromRecord({ type: 'review', name, proposal }, recorded)
    }
    return this.#give(name, { ok: true, value: { ...answer, value: after } }, this.#placeOf(recorded))
  }

  #reachOut(
    operation: OperationOf<'publication'> | OperationOf<'child'>,
    recorded: RecordedOperation | undefined,
  ): Promise<Json> {
    const { name, type } = operation
    this.#found.reachedOut(type, name, recorded, requestOf(operation, this.run.id))
    if (type === 'child' || recorded !== undefined) return this.#fromRecord(operation, recorded)
    return this.#give(name, { ok: true, value: null }, this.#placeOf(recorded))
  }

  // -- handing over --------------------------------------------------------------------------------------

  /** The place of an outcome in the order of the record; for one that is not there, next. */
  #placeOf(recorded: RecordedOperation | undefined): Place {
    if (recorded?.settled) return recorded.settled
    return { version: this.#seen.version + 1e-6, time: this.#seen.time, label: this.#label }
  }

  #give(name: string, outcome: Outcome, { version, time, label }: Place): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#sequencer.push(version, () => {
        if (!this.#waiting.delete(name)) return
        this.#quietTurns = 0
        this.#seen = { version, time: Math.max(this.#seen.time, time) }
        this.#label = joinLabels(this.#label, label)
        if (outcome.ok) resolve(outcome.value)
        else reject(fromErrorRecord(outcome.error))
      })
    })
  }

  #stop(at: string, why: string): Promise<Json> {
    this.#stopped ??= { at, why }
    return never()
  }

  // -- when it is over -----------------------------------------------------------------------------------

  #onQuiet(): void {
    this.#quietTurns += 1
    const enough = this.#working > 0 ? WORKING_TURNS : QUIET_TURNS
    if (this.#quietTurns < enough) this.#sequencer.begin()
    else this.#finish()
  }

  #report({ version: triedVersion }: AnyWorkflow): WhatIfRun {
    const { run, start, end } = this.#past.record
    const isOver = this.#end !== null
    if (isOver) this.#found.notAsked(this.#asked)
    const before = endOnRecord(end)
    const after = this.#end === null ? null : comparable(this.#end)
    const costBefore = isOver ? this.#past.cost : this.#costOfAsked()
    const waits = { at: null, why: 'the code waits for something that no operation gives it' }
    return {
      run,
      workflow: start.workflow,
      version: start.workflowVersion,
      triedVersion,
      ...this.#found.all(),
      end: isOver && !same(before, after) ? { before, after } : null,
      cost: { before: costBefore, after: this.#cost },
      stopped: isOver ? null : (this.#stopped ?? this.#open ?? waits),
    }
  }

  #costOfAsked(): Cost {
    return [...this.#asked].map((name) => this.#past.costOf(name)).reduce(addCosts, NO_COST)
  }
}

interface Place {
  readonly version: number
  readonly time: number
  readonly label: Label
}
