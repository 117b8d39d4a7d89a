import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGoesOnFrom, type Checkpoint, checkpointOf, readCheckpoint, type Seen } from './checkpoint.ts'
import { GENESIS_HASH } from './event.ts'

const hash = 'ab'.repeat(32)
const later = 'cd'.repeat(32)
const checkpoint: Checkpoint = { log: 'l-1', position: 7, hash, time: '2026-01-02T03:04:05.000Z' }
const seen: Seen = { log: 'l-1', head: { position: 9, hash: later }, hash }

test('a checkpoint is the head of a log, with the time at which it was taken', () => {
  const log = { id: 'l-1', head: () => ({ position: 7, hash }) }
  assert.deepEqual(checkpointOf(log, Date.UTC(2026, 0, 2, 3, 4, 5)), checkpoint)
})

test('a checkpoint comes back from its JSON, also that of an empty log', () => {
  for (const one of [checkpoint, { ...checkpoint, position: 0 }]) {
    assert.deepEqual(readCheckpoint({ ...one, more: 1 }), one)
  }
})

for (const [what, value] of [
  ['nothing', null],
  ['a text', 'l-1'],
  ['an empty object', {}],
  ['no log', { ...checkpoint, log: 1 }],
  ['a position that is a text', { ...checkpoint, position: '7' }],
  ['half a position', { ...checkpoint, position: 7.5 }],
  ['a position below 0', { ...checkpoint, position: -1 }],
  ['no hash', { ...checkpoint, hash: [hash] }],
  ['a hash that is too short', { ...checkpoint, hash: hash.slice(1) }],
  ['a hash with more before it', { ...checkpoint, hash: `0${hash}` }],
  ['a hash with more behind it', { ...checkpoint, hash: `${hash}0` }],
  ['a hash that is none', { ...checkpoint, hash: 'x'.repeat(64) }],
  ['no time', { ...checkpoint, time: 5 }],
] as const) {
  test(`${what} is no checkpoint`, () => {
    assert.throws(() => readCheckpoint(value, 'the file'), {
      code: 'INPUT_INVALID',
      message: /^the file/,
      fix: /log checkpoint/,
    })
  })
}

test('a log goes on from its checkpoint when the event is there and is the same', () => {
  assertGoesOnFrom(checkpoint, seen)
  assertGoesOnFrom(checkpoint, { ...seen, head: { position: 7, hash } })
  assertGoesOnFrom({ ...checkpoint, position: 0, hash: GENESIS_HASH }, { ...seen, hash: undefined })
})

for (const [code, found] of [
  ['LOG_REPLACED', { ...seen, log: 'l-2' }],
  ['LOG_TRUNCATED', { ...seen, head: { position: 6, hash }, hash: undefined }],
  ['LOG_REWRITTEN', { ...seen, hash: later }],
  ['LOG_REWRITTEN', { ...seen, hash: undefined }],
] as const) {
  test(`${code} when the log shows ${JSON.stringify(found.hash ?? null)} of ${found.log} up to ${found.head.position}`, () => {
    assert.throws(() => assertGoesOnFrom(checkpoint, found), {
      code,
      details: {
        expected: checkpoint,
        seen: { log: found.log, head: found.head, hash: found.hash ?? null },
      },
    })
  })
}

test('how much is missing, and what stands in its place, is said', () => {
  const shorter = { ...seen, head: { position: 3, hash } }
  assert.throws(() => assertGoesOnFrom(checkpoint, shorter), { message: /\b4 events are missing/ })
  assert.throws(() => assertGoesOnFrom(checkpoint, { ...seen, hash: later }), { message: new RegExp(later) })
})

test('the beginning of a log can be another one too', () => {
  assert.throws(() => assertGoesOnFrom({ ...checkpoint, position: 0 }, { ...seen, hash: undefined }), {
    code: 'LOG_REWRITTEN',
  })
})
