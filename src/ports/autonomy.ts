/**
 * Autonomy: whether a person sees a review, by evidence. The runtime knows no level and no test, only this port: it
 * asks for a ruling on each review of a workflow and puts it on record. What the policy sends to review is never
 * asked about here: there the operator answers.
 */
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import type { Anomalies } from './anomalies.ts'
import type { EffectClass } from './connector.ts'

/**
 * off: nothing is proposed. shadow: proposed, not done, and compared with what the operator does. review: the
 * operator answers. sampled: a good part is still put to the operator. auto: a few are, as random audits.
 */
export const LEVELS = ['off', 'shadow', 'review', 'sampled', 'auto'] as const
export type Level = (typeof LEVELS)[number]

/** Whose autonomy it is: of an agent (the name of a workflow), for an action, for a segment of the customers. */
export interface Remit {
  readonly agent: string
  /** As proposals name it: `send-reply`. */
  readonly action: string
  /** `all` when nobody says otherwise. */
  readonly segment: string
}

export interface ReviewQuestion {
  readonly run: string
  readonly customer: string | null
  /** Name of the workflow. */
  readonly agent: string
  readonly action: string
  /** Name of the review in the run. */
  readonly name: string
  /** Version of the workflow. */
  readonly version: number
  /** Of the run: audits are drawn from it. */
  readonly seed: string
  /** The operation that approval leads to, as the proposal says; null when it does not. */
  readonly operation: string | null
  /** 0 to 1, as the workflow says. */
  readonly confidence: number
  /** How many warnings the proposal carries. */
  readonly warnings: number
  /** Whether the operator has asked this run for another draft of it. */
  readonly isRedraft: boolean
}

export interface ReviewRuling {
  /** null: the operator answers. */
  readonly answer: { readonly verdict: 'approved' | 'rejected'; readonly reason: string } | null
  /** What was decided and why, as it goes on record with the review. */
  readonly record: JsonObject
}

/** How far an agent may go with an action, and what speaks for it. */
export interface Standing extends Remit {
  /** In force: never above the ceiling. */
  readonly level: Level
  readonly ceiling: Level
  /** Whether the operator set the ceiling; else it follows from what the action does. */
  readonly ceilingSet: boolean
  /** What brought it to its level: the operator's word, a promotion, a demotion, or nothing yet. */
  readonly by: 'default' | 'operator' | 'promotion' | 'demotion'
  readonly reason: string
  /** Milliseconds since 1970; null when it never changed. */
  readonly since: number | null
  readonly effect: EffectClass
  readonly tier: string
  /** The rate of errors that is tolerated at the next level, 0 to 1. */
  readonly tolerance: number
  /** Answers that count since the last change of level, and how many were errors. */
  readonly reviews: number
  readonly errors: number
  /** The rate of errors is below it at all times but for the chance of being wrong. */
  readonly bound: number
  readonly eValue: number
  /** What has to be reached. */
  readonly threshold: number
  /** Audits at this level that nobody has answered: a deadline did, which shows nothing. */
  readonly missed: number
  /** Since it is known: what the operator said, and what was answered without them. */
  readonly answers: Readonly<Record<'approved' | 'edited' | 'rejected' | 'responded' | 'automatic', number>>
  /** The sum that tells of drift, and what it must not reach; null at a level that is not watched. */
  readonly drift: { readonly value: number; readonly limit: number } | null
  readonly next: {
    readonly level: Level | null
    /** Answers without an error that are missing; 0 when it is shown, null when it can't be said. */
    readonly missing: number | null
    readonly offered: boolean
    /** What stands in the way besides answers; '' for nothing. */
    readonly hindrance: string
  }
}

/** How often confidence of about this much was right. */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** Mean confidence, and the part that was right; null for an empty bin. */
  readonly confidence: number | null
  readonly right: number | null
}

export interface Reliability {
  readonly bins: readonly ReliabilityBin[]
  /** Expected calibration error: mean distance between confidence and what was right. */
  readonly ece: number | null
  /** Brier score: mean squared distance. */
  readonly brier: number | null
}

export interface Calibration {
  readonly agent: string
  readonly action: string
  readonly method: 'isotonic' | 'platt' | 'none'
  readonly outcomes: number
  readonly right: number
  readonly raw: Reliability
  /** Measured on outcomes that it was not fitted to; null for the method `none`. */
  readonly calibrated: Reliability | null
  /** The map from raw to calibrated confidence, at 0, 0.1 … 1. */
  readonly map: readonly { readonly raw: number; readonly calibrated: number }[]
}

/** Items that are known to be bad, put among the reviews. */
export interface Vigilance {
  /** How many the operator answered; how many of those were noticed. */
  readonly checks: number
  readonly caught: number
  readonly missed: readonly { readonly review: string; readonly time: number }[]
}

/** What the operator did by hand where a proposal was made in shadow; `fields` as the proposal has them. */
export type DoneByHand = { readonly did: 'same' | 'nothing' } | { readonly fields: JsonObject }

export interface ShadowProposal extends Remit {
  readonly review: string
  readonly run: string
  readonly time: number
}

export interface NewRun {
  readonly run: string
  readonly workflow: string
  readonly input: Json
  readonly customer: string | null
  readonly label: Label
}

export interface Autonomy {
  /** What is far from an agent's own past. */
  readonly anomalies: Anomalies
  /** Changes nothing; the record of the ruling is what counts later. */
  rule(question: ReviewQuestion): ReviewRuling

  /** Everything that has a level, a ceiling or an answer, by agent, action and segment. */
  standings(): Standing[]
  /** Also of what is not known yet: it stands where the settings say. */
  standing(remit: Remit): Standing
  /** The operator's word. @throws AUTONOMY_ABOVE_CEILING; INPUT_INVALID */
  set(
    remit: Remit,
    change: { readonly level?: Level; readonly ceiling?: Level; readonly reason?: string },
  ): Promise<Standing>
  /** Takes the offer of the next level. @throws AUTONOMY_NOT_OFFERED, AUTONOMY_ABOVE_CEILING */
  accept(remit: Remit): Promise<Standing>
  /** Refuses it: the count begins anew. @throws AUTONOMY_NOT_OFFERED */
  decline(remit: Remit, reason?: string): Promise<Standing>
  /** Down to `review`, at once. Does nothing at that level or below. */
  demote(
    remit: Remit,
    why: { readonly cause: 'operator' | 'anomaly'; readonly reason: string },
  ): Promise<Standing>
  /** As `demote`, for all that the agent may do. */
  demoteAgent(
    agent: string,
    why: { readonly cause: 'operator' | 'anomaly'; readonly reason: string },
  ): Promise<Standing[]>

  /** Proposals made in shadow that nobody has compared yet, the oldest first. */
  shadows(): ShadowProposal[]
  /** Says what the operator did. @throws REVIEW_NOT_FOUND, REVIEW_ENDED, BODY_ERASED */
  compare(review: string, done: DoneByHand): Promise<{ readonly difference: number; readonly error: boolean }>

  calibrations(): Calibration[]
  vigilance(): Vigilance

  /** Goes on with what a stop has left. */
  open(): Promise<void>
  /** Whether anything was under way; resolves when it is done. */
  idle(): Promise<boolean>
  close(): Promise<void>
}
