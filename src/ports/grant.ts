/**
 * A grant is the owner's word given beforehand: this operation may run alone within this scope, although what
 * came from outside is in the context. It holds for runs that had read nothing from outside when it was given.
 */
import type { Json } from '../kernel/json.ts'

/** What an argument must be: one of these values, or, of a number, within these bounds. */
export type ArgumentConstraint =
  | { readonly oneOf: readonly Json[] }
  | { readonly min?: number; readonly max?: number }

export interface GrantScope {
  /** The full name of one operation: `smtp.send`. */
  readonly operation: string
  /** Name of a workflow or an agent; null for any. */
  readonly agent: string | null
  readonly customer: string | null
  readonly segment: string | null
  /** By the name of the argument; one that is not named may be anything. */
  readonly arguments: Readonly<Record<string, ArgumentConstraint>>
}

export interface Grant extends GrantScope {
  /** `g-` and 8 hex digits. */
  readonly id: string
  /** Milliseconds since 1970; null while it is not revoked. */
  readonly expiresAt: number | null
  /** Milliseconds since 1970. */
  readonly givenAt: number
  /** Position of `grant.given` in the log; 0 for one that has always been there. */
  readonly position: number
}
