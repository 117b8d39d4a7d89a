/** What the policy is asked about, as values: nothing is looked up while it decides. */
import type { Json } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import type { Carries, EffectClass } from '../ports/connector.ts'
import type { Verdict } from '../ports/gate.ts'
import type { AtLimit } from '../ports/policy-settings.ts'
import type { Outgoing } from './guardrails/outgoing.ts'

/** What of an operation's manifest the policy goes by. */
export interface RuledManifest {
  readonly effect: EffectClass
  /** Names of arguments; `*` for all. */
  readonly criticalArguments: readonly string[]
  readonly hosts: readonly string[]
  readonly carries?: Carries
}

/** How much of something is used up, and what this would add. */
export interface Meter {
  /** As the rule is called: `day` for `budget.day`. */
  readonly name: string
  /** What is counted, as a reason says it: `models have cost today`. */
  readonly what?: string
  /**
   * Of `limit`, `spent` and `cost`, for the reason that is given: `$`, `calls`, `tokens`, `minutes`; `micros` for
   * millionths of a dollar, `ms` for milliseconds of the operator's time.
   */
  readonly unit: string
  readonly limit: number
  readonly spent: number
  /** Default: not known beforehand; there must be something left. */
  readonly cost?: number
  /** Default `ask`: the work parks, and the operator is asked. */
  readonly atLimit?: AtLimit
}

/** A token bucket as it stands. */
export interface Bucket {
  readonly name: string
  readonly tokens: number
  /** Milliseconds since 1970 at which there will be a token. */
  readonly nextAt: number
}

export interface PolicyRequest {
  /** `connector.operation`, or `model.provider`. */
  readonly operation: string
  readonly manifest: RuledManifest
  /** Whether it asks a model: rules go on without one, so that what is used up denies it. */
  readonly isModelCall: boolean
  /** By name. */
  readonly arguments: Readonly<Record<string, Json>>
  /** Name of the workflow or the agent; null where nobody in particular asks. */
  readonly agent: string | null
  readonly customer: string | null
  /** Segments that the customer belongs to. */
  readonly segments: readonly string[]
  /** Whether the operator approved exactly this. It lifts every review and no denial. */
  readonly approved: boolean
  /**
   * Whether the operator approved a proposal of the run that holds the critical arguments, byte for byte: it
   * stands for a grant of this effect.
   */
  readonly endorsed: boolean
  readonly budget: readonly Meter[]
  readonly rates: readonly Bucket[]
  /** What the parts beside the policy object, such as the level of autonomy; the first is taken. */
  readonly objections: readonly Verdict[]
  /** Position in the log of the first thing from outside that the run has read; null for none. */
  readonly externalSince: number | null
  /** Milliseconds since 1970. */
  readonly now: number
  /** Why nothing may reach outside; null, as when not given, while work goes on. */
  readonly stopped?: string | null
  /** What leaves with it, looked through. Not given: nothing is in the way. */
  readonly outgoing?: Outgoing
  /** Effects about the customer that have left on this day, others than this one. */
  readonly sentToday?: number
  /** When quiet hours end that are now; milliseconds since 1970. null: it is not quiet. */
  readonly quietUntil?: number | null
  /** When the operator was seen last, if that is too long ago; 0 for never. null: the operator is there. */
  readonly awaySince?: number | null
}

/** Of all that the run has seen. */
export interface ContextLabel extends Label {
  /** Whether private data was read. */
  readonly readPrivate: boolean
}

export interface RequestLabels {
  readonly context: ContextLabel
  /** By name; an argument without one has that of the context. */
  readonly arguments: Readonly<Record<string, Label>>
}
