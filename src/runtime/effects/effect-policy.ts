/** The policy's word on an effect, and the operator's where the policy wants it. */
import { approvalName } from '../../kernel/effect-review.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { isOver } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Label } from '../../kernel/label.ts'
import type { Told } from '../../kernel/own-words.ts'
import { isOwnersWord } from '../../kernel/review.ts'
import type { Proposal, ReviewAnswer } from '../../kernel/workflow.ts'
import { holdsBody, type Permit, type Verdict, verdictBody } from '../../ports/gate.ts'
import { lastAbout } from '../last-about.ts'
import type { Execution } from '../run/execution.ts'
import { externalSince } from '../run/external-since.ts'
import { holdByPolicy } from './effect-hold.ts'
import {
  askedIn,
  type Effect,
  fail,
  inputOf,
  isAbout,
  manifestOf,
  numberOf,
  otherEffect,
} from './effect-records.ts'

/** As it is on record, with the id of the review. */
interface Answered extends ReviewAnswer {
  readonly review: string
}

interface Ruling {
  readonly verdict: Verdict
  readonly permit: Permit | null
  /** Id of the review of a proposal that stands for a grant; null for none. */
  readonly endorsedBy: string | null
  /** The operator's word on exactly this, if given. */
  readonly approval: Answered | null
  /** The decision, behind what it reserves: to be put on record together with what follows from it. */
  readonly decided: readonly NewEvent[]
}

export interface Allowed extends Ruling {
  readonly permit: Permit
}

export function askPolicy(execution: Execution, effect: Effect, isLookup = false): Ruling {
  const { name, operation, input } = effect
  const { run } = execution
  const label = execution.records.handover.labelAt(name)
  const told = toldOf(execution, effect, label)
  const since = label.trust === 'external' ? externalSince(execution) : null
  const approval = answerTo(execution, effect, approvalName(name))
  const { verdict, permit } = execution.host.gate.decideEffect({
    run: run.id,
    name,
    attempt: numberOf(execution, name),
    workflow: run.workflow,
    customer: run.customer,
    operation,
    input,
    label,
    arguments: told.arguments,
    externalSince: since,
    isLookup,
    isUndo: effect.type === 'undo',
    approvedBy: approval !== null && isOwnersWord(approval.verdict, approval.way) ? approval.review : null,
    endorsedBy: told.endorsedBy,
  })
  if (permit !== null && told.endorsedBy !== null)
    execution.records.handover.ownWords.used(told.endorsedBy, name)
  const own = Object.keys(told.arguments)
  const request = {
    type: effect.type,
    operation,
    ...(permit === null ? { input } : {}),
    ...(own.length > 0 ? { own } : {}),
    ...(told.endorsedBy === null ? {} : { endorsedBy: told.endorsedBy }),
    ...(since === null ? {} : { externalSince: since }),
  }
  const holds = holdsBody(name, operation, verdict)
  const decided = [
    ...(holds === null ? [] : [execution.event('budget.reserved', holds)]),
    execution.event('policy.decided', verdictBody(name, request, verdict)),
  ]
  return { verdict, permit, approval, decided, endorsedBy: told.endorsedBy }
}

/** While all that the run has seen is its own, there is nothing to tell apart. */
function toldOf(execution: Execution, { type, name, operation, input }: Effect, label: Label): Told {
  const isOpen = label.trust !== 'external' && label.readers === null
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (isOpen || type === 'undo' || !isObject) return NOTHING_TOLD
  return execution.records.handover.ownWords.of(
    name,
    input as JsonObject,
    execution.host.gate.manifestOf(operation).criticalArguments,
  )
}

const NOTHING_TOLD: Told = { arguments: {}, endorsedBy: null }

/**
 * A permit for exactly this effect; null when there is none (yet), and what follows from that is under way.
 * `resume` goes on with the effect when the operator has answered. What was put to the operator is theirs to say: while
 * it waits, and after a no, the policy is not asked again, though it may allow it by now.
 */
export async function allow(
  execution: Execution,
  effect: Effect,
  resume: () => void,
): Promise<Allowed | null> {
  const question = approvalName(effect.name)
  const answer = answerTo(execution, effect, question)
  if (answer === null && isAwaited(execution, question, resume)) return null
  if (answer !== null && !isOwnersWord(answer.verdict, answer.way)) {
    fail(execution, effect, denied(execution, effect, saidNo(execution, effect.name, answer)))
    return null
  }
  const ruling = askPolicy(execution, effect)
  const { verdict, permit, approval, decided } = ruling
  if (permit !== null) return { ...ruling, permit }
  if (verdict.until !== undefined && !execution.isBounded)
    holdByPolicy(execution, effect, verdict, decided, resume)
  else if (verdict.answer === 'review' && approval === null && !execution.isBounded)
    askApproval(execution, effect, ruling, resume)
  else {
    await execution.append(decided)
    const { answer: said, rule, reason } = verdict
    const asks = `${reason}; a pipeline can't wait for your word, a workflow can`
    fail(execution, effect, denied(execution, effect, { rule, reason: said === 'review' ? asks : reason }))
  }
  return null
}

function denied(
  { run }: Execution,
  { name, operation }: Effect,
  { rule, reason }: Pick<Verdict, 'rule' | 'reason'>,
): HoldfastError {
  return new HoldfastError('POLICY_DENIED', `${operation} for "${name}" was denied by ${rule}: ${reason}`, {
    details: { run: run.id, operation, rule },
  })
}

/** Whether a question of the policy's is before the operator; `resume` is called once it is answered. */
export function isAwaited(execution: Execution, question: string, resume: () => void): boolean {
  const entry = execution.journal.entries.get(question)
  if (entry === undefined || entry.opened === null || isOver(entry)) return false
  const proposal = entry.opened as unknown as Proposal
  void execution.operate({ type: 'review', name: question, proposal }).then(resume)
  return true
}

/** The rule by which the operator was asked, and what was said. */
export function saidNo(
  { host, run }: Execution,
  name: string,
  { way, reason }: Pick<ReviewAnswer, 'way' | 'reason'>,
): Pick<Verdict, 'rule' | 'reason'> {
  const decided = lastAbout(host.log, run.id, name, (kind) => kind === 'policy.decided')
  const why = reason ?? ''
  const no = way === 'expiry' ? why : `the operator said no${why === '' ? '' : `: ${why}`}`
  return { rule: String(decided?.body?.rule ?? ''), reason: no }
}

/**
 * The operator's answer to a question about exactly this effect.
 * @throws JOURNAL_DIVERGED when the answer on record is to a question about another operation or input
 */
export function answerTo(execution: Execution, effect: Effect, review: string): Answered | null {
  const entry = execution.journal.entries.get(review)
  if (entry !== undefined && entry.type !== 'review') throw otherEffect(execution, effect, review)
  const about = review === approvalName(effect.name) ? asAsked(effect) : effect
  if (entry?.opened && !isAbout((entry.opened.proposal ?? {}) as JsonObject, about)) {
    throw otherEffect(execution, effect, review)
  }
  const outcome = entry?.settled?.outcome
  return outcome?.ok ? (outcome.value as unknown as Answered) : null
}

/** The effect as the operator has it, where the operator approved it with another input. */
export function asApproved(execution: Execution, effect: Effect): Effect {
  if (effect.type === 'undo') return effect
  const approval = answerTo(execution, effect, approvalName(effect.name))
  if (approval?.verdict !== 'edited' || !isOwnersWord(approval.verdict, approval.way)) return effect
  return { ...effect, input: approval.value.input ?? null, asked: asAsked(effect).input }
}

function asAsked(effect: Effect): Effect {
  return { ...effect, input: askedIn(inputOf(effect)).input ?? null }
}

function askApproval(
  execution: Execution,
  effect: Effect,
  { verdict, decided }: Ruling,
  resume: () => void,
): void {
  const asked = execution.operate({
    type: 'review',
    name: approvalName(effect.name),
    proposal: {
      action: effect.operation,
      summary: spoken(execution, effect),
      reason: `The policy wants your word: ${verdict.reason}`,
      confidence: 1,
      warnings: warningsOf(execution, verdict),
      proposal: { operation: effect.operation, input: effect.input },
      operation: effect.operation,
      fields: { operation: { editable: false }, input: { kind: 'json', editable: effect.type === 'effect' } },
      ...untilWhen(execution),
    },
  })
  // At once, so that a replay can tell an effect that was asked for from one that was not.
  void execution.append(decided)
  void asked.then(resume)
}

/** How long what the policy asks waits for an answer, and what happens then; for good where it does not say. */
export function untilWhen({ host }: Execution): Pick<Proposal, 'deadline' | 'onExpiry'> {
  const limits = host.gate.policy().questions ?? null
  return limits === null ? {} : { deadline: limits.deadlineMs, onExpiry: limits.onExpiry }
}

/** What the run has read from outside, where that is why the operator is asked. */
function warningsOf({ label }: Execution, { rule, reason }: Verdict): Json[] {
  if (!/^(taint|two)\./.test(rule)) return []
  return [{ kind: 'from-outside', words: reason, sources: [...label.sources] }]
}

/** What is done, or undone, as the operator reads it. */
function spoken(execution: Execution, effect: Effect): string {
  const title = manifestOf(execution, effect).title || effect.operation
  return effect.type === 'undo' ? `Undo: ${title}` : title
}
