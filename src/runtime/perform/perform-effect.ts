/**
 * Effects: the one place where something is done to the world.
 *
 *   policy ─▶ breaker ─▶ intent on record ─▶ attempt ─▶ outcome on record
 *
 * A crash before the intent leaves nothing done. A crash, or an unclear failure, between intent and
 * outcome leaves the effect `unknown`: the connector is asked by idempotency key. Yes: that is the
 * outcome. No: it is attempted again. Can't tell: it is repeated only if the manifest says that a repeat
 * is harmless; otherwise the operator is asked. It is never repeated blindly.
 *
 * Why: docs/decisions/0006-unknown-effects-are-reconciled.md
 */
import { HoldfastError, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import { callOutside, isLate } from '../effects/effect-call.ts'
import { holdForBreaker, holdForStop } from '../effects/effect-hold.ts'
import { allow, asApproved } from '../effects/effect-policy.ts'
import {
  askedIn,
  doneSince,
  type Effect,
  fail,
  inputOf,
  isAbout,
  manifestOf,
  noteUnknown,
  numberOf,
  otherEffect,
  succeed,
} from '../effects/effect-records.ts'
import { delayOf, forgivenOf, timeLimit, whyTooLate } from '../effects/effect-retry.ts'
import { comeBack } from '../effects/late-calls.ts'
import { type Again, findOut } from '../effects/unknown-effect.ts'
import { restoredWhy } from '../retention/restored.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'
import { idempotencyKeyOf } from './idempotency-key.ts'
import { type FailedAttempt, isInDoubt, noteRetry } from './retrying.ts'

/** Codes after which it is certain that nothing was done and a retry would change nothing. */
const REFUSED = new Set(['CONNECTOR_REFUSED', 'INPUT_INVALID', 'PERMIT_INVALID', 'OPERATION_UNKNOWN'])

const REPEATS_UNDO = 'may not have been carried out, and an undo can be repeated'

export function performEffect(execution: Execution, effect: Effect): void {
  const entry = execution.journal.entries.get(effect.name)
  if (entry?.opened && !isAbout(askedIn(entry.opened), effect)) {
    void execution.stall(otherEffect(execution, effect, effect.name))
    return
  }
  if (entry?.retryAt != null && entry.retryAt > execution.host.clock.now()) {
    execution.retries.resume(effect.name, () => resume(execution, effect))
  } else resume(execution, effect)
}

function resume(execution: Execution, given: Effect): void {
  const entry = execution.journal.entries.get(given.name)
  if (!execution.active || entry?.settled) return
  execution.effect(async () => {
    const effect = asApproved(execution, given)
    const state = entry?.effect ?? null
    const restore = state === null ? doneSince(execution, effect) : null
    if (state === 'intended')
      await noteUnknown(execution, effect, 'the process ended before the outcome was on record')
    else if (restore !== null) await noteUnknown(execution, effect, restoredWhy(restore), inputOf(effect))
    if (state !== null || restore !== null) return await reconcile(execution, effect)
    const late = whyTooLate(execution, effect)
    if (late === null) await attempt(execution, effect)
    else fail(execution, effect, late)
  })
}

async function attempt(execution: Execution, effect: Effect): Promise<void> {
  const allowed = await allow(execution, effect, () => resume(execution, effect))
  if (allowed === null) return
  const { name, operation, input } = effect
  const pass = execution.host.breakers.admit(operation, execution.run.id, name)
  if (pass === null) {
    execution.host.gate.forgo(execution.run.id, name)
    return holdForBreaker(execution, effect, () => resume(execution, effect))
  }
  const number = numberOf(execution, name)
  const key = idempotencyKeyOf(execution, name)
  crashPoint('effect.before-intent')
  const { endorsedBy } = allowed
  const intent = {
    name,
    operation,
    ...inputOf(effect),
    key,
    attempt: number,
    ...timeLimit(execution, effect),
    ...(endorsedBy === null ? {} : { endorsedBy }),
  }
  const intended = execution.event(`${effect.type}.intended`, intent)
  await execution.append([...allowed.decided, intended], pass.records)
  crashPoint('effect.after-intent')
  let output: Json
  let cost: number | null = null
  let call: Promise<Json> | null = null
  try {
    crashPoint('effect.before-send')
    const { gate } = execution.host
    const way = effect.type === 'undo' ? 'undo' : 'perform'
    output = await callOutside(execution, effect, pass, (context) => {
      const said = (priceMicros: number): void => {
        cost = priceMicros
      }
      call = gate[way](allowed.permit, input, { ...context, cost: said })
      return call
    })
    crashPoint('effect.after-send')
  } catch (error) {
    await noteFailure(execution, effect, number, error, call)
    return
  }
  crashPoint('effect.before-result')
  const onDurable = (): void => crashPoint('effect.after-result')
  succeed(execution, effect, output, 'perform', { onDurable, cost })
}

async function noteFailure(
  execution: Execution,
  effect: Effect,
  number: number,
  error: unknown,
  call: Promise<Json> | null = null,
): Promise<void> {
  const code = isHoldfastError(error) ? error.code : ''
  if (code === 'WORK_STOPPED') return await stopped(execution, effect, number, error)
  const isRead = manifestOf(execution, effect).effect === 'read'
  const isRefused = REFUSED.has(code) || (isRead && code === 'OUTPUT_INVALID')
  if (isRefused && !isRead && effect.type === 'effect' && isInDoubt(execution, effect.name)) {
    const why = `a repeat was refused (${toErrorRecord(error).message}), and an attempt before it may have done it`
    await noteUnknown(execution, effect, why, { refused: true })
    await reconcile(execution, effect)
  } else if (isRefused) fail(execution, effect, error)
  else if (code === 'CONNECTOR_UNAVAILABLE' || isRead) await retryOrFail(execution, effect, number, error)
  else {
    await noteUnknown(execution, effect, toErrorRecord(error, 'CONNECTOR_OUTCOME_UNKNOWN').message)
    if (call !== null && effect.type === 'effect' && isLate(error))
      await waitFor(execution, effect, number, call)
    else await reconcile(execution, effect)
  }
}

/** Work was stopped between its permit and the outside: it was not done, and this counts as no attempt. */
async function stopped(execution: Execution, effect: Effect, number: number, error: unknown): Promise<void> {
  if (execution.isBounded) return fail(execution, effect, error)
  const { type, name } = effect
  const record = recordJson(toErrorRecord(error))
  const failure = { type, name, attempt: number, error: record, retryAt: null, stopped: true }
  await execution.append([execution.event('attempt.failed', failure)])
  // While the stop lasts, the policy holds it.
  if (execution.active) await attempt(execution, effect)
}

/** Called off at its time limit, an attempt may still come back and say what became of it. */
async function waitFor(
  execution: Execution,
  effect: Effect,
  number: number,
  call: Promise<Json>,
): Promise<void> {
  const back = await comeBack(execution, effect, call)
  if (back.is === 'done') return succeed(execution, effect, back.output, 'perform')
  const code = back.is === 'failed' && isHoldfastError(back.error) ? back.error.code : ''
  if (back.is === 'failed' && REFUSED.has(code)) fail(execution, effect, back.error)
  else if (back.is === 'failed' && code === 'CONNECTOR_UNAVAILABLE') {
    await retryOrFail(execution, effect, number, back.error)
  } else await reconcile(execution, effect)
}

async function reconcile(execution: Execution, effect: Effect): Promise<void> {
  if (!execution.active) return
  if (effect.type === 'undo')
    return await attemptAgain(execution, effect, { is: 'again', why: REPEATS_UNDO, by: 'repeat' })
  const finding = await findOut(execution, effect, () => resume(execution, effect))
  switch (finding.is) {
    case 'done':
      succeed(execution, effect, finding.output, finding.via)
      return
    case 'again':
      return await attemptAgain(execution, effect, finding)
    case 'given up':
      return fail(execution, effect, finding.error)
    case 'held':
      return holdForBreaker(execution, effect, () => resume(execution, effect))
    case 'stopped':
      return holdForStop(execution, effect, () => resume(execution, effect))
    case 'waiting':
      return
  }
}

async function retryOrFail(
  execution: Execution,
  effect: Effect,
  attempt: number,
  error: unknown,
  more: Pick<FailedAttempt, 'unclear' | 'notDone'> = {},
): Promise<void> {
  const { name, retry } = effect
  const delayMs = delayOf(execution, effect, attempt, toErrorRecord(error).code)
  if (delayMs === null) return fail(execution, effect, error)
  const of = retry?.attempts
  noteRetry(execution, { type: effect.type, name, attempt, error, delayMs, ...(of && { of }), ...more }, () =>
    resume(execution, effect),
  )
}

/**
 * After an attempt that did nothing: at once when it was the first, or the operator says so; with backoff otherwise.
 */
async function attemptAgain(execution: Execution, effect: Effect, { why, by }: Again): Promise<void> {
  const { name } = effect
  const number = numberOf(execution, name)
  const error = new HoldfastError('CONNECTOR_UNAVAILABLE', `Attempt ${number} of "${name}" ${why}`)
  const told = by === 'repeat' ? ({ unclear: true } as const) : ({ notDone: true } as const)
  const mayGoOn = by === 'operator' || delayOf(execution, effect, number, error.code) !== null
  const isFirst = number - forgivenOf(execution, effect) <= 1
  if (!mayGoOn || (by !== 'operator' && !isFirst)) {
    return await retryOrFail(execution, effect, number, error, told)
  }
  const record = recordJson(toErrorRecord(error))
  const failure = { type: effect.type, name, attempt: number, error: record, retryAt: null }
  await execution.append([execution.event('attempt.failed', { ...failure, ...told })])
  await attempt(execution, effect)
}
