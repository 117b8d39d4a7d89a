/** Times, lengths of time and money as a person reads them. */

/** `2026-11-23 00:24:05` in the time zone, such as `Europe/Berlin`. */
export function spokenTime(timeMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone }).format(
    timeMs,
  )
}

const UNITS: readonly [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** The two largest units: `3 d 2 h`, `4 min 10 s`; `412 ms` below a second. */
export function spokenLength(lengthMs: number): string {
  const largest = UNITS.findIndex(([ms]) => lengthMs >= ms)
  if (largest === -1) return `${Math.round(lengthMs)} ms`
  const [ms, unit] = UNITS[largest] as [number, string]
  const [smallerMs, smaller] = UNITS[largest + 1] ?? [1, '']
  const whole = Math.floor(lengthMs / ms)
  const rest = Math.floor((lengthMs % ms) / smallerMs)
  return rest === 0 || smaller === '' ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`
}

/** `$0.0021`: two digits after the point, four below ten cents. */
export function spokenPrice(micros: number): string {
  return `$${(micros / 1e6).toFixed(micros !== 0 && micros < 100_000 ? 4 : 2)}`
}
