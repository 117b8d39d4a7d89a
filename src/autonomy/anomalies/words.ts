/** An anomaly in plain words: what was seen, what was expected, and what follows. */
import type { Finding, Measure } from '../../ports/anomalies.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function reasonOf(
  agent: string,
  { measure, what, seen, of, expected, limit, samples }: Finding,
  windowMs: number,
): string {
  if (measure === 'amount') {
    const before = `${said('amount', expected)} is usual by ${samples} before`
    return `${agent} was about to use ${said('amount', seen)} in ${what ?? ''}; ${before}, and up to below ${said('amount', limit)} would pass`
  }
  const window = windowText(windowMs)
  const usual = `usual is ${said(measure, expected)} (${samples} ${window}s before), and below ${said(measure, limit)} would pass`
  return `${agent}: ${seenText(measure, seen, of)} within ${oneOf(window)}; ${usual}`
}

function seenText(measure: Measure, seen: number, of: number): string {
  const number = said(measure, seen)
  switch (measure) {
    case 'runs':
      return `${number} runs ended`
    case 'failures':
      return `${number} of ${of} runs failed`
    case 'duration':
      return `a run worked for ${number}`
    case 'cost':
      return `models have cost ${number}`
    case 'effects':
      return `${number} ${seen === 1 ? 'effect' : 'effects'}`
    case 'recipients':
      return `${number} new ${seen === 1 ? 'recipient' : 'recipients'}`
    case 'amount':
      return number
  }
}

/** A value with its unit. */
export function said(measure: Measure, value: number): string {
  if (measure === 'cost') return `$${(value / 1e6).toFixed(value < 1e5 ? 4 : 2)}`
  if (measure === 'duration') return spanText(value)
  return String(Math.round(value * 100) / 100)
}

function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 2 * HOUR_MS ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / HOUR_MS)} h`
}

/** `day`, `6 h` */
export function windowText(windowMs: number): string {
  if (windowMs === DAY_MS) return 'day'
  if (windowMs === HOUR_MS) return 'hour'
  return windowMs % DAY_MS === 0 ? `${windowMs / DAY_MS}-day window` : `${windowMs / HOUR_MS}-hour window`
}

function oneOf(window: string): string {
  return window === 'hour' ? 'an hour' : `a ${window}`
}
