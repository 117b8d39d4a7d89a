import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, seededUuid } from './random.ts'

const MANY = 20_000

test('the same seed, name and number give the same value', () => {
  assert.equal(seededRandom('s', 'pick', 3), seededRandom('s', 'pick', 3))
  assert.equal(seededUuid('s', 'order', 0), seededUuid('s', 'order', 0))
})

test('values stay what they are, as runs on record were given them', () => {
  assert.equal(seededRandom('s', 'pick', 3), 0.879723057616502)
  assert.equal(seededUuid('s', 'order', 0), '6481d008-92aa-8adc-9725-8f586ca7dafc')
})

test('another seed, name or number gives another value', () => {
  const values = [
    seededUuid('s', 'order', 0),
    seededUuid('t', 'order', 0),
    seededUuid('s', 'other', 0),
    seededUuid('s', 'order', 1),
  ]
  assert.equal(new Set(values).size, 4)
})

test('values are spread evenly over [0, 1)', () => {
  const tenths = new Array<number>(10).fill(0)
  for (let n = 0; n < MANY; n += 1) {
    const value = seededRandom('s', 'spread', n)
    assert.ok(value >= 0 && value < 1)
    const tenth = Math.floor(value * 10)
    tenths[tenth] = (tenths[tenth] ?? 0) + 1
  }
  for (const count of tenths) assert.ok(Math.abs(count - MANY / 10) < 250, `${tenths}`)
})

test('a UUID has the form of version 8', () => {
  for (let n = 0; n < 100; n += 1) {
    assert.match(
      seededUuid('s', 'form', n),
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  }
})

test('the parts of a UUID are drawn each by itself: runs that agree in one differ in the others', () => {
  const whole = new Map<string, string>()
  let agreeing = 0
  for (let run = 0; run < MANY * 10; run += 1) {
    const uuid = seededUuid(`${run}`, 'uuid', 0)
    const first = uuid.slice(0, 8)
    const other = whole.get(first)
    if (other !== undefined) {
      agreeing += 1
      assert.notEqual(other.slice(24), uuid.slice(24))
    }
    whole.set(first, uuid)
  }
  assert.ok(agreeing > 0, 'of so many, some agree in their first 32 bits')
})
