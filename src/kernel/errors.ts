/** The one error class, and the form in which a failure is journaled and printed. */
import { ERRORS, type ErrorCode, type ErrorEntry } from './error-table.ts'
import type { Json } from './json.ts'

/** Ids and values that belong to a failure; plain data, never secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>

export interface ErrorOptions {
  readonly details?: ErrorDetails
  readonly cause?: unknown
  /** A next action more exact than the table's. */
  readonly fix?: string
}

/** The one error class. `code` is stable; `message` says what happened with ids; `fix` says what to do next. */
export class HoldfastError extends Error {
  /** A code of the table, or the own code of an error that user code threw. */
  readonly code: string
  readonly details: ErrorDetails
  readonly fix: string

  constructor(code: ErrorCode | (string & {}), message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.details = options.details ?? {}
    this.fix = options.fix ?? entryOf(code)?.fix ?? ''
  }
}

/** The table's entry for a code, if the code is ours. */
export function entryOf(code: string): ErrorEntry | undefined {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : undefined
}

export function isHoldfastError(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError
}

/** The form in which a failure is journaled and printed. */
export interface ErrorRecord {
  readonly code: string
  readonly message: string
  readonly fix?: string
  readonly details?: { readonly [key: string]: Json }
}

/**
 * Any thrown value as a record. An error's own string `code` is kept (`OUT_OF_STOCK`), so that callers
 * can tell their failures apart; without one it gets `fallback`.
 */
export function toErrorRecord(error: unknown, fallback: ErrorCode = 'RUN_FAILED'): ErrorRecord {
  try {
    return recordOf(error, fallback)
  } catch {
    // A thrown value may refuse to be looked at: a getter that throws, a revoked proxy.
    return { code: fallback, message: 'An error that can not be described' }
  }
}

function recordOf(error: unknown, fallback: ErrorCode): ErrorRecord {
  if (error instanceof HoldfastError) {
    const details = plainDetails(error.details)
    return {
      code: error.code,
      message: error.message,
      ...(error.fix ? { fix: error.fix } : {}),
      ...(Object.keys(details).length > 0 ? { details } : {}),
    }
  }
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' && error.code ? error.code : fallback
    return { code, message: String(error.message) }
  }
  return { code: fallback, message: textOf(error) }
}

/** Not everything that can be thrown can be turned into a string. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value without a text was thrown'
  }
}

/** Back from the record to an error that can be thrown. */
export function fromErrorRecord(record: ErrorRecord): HoldfastError {
  return new HoldfastError(record.code, record.message, {
    ...(record.details ? { details: record.details } : {}),
    ...(record.fix ? { fix: record.fix } : {}),
  })
}

function plainDetails(details: ErrorDetails): Record<string, Json> {
  try {
    return JSON.parse(JSON.stringify(details))
  } catch {
    return {}
  }
}
