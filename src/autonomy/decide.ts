/**
 * Whether a person sees a review: a pure function of what is asked, of the level in force, and of the settings. What
 * speaks for a person is asked first; whatever answers without one comes last.
 */
import { seededRandom } from '../kernel/random.ts'
import type { Level, ReviewQuestion } from '../ports/autonomy.ts'
import type { AutonomySettings } from '../ports/autonomy-settings.ts'
import { percent } from './remit.ts'

/** What is known of the remit, and of the confidence of its agent. */
export interface Known {
  /** In force: never above the ceiling, `review` at the most after drift. */
  readonly level: Level
  readonly calibrated: number | null
  /** Below it a proposal is put to the operator, 0 to 1. */
  readonly least: number
}

export interface Decided {
  /** Who answers. */
  readonly by: 'operator' | 'autonomy'
  /** Name of the rule that decided. */
  readonly rule: 'off' | 'shadow' | 'redraft' | 'warning' | 'confidence' | 'review' | 'audit' | 'automatic'
  readonly verdict: 'approved' | 'rejected' | null
  readonly reason: string
  /** Whether the operator's answer is one of those that a level is earned, or lost, by. */
  readonly counts: boolean
}

export function decideReview(
  question: ReviewQuestion,
  known: Known,
  { audits }: Pick<AutonomySettings, 'audits'>,
): Decided {
  const { level } = known
  if (level === 'off') return nothing('off', 'this action is switched off', false)
  const forced = forcedBy(question, known)
  if (level === 'shadow') {
    return nothing('shadow', 'at level shadow nothing is done; compare it with what you did', forced === null)
  }
  if (forced !== null) return toOperator(forced.rule, forced.reason, false)
  if (level === 'review') return toOperator('review', 'at level review you answer', true)
  const part = audits[level]
  if (seededRandom(question.seed, `audit ${question.name}`, 0) < part) {
    return toOperator('audit', `drawn for an audit, as ${percent(part)} are at level ${level}`, true)
  }
  const reason = `at level ${level}, and not drawn for an audit`
  return { by: 'autonomy', rule: 'automatic', verdict: 'approved', reason, counts: false }
}

/** What is put to the operator at every level. These answers say nothing about what goes without them. */
function forcedBy(
  question: ReviewQuestion,
  { calibrated, least }: Known,
): { readonly rule: 'redraft' | 'warning' | 'confidence'; readonly reason: string } | null {
  if (question.isRedraft) return { rule: 'redraft', reason: 'you asked for another draft of it' }
  if (question.warnings > 0) return { rule: 'warning', reason: 'it carries a warning' }
  const sure = calibrated ?? question.confidence
  if (sure >= least) return null
  return { rule: 'confidence', reason: `its confidence of ${percent(sure)} is below ${percent(least)}` }
}

function nothing(rule: 'off' | 'shadow', reason: string, counts: boolean): Decided {
  return { by: 'autonomy', rule, verdict: 'rejected', reason, counts }
}

function toOperator(rule: Decided['rule'], reason: string, counts: boolean): Decided {
  return { by: 'operator', rule, verdict: null, reason, counts }
}
