/** The settings that hold when there is no file, and what they say of one action. */
import { isNameOf } from '../kernel/agent.ts'
import { LEVELS, type Level, type Remit } from '../ports/autonomy.ts'
import type { ActionSettings, AutonomySettings, Tier, TierName } from '../ports/autonomy-settings.ts'
import type { EffectClass } from '../ports/connector.ts'

export const AUTONOMY_DEFAULTS: AutonomySettings = {
  level: 'review',
  alpha: 0.05,
  tiers: {
    low: { tolerance: 0.1, edit: 0.3 },
    medium: { tolerance: 0.05, edit: 0.2 },
    high: { tolerance: 0.02, edit: 0.1 },
  },
  tierOf: { read: 'low', reversible: 'low', external: 'medium', irreversible: 'high' },
  ceilings: { read: 'auto', reversible: 'auto', external: 'auto', irreversible: 'review' },
  shadowTolerance: 0.25,
  audits: { sampled: 0.25, auto: 0.05 },
  falseAlarmEvery: 1_000,
  vigilance: { rate: 0 },
  anomalies: {
    windowMs: 86_400_000,
    history: 30,
    minimum: 14,
    lower: 4,
    quarantine: 5,
    exceptions: [],
  },
  segments: [],
  actions: [],
}

/** What holds for one action of one agent. */
export interface Terms extends Tier {
  readonly tier: TierName
  readonly ceiling: Level
  readonly confidence: number
}

export function termsFor(settings: AutonomySettings, remit: Remit, effect: EffectClass): Terms {
  const own = settings.actions.find((one) => fits(one, remit))
  const tier = own?.tier ?? settings.tierOf[effect]
  return {
    ...settings.tiers[tier],
    tier,
    ceiling: own?.ceiling ?? settings.ceilings[effect],
    confidence: own?.confidence ?? 0,
  }
}

function fits({ agent, action, segment }: ActionSettings, remit: Remit): boolean {
  const same = (pattern: string, value: string): boolean => pattern === '*' || pattern === value
  const isOfAgent = agent === '*' || isNameOf(agent, remit.agent)
  return isOfAgent && same(action, remit.action) && same(segment, remit.segment)
}

/** The tolerance by which the next level is earned. */
export function toleranceAt(level: Level, terms: Terms, { shadowTolerance }: AutonomySettings): number {
  return level === 'shadow' ? shadowTolerance : terms.tolerance
}

export function lower(a: Level, b: Level): Level {
  return rank(a) <= rank(b) ? a : b
}

const SEVERITY: Readonly<Record<EffectClass, number>> = {
  read: 0,
  reversible: 1,
  external: 2,
  irreversible: 3,
}

export function isWorse(effect: EffectClass, than: EffectClass): boolean {
  return SEVERITY[effect] > SEVERITY[than]
}

export function rank(level: Level): number {
  return LEVELS.indexOf(level)
}

/** What can be earned from here; null at the top, and for what is switched off. */
export function nextLevel(level: Level): Level | null {
  return level === 'off' ? null : (LEVELS[rank(level) + 1] ?? null)
}
