/**
 * A grant is the owner's word given beforehand: this operation may run alone within this scope, although what
 * came from outside is in the context. It holds for runs that had read nothing from outside when it was given.
 */
import type { Scope } from '../kernel/scope.ts'

export interface Grant extends Scope {
  readonly operation: string
  /** `g-` and 8 hex digits. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly givenAt: number
  /** Position of `grant.given` in the log; 0 for one that has always been there. */
  readonly position: number
}
