import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkScheduling,
  isUnbound,
  placeFromJson,
  placeToJson,
  queuePlace,
  type Scheduling,
} from './scheduling.ts'

const free = { priority: 0, slot: null, rate: null, notBefore: null }
const bound: Scheduling = {
  priority: 2,
  concurrency: { limit: 3, key: (input) => String(input) },
  rate: { limit: 4, per: '1m' },
}

for (const [field, scheduling] of [
  ['priority', { priority: 0.5 }],
  ['priority', { priority: Number.NEGATIVE_INFINITY }],
  ['concurrency.limit', { concurrency: { limit: 0 } }],
  ['concurrency.limit', { concurrency: { limit: 1.5 } }],
  ['rate.limit', { rate: { limit: 0, per: '1s' } }],
  ['rate.per', { rate: { limit: 1, per: 0 } }],
] as const) {
  test(`a workflow can't have ${JSON.stringify(scheduling)}`, () => {
    assert.throws(() => checkScheduling('order', scheduling), {
      code: 'INPUT_INVALID',
      details: { name: 'order', field },
      fix: /whole number/,
    })
  })
}

test('limits from 1, periods from 1 ms and any whole priority are taken', () => {
  checkScheduling('order', {})
  checkScheduling('order', bound)
  checkScheduling('order', { priority: -5, concurrency: { limit: 1 }, rate: { limit: 1, per: 1 } })
})

test('a run of a workflow that says nothing is held back by nothing', () => {
  const place = queuePlace({ name: 'order' }, null, {})
  assert.deepEqual(place, free)
  assert.ok(isUnbound(place))
})

test('a run has the key of its input, and what it is asked for itself', () => {
  const place = queuePlace({ name: 'order', ...bound }, 'c-1', { notBefore: 5_000 })
  assert.deepEqual(place, {
    priority: 2,
    slot: { key: 'order:c-1', limit: 3 },
    rate: { key: 'order', limit: 4, perMs: 60_000 },
    notBefore: 5_000,
  })
  assert.equal(queuePlace({ name: 'order', ...bound }, 'c-1', { priority: 7 }).priority, 7)
  assert.throws(() => queuePlace({ name: 'order' }, null, { priority: 0.5 }), { code: 'INPUT_INVALID' })
})

test('a key is well-formed text, or the start is refused', () => {
  const keyed = (key: () => unknown) =>
    queuePlace({ name: 'order', concurrency: { limit: 1, key: key as () => string } }, null, {}).slot?.key
  assert.equal(
    keyed(() => ''),
    'order',
  )
  assert.equal(
    keyed(() => 'a\ud800'),
    'order:a\ufffd',
  )
  const refused = { code: 'INPUT_INVALID', details: { workflow: 'order' } }
  assert.throws(() => keyed(() => 7), { ...refused, message: /not a text/ })
  const cause = new Error('no such field')
  const throwing = (): never => {
    throw cause
  }
  assert.throws(() => keyed(throwing), { ...refused, cause })
})

test('each bound by itself holds a run back, a priority does not', () => {
  assert.ok(isUnbound({ ...free, priority: 9 }))
  assert.ok(!isUnbound({ ...free, slot: { key: 'order', limit: 1 } }))
  assert.ok(!isUnbound({ ...free, rate: { key: 'order', limit: 1, perMs: 1 } }))
  assert.ok(!isUnbound({ ...free, notBefore: 0 }))
})

test('a place comes back from its record, which leaves out what is null', () => {
  const place = queuePlace({ name: 'order', ...bound }, 'c-1', { notBefore: 5_000 })
  assert.deepEqual(placeFromJson(placeToJson(place)), place)
  assert.deepEqual(placeToJson(free), { priority: 0 })
  assert.deepEqual(placeFromJson({}), free)
})
