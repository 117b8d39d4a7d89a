/** What the operator lays down in `policy.yaml`, as plain data: all that the policy's pure function knows of it. */

/**
 * An operation's full name (`smtp.send`, `model.openai`), a family of them (`model.*`), or `*` for all.
 */
export type OperationPattern = string

export interface PolicySettings {
  readonly operations: {
    /** What is named nowhere else may happen. What no list names is denied. */
    readonly allow: readonly OperationPattern[]
    /** Never happens, whatever the other lists say. */
    readonly deny: readonly OperationPattern[]
    /** Happens only when the operator says so each time; goes before `allow`. */
    readonly review: readonly OperationPattern[]
  }
  readonly egress: {
    /** Hosts that may be talked to: exact names or addresses in small letters, without a port. */
    readonly allow: readonly string[]
  }
  /** null means no limit. A limit of 0 stops what it limits. */
  readonly budget: {
    /** US dollars for models in one calendar day (UTC). */
    readonly perDayUsd: number | null
    /** US dollars for models in one run. */
    readonly perRunUsd: number | null
    /** Model calls in one calendar day (UTC), priced or not. */
    readonly modelCallsPerDay: number | null
  }
}
