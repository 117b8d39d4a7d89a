/**
 * Effects: the one place where something is done to the world.
 *
 *   policy ─▶ intent on record ─▶ attempt ─▶ outcome on record
 *
 * A crash before the intent leaves nothing done. A crash, or an unclear failure, between intent and
 * outcome leaves the effect `unknown`: the connector is asked by idempotency key. Yes: that is the
 * outcome. No: it is attempted again. Can't tell: it is repeated only if the manifest says that a repeat
 * is harmless; otherwise the operator is asked. It is never repeated blindly.
 */
import { approvalName, outcomeName } from '../kernel/effect-review.ts'
import { HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { NewEvent } from '../kernel/event.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { EFFECT_RETRY } from '../kernel/retry-policy.ts'
import type { ReviewAnswer } from '../kernel/workflow.ts'
import type { DeclaredManifest, Lookup, PerformContext } from '../ports/connector.ts'
import { crashPoint } from '../ports/crash-points.ts'
import { type Permit, verdictBody } from '../ports/gate.ts'
import type { Execution } from './execution.ts'
import type { OperationOf } from './operations.ts'
import { reviewId } from './perform.ts'
import { delayAfter, idempotencyKeyOf, noteRetry, withDeadline } from './perform-step.ts'
import { recordJson } from './run-errors.ts'

type Effect = OperationOf<'effect'>

/** Codes after which it is certain that nothing was done and a retry would change nothing. */
const REFUSED = new Set([
  'CONNECTOR_REFUSED',
  'INPUT_INVALID',
  'PERMIT_INVALID',
  'OUTPUT_INVALID',
  'OPERATION_UNKNOWN',
])

export function performEffect(execution: Execution, effect: Effect): void {
  const entry = execution.journal.entries.get(effect.name)
  if (entry?.retryAt != null && entry.retryAt > execution.host.clock.now()) {
    execution.retryLater(effect.name, () => resume(execution, effect))
  } else resume(execution, effect)
}

function resume(execution: Execution, effect: Effect): void {
  execution.effect(async () => {
    const state = execution.journal.entries.get(effect.name)?.effect ?? null
    if (state === 'intended')
      await noteUnknown(execution, effect, 'the process ended before the outcome was on record')
    if (state === null) await attempt(execution, effect)
    else await reconcile(execution, effect)
  })
}

// -- attempting -------------------------------------------------------------------------------------

async function attempt(execution: Execution, effect: Effect): Promise<void> {
  const allowed = await allow(execution, effect, () => resume(execution, effect))
  if (allowed === null) return
  const { name, operation, input } = effect
  const number = failures(execution, name) + 1
  const key = idempotencyKeyOf(execution, name)
  crashPoint('effect.before-intent')
  await execution.append([
    allowed.decided,
    execution.event('effect.intended', { name, operation, input, key, attempt: number }),
  ])
  crashPoint('effect.after-intent')
  let output: Json
  try {
    crashPoint('effect.before-send')
    output = await limited(execution, effect, number, (context) =>
      execution.host.gate.perform(allowed.permit, input, context),
    )
    crashPoint('effect.after-send')
  } catch (error) {
    await noteFailure(execution, effect, number, error)
    return
  }
  crashPoint('effect.before-result')
  await succeed(execution, effect, output, 'perform')
  crashPoint('effect.after-result')
}

async function noteFailure(
  execution: Execution,
  effect: Effect,
  number: number,
  error: unknown,
): Promise<void> {
  const code = isHoldfastError(error) ? error.code : ''
  if (REFUSED.has(code)) await fail(execution, effect, error)
  else if (code === 'CONNECTOR_UNAVAILABLE' || manifestOf(execution, effect).effect === 'read') {
    await retryOrFail(execution, effect, number, error)
  } else {
    await noteUnknown(execution, effect, toErrorRecord(error, 'CONNECTOR_OUTCOME_UNKNOWN').message)
    await reconcile(execution, effect)
  }
}

async function retryOrFail(
  execution: Execution,
  effect: Effect,
  number: number,
  error: unknown,
): Promise<void> {
  const delayMs = delayAfter(execution, effect.name, number, EFFECT_RETRY)
  if (delayMs === null) await fail(execution, effect, error)
  else {
    const failure = { type: 'effect' as const, name: effect.name, attempt: number, error, delayMs }
    noteRetry(execution, failure, () => resume(execution, effect))
  }
}

// -- the policy -------------------------------------------------------------------------------------

interface Allowed {
  readonly permit: Permit
  /** The decision, to be put on record together with what it allows. */
  readonly decided: NewEvent
}

/** A permit for exactly this effect; null when there is none (yet), and what follows from that is under way. */
async function allow(execution: Execution, effect: Effect, again: () => void): Promise<Allowed | null> {
  const { name, operation, input } = effect
  const { run, label } = execution
  const approval = approvalOf(execution, effect)
  const { verdict, permit } = execution.host.gate.decideEffect({
    run: run.id,
    workflow: run.workflow,
    customer: run.customer,
    operation,
    input,
    label,
    approvedBy: approval?.verdict === 'approved' ? reviewId(run.id, approvalName(effect.name)) : null,
  })
  const request = { type: 'effect', operation, ...(permit === null ? { input } : {}) }
  const decided = execution.event('policy.decided', verdictBody(name, request, verdict))
  if (permit !== null) return { permit, decided }
  if (verdict.answer === 'review' && approval === null)
    askApproval(execution, effect, decided, verdict.reason, again)
  else {
    const reason =
      approval === null
        ? verdict.reason
        : `the operator said no${approval.reason ? `: ${approval.reason}` : ''}`
    const denied = new HoldfastError(
      'POLICY_DENIED',
      `${operation} for "${name}" was denied by ${verdict.rule}: ${reason}`,
      {
        details: { run: run.id, operation, rule: verdict.rule },
      },
    )
    await execution.append([decided])
    await fail(execution, effect, denied)
  }
  return null
}

function approvalOf(execution: Execution, effect: Effect): ReviewAnswer | null {
  return answerTo(execution, approvalName(effect.name))
}

function answerTo(execution: Execution, reviewName: string): ReviewAnswer | null {
  const outcome = execution.journal.entries.get(reviewName)?.settled?.outcome
  return outcome?.ok ? (outcome.value as unknown as ReviewAnswer) : null
}

function askApproval(
  execution: Execution,
  effect: Effect,
  decided: NewEvent,
  reason: string,
  again: () => void,
): void {
  const asked = execution.operate({
    type: 'review',
    name: approvalName(effect.name),
    proposal: {
      action: effect.operation,
      summary: manifestOf(execution, effect).title || effect.operation,
      reason: `The policy wants your word: ${reason}`,
      confidence: 1,
      proposal: { operation: effect.operation, input: effect.input },
    },
  })
  execution.open(decided)
  void asked.then(again)
}

// -- unknown outcomes -------------------------------------------------------------------------------

async function reconcile(execution: Execution, effect: Effect): Promise<void> {
  const answer = answerTo(execution, outcomeReview(execution, effect))
  if (answer !== null) return await obey(execution, effect, answer)
  let found: Lookup<Json> | null
  try {
    found = await lookUp(execution, effect)
  } catch (error) {
    return await lookUpLater(execution, effect, error)
  }
  if (found === null) return
  if (found.found === 'yes') await succeed(execution, effect, found.output, 'lookup')
  else if (found.found === 'no' || isRepeatable(execution, effect)) await attemptAgain(execution, effect)
  else askOperator(execution, effect, found.why ?? 'the outside system can not tell', found.ifDone ?? null)
}

/** null when the policy gave no permit; what follows from that is under way. */
async function lookUp(execution: Execution, effect: Effect): Promise<Lookup<Json> | null> {
  const allowed = await allow(execution, effect, () => resume(execution, effect))
  if (allowed === null) return null
  await execution.append([allowed.decided])
  const found = await limited(execution, effect, failures(execution, effect.name) + 1, (context) =>
    execution.host.gate.lookup(allowed.permit, effect.input, context),
  )
  return found ?? { found: 'unknown', why: `${effect.operation} has no way to look it up` }
}

async function lookUpLater(execution: Execution, effect: Effect, error: unknown): Promise<void> {
  const number = failures(execution, effect.name) + 1
  const delayMs = delayAfter(execution, effect.name, number, EFFECT_RETRY)
  if (delayMs === null) askOperator(execution, effect, toErrorRecord(error).message)
  else {
    const failure = {
      type: 'effect' as const,
      name: effect.name,
      attempt: number,
      error,
      delayMs,
      during: 'lookup' as const,
    }
    noteRetry(execution, failure, () => resume(execution, effect))
  }
}

/**
 * After an attempt that turned out not to have happened: at once when it was the first, or when the operator
 * says so; with backoff otherwise.
 */
async function attemptAgain(execution: Execution, effect: Effect, atOnce = false): Promise<void> {
  const { name } = effect
  const number = Number(execution.journal.entries.get(name)?.opened?.attempt ?? failures(execution, name) + 1)
  const error = new HoldfastError(
    'CONNECTOR_UNAVAILABLE',
    `Attempt ${number} of "${name}" was not carried out`,
  )
  if (!atOnce && number > 1) return await retryOrFail(execution, effect, number, error)
  const record = recordJson(toErrorRecord(error))
  const failure = { type: 'effect', name, attempt: number, error: record, retryAt: null }
  await execution.append([execution.event('attempt.failed', failure)])
  await attempt(execution, effect)
}

function isRepeatable(execution: Execution, effect: Effect): boolean {
  const manifest = manifestOf(execution, effect)
  return manifest.effect === 'read' || manifest.idempotency !== 'none'
}

/** One question for each attempt whose outcome stays unknown. */
function outcomeReview(execution: Execution, { name }: Effect): string {
  return outcomeName(name, failures(execution, name) + 1)
}

function askOperator(execution: Execution, effect: Effect, why: string, ifDone: Json = null): void {
  const title = manifestOf(execution, effect).title || effect.operation
  const asked = execution.operate({
    type: 'review',
    name: outcomeReview(execution, effect),
    proposal: {
      action: 'settle-unknown',
      summary: `Was this done? ${title}`,
      reason: `It was begun, and whether it was carried out is not known: ${why}. Approve: it was done. Reject: it was not, do it now. Respond: leave it undone.`,
      confidence: 0,
      proposal: { operation: effect.operation, input: effect.input, output: ifDone },
    },
  })
  void asked.then(() => resume(execution, effect))
}

async function obey(execution: Execution, effect: Effect, answer: ReviewAnswer): Promise<void> {
  if (answer.verdict === 'approved' || answer.verdict === 'edited')
    await succeed(execution, effect, answer.value.output ?? null, 'operator')
  else if (answer.verdict === 'rejected') await attemptAgain(execution, effect, true)
  else {
    const message = `"${effect.name}" was given up by the operator${answer.instruction ? `: ${answer.instruction}` : ''}`
    await fail(
      execution,
      effect,
      new HoldfastError('EFFECT_ABANDONED', message, { details: { run: execution.run.id } }),
    )
  }
}

// -- records ----------------------------------------------------------------------------------------

async function succeed(execution: Execution, effect: Effect, output: Json, via: string): Promise<void> {
  const { name, operation } = effect
  await execution.append([execution.event('effect.succeeded', { name, operation, output, via })])
}

async function fail(execution: Execution, effect: Effect, error: unknown): Promise<void> {
  const { name, operation } = effect
  const record: JsonObject = recordJson(toErrorRecord(error))
  await execution.append([execution.event('effect.failed', { name, operation, error: record })])
}

async function noteUnknown(execution: Execution, effect: Effect, why: string): Promise<void> {
  const { name, operation } = effect
  const attempt = failures(execution, name) + 1
  await execution.append([execution.event('effect.unknown', { name, operation, why, attempt })])
}

function failures(execution: Execution, name: string): number {
  return execution.journal.entries.get(name)?.failedAttempts ?? 0
}

function manifestOf(execution: Execution, effect: Effect): DeclaredManifest {
  return execution.host.gate.manifestOf(effect.operation)
}

/** Calls the connector with the time limit of the manifest; past it, the outcome is unknown. */
async function limited<T>(
  execution: Execution,
  effect: Effect,
  number: number,
  call: (context: PerformContext) => Promise<T>,
): Promise<T> {
  const idempotencyKey = idempotencyKeyOf(execution, effect.name)
  return await withDeadline(
    execution,
    manifestOf(execution, effect).timeoutMs,
    (signal) => call({ idempotencyKey, signal, attempt: number }),
    (ms) => new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', `${effect.operation} gave no answer in ${ms} ms`),
  )
}
