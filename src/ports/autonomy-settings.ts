/** What the operator lays down in `autonomy.yaml`, as plain data. */
import type { AnomalySettings } from './anomalies.ts'
import type { Level } from './autonomy.ts'
import type { EffectClass } from './connector.ts'

export interface Tier {
  /** The rate of errors that is tolerated, above 0 and below 1. */
  readonly tolerance: number
  /** An edit that changes more than this part of a field counts as an error, 0 to 1. */
  readonly edit: number
}

export const TIERS = ['low', 'medium', 'high'] as const
export type TierName = (typeof TIERS)[number]

/** The first that fits decides; `*` fits all. */
export interface ActionSettings {
  readonly agent: string
  readonly action: string
  readonly segment: string
  /** Default: by what the operation does. */
  readonly tier?: TierName
  readonly ceiling?: Level
  /** Proposals below it are put to the operator at every level, 0 to 1; by calibrated confidence. */
  readonly confidence?: number
}

export interface AutonomySettings {
  /** The level of what was never set. */
  readonly level: Level
  /** Chance of handing over an agent whose rate of errors is the tolerance or more, per count: 0.05. */
  readonly alpha: number
  readonly tiers: Readonly<Record<TierName, Tier>>
  /** The tier of an action by what its operation does. */
  readonly tierOf: Readonly<Record<EffectClass, TierName>>
  /** The highest level without the operator's word on a higher one. */
  readonly ceilings: Readonly<Record<EffectClass, Level>>
  /** The rate of errors that is tolerated for leaving the shadow: there each is still reviewed afterwards. */
  readonly shadowTolerance: number
  /** The part that is put to the operator, above 0 up to 1. */
  readonly audits: { readonly sampled: number; readonly auto: number }
  /** A false alarm of drift comes after so many audits on average at the soonest. */
  readonly falseAlarmEvery: number
  readonly vigilance: {
    /** The part of reviews after which a known-bad item is put among them, 0 for none, 1 for each. */
    readonly rate: number
  }
  readonly anomalies: AnomalySettings
  /** Those with levels of their own, the first that a customer is in; so have those that `actions` name or a level was set for. */
  readonly segments: readonly string[]
  readonly actions: readonly ActionSettings[]
}
