/** Where a remit stands: the level in force, what speaks for the next one, and what is missing. Pure. */
import type { Level, Remit, Standing } from '../ports/autonomy.ts'
import type { AutonomySettings } from '../ports/autonomy-settings.ts'
import type { EffectClass } from '../ports/connector.ts'
import { type RemitRow, type Rows, readDrift } from './autonomy-index.ts'
import { driftOf, hasDrifted } from './drift.ts'
import { answersMissing, eValue, upperBound } from './e-process.ts'
import { isWorse, lower, nextLevel, rank, type Terms, termsFor, toleranceAt } from './settings.ts'

/** The levels at which answers are given without the operator. */
export function isHandedOver(level: Level): boolean {
  return rank(level) > rank('review')
}

export interface InForce {
  readonly level: Level
  readonly ceiling: Level
  readonly terms: Terms
  readonly effect: EffectClass
  /** Why it is to be brought down to `review`; null when it is not. */
  readonly fall: { readonly cause: Cause; readonly reason: string } | null
}

/** What takes a level back. */
export type Cause = 'drift' | 'version' | 'effect'

/**
 * The level that the next decision goes by. What has drifted, and what was earned by an earlier version of the workflow
 * or by something more harmless, stands at `review` from the moment that this is known, whether or not the demotion is
 * on record yet.
 * @param version of the workflow that asks, and `effect` of its operation; default those that asked last
 */
export function inForce(
  remit: Remit,
  { row, wide }: Rows,
  settings: AutonomySettings,
  asking: { readonly version?: number; readonly effect?: EffectClass } = {},
): InForce {
  const effect = asking.effect ?? row?.effect ?? wide?.effect ?? 'irreversible'
  const terms = termsFor(settings, remit, effect)
  const ceiling = ceilingOf(row?.ceiling == null ? wide : row, effect) ?? terms.ceiling
  const set = levelSet({ row, wide }, settings)
  const source = row?.level == null ? wide : row
  const version = Math.max(asking.version ?? 0, source?.version ?? 0)
  const level = lower(set, ceiling)
  const fall = isHandedOver(level) ? fallOf(row, source, { version, effect }, settings) : null
  return { level: fall === null ? level : 'review', ceiling, terms, effect, fall }
}

/** As it was set, earned or lowered, whatever the ceiling is. */
export function levelSet({ row, wide }: Rows, settings: AutonomySettings): Level {
  return row?.level ?? wide?.level ?? settings.level
}

/** What the operator set, `review` at the most where it was set for something more harmless; null for nothing. */
function ceilingOf(row: RemitRow | undefined, effect: EffectClass): Level | null {
  if (row?.ceiling == null) return null
  return isWorse(effect, row.ceiling_for ?? 'read') ? lower(row.ceiling, 'review') : row.ceiling
}

function fallOf(
  row: RemitRow | undefined,
  source: RemitRow | undefined,
  { version, effect }: { readonly version: number; readonly effect: EffectClass },
  settings: AutonomySettings,
): InForce['fall'] {
  const drift = readDrift(row?.drift)
  if (hasDrifted(drift, settings.falseAlarmEvery)) {
    const seen = `${row?.errors} of the last ${row?.reviews} audits were errors`
    const sum = `the sum of drift is ${Math.round(driftOf(drift))}, the limit ${settings.falseAlarmEvery}`
    return { cause: 'drift', reason: `${seen}; ${sum}` }
  }
  const earned = source?.earned ?? null
  if (earned === null) return null
  if (version > earned)
    return { cause: 'version', reason: `version ${version} has not earned what version ${earned} had` }
  const was = source?.earned_for ?? 'read'
  if (!isWorse(effect, was)) return null
  return { cause: 'effect', reason: `what it does is ${effect}, and its level was earned by what is ${was}` }
}

export function standingOf(remit: Remit, { row, wide }: Rows, settings: AutonomySettings): Standing {
  const { level, ceiling, terms, effect } = inForce(remit, { row, wide }, settings)
  const tally = { reviews: row?.reviews ?? 0, errors: row?.errors ?? 0 }
  const tolerance = toleranceAt(level, terms, settings)
  const next = nextLevel(level)
  const source = row?.level == null ? wide : row
  return {
    ...remit,
    level,
    ceiling,
    ceilingSet: (row?.ceiling ?? wide?.ceiling) != null,
    by: source?.cause ?? 'default',
    reason: source?.reason ?? '',
    since: source?.since ?? null,
    effect,
    tier: terms.tier,
    tolerance,
    ...tally,
    bound: upperBound(tally, settings.alpha),
    eValue: eValue(tally, tolerance),
    threshold: 1 / settings.alpha,
    missed: row?.missed ?? 0,
    answers: {
      approved: row?.approved ?? 0,
      edited: row?.edited ?? 0,
      rejected: row?.rejected ?? 0,
      responded: row?.responded ?? 0,
      automatic: row?.automatic ?? 0,
    },
    drift: isHandedOver(level)
      ? { value: driftOf(readDrift(row?.drift)), limit: settings.falseAlarmEvery }
      : null,
    next: {
      level: next,
      missing: next === null ? null : answersMissing(tally, tolerance, settings.alpha),
      offered: row?.offered != null && row.offered === next,
      hindrance: hindranceOf(next, ceiling),
    },
  }
}

function hindranceOf(next: Level | null, ceiling: Level): string {
  return next === null || rank(next) <= rank(ceiling) ? '' : `the ceiling is ${ceiling}`
}

/** What the evidence asks to be put on record; null for nothing. */
export type Due =
  | { readonly kind: 'autonomy.demoted'; readonly cause: Cause; readonly reason: string }
  | { readonly kind: 'autonomy.promotion-offered'; readonly to: Level }
  | { readonly kind: 'autonomy.offer-withdrawn' }

export function dueOf(remit: Remit, { row, wide }: Rows, settings: AutonomySettings): Due | null {
  if (row === undefined) return null
  const { fall } = inForce(remit, { row, wide }, settings)
  if (fall !== null) return { kind: 'autonomy.demoted', ...fall }
  const { next, eValue: evidence, threshold } = standingOf(remit, { row, wide }, settings)
  const mayRise = next.level !== null && next.hindrance === '' && evidence >= threshold
  if (row.offered === null) return mayRise ? { kind: 'autonomy.promotion-offered', to: next.level } : null
  return mayRise && row.offered === next.level ? null : { kind: 'autonomy.offer-withdrawn' }
}
