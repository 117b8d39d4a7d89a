/** What a feature flag can be asked for and says, in words that code, record and commands share. */
import { HoldfastError } from './errors.ts'
import type { JsonObject } from './json.ts'

export type FlagValue = boolean | string | number
export type FlagType = 'boolean' | 'string' | 'number'

/** As OpenFeature names them. */
export type FlagReason = 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'DEFAULT' | 'STATIC' | 'ERROR'

/** Whom a flag is asked about. */
export interface FlagSubject {
  /** Id of a customer: segments are told by what is known of them. Default: the customer of the run. */
  readonly customer?: string
  /** What a share goes by: the same key is always on the same side. Default: the customer, else the run. */
  readonly key?: string
}

/** The type of a flag, by the value that the code goes by when there is no answer. @throws INPUT_INVALID */
export function flagType(flag: string, fallback: unknown): FlagType {
  const type = typeof fallback
  if (type === 'boolean' || type === 'string' || (type === 'number' && Number.isFinite(fallback))) {
    return type as FlagType
  }
  throw new HoldfastError('INPUT_INVALID', `Flag ${flag} can't have a default of the type ${type}`, {
    details: { flag, type },
    fix: 'Give true or false, a text, or a finite number.',
  })
}

/** What of an evaluation a flag's own statistics need: no value and nobody's name. */
export function flagResidue(body: JsonObject): JsonObject {
  const { flag = null, variant = null, reason = null, segment = null, version = null } = body
  return { flag, variant, reason, segment, version }
}
