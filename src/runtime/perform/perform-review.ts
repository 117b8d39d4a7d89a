/**
 * Reviews: put to the operator when the code has come to rest, or answered by autonomy where its level says so. Such
 * an answer and the review that it is to are one commit, so that a crash leaves both or neither. Whatever the answer,
 * an effect that follows from it passes the policy, and what the policy itself asks goes to the operator always.
 */
import { durationMs } from '../../kernel/duration.ts'
import { effectOfReview } from '../../kernel/effect-review.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { canonicalJson, type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import type { Label } from '../../kernel/label.ts'
import { reservedBody } from '../../kernel/reservation.ts'
import { FIELD_KINDS, fieldsOf, type OnExpiry, type ReviewOptions, type Risk } from '../../kernel/review.ts'
import type { Proposal } from '../../kernel/workflow.ts'
import type { ReviewRuling } from '../../ports/autonomy.ts'
import type { Gate } from '../../ports/gate.ts'
import type { OperationOf } from '../operations.ts'
import { sha256, shortHash } from '../replay/hashes.ts'
import { isRollback } from '../rollback/rollback-id.ts'
import type { Execution } from '../run/execution.ts'

const ON_EXPIRY: readonly OnExpiry[] = ['keep', 'escalate', 'reject', 'approve']

/** @throws INPUT_INVALID, VALUE_NOT_JSON */
export function requestReview(execution: Execution, { name, proposal }: OperationOf<'review'>): void {
  if (execution.journal.entries.get(name)?.opened != null) return
  const asked = reviewFields(name, proposal)
  const options = (asked.options ?? {}) as unknown as AskedOptions
  const { run, host } = execution
  const fields = fieldsOf(asked.proposal as JsonObject, options.fields ?? {}, (operation) =>
    labelOf(execution, operation),
  )
  const deadline = options.deadlineMs == null ? null : host.clock.now() + options.deadlineMs
  const ruling = rulingOn(execution, name, proposal)
  const body = {
    name,
    review: freeReviewId(execution, name),
    workflow: run.workflow,
    customer: run.customer,
    ...asked,
    fields: fields as unknown as Json,
    risk: riskOf(host.gate, options.operation ?? null) as unknown as Json,
    deadline,
    hash: shownHash(asked),
    ...(ruling === null ? {} : { autonomy: ruling.record }),
  }
  if (ruling?.answer == null) openReview(execution, body)
  else {
    const requested = execution.event('review.requested', body)
    execution.record([requested, automatic(execution, body, ruling)])
  }
}

/** Takes of the operator's time, where that has a budget; put off where none is left, unless the policy itself asks. */
function openReview(
  execution: Execution,
  body: JsonObject & { name: string; deadline: number | null },
): void {
  const { run, host } = execution
  const { name, deadline } = body
  const latest = effectOfReview(name) === null ? deadline : host.clock.now()
  const { id, workflow, customer } = run
  const time = host.gate.decideReview({ run: id, name, workflow, customer, latest })
  const { holds = [], putOffUntil: until = null, reason: budget = '' } = time ?? {}
  if (time !== null) execution.open(execution.event('budget.reserved', reservedBody(name, 'review', holds)))
  const putOff = until === null ? {} : { putOff: { until, budget } }
  execution.open(execution.event('review.requested', { ...body, ...putOff }))
}

/** `ReviewOptions` as they are put on record. */
type AskedOptions = Omit<ReviewOptions, 'deadline'> & { readonly deadlineMs?: number | null }

/** What the code asks the operator, the same live and on replay. @throws INPUT_INVALID, VALUE_NOT_JSON */
export function reviewFields(name: string, proposal: Proposal): JsonObject {
  const { action, summary, reason, confidence } = proposal
  return {
    action,
    summary,
    reason,
    confidence,
    proposal: toJson(proposal.proposal, `proposal of ${name}`),
    evidence: toJson(proposal.evidence ?? [], `evidence of ${name}`),
    warnings: toJson(proposal.warnings ?? [], `warnings of ${name}`),
    options: optionsOf(name, proposal),
  }
}

/** null where none is given. */
function optionsOf(name: string, proposal: Proposal): Json {
  const { fields, operation, segment, alternatives, deadline, onExpiry } = proposal
  const given = { fields, operation, segment, alternatives, onExpiry }
  const deadlineMs = deadline === undefined ? undefined : durationMs(deadline)
  const options = Object.entries({ ...given, deadlineMs }).filter(([, value]) => value !== undefined)
  if (options.length === 0) return null
  checkOptions(name, proposal)
  return toJson(Object.fromEntries(options), `options of ${name}`)
}

function checkOptions(name: string, { fields = {}, onExpiry, deadline, alternatives = [] }: Proposal): void {
  if (onExpiry !== undefined && (!ON_EXPIRY.includes(onExpiry) || deadline === undefined)) {
    throw invalid(
      name,
      deadline === undefined
        ? `has onExpiry ${onExpiry} and no deadline`
        : `can't have onExpiry ${JSON.stringify(onExpiry)}`,
      `Give a deadline, and one of ${ON_EXPIRY.join(', ')}.`,
    )
  }
  for (const [field, { kind, options }] of Object.entries(fields)) {
    const isKnown = kind === undefined || FIELD_KINDS.includes(kind)
    if (isKnown && (kind !== 'choice' || (options?.length ?? 0) > 0)) continue
    throw invalid(
      name,
      isKnown
        ? `has a choice ${field} without options`
        : `has a field ${field} of kind ${JSON.stringify(kind)}`,
      `The kinds are ${FIELD_KINDS.join(', ')}; a choice comes with its options.`,
    )
  }
  const odd = alternatives.findIndex(({ proposal }) => typeof proposal !== 'object' || proposal === null)
  if (odd !== -1)
    throw invalid(
      name,
      `has an alternative ${odd + 1} without a proposal`,
      'Give it fields as the first has.',
    )
}

function invalid(name: string, what: string, fix: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `The review "${name}" ${what}`, { details: { name }, fix })
}

/** Of what that operation gave, if the run has it on record; else of all that the run has seen. */
function labelOf({ journal, label }: Execution, operation: string | null): Label {
  if (operation === null) return label
  return journal.entries.get(operation)?.settled?.label ?? label
}

/** By the manifest as it is now; an operation that is not known counts as irreversible. */
export function riskOf(gate: Gate, operation: string | null): Risk | null {
  if (operation === null) return null
  try {
    const { effect, hasUndo, criticalArguments, dataClass } = gate.manifestOf(operation)
    return { operation, effect, hasUndo, criticalArguments, dataClass }
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'OPERATION_UNKNOWN') throw error
    return { operation, effect: 'irreversible', hasUndo: false, criticalArguments: [], dataClass: null }
  }
}

/**
 * Follows from the run, the name and how often it was asked before. Short, to be typed; longer where another
 * review has the short one.
 */
function freeReviewId({ run, host }: Execution, name: string): string {
  const row = (id: string) =>
    host.log.tables.get<{ run: string; name: string }>('SELECT run, name FROM reviews WHERE id = ?', id)
  for (let time = 1; ; time += 1) {
    const text = `${run.id}\n${name}${time === 1 ? '' : `\n${time}`}`
    const short = `r-${shortHash(text, 8)}`
    const taken = row(short)
    if (taken === undefined) return short
    // Its own, from before the run was reopened.
    if (taken.run === run.id && taken.name === name) continue
    const long = `r-${shortHash(text, 16)}`
    if (row(long) === undefined) return long
  }
}

/** Of all that an answer may have done: what is proposed, what it leads to, and what may be chosen instead. */
export function shownHash({ action = null, proposal = null, options }: JsonObject): string {
  const { operation = null, alternatives = [] } = (options ?? {}) as JsonObject
  return sha256(canonicalJson({ action, proposal, operation, alternatives }))
}

/** Of the bytes that were approved. */
export function proposalHash(value: Json): string {
  return sha256(canonicalJson(value))
}

/** null for what is the operator's alone: questions of the policy, of an unknown outcome, of a rollback. */
function rulingOn(execution: Execution, name: string, proposal: Proposal): ReviewRuling | null {
  const { host, run, seed, journal } = execution
  if (host.autonomy === null || effectOfReview(name) !== null || isRollback(run.id)) return null
  return host.autonomy.rule({
    run: run.id,
    customer: run.customer,
    agent: run.workflow,
    action: proposal.action,
    name,
    version: journal.start?.workflowVersion ?? 0,
    seed,
    operation: proposal.operation ?? null,
    confidence: proposal.confidence,
    warnings: proposal.warnings?.length ?? 0,
    isRedraft: wasSentBack(execution, proposal.action),
  })
}

/** Whether the operator has asked for another draft of what this action proposes. */
function wasSentBack({ journal }: Execution, action: string): boolean {
  for (const { type, opened, settled } of journal.entries.values()) {
    if (type !== 'review' || opened?.action !== action || !settled?.outcome.ok) continue
    if ((settled.outcome.value as JsonObject).verdict === 'responded') return true
  }
  return false
}

/** By the label of all that the run has seen: the word of autonomy lifts no trust. */
function automatic(execution: Execution, asked: JsonObject, { answer, record }: ReviewRuling): NewEvent {
  const { name, review, proposal, hash } = asked
  const body = {
    name: name ?? '',
    review: review ?? '',
    verdict: answer?.verdict ?? '',
    value: proposal ?? {},
    instruction: null,
    reason: answer?.reason ?? null,
    shown: hash ?? null,
    approved: hash ?? null,
    by: 'autonomy',
    way: 'autonomy',
    workflow: execution.run.workflow,
    action: asked.action ?? null,
    customer: execution.run.customer,
    confidence: asked.confidence ?? null,
    edits: {},
    distance: 0,
    autonomy: record,
  }
  return execution.event('review.answered', body, { actor: 'autonomy' })
}
