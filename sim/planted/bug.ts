import type { Wiring } from '../process.ts'

export interface Bug {
  readonly what: string
  readonly wiring: Wiring
  /** The invariants that may be the first to notice. */
  readonly noticed: readonly string[]
}
