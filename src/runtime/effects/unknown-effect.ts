/** An effect that may have been done: what is to be done about it, by lookup, manifest and operator, in this order. */

import { outcomeName } from '../../kernel/effect-review.ts'
import { HoldfastError, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { EFFECT_RETRY } from '../../kernel/retry-policy.ts'
import type { ReviewAnswer } from '../../kernel/workflow.ts'
import type { Lookup, PerformContext } from '../../ports/connector.ts'
import { lastAbout } from '../last-about.ts'
import { delayAfter, noteRetry } from '../perform/retrying.ts'
import { restoredWhy } from '../retention/restored.ts'
import type { Execution } from '../run/execution.ts'
import { callOutside } from './effect-call.ts'
import { answerTo, askPolicy } from './effect-policy.ts'
import { doneSince, type Effect, manifestOf, numberOf } from './effect-records.ts'
import { delayOf } from './effect-retry.ts'
import { isOut } from './late-calls.ts'

/**
 * again: it was not done, or a repeat does no harm. held: the connector is down. stopped: nobody outside is asked
 * until work goes on. waiting: another question, or the operator's answer, is under way and goes on by itself.
 */
export type Finding =
  | { readonly is: 'done'; readonly output: Json; readonly via: 'lookup' | 'operator' }
  | Again
  | { readonly is: 'given up'; readonly error: HoldfastError }
  | { readonly is: 'held' }
  | { readonly is: 'stopped' }
  | { readonly is: 'waiting' }

/** By the word of the outside or of the operator it was not done; for a repeat, that does not matter. */
export interface Again {
  readonly is: 'again'
  readonly why: string
  readonly by: 'lookup' | 'operator' | 'repeat'
}

const STILL_OUT =
  'so far it was not, but its attempt was called off and has not come back, so it may still be'
const WAITING: Finding = { is: 'waiting' }

/** `resume` goes on with the effect when there is an answer, or when it is time to ask again. */
export async function findOut(execution: Execution, effect: Effect, resume: () => void): Promise<Finding> {
  const question = outcomeReview(execution, effect)
  const answer = answerTo(execution, effect, question)
  if (answer !== null) return obey(execution, effect, answer)
  if (execution.journal.entries.has(question)) return askOperator(execution, effect, resume, '')
  const found = await lookUp(execution, effect, resume)
  if ('is' in found) return found
  if (found.found === 'yes') return { is: 'done', output: found.output, via: 'lookup' }
  const restore = doneSince(execution, effect)
  if (restore !== null && manifestOf(execution, effect).witness === 'workspace') {
    const ifDone = found.found === 'unknown' ? found.ifDone : null
    return askOperator(execution, effect, resume, restoredWhy(restore), ifDone)
  }
  const isStillOut = isOut(execution, effect)
  if (found.found === 'no' && !isStillOut) {
    return { is: 'again', why: 'was not carried out', by: 'lookup' }
  }
  if (mayRepeat(execution, effect)) {
    const why = 'may not have been carried out, and a repeat does no harm'
    return { is: 'again', why, by: 'repeat' }
  }
  if (found.found === 'no') return askOperator(execution, effect, resume, STILL_OUT)
  const why = refusal(execution, effect.name) ?? found.why ?? 'the outside system can not tell'
  return askOperator(execution, effect, resume, why, found.ifDone ?? null)
}

async function lookUp(
  execution: Execution,
  effect: Effect,
  resume: () => void,
): Promise<Lookup<Json> | Finding> {
  const { operation, input } = effect
  const { verdict, permit, decided } = askPolicy(execution, effect, true)
  if (verdict.until !== undefined && !execution.isBounded) return { is: 'stopped' }
  const pass = permit && execution.host.breakers.admit(operation, execution.run.id, effect.name)
  if (permit !== null && pass === null) return { is: 'held' }
  await execution.append(decided, pass?.records)
  if (permit === null || pass === null) {
    return askOperator(execution, effect, resume, `the policy: ${verdict.reason}`)
  }
  try {
    const ask = (context: PerformContext): Promise<Lookup<Json> | null> =>
      execution.host.gate.lookup(permit, input, context)
    const found = await callOutside(execution, effect, pass, ask, (result) => result !== null)
    return found ?? { found: 'unknown', why: `${operation} has no way to look it up` }
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'WORK_STOPPED') return { is: 'stopped' }
    return lookUpLater(execution, effect, resume, error)
  }
}

function lookUpLater(execution: Execution, effect: Effect, resume: () => void, error: unknown): Finding {
  const { name } = effect
  const attempt = (execution.journal.entries.get(name)?.failedLookups ?? 0) + 1
  const delayMs = delayAfter(execution, name, attempt, EFFECT_RETRY)
  if (delayMs === null) return askOperator(execution, effect, resume, toErrorRecord(error).message)
  noteRetry(execution, { type: effect.type, name, attempt, error, delayMs, during: 'lookup' }, resume)
  return WAITING
}

/** Whether a repeat is harmless, and may be made: else the last attempt would end as if it had done nothing. */
function mayRepeat(execution: Execution, effect: Effect): boolean {
  const { effect: kind, idempotency } = manifestOf(execution, effect)
  if (kind !== 'read' && (idempotency === 'none' || refusal(execution, effect.name) !== null)) return false
  return delayOf(execution, effect, numberOf(execution, effect.name), 'CONNECTOR_UNAVAILABLE') !== null
}

/** That a repeat was refused while an attempt before it may have done it: another one says no more. */
function refusal({ host, run }: Execution, name: string): string | null {
  const unknown = lastAbout(host.log, run.id, name, (kind) => kind === 'effect.unknown')
  return unknown?.body?.refused === true ? String(unknown.body.why) : null
}

/** One question for each attempt whose outcome stays unknown. */
function outcomeReview(execution: Execution, { name }: Effect): string {
  return outcomeName(name, numberOf(execution, name))
}

function askOperator(
  execution: Execution,
  effect: Effect,
  resume: () => void,
  why: string,
  ifDone: Json = null,
): Finding {
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
      operation: effect.operation,
      fields: { operation: { editable: false }, input: { editable: false }, output: { kind: 'json' } },
    },
  })
  void asked.then(resume)
  return WAITING
}

function obey(execution: Execution, effect: Effect, answer: ReviewAnswer): Finding {
  if (answer.verdict === 'approved' || answer.verdict === 'edited') {
    return { is: 'done', output: answer.value.output ?? null, via: 'operator' }
  }
  if (answer.verdict === 'rejected') {
    return { is: 'again', why: 'was not carried out, says the operator', by: 'operator' }
  }
  const message = `"${effect.name}" was given up by the operator${answer.instruction ? `: ${answer.instruction}` : ''}`
  const error = new HoldfastError('EFFECT_ABANDONED', message, { details: { run: execution.run.id } })
  return { is: 'given up', error }
}
