/** Quiet hours, and days, in a time zone: when they are, and when they end. */
import type { Guardrails, QuietHours } from '../../ports/policy-settings.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
/** Whole days and nights in a row: after so many pieces it is asked again. */
const MOST_PIECES = 16

interface LocalTime {
  /** 0 for Sunday. */
  readonly day: number
  /** Since midnight. */
  readonly minute: number
}

/** Milliseconds since 1970 at which it is quiet no longer; null when it is not now. */
export function quietUntil({ quietHours, timeZone }: Guardrails, nowMs: number): number | null {
  if (quietHours === null) return null
  let at = nowMs
  for (let i = 0; i < MOST_PIECES; i += 1) {
    const end = endOfPiece(quietHours, localTime(timeZone, at))
    if (end === null) break
    at = atMinute(timeZone, at, end)
  }
  return at === nowMs ? null : at
}

/** The minute of the day at which what is quiet now ends, today or tomorrow; null when it is not quiet. */
function endOfPiece({ from, to, days }: QuietHours, { day, minute }: LocalTime): number | null {
  if (days.includes(day)) return 0
  if (from < to) return minute >= from && minute < to ? to : null
  if (from === to) return null
  return minute >= from || minute < to ? to : null
}

/**
 * The next time at which the clocks there show this minute; they may be set forward or back until then. Where they are
 * set past it, it is the moment at which they are.
 */
function atMinute(timeZone: string, fromMs: number, wanted: number): number {
  const past = (time: number): number => apart(localTime(timeZone, time).minute, wanted)
  const whole = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS
  const ahead = apart(wanted, localTime(timeZone, fromMs).minute)
  const unturned = whole + (ahead > 0 ? ahead : ahead + DAY_MINUTES) * MINUTE_MS
  let at = unturned - past(unturned) * MINUTE_MS
  while (at < unturned && past(at) < 0) at += MINUTE_MS
  return Math.max(fromMs + 1, at)
}

/** Minutes from `b` to `a`, less than half a day either way. */
function apart(a: number, b: number): number {
  return ((a - b + DAY_MINUTES + DAY_MINUTES / 2) % DAY_MINUTES) - DAY_MINUTES / 2
}

/** Number of the calendar day there, since 1970. */
export function localDay(timeZone: string, timeMs: number): number {
  const parts = partsOf(timeZone, timeMs)
  return Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day)) / (DAY_MINUTES * MINUTE_MS)
}

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

function localTime(timeZone: string, timeMs: number): LocalTime {
  const { weekday = '', hour, minute } = partsOf(timeZone, timeMs)
  return { day: WEEKDAYS.indexOf(weekday), minute: Number(hour) * 60 + Number(minute) }
}

function partsOf(timeZone: string, timeMs: number): Partial<Record<string, string>> {
  return Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, value]),
  )
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  })
  formats.set(timeZone, format)
  return format
}
