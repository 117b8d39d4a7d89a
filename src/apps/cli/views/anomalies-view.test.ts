import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from 'picocolors'
import type { Anomaly, Normal } from '../../../ports/anomalies.ts'
import { anomaliesView, normalView } from './anomalies-view.ts'
import type { View } from './view.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const view: View = {
  colors: createColors(false),
  width: 80,
  now,
  command: (words) => `bin/holdfast ${words}`,
}
const DAY_MS = 86_400_000

const FOUND: Anomaly = {
  id: 'a-0a1b2c3d',
  agent: 'letters',
  measure: 'recipients',
  what: null,
  severity: 'quarantine',
  seen: 10,
  of: 1,
  expected: 0,
  limit: 10,
  excess: 5.2,
  samples: 14,
  from: now - DAY_MS / 2,
  to: now + DAY_MS / 2,
  reason: 'letters: 10 new recipients within a day; usual is 0 (14 days before), and below 10 would pass',
  time: now - 600_000,
  liftedAt: null,
  liftedBecause: '',
}

function shown(anomalies: readonly Anomaly[], normal: readonly Normal[] | null = null) {
  return { anomalies, quarantined: ['letters'], normal, windowMs: DAY_MS }
}

test('an anomaly says what was seen and expected, and how it is lifted', () => {
  const text = anomaliesView(shown([FOUND]), view)
  assert.match(text, /^letters {2}in quarantine \(a-0a1b2c3d, 10 min\)$/m)
  assert.match(text, /^ {4}seen {7}10, since Sat 21 Nov 2026/m)
  assert.match(text, /^ {4}expected {3}0, by 14 windows before; told from 10 on$/m)
  assert.match(text, /bin\/holdfast anomaly lift letters/)
  const lifted = anomaliesView(shown([{ ...FOUND, liftedAt: now, liftedBecause: 'a new list' }]), view)
  assert.match(lifted, /^letters {2}lifted/m)
  assert.match(lifted, /a new list/)
  assert.doesNotMatch(lifted, /anomaly lift/)
  assert.match(anomaliesView(shown([]), view), /^Nothing is far from what it was/)
})

test('what is normal is a table, and says while nothing is told', () => {
  const row: Normal = {
    agent: 'letters',
    measure: 'cost',
    what: null,
    samples: 3,
    needed: 14,
    expected: 1_200,
    now: 900,
    lowerAt: null,
    quarantineAt: null,
  }
  const text = normalView(
    shown([], [row, { ...row, measure: 'failures', samples: 20, expected: 0.1, lowerAt: 6 }]),
    view,
  )
  assert.match(text, /letters +cost +\$0\.0012 +\$0\.0009 +3 of 14/)
  assert.match(text, /letters +failures +10 % +900 +6 +20/)
  assert.match(text, /By day; amounts one by one/)
  assert.match(text, /Nothing is told before 14 are known/)
  assert.equal(normalView(shown([], []), view), 'No agent has done anything yet.')
})
