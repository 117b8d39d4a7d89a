import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from 'picocolors'
import type { Standing } from '../../../ports/autonomy.ts'
import { autonomyView, calibrationView, standingLine } from './autonomy-view.ts'
import type { View } from './view.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const view: View = {
  colors: createColors(false),
  width: 80,
  now,
  command: (words) => `bin/holdfast ${words}`,
}

function standing(more: Partial<Standing> = {}): Standing {
  return {
    agent: 'lead-qualification',
    action: 'send-reply',
    segment: 'all',
    level: 'review',
    ceiling: 'auto',
    ceilingSet: false,
    by: 'default',
    reason: '',
    since: null,
    effect: 'external',
    tier: 'medium',
    tolerance: 0.05,
    reviews: 36,
    errors: 1,
    bound: 0.123,
    eValue: 1.84,
    threshold: 20,
    missed: 0,
    answers: { approved: 35, edited: 1, rejected: 0, responded: 0, automatic: 0 },
    drift: null,
    next: { level: 'sampled', missing: 81, offered: false, hindrance: '' },
    ...more,
  }
}

const page = (...standings: Standing[]) =>
  autonomyView({ standings, shadows: [], vigilance: { checks: 0, caught: 0, missed: [] } }, view)

test('a remit: its level, what the answers say, what is missing, and how high it may rise', () => {
  const lines = page(standing()).split('\n')
  assert.deepEqual(lines.slice(0, 5), [
    'lead-qualification send-reply  review (as by default)',
    '    answers   36 answers at this level, 1 error: errors below 12.3 %',
    '    next      sampled: about 81 more approved as they are (below 5 % needed,',
    '              evidence 1.8 of 20)',
    '    ceiling   auto, as its effect is external; risk tier medium',
  ])
})

test('an offer comes with how to take it, a ceiling with what stands in the way', () => {
  const offered = page(standing({ next: { level: 'sampled', missing: 0, offered: true, hindrance: '' } }))
  assert.match(offered, /sampled is offered/)
  assert.match(offered, /autonomy accept lead-qualification send-reply/)
  const next = { level: 'sampled', missing: 0, offered: false, hindrance: 'the ceiling is review' } as const
  assert.match(page(standing({ next })), /can't be offered: the ceiling is review/)
})

test('what was lowered says why, and what goes on alone is watched', () => {
  const lowered = page(
    standing({ by: 'demotion', since: now - 3_600_000, reason: '3 of 9 audits were errors' }),
  )
  assert.match(lowered, /review \(lowered, since 1 h( ago)?\)/)
  assert.match(lowered, /because {3}3 of 9 audits were errors/)
  const alone = standing({
    level: 'auto',
    next: { level: null, missing: null, offered: false, hindrance: '' },
  })
  const watched = page({ ...alone, segment: 'big', drift: { value: 12.34, limit: 1_000 } })
  assert.match(watched, /^lead-qualification send-reply \(big\) {2}auto/)
  assert.match(watched, /drift {5}12 of 1000/)
  assert.doesNotMatch(watched, /next {6}/)
})

test('proposals in shadow, known-bad items, and nothing at all', () => {
  const shadows = [
    { review: 'r-1', run: 'x', time: now - 60_000, agent: 'offer', action: 'send-offer', segment: 'all' },
  ]
  const vigilance = { checks: 5, caught: 4, missed: [{ review: 'r-9', time: now }] }
  const text = autonomyView({ standings: [standing()], shadows, vigilance }, view)
  assert.match(text, /1 proposal in shadow to be compared with what you did:\n {4}r-1 {2}offer send-offer/)
  assert.match(text, /4 of 5 known-bad items that you answered were caught/)
  assert.match(text, /autonomy compare r-1 --same/)
  assert.equal(page(), 'No agent has proposed anything yet.')
})

test('a standing in one line, and calibrations with their numbers', () => {
  assert.equal(
    standingLine(standing({ by: 'operator' })),
    'lead-qualification send-reply: level review (on your word), ceiling auto.',
  )
  assert.equal(calibrationView([], view), 'No outcomes yet.')
  const bins = { bins: [], ece: 0.1234, brier: 0.2 }
  const text = calibrationView(
    [
      {
        agent: 'offer',
        action: 'send-offer',
        method: 'platt',
        outcomes: 40,
        right: 30,
        raw: bins,
        calibrated: { bins: [], ece: 0.01, brier: 0.18 },
        map: [{ raw: 0.5, calibrated: 0.25 }],
      },
    ],
    view,
  )
  assert.match(text, /offer send-offer +platt +40 +30 +0\.123 +0\.010 +0\.200 +0\.180/)
  assert.match(text, /0\.5 → 0\.250/)
})

test('audits that nobody has answered are told', () => {
  assert.doesNotMatch(page(standing()), /deadline/)
  assert.match(
    page(standing({ level: 'auto', missed: 2 })),
    /2\s+audits\s+missed,\s+as\s+a\s+deadline\s+answered/,
  )
})
