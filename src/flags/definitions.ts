/** The flags of a workspace as data: what `flags.yaml` says once it was checked. */
import type { FlagType, FlagValue } from '../kernel/flag.ts'

export interface FlagFile {
  readonly segments: Readonly<Record<string, Segment>>
  readonly flags: Readonly<Record<string, FlagDefinition>>
}

/** A part of the customers, by what is known of them. */
export interface Segment {
  readonly description: string
  /** `all`: every condition has to hold; `any`: one of them. */
  readonly match: 'all' | 'any'
  readonly where: readonly Condition[]
}

export const OPERATORS = [
  'is',
  'is-not',
  'in',
  'not-in',
  'contains',
  'starts-with',
  'ends-with',
  'at-least',
  'at-most',
  'before',
  'after',
  'older-than',
  'newer-than',
  'known',
] as const
export type Operator = (typeof OPERATORS)[number]

export interface Condition {
  readonly field: string
  readonly operator: Operator
  readonly value: FlagValue | readonly FlagValue[]
}

export interface FlagDefinition {
  readonly description: string
  readonly type: FlagType
  /** false: the flag is switched off, and the variant `off` is the answer for everybody. */
  readonly enabled: boolean
  readonly variants: Readonly<Record<string, FlagValue>>
  /** Variant where no rule answers. */
  readonly default: string
  /** Variant while the flag is switched off. */
  readonly off: string
  /** The first that fits answers. */
  readonly rules: readonly Rule[]
}

export interface Rule {
  /** Only for these customers; null for everybody. */
  readonly segment: string | null
  /** Variant for all of them; null where they are split. */
  readonly serve: string | null
  /** Variant → percent of all places. Who is beyond the last share goes on to the next rule. */
  readonly split: Readonly<Record<string, number>> | null
}
