/** Decisions: asked of a model where the policy allows one, else made by the rules. */
import { HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { NewEvent } from '../kernel/event.ts'
import { type JsonObject, toJson } from '../kernel/json.ts'
import { validate } from '../kernel/schema.ts'
import type { Decided, Question } from '../kernel/workflow.ts'
import { type ModelDecision, verdictBody } from '../ports/gate.ts'
import type { ModelUsage } from '../ports/model.ts'
import { answerJsonSchema } from './answer-schema.ts'
import type { Execution } from './execution.ts'
import type { OperationOf } from './operations.ts'
import { recordJson } from './run-errors.ts'
import { BY_STOP } from './stops/held-index.ts'
import { withDeadline } from './time-limits.ts'

/** After it the rules decide. */
const MODEL_TIMEOUT_MS = 60_000

export function performDecision(execution: Execution, decision: OperationOf<'decision'>): void {
  const { name, question } = decision
  void execution.working(async () => {
    const { run } = execution
    const model = execution.host.gate.decideModel({
      run: run.id,
      workflow: run.workflow,
      label: execution.label,
    })
    if (model === null) return await decideByRules(execution, name, question, [])
    const request = {
      type: 'model',
      operation: model.permit?.operation ?? `model.${model.provider}`,
      model: model.model,
      day: model.day,
    }
    const asked = execution.event('policy.decided', verdictBody(name, request, model.verdict))
    if (model.verdict.until !== undefined && !execution.isBounded) return hold(execution, decision, asked)
    if (model.permit === null) {
      return await decideByRules(
        execution,
        name,
        question,
        [asked],
        `${model.verdict.rule}: ${model.verdict.reason}`,
      )
    }
    await execution.append([asked])
    await askModel(execution, decision, model)
  })
}

/** Work is stopped: the rules do not decide in the model's place, the decision waits. */
function hold(execution: Execution, decision: OperationOf<'decision'>, decided?: NewEvent): void {
  const { name } = decision
  execution.retries.later(name, () => {
    if (execution.active) performDecision(execution, decision)
  })
  if (execution.journal.entries.get(name)?.isHeld) return
  if (decided !== undefined) execution.open(decided)
  execution.open(execution.event('decision.held', { name, by: BY_STOP }))
}

async function askModel(
  execution: Execution,
  decision: OperationOf<'decision'>,
  model: ModelDecision,
): Promise<void> {
  const { name, question } = decision
  const { permit, provider } = model
  if (permit === null) return
  const called = (usage: ModelUsage | null, error: JsonObject | null): NewEvent =>
    execution.event('model.called', {
      name,
      provider,
      model: model.model,
      inputTokens: usage?.inputTokens ?? null,
      outputTokens: usage?.outputTokens ?? null,
      priceMicros: usage?.priceMicros ?? null,
      latencyMs: usage?.latencyMs ?? null,
      error,
    })
  let usage: ModelUsage | null = null
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
      (ms) => new HoldfastError('MODEL_UNAVAILABLE', `${provider}:${model.model} gave no answer in ${ms} ms`),
    )
    usage = reply.usage
    decided = await readReply(question, reply.answer as JsonObject, `${provider}:${model.model}`)
  } catch (error) {
    const isStopped = isHoldfastError(error) && error.code === 'WORK_STOPPED'
    if (isStopped && !execution.isBounded) return hold(execution, decision)
    const spent = error instanceof HoldfastError ? (error.details.usage as ModelUsage | undefined) : undefined
    const record = toErrorRecord(error, 'MODEL_UNAVAILABLE')
    const failed = called(usage ?? spent ?? null, recordJson(record))
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
  let body: JsonObject
  try {
    const { answer, confidence, reasons, source } = question.rules()
    const provenance = { tier: 'rules' as const, source, ...(because === undefined ? {} : { because }) }
    body = decisionBody(name, question, { answer, confidence, reasons, provenance })
  } catch (error) {
    // What a model was asked has been paid for, whatever the rules are worth.
    if (before.length > 0) await execution.append(before)
    throw error
  }
  execution.record([...before, execution.event('decision.made', body)])
}

function decisionBody(name: string, question: Question<unknown>, decided: Decided<unknown>): JsonObject {
  return { name, asked: askedOf(name, question), ...(toJson(decided, `answer of ${name}`) as JsonObject) }
}

/** What a decision was about, as it is put on record. */
export function askedOf(name: string, { ask, material }: Question<unknown>): JsonObject {
  return { ask, material: toJson(material, `material of ${name}`) }
}
