/** What differs between a past run and its retrial, gathered as the code asks. */

import { distance } from '../../kernel/closeness.ts'
import type { OperationType } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { isOwnersWay } from '../../kernel/review.ts'
import type { Verdict } from '../../ports/gate.ts'
import { same } from '../replay/divergence.ts'
import type { RecordedOperation } from '../replay/replay-record.ts'
import type {
  Closer,
  DecisionChange,
  EffectChange,
  FlagChange,
  PolicyChange,
  ProposalChange,
  WhatIfRun,
} from './changes.ts'
import type { PastRun } from './past-run.ts'

const OUTWARD: ReadonlySet<OperationType> = new Set(['effect', 'publication', 'child'])

export class Findings {
  readonly #past: PastRun
  readonly #decisions: DecisionChange[] = []
  readonly #proposals: ProposalChange[] = []
  readonly #effects: EffectChange[] = []
  readonly #policy: PolicyChange[] = []
  readonly #flags: FlagChange[] = []
  readonly #steps: string[] = []

  constructor(past: PastRun) {
    this.#past = past
  }

  all(): Pick<WhatIfRun, 'decisions' | 'proposals' | 'effects' | 'policy' | 'flags' | 'steps'> {
    return {
      decisions: this.#decisions,
      proposals: this.#proposals,
      effects: this.#effects,
      policy: this.#policy,
      flags: this.#flags,
      steps: this.#steps,
    }
  }

  step(name: string): void {
    this.#steps.push(name)
  }

  decision(change: DecisionChange): void {
    const { before, after, isOtherQuestion } = change
    const isSame =
      before !== null && before.confidence === after.confidence && same(before.answer, after.answer)
    if (!isSame || isOtherQuestion) this.#decisions.push(change)
  }

  /** The same value for another reason is no change. */
  flag(change: FlagChange): void {
    const { before, after } = change
    if (before === null || !same(before.value, after.value)) this.#flags.push(change)
  }

  policy(name: string, operation: string, before: { answer: string; rule: string }, after: Verdict): void {
    if (before.answer === after.answer) return
    const then = { answer: before.answer as Verdict['answer'], rule: before.rule }
    this.#policy.push({ name, operation, before: then, after })
  }

  /** Returns whether it is another one than is on record. */
  proposal(
    name: string,
    action: string,
    after: JsonObject,
    recorded: RecordedOperation | undefined,
  ): boolean {
    if (recorded === undefined) {
      const nothing = { before: null, verdict: null, approved: null, closer: 'cannot tell' as const }
      this.#proposals.push({ name, action, after, ...nothing })
      return true
    }
    const before = proposalOf(recorded)
    if (before === null || same(before, after)) return false
    const { verdict, approved } = answerOf(recorded)
    const closer = closerOf(before, after, verdict, approved)
    this.#proposals.push({ name, action, before, after, verdict, approved, closer })
    return true
  }

  reachedOut(
    type: EffectChange['type'],
    name: string,
    recorded: RecordedOperation | undefined,
    request: Json,
  ): void {
    if (recorded === undefined) {
      this.#effects.push({ name, type, change: 'added', before: null, after: request })
      return
    }
    const before = recorded.request
    if (before === undefined || same(before, request)) return
    this.#effects.push({ name, type, change: 'changed', before, after: request })
  }

  dropped(type: EffectChange['type'], recorded: RecordedOperation | undefined): void {
    if (recorded === undefined || !this.#wasDone(recorded)) return
    const before = recorded.request ?? null
    this.#effects.push({ name: recorded.name, type, change: 'dropped', before, after: null })
  }

  /** The code came to its end without all the rest. */
  notAsked(asked: ReadonlySet<string>): void {
    for (const recorded of this.#past.operations) {
      if (asked.has(recorded.name)) continue
      if (OUTWARD.has(recorded.type)) this.dropped(recorded.type as EffectChange['type'], recorded)
      if (recorded.type === 'review') this.#notProposed(recorded)
    }
  }

  #notProposed(recorded: RecordedOperation): void {
    const before = proposalOf(recorded)
    const { verdict, approved } = answerOf(recorded)
    const wasWanted = verdict === 'approved' || verdict === 'edited'
    const closer = verdict === 'rejected' ? 'closer' : wasWanted ? 'further' : 'cannot tell'
    const action = String((recorded.request as JsonObject | undefined)?.action ?? '')
    this.#proposals.push({ name: recorded.name, action, before, after: null, verdict, approved, closer })
  }

  /** An effect that was denied, or copied from another run, was not done by this one. */
  #wasDone({ type, name, effect, settled }: RecordedOperation): boolean {
    if (settled?.event.kind === 'outcome.copied') return false
    if (type !== 'effect') return true
    const isAllowed = this.#past.policyOn(name)?.answer !== 'deny'
    const isAnswered = this.#past.approvalOf(name)?.isGiven ?? true
    return isAllowed && isAnswered && (settled !== null || effect !== null)
  }
}

function proposalOf({ request }: RecordedOperation): JsonObject | null {
  return ((request as JsonObject | undefined)?.proposal as JsonObject | undefined) ?? null
}

function answerOf({ settled }: RecordedOperation): Pick<ProposalChange, 'verdict' | 'approved'> {
  if (!settled?.outcome.ok) return { verdict: null, approved: null }
  const { verdict, value, way } = settled.outcome.value as JsonObject
  // What a rule or a deadline said is no word of the operator's to measure by.
  if (!isOwnersWay(String(way))) return { verdict: null, approved: null }
  const isApproved = verdict === 'approved' || verdict === 'edited'
  return {
    verdict: verdict as ProposalChange['verdict'],
    approved: isApproved ? ((value as JsonObject | undefined) ?? null) : null,
  }
}

function closerOf(
  before: JsonObject,
  after: JsonObject,
  verdict: ProposalChange['verdict'],
  approved: JsonObject | null,
): Closer {
  if (approved === null) return 'cannot tell'
  if (verdict === 'approved') return 'further'
  const [then, now] = [distance(before, approved), distance(after, approved)]
  if (now === then) return 'as close'
  return now < then ? 'closer' : 'further'
}
