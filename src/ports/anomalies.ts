/**
 * Anomalies: an agent does something far from what it has done so far. What is normal is learned from its own past, and
 * told by numbers; what was found is an event that says what was expected and what was seen. Until there is enough of a
 * past, nothing is found.
 */
import type { JsonObject } from '../kernel/json.ts'
import type { DeclaredManifest } from './connector.ts'
import type { EffectRequest, ModelRequest, Verdict } from './gate.ts'

/**
 * runs: that ended in a window. failures: the part of them that failed. duration: how long they worked, waiting left out,
 * the geometric mean. cost: what models cost in it. effects: what was done that is no read. recipients: whom it
 * had never addressed before. amount: a number that decides what an effect touches, such as a sum of money; each
 * by itself.
 */
export const MEASURES = ['runs', 'failures', 'duration', 'cost', 'effects', 'recipients', 'amount'] as const
export type Measure = (typeof MEASURES)[number]

/** lower: its levels are back at `review`. quarantine: so they are, and nothing that it does leaves without the operator. */
export type Severity = 'lower' | 'quarantine'

/** How far from normal is too far, in robust standard deviations; null: never. */
export interface AnomalyBounds {
  readonly lower: number | null
  readonly quarantine: number | null
}

export interface AnomalySettings extends AnomalyBounds {
  /** Windows begin at multiples of it since 1970: whole hours, days by UTC. */
  readonly windowMs: number
  /** Windows with something in them, or single amounts, that a baseline rests on at most. */
  readonly history: number
  /** With fewer, nothing is found. */
  readonly minimum: number
  /** The first that fits decides; `*` fits all. */
  readonly exceptions: readonly (AnomalyBounds & {
    readonly agent: string
    readonly measure: Measure | '*'
  })[]
}

/** What is normal, and what would be found. */
export interface Normal {
  readonly agent: string
  readonly measure: Measure
  /** Of an amount: operation and argument. */
  readonly what: string | null
  /** Windows or amounts that are known. */
  readonly samples: number
  /** How many are needed before anything is found. */
  readonly needed: number
  /** The median. */
  readonly expected: number
  /** In the window that is under way; null for amounts, and where there are too few runs to say. */
  readonly now: number | null
  /** The least value that would be found; null for none. Of failures: of so many runs as there are now. */
  readonly lowerAt: number | null
  readonly quarantineAt: number | null
}

/** That something is far from normal, and by how much. */
export interface Finding {
  readonly measure: Measure
  readonly what: string | null
  readonly severity: Severity
  readonly seen: number
  /** Of how many, for failures; 1 else. */
  readonly of: number
  readonly expected: number
  /** The least value that is found. */
  readonly limit: number
  /** How far from normal, in robust standard deviations. */
  readonly excess: number
  readonly samples: number
}

export interface Anomaly extends Finding {
  /** `a-` and 8 hex digits. */
  readonly id: string
  readonly agent: string
  /** Milliseconds since 1970; null for a single amount. */
  readonly from: number | null
  readonly to: number | null
  /** In plain words. */
  readonly reason: string
  readonly time: number
  /** Milliseconds since 1970 at which the operator lifted it; null while it holds. */
  readonly liftedAt: number | null
  readonly liftedBecause: string
}

export interface Anomalies {
  /** Those in force. */
  readonly settings: AnomalySettings
  /** Those that hold, the newest first; `all`: those that were lifted, too. */
  list(options?: { readonly all?: boolean }): Anomaly[]
  normal(agent?: string): Normal[]
  /** Names of the agents that are in quarantine. */
  quarantined(): string[]
  /**
   * The operator's word that it is well: all that holds of an agent is lifted, and the count of the window begins anew.
   * Levels that were lowered stay so until they are set, or earned. @throws ANOMALY_NOT_FOUND
   */
  lift(agent: string, reason?: string): Promise<Anomaly[]>
}

/** Looks at effects while they are decided. */
export interface EffectWatch {
  /** What it has against it; null for nothing. */
  object(request: EffectRequest, manifest: DeclaredManifest): Verdict | null
  objectToModel(request: ModelRequest): Verdict | null
  /** Of an effect that was allowed: what of it goes on record, to be counted. */
  count(request: EffectRequest, manifest: DeclaredManifest): JsonObject | null
  /** What was allowed to the run, or to one operation of it, and is not on record, counts no more. */
  forgo(run: string, name?: string): void
}
