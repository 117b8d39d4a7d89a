/**
 * Effects: the one place where something is done to the world.
 *
 *   policy ─▶ intent on record ─▶ attempt ─▶ outcome on record
 *
 * A crash before the intent leaves nothing done. A crash, or an unclear failure, between intent and
 * outcome leaves the effect `unknown`: the connector is asked by idempotency key. Yes: that is the
 * outcome. No: it is attempted again. Can't tell: it is repeated only if the manifest says that a repeat
 * is harmless; otherwise the operator is asked. It is never repeated blindly.
 *
 * Why: docs/decisions/0006-unknown-effects-are-reconciled.md
 */
import { approvalName, outcomeName } from '../kernel/effect-review.ts'
import { HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { NewEvent } from '../kernel/event.ts'
import { canonicalJson, type Json, type JsonObject } from '../kernel/json.ts'
import { EFFECT_RETRY } from '../kernel/retry-policy.ts'
import type { ReviewAnswer } from '../kernel/workflow.ts'
import type { DeclaredManifest, Lookup, PerformContext } from '../ports/connector.ts'
import { crashPoint } from '../ports/crash-points.ts'
import { type Permit, type Verdict, verdictBody } from '../ports/gate.ts'
import type { Restore } from '../ports/restores.ts'
import type { Execution } from './execution.ts'
import type { OperationOf } from './operations.ts'
import { delayAfter, idempotencyKeyOf, noteRetry, withDeadline } from './perform-step.ts'
import { mayBeDoneSince, restoredWhy } from './restored.ts'
import { recordJson } from './run-errors.ts'

type Effect = OperationOf<'effect'>

/** Codes after which it is certain that nothing was done and a retry would change nothing. */
const REFUSED = new Set(['CONNECTOR_REFUSED', 'INPUT_INVALID', 'PERMIT_INVALID', 'OPERATION_UNKNOWN'])

export function performEffect(execution: Execution, effect: Effect): void {
  const entry = execution.journal.entries.get(effect.name)
  if (entry?.opened && !isAbout(entry.opened, effect)) {
    void execution.stall(otherEffect(execution, effect, effect.name))
    return
  }
  if (entry?.retryAt != null && entry.retryAt > execution.host.clock.now()) {
    execution.retries.resume(effect.name, () => resume(execution, effect))
  } else resume(execution, effect)
}

function resume(execution: Execution, effect: Effect): void {
  const entry = execution.journal.entries.get(effect.name)
  if (!execution.active || entry?.settled) return
  execution.effect(async () => {
    const state = entry?.effect ?? null
    const restore = state === null ? doneSince(execution, effect) : null
    if (state === 'intended')
      await noteUnknown(execution, effect, 'the process ended before the outcome was on record')
    else if (restore !== null)
      await noteUnknown(execution, effect, restoredWhy(restore), { input: effect.input })
    if (state === null && restore === null) await attempt(execution, effect)
    else await reconcile(execution, effect)
  })
}

/** An intent or a question to the operator holds for exactly one operation and input. */
function isAbout(recorded: JsonObject, { operation, input }: Effect): boolean {
  return recorded.operation === operation && canonicalJson(recorded.input ?? null) === canonicalJson(input)
}

function otherEffect(execution: Execution, effect: Effect, name: string): HoldfastError {
  const run = execution.run.id
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run} asks for ${effect.operation} as "${effect.name}", its journal holds "${name}" for another operation or input`,
    { details: { run, name, operation: effect.operation } },
  )
}

// -- attempting -------------------------------------------------------------------------------------

async function attempt(execution: Execution, effect: Effect): Promise<void> {
  const allowed = await allow(execution, effect)
  if (allowed === null) return
  const { name, operation, input } = effect
  const number = numberOf(execution, name)
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
  void succeed(execution, effect, output, 'perform').then(() => crashPoint('effect.after-result'))
}

async function noteFailure(
  execution: Execution,
  effect: Effect,
  number: number,
  error: unknown,
): Promise<void> {
  const code = isHoldfastError(error) ? error.code : ''
  const isRead = manifestOf(execution, effect).effect === 'read'
  if (REFUSED.has(code) || (isRead && code === 'OUTPUT_INVALID')) await fail(execution, effect, error)
  else if (code === 'CONNECTOR_UNAVAILABLE' || isRead) await retryOrFail(execution, effect, number, error)
  else {
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

/** As it is on record, with the id of the review. */
interface Answered extends ReviewAnswer {
  readonly review: string
}

interface Ruling {
  readonly verdict: Verdict
  readonly permit: Permit | null
  /** The operator's word on exactly this, if given. */
  readonly approval: Answered | null
  /** The decision, to be put on record together with what follows from it. */
  readonly decided: NewEvent
}

interface Allowed extends Ruling {
  readonly permit: Permit
}

function askPolicy(execution: Execution, effect: Effect): Ruling {
  const { name, operation, input } = effect
  const { run, label } = execution
  const approval = answerTo(execution, effect, approvalName(name))
  const { verdict, permit } = execution.host.gate.decideEffect({
    run: run.id,
    workflow: run.workflow,
    customer: run.customer,
    operation,
    input,
    label,
    approvedBy: approval?.verdict === 'approved' ? (approval.review ?? null) : null,
  })
  const request = { type: 'effect', operation, ...(permit === null ? { input } : {}) }
  const decided = execution.event('policy.decided', verdictBody(name, request, verdict))
  return { verdict, permit, approval, decided }
}

/** A permit for exactly this effect; null when there is none (yet), and what follows from that is under way. */
async function allow(execution: Execution, effect: Effect): Promise<Allowed | null> {
  const ruling = askPolicy(execution, effect)
  const { verdict, permit, approval, decided } = ruling
  if (permit !== null) return { ...ruling, permit }
  if (verdict.answer === 'review' && approval === null && !execution.isBounded)
    askApproval(execution, effect, ruling)
  else {
    await execution.append([decided])
    await fail(execution, effect, denied(execution, effect, ruling))
  }
  return null
}

function denied(execution: Execution, effect: Effect, { verdict, approval }: Ruling): HoldfastError {
  const { name, operation } = effect
  const refusal = `the operator said no${approval?.reason ? `: ${approval.reason}` : ''}`
  const asks = `${verdict.reason}; a pipeline can't wait for your word, a workflow can`
  const reason = approval !== null ? refusal : verdict.answer === 'review' ? asks : verdict.reason
  return new HoldfastError(
    'POLICY_DENIED',
    `${operation} for "${name}" was denied by ${verdict.rule}: ${reason}`,
    { details: { run: execution.run.id, operation, rule: verdict.rule } },
  )
}

/**
 * The operator's answer to a question about exactly this effect.
 * @throws JOURNAL_DIVERGED when the answer on record is to a question about another operation or input
 */
function answerTo(execution: Execution, effect: Effect, review: string): Answered | null {
  const entry = execution.journal.entries.get(review)
  if (entry !== undefined && entry.type !== 'review') throw otherEffect(execution, effect, review)
  if (entry?.opened && !isAbout((entry.opened.proposal ?? {}) as JsonObject, effect)) {
    throw otherEffect(execution, effect, review)
  }
  const outcome = entry?.settled?.outcome
  return outcome?.ok ? (outcome.value as unknown as Answered) : null
}

function askApproval(execution: Execution, effect: Effect, { verdict, decided }: Ruling): void {
  const name = approvalName(effect.name)
  const isAsked = execution.journal.entries.has(name)
  const asked = execution.operate({
    type: 'review',
    name,
    proposal: {
      action: effect.operation,
      summary: manifestOf(execution, effect).title || effect.operation,
      reason: `The policy wants your word: ${verdict.reason}`,
      confidence: 1,
      proposal: { operation: effect.operation, input: effect.input },
    },
  })
  // At once, so that a replay can tell an effect that was asked for from one that was not.
  if (!isAsked) void execution.append([decided])
  void asked.then(() => resume(execution, effect))
}

// -- unknown outcomes -------------------------------------------------------------------------------

async function reconcile(execution: Execution, effect: Effect): Promise<void> {
  if (!execution.active) return
  const question = outcomeReview(execution, effect)
  const answer = answerTo(execution, effect, question)
  if (answer !== null) return await obey(execution, effect, answer)
  if (execution.journal.entries.has(question)) return askOperator(execution, effect, '')
  const { verdict, permit, decided } = askPolicy(execution, effect)
  await execution.append([decided])
  if (permit === null) return askOperator(execution, effect, `the policy: ${verdict.reason}`)
  let found: Lookup<Json>
  try {
    found = await lookUp(execution, effect, permit)
  } catch (error) {
    return lookUpLater(execution, effect, error)
  }
  const restore = doneSince(execution, effect)
  if (found.found === 'yes') void succeed(execution, effect, found.output, 'lookup')
  else if (restore !== null && manifestOf(execution, effect).witness === 'workspace') {
    askOperator(execution, effect, restoredWhy(restore), found.ifDone ?? null)
  } else if (found.found === 'no') await attemptAgain(execution, effect, 'was not carried out')
  else if (mayRepeat(execution, effect)) {
    await attemptAgain(execution, effect, 'may not have been carried out, and a repeat does no harm')
  } else askOperator(execution, effect, found.why ?? 'the outside system can not tell', found.ifDone ?? null)
}

async function lookUp(execution: Execution, effect: Effect, permit: Permit): Promise<Lookup<Json>> {
  const found = await limited(execution, effect, numberOf(execution, effect.name), (context) =>
    execution.host.gate.lookup(permit, effect.input, context),
  )
  return found ?? { found: 'unknown', why: `${effect.operation} has no way to look it up` }
}

function lookUpLater(execution: Execution, effect: Effect, error: unknown): void {
  const { name } = effect
  const number = (execution.journal.entries.get(name)?.failedLookups ?? 0) + 1
  const delayMs = delayAfter(execution, name, number, EFFECT_RETRY)
  if (delayMs === null) askOperator(execution, effect, toErrorRecord(error).message)
  else {
    const failure = {
      type: 'effect' as const,
      name,
      attempt: number,
      error,
      delayMs,
      during: 'lookup' as const,
    }
    noteRetry(execution, failure, () => resume(execution, effect))
  }
}

/** After an attempt that did nothing: at once when it was the first, or `atOnce`; with backoff otherwise. */
async function attemptAgain(
  execution: Execution,
  effect: Effect,
  why: string,
  atOnce = false,
): Promise<void> {
  const { name } = effect
  const number = numberOf(execution, name)
  const error = new HoldfastError('CONNECTOR_UNAVAILABLE', `Attempt ${number} of "${name}" ${why}`)
  if (!atOnce && number > 1) return await retryOrFail(execution, effect, number, error)
  const record = recordJson(toErrorRecord(error))
  const failure = { type: 'effect', name, attempt: number, error: record, retryAt: null }
  await execution.append([execution.event('attempt.failed', failure)])
  await attempt(execution, effect)
}

/** Whether a repeat is harmless, and there are attempts left: the last one must not end as if it had done nothing. */
function mayRepeat(execution: Execution, effect: Effect): boolean {
  const { effect: kind, idempotency } = manifestOf(execution, effect)
  return (
    (kind === 'read' || idempotency !== 'none') && numberOf(execution, effect.name) < EFFECT_RETRY.attempts
  )
}

/** One question for each attempt whose outcome stays unknown. */
function outcomeReview(execution: Execution, { name }: Effect): string {
  return outcomeName(name, numberOf(execution, name))
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
    void succeed(execution, effect, answer.value.output ?? null, 'operator')
  else if (answer.verdict === 'rejected')
    await attemptAgain(execution, effect, 'was not carried out, says the operator', true)
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
  await execution.record([execution.event('effect.succeeded', { name, operation, output, via })])
}

async function fail(execution: Execution, effect: Effect, error: unknown): Promise<void> {
  const { name, operation } = effect
  const record: JsonObject = recordJson(toErrorRecord(error))
  void execution.record([execution.event('effect.failed', { name, operation, error: record })])
}

/** `more`: what an intent would say, where there is none. */
async function noteUnknown(
  execution: Execution,
  effect: Effect,
  why: string,
  more: JsonObject = {},
): Promise<void> {
  const { name, operation } = effect
  const attempt = numberOf(execution, name)
  await execution.append([execution.event('effect.unknown', { name, operation, why, attempt, ...more })])
}

/** A read may always be repeated. */
function doneSince(execution: Execution, effect: Effect): Restore | null {
  if (execution.host.restored === null || manifestOf(execution, effect).effect === 'read') return null
  return mayBeDoneSince(execution, effect.name)
}

/** Of the present attempt, or the next; 1 for the first. */
function numberOf(execution: Execution, name: string): number {
  return (execution.journal.entries.get(name)?.failedAttempts ?? 0) + 1
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
