/**
 * Decisions: asked of a model where the policy allows one, else made by the rules. Where the policy wants the
 * operator's word, as at the limit of a budget, the run parks and asks: yes, and the model is asked this once; no,
 * and the rules decide, whatever the policy would say by then. A pipeline can't wait for that, so there the rules
 * decide at once.
 *
 * Rules that throw are not asked again, as they would only throw once more: the decision has failed.
 *
 * A crash while the model is asked has it asked again; the call that was cut off counts as what was reserved for it.
 */
import { approvalName } from '../../kernel/effect-review.ts'
import { type ErrorRecord, HoldfastError, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { canonicalJson, type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { isOwnersWord, type ReviewVerdict } from '../../kernel/review.ts'
import { validate } from '../../kernel/schema.ts'
import type { Decided, Question } from '../../kernel/workflow.ts'
import { holdsBody, type ModelDecision, verdictBody } from '../../ports/gate.ts'
import type { ModelUsage } from '../../ports/model.ts'
import { isAwaited, saidNo, untilWhen } from '../effects/effect-policy.ts'
import { lastAbout } from '../last-about.ts'
import type { OperationOf } from '../operations.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'
import { BY_STOP } from '../stops/held-index.ts'
import { answerJsonSchema } from './answer-schema.ts'
import { needsPerson } from './retrying.ts'
import { withDeadline } from './time-limits.ts'

/** After it the rules decide. */
const MODEL_TIMEOUT_MS = 60_000

export function performDecision(execution: Execution, decision: OperationOf<'decision'>): void {
  const { name } = decision
  if (!execution.active || execution.journal.entries.get(name)?.settled) return
  void execution.working(() => decide(execution, decision))
}

async function decide(execution: Execution, decision: OperationOf<'decision'>): Promise<void> {
  const { name, question } = decision
  const { run } = execution
  const word = wordOn(execution, decision)
  const again = () => performDecision(execution, decision)
  if (word === null && isAwaited(execution, approvalName(name), again)) return
  if (word !== null && !word.isYes) {
    const { rule, reason } = saidNo(execution, name, word)
    return await decideByRules(execution, name, question, [], `${rule}: ${reason}`)
  }
  const inVain = askedInVain(execution, name)
  if (inVain !== null) return await decideByRules(execution, name, question, [], inVain)
  const model = execution.host.gate.decideModel({
    run: run.id,
    name,
    workflow: run.workflow,
    customer: run.customer,
    label: execution.label,
    approvedBy: word?.review ?? null,
  })
  if (model === null) return await decideByRules(execution, name, question, [])
  const { verdict, permit } = model
  const operation = permit?.operation ?? `model.${model.provider}`
  const request = { type: 'model', operation, model: model.model, day: model.day }
  const decided = execution.event('policy.decided', verdictBody(name, request, verdict))
  if (verdict.until !== undefined && !execution.isBounded) return hold(execution, decision, decided)
  if (permit !== null) {
    const holds = holdsBody(name, operation, verdict)
    await execution.append([...(holds === null ? [] : [execution.event('budget.reserved', holds)]), decided])
    return await askModel(execution, decision, model)
  }
  if (verdict.answer === 'review' && word === null && !execution.isBounded) {
    return askOperator(execution, decision, model, decided)
  }
  await decideByRules(execution, name, question, [decided], `${verdict.rule}: ${verdict.reason}`)
}

/**
 * Why the model gave nothing, where the run has stalled since as the rules need the operator's deed: it is not asked, and
 * paid, at each attempt. null where it is to be asked.
 */
function askedInVain({ host, journal, run }: Execution, name: string): string | null {
  if (journal.stalled === null) return null
  const last = lastAbout(host.log, run.id, name, (kind) => kind === 'model.called')
  const error = last?.body?.error as unknown as ErrorRecord | null | undefined
  return error == null || last?.body?.unclear === true ? null : `${error.code}: ${error.message}`
}

/** Work is stopped: the rules do not decide in the model's place, the decision waits. */
function hold(execution: Execution, decision: OperationOf<'decision'>, decided?: NewEvent): void {
  const { name } = decision
  execution.retries.later(name, () => performDecision(execution, decision))
  if (execution.journal.entries.get(name)?.isHeld) return
  // At once, so that a replay can tell a decision that was asked for from one that was not.
  if (decided !== undefined) void execution.append([decided])
  execution.open(execution.event('decision.held', { name, by: BY_STOP }))
}

// -- the operator's word ----------------------------------------------------------------------------

interface Word {
  readonly isYes: boolean
  readonly review: string
  readonly way: string
  readonly reason: string | null
}

/** @throws JOURNAL_DIVERGED when the answer on record is to another question */
function wordOn(execution: Execution, { name, question }: OperationOf<'decision'>): Word | null {
  const entry = execution.journal.entries.get(approvalName(name))
  if (entry?.opened == null) return null
  const { ask = null, material = null } = (entry.opened.proposal ?? {}) as JsonObject
  if (canonicalJson({ ask, material }) !== canonicalJson(askedOf(name, question))) {
    throw otherQuestion(execution, name)
  }
  const outcome = entry.settled?.outcome
  if (!outcome?.ok) return null
  const { verdict, way, review, reason } = outcome.value as JsonObject
  return {
    isYes: isOwnersWord(verdict as ReviewVerdict, String(way ?? '')),
    review: String(review),
    way: String(way ?? ''),
    reason: typeof reason === 'string' ? reason : null,
  }
}

function otherQuestion({ run }: Execution, name: string): HoldfastError {
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run.id} asks another question as "${name}" than the one that was put to the operator`,
    { details: { run: run.id, name } },
  )
}

const FIXED = { editable: false } as const

/** Bound to exactly this question: the answer is for one call. */
function askOperator(
  execution: Execution,
  decision: OperationOf<'decision'>,
  { provider, model, verdict }: ModelDecision,
  decided: NewEvent,
): void {
  const { name, question } = decision
  const operation = `model.${provider}`
  const asked = execution.operate({
    type: 'review',
    name: approvalName(name),
    proposal: {
      action: operation,
      summary: `Ask ${provider}:${model} for "${name}"`,
      reason: `The policy wants your word: ${verdict.reason}. Approve: it is asked this once. Reject: the rules decide.`,
      confidence: 1,
      proposal: { operation, model, ...(askedOf(name, question) as { ask: Json; material: Json }) },
      fields: { operation: FIXED, model: FIXED, ask: FIXED, material: { ...FIXED, kind: 'json' } },
      ...untilWhen(execution),
    },
  })
  // At once, so that a replay can tell a decision that was asked for from one that was not.
  void execution.append([decided])
  void asked.then(() => performDecision(execution, decision))
}

// -- the model --------------------------------------------------------------------------------------

async function askModel(
  execution: Execution,
  decision: OperationOf<'decision'>,
  { permit, provider, model, verdict }: ModelDecision,
): Promise<void> {
  const { name, question } = decision
  if (permit === null) return
  const budgets = verdict.holds === undefined ? {} : { budgets: verdict.holds.map(({ budget }) => budget) }
  const called = (usage: ModelUsage | null, error: JsonObject | null, more: JsonObject = {}): NewEvent =>
    execution.event('model.called', {
      name,
      provider,
      model,
      inputTokens: usage?.inputTokens ?? null,
      outputTokens: usage?.outputTokens ?? null,
      priceMicros: usage?.priceMicros ?? null,
      latencyMs: usage?.latencyMs ?? null,
      error,
      ...budgets,
      ...more,
    })
  let usage: ModelUsage | null = null
  let isLate = false
  let decided: Decided<unknown>
  try {
    const asked = {
      instruction: question.ask,
      material: toJson(question.material, `material of ${name}`) as JsonObject,
      answerSchema: answerJsonSchema(question.answer),
    }
    const reply = await withDeadline(
      execution,
      MODEL_TIMEOUT_MS,
      (signal) => execution.host.gate.ask(permit, asked, { signal }),
      (ms) => {
        isLate = true
        return new HoldfastError('MODEL_UNAVAILABLE', `${provider}:${model} gave no answer in ${ms} ms`)
      },
    )
    usage = reply.usage
    decided = await readReply(question, reply.answer as JsonObject, `${provider}:${model}`)
  } catch (error) {
    const isStopped = isHoldfastError(error) && error.code === 'WORK_STOPPED'
    if (isStopped && !execution.isBounded) return hold(execution, decision)
    const spent = error instanceof HoldfastError ? (error.details.usage as ModelUsage | undefined) : undefined
    const record = toErrorRecord(error, 'MODEL_UNAVAILABLE')
    const known = usage ?? spent ?? null
    // It was given up before it said what it took: it may have cost.
    const isUnclear = known === null && (isLate || execution.abort.aborted)
    const failed = called(known, recordJson(record), isUnclear ? { unclear: true } : {})
    // Aborted, it has not failed: it is asked again when the process is back.
    if (execution.abort.aborted) return await execution.append([failed])
    return await decideByRules(execution, name, question, [failed], `${record.code}: ${record.message}`)
  }
  execution.record([
    called(usage, null),
    execution.event('decision.made', decisionBody(name, question, decided)),
  ])
}
async function readReply(
  question: Question<unknown>,
  reply: JsonObject,
  source: string,
): Promise<Decided<unknown>> {
  const answer = await validate(question.answer, reply?.answer, 'Answer of the model', 'MODEL_UNAVAILABLE')
  const confidence = typeof reply.confidence === 'number' ? Math.min(1, Math.max(0, reply.confidence)) : 0
  const reasons = Array.isArray(reply.reasons) ? reply.reasons : []
  return { answer, confidence, reasons, provenance: { tier: 'model', source } }
}

async function decideByRules(
  execution: Execution,
  name: string,
  question: Question<unknown>,
  before: readonly NewEvent[],
  because?: string,
): Promise<void> {
  let decided: NewEvent
  try {
    const { answer, confidence, reasons, source } = question.rules()
    const provenance = { tier: 'rules' as const, source, ...(because === undefined ? {} : { because }) }
    const body = decisionBody(name, question, { answer, confidence, reasons, provenance })
    decided = execution.event('decision.made', body)
  } catch (error) {
    if (needsPerson(error)) {
      // What a model was asked has been paid for, whatever the rules are worth.
      if (before.length > 0) await execution.append(before)
      throw error
    }
    const failure = recordJson(toErrorRecord(error, 'DECISION_FAILED'))
    const body = { name, asked: askedOf(name, question), error: failure }
    decided = execution.event('decision.failed', body)
  }
  execution.record([...before, decided])
}

function decisionBody(name: string, question: Question<unknown>, decided: Decided<unknown>): JsonObject {
  return { name, asked: askedOf(name, question), ...(toJson(decided, `answer of ${name}`) as JsonObject) }
}

/** What a decision was about, as it is put on record. */
export function askedOf(name: string, { ask, material }: Question<unknown>): JsonObject {
  return { ask, material: toJson(material, `material of ${name}`) }
}
