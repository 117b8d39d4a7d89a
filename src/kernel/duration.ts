import { HoldfastError } from './errors.ts'

/** Milliseconds, or a number with a unit: `'500ms'`, `'30s'`, `'10m'`, `'2h'`, `'3d'`, `'1w'`, `'3 days'`. */
export type Duration = number | string

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const FORM =
  /^(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|sec(?:onds?)?|m|min(?:utes?)?|h|hours?|d|days?|w|weeks?)$/i

/** A moment this long from now is still a whole number of milliseconds: some 30,000 years. */
const LONGEST_MS = 1e15

/**
 * Whole milliseconds.
 * @throws INPUT_INVALID for anything that is not a length of time from 0 to 30,000 years.
 */
export function durationMs(duration: Duration): number {
  const ms = Math.round(typeof duration === 'number' ? duration : parsed(duration))
  if (ms >= 0 && ms <= LONGEST_MS) return ms
  throw new HoldfastError('INPUT_INVALID', `${JSON.stringify(duration)} is not a length of time`, {
    details: { duration },
    fix: "Give milliseconds, or a number with a unit such as '30s', '10m', '2h' or '3d'.",
  })
}

/** NaN for what has not the form. */
function parsed(duration: string): number {
  const match = typeof duration === 'string' ? FORM.exec(duration.trim()) : null
  const unit = match?.[2]?.toLowerCase() ?? ''
  const factor = UNIT_MS[unit.startsWith('milli') ? 'ms' : unit] ?? UNIT_MS[unit.charAt(0)]
  return Number(match?.[1]) * (factor ?? Number.NaN)
}
