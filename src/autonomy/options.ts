/** What autonomy is made of: all that it needs from around it. */
import type { NewRun } from '../ports/autonomy.ts'
import type { AutonomySettings } from '../ports/autonomy-settings.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeclaredManifest, EffectClass } from '../ports/connector.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import type { Flags } from '../ports/flags.ts'

export interface AutonomyOptions {
  readonly log: EventLog
  readonly clock: Pick<Clock, 'now'>
  /** Read at every decision, so that a change holds from the next one on. */
  readonly settings: () => AutonomySettings
  /** The segment of a customer. Default: by `segmentsOf`. */
  readonly segmentOf?: (customer: string | null) => string
  /** Segments that a customer belongs to. Default: all are one, `all`. */
  readonly segmentsOf?: (customer: string) => readonly string[]
  /** Asked for `level.<agent>` at each ruling. Default: there are none. */
  readonly flags?: Pick<Flags, 'answerNow'>
  /** @throws OPERATION_UNKNOWN */
  readonly manifestOf: (operation: string) => DeclaredManifest
  /** Tells the operator what should be acted on, once; and that it is over. */
  readonly alerts: {
    readonly raise: (alert: string, subject: string, message: string) => StreamAppend
    readonly clear: (alert: string, subject: string) => StreamAppend
    readonly isRaised: (alert: string, subject: string) => boolean
  }
  /**
   * What puts a keyed agent in quarantine, or takes it out where an anomaly has put it there; nothing for a workflow.
   * Default: nothing for any.
   */
  readonly lifecycle?: (
    agent: string,
    to: 'quarantined' | 'enabled',
    reason: string,
  ) => readonly StreamAppend[]
  /** Starts the run of a known-bad item; twice with one id is once. */
  readonly start: (run: NewRun) => Promise<void>
}

/** Undeclared is irreversible. */
export function effectOf(options: AutonomyOptions, operation: string | null): EffectClass {
  return manifestIn(options, operation)?.effect ?? 'irreversible'
}

/** null for an operation that is not named, or not known. */
export function manifestIn(
  { manifestOf }: AutonomyOptions,
  operation: string | null,
): DeclaredManifest | null {
  if (operation === null) return null
  try {
    return manifestOf(operation)
  } catch {
    return null
  }
}
