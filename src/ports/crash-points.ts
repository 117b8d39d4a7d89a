/**
 * Named places at the commit boundaries where a test can stop the process exactly there. Unarmed, a
 * crash point costs one comparison.
 */
export const CRASH_POINTS = [
  'log.before-commit',
  'log.after-commit',
  'effect.before-intent',
  'effect.after-intent',
  'effect.before-send',
  'effect.after-send',
  'effect.before-result',
  'effect.after-result',
  'connector.mid-send',
  'review.before-answer',
  'review.after-answer',
  'event.before-publish',
  'event.after-publish',
  'run.before-end',
  'run.after-end',
  'mail.before-receive',
  'mail.after-receive',
  'mail.after-acknowledge',
] as const

/** Those of the vault: a day's work does not come by them. */
export const VAULT_CRASH_POINTS = [
  'vault.after-key',
  'vault.before-replace',
  'vault.after-replace',
  'vault.before-record',
] as const

/** Those of the erasure of a customer. */
export const ERASURE_CRASH_POINTS = [
  'erasure.after-plan',
  'erasure.after-log',
  'erasure.after-files',
  'erasure.after-compact',
  'erasure.before-end',
] as const

/** Those of sealed backups and the end of their keys. */
export const BACKUP_CRASH_POINTS = [
  'backup.after-key',
  'backup.after-copy',
  'backup.before-name',
  'backup.after-name',
  'backup.before-overwrite',
  'backup.mid-overwrite',
  'backup.after-overwrite',
  'backup.after-record',
] as const

export type CrashPoint =
  | (typeof CRASH_POINTS)[number]
  | (typeof VAULT_CRASH_POINTS)[number]
  | (typeof ERASURE_CRASH_POINTS)[number]
  | (typeof BACKUP_CRASH_POINTS)[number]

let onReach: ((point: CrashPoint) => void) | null = null

/** Marks a place in the code that a crash test can stop at. */
export function crashPoint(point: CrashPoint): void {
  if (onReach !== null) onReach(point)
}

/** Arms the crash points of this process; `null` disarms them. */
export function armCrashPoints(reach: ((point: CrashPoint) => void) | null): void {
  onReach = reach
}
