import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alike } from './likeness.ts'
import type { Review } from './review-index.ts'

const RISK = { operation: 'post.send', effect: 'external' }
const FIELDS = [{ name: 'to', kind: 'address' }]
const review = (id: string, more: object = {}): Review =>
  ({
    id,
    workflow: 'offer',
    action: 'send',
    risk: RISK,
    segment: null,
    fields: FIELDS,
    warnings: [],
    ...more,
  }) as unknown as Review

test('equals ask for the same by the same, with the same fields; what differs in one point is left out', () => {
  const first = review('r-1')
  const others = {
    operation: { risk: { ...RISK, operation: 'post.burn' } },
    effect: { risk: { ...RISK, effect: 'irreversible' } },
    nothing: { risk: null },
    segment: { segment: 'schools' },
    names: { fields: [{ name: 'cc', kind: 'address' }] },
    kinds: { fields: [{ name: 'to', kind: 'text' }] },
    warned: { warnings: ['it gives orders'] },
  }
  const waiting = [first, review('r-2'), ...Object.entries(others).map(([id, more]) => review(id, more))]
  const { reviews, left } = alike(first, waiting)
  assert.deepEqual(
    reviews.map(({ id }) => id),
    ['r-1', 'r-2'],
  )
  assert.deepEqual(
    left.map(({ id }) => id),
    Object.keys(others),
  )
})

test('another workflow, or another action, is none of its kin', () => {
  const first = review('r-1')
  const { reviews, left } = alike(first, [
    first,
    review('r-2', { workflow: 'x' }),
    review('r-3', { action: 'x' }),
  ])
  assert.deepEqual([reviews.length, left], [1, []])
})

test('a question about what has happened has an answer of its own', () => {
  for (const action of ['settle-unknown', 'settle-rollback']) {
    const first = review('r-1', { action })
    assert.deepEqual(alike(first, [first, review('r-2', { action })]).reviews, [], action)
  }
})
