/** Quiet hours in the time zone of the business, with clocks that are set forward and back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { QuietHours } from '../../ports/policy-settings.ts'
import { localDay, quietUntil } from './quiet-hours.ts'
import { GUARDRAILS } from './rules.ts'

const NIGHT: QuietHours = { from: 21 * 60, to: 8 * 60, days: [] }

function until(at: string, quietHours: QuietHours, timeZone = 'Europe/Stockholm'): string | null {
  const end = quietUntil({ ...GUARDRAILS, timeZone, quietHours }, Date.parse(at))
  return end === null ? null : new Date(end).toISOString()
}

test('over midnight, until the morning there', () => {
  assert.equal(until('2026-01-14T19:59:59Z', NIGHT), null)
  assert.equal(until('2026-01-14T20:00:00Z', NIGHT), '2026-01-15T07:00:00.000Z')
  assert.equal(until('2026-01-15T03:12:34Z', NIGHT), '2026-01-15T07:00:00.000Z')
  assert.equal(until('2026-01-15T07:00:00Z', NIGHT), null)
  assert.equal(until('2026-07-15T05:59:00Z', NIGHT), '2026-07-15T06:00:00.000Z')
  assert.equal(until('2026-01-15T03:00:00Z', NIGHT, 'America/New_York'), '2026-01-15T13:00:00.000Z')
})

test('within a day, and none', () => {
  const noon = { from: 12 * 60, to: 13 * 60, days: [] }
  assert.equal(until('2026-01-14T11:30:00Z', noon), '2026-01-14T12:00:00.000Z')
  assert.equal(until('2026-01-14T12:00:00Z', noon), null)
  assert.equal(until('2026-01-14T10:59:00Z', noon), null, 'it has not begun')
  assert.equal(until('2026-01-14T12:00:00Z', { from: 0, to: 0, days: [] }), null)
})

test('whole days, and the night before and behind them', () => {
  const weekend = { ...NIGHT, days: [0, 6] }
  // From Friday night to Monday morning.
  assert.equal(until('2026-01-16T20:30:00Z', weekend), '2026-01-19T07:00:00.000Z')
  assert.equal(until('2026-01-17T12:00:00Z', weekend), '2026-01-19T07:00:00.000Z')
  assert.equal(until('2026-01-19T07:00:00Z', weekend), null)
})

test('the night in which the clocks are set', () => {
  assert.equal(until('2026-03-28T22:00:00Z', NIGHT), '2026-03-29T06:00:00.000Z')
  assert.equal(until('2026-10-24T22:00:00Z', NIGHT), '2026-10-25T07:00:00.000Z')
})

test('an end that the clocks are set past is the moment at which they are', () => {
  const inNewYork = (from: number, to: number, now: string): string => {
    const guardrails = { ...GUARDRAILS, timeZone: 'America/New_York', quietHours: { from, to, days: [] } }
    return new Date(quietUntil(guardrails, Date.parse(now)) ?? 0).toISOString()
  }
  assert.equal(inNewYork(22 * 60, 150, '2028-03-12T05:00:00Z'), '2028-03-12T07:00:00.000Z')
  assert.equal(inNewYork(121, 120, '2028-03-11T07:21:00Z'), '2028-03-13T06:00:00.000Z')
})

test('when they end, it is quiet no longer, and it was until then', () => {
  const minutes = fc.integer({ min: 0, max: 1_439 })
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Stockholm',
    'America/New_York',
    'Asia/Kolkata',
    'Pacific/Chatham',
  )
  fc.assert(
    fc.property(
      minutes,
      minutes,
      zones,
      fc.integer({ min: 1.7e12, max: 1.9e12 }),
      (from, to, timeZone, now) => {
        const guardrails = { ...GUARDRAILS, timeZone, quietHours: { from, to, days: [] } }
        const end = quietUntil(guardrails, now)
        if (end === null) return
        // Where the one minute that is not quiet is left out, the day after counts.
        assert.ok(end > now && end - now <= 50 * 3_600_000)
        assert.equal(quietUntil(guardrails, end), null)
        assert.notEqual(quietUntil(guardrails, end - 60_000), null)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a day is that of the place', () => {
  const day = localDay('Europe/Stockholm', Date.parse('2026-01-14T23:30:00Z'))
  assert.equal(day, localDay('UTC', Date.parse('2026-01-15T12:00:00Z')))
  assert.notEqual(day, localDay('UTC', Date.parse('2026-01-14T23:30:00Z')))
})
