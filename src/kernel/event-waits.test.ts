import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  closeWait,
  continueWaits,
  emptyEventWaits,
  giveBack,
  nextFor,
  noteReceived,
  openWait,
  openWaits,
  waitsForNext,
} from './event-waits.ts'

const paid = { kind: 'paid', key: 'k' }

test('nobody waits for what nobody has asked for, and it is looked for from the beginning', () => {
  const waits = emptyEventWaits()
  assert.deepEqual(openWaits(waits, paid), [])
  assert.deepEqual(nextFor(waits, paid, 5), { position: null, after: 5 })
})

test('open waits are in the order in which they were opened, each kind and key for itself', () => {
  const waits = emptyEventWaits()
  for (const name of ['b', 'a', 'c']) openWait(waits, paid, name)
  openWait(waits, { kind: 'paid', key: 'other' }, 'd')
  openWait(waits, { kind: 'sent', key: 'k' }, 'e')
  closeWait(waits, paid, 'a')
  assert.deepEqual(openWaits(waits, paid), ['b', 'c'])
})

test('events that were given back come first, the oldest of them before the others', () => {
  const waits = emptyEventWaits()
  noteReceived(waits, paid, 30)
  for (const position of [20, 9, 30]) giveBack(waits, paid, position)
  const taken: (number | null)[] = []
  for (let i = 0; i < 4; i += 1) {
    const { position, after } = nextFor(waits, paid, 0)
    assert.equal(after, 30)
    taken.push(position)
    if (position !== null) noteReceived(waits, paid, position)
  }
  assert.deepEqual(taken, [9, 20, 30, null])
})

test('an event received for the first time leaves what was given back where it is', () => {
  const waits = emptyEventWaits()
  giveBack(waits, paid, 9)
  noteReceived(waits, paid, 10)
  assert.deepEqual(nextFor(waits, paid, 0), { position: 9, after: 10 })
})

test('the next run of a chain looks where this one would have looked', () => {
  const awaited = fc.record({ kind: fc.constantFrom('paid', 'sent'), key: fc.constantFrom('', 'k') })
  const received = fc.array(fc.tuple(awaited, fc.integer({ min: 1, max: 50 })))
  fc.assert(
    fc.property(received, received, (taken, returned) => {
      const waits = emptyEventWaits()
      for (const [of, position] of taken) noteReceived(waits, of, position)
      for (const [of] of returned) openWait(waits, of, 'x')
      const back = taken.slice(0, 2).map(([of, position]) => ({ ...of, position }))
      const next = emptyEventWaits()
      continueWaits(next, JSON.parse(JSON.stringify(waitsForNext(waits, back))))
      for (const [of] of [...taken, ...returned]) {
        assert.deepEqual(nextFor(next, of, 3), nextFor(waits, of, 3))
        assert.deepEqual(openWaits(next, of), [], 'its waits are its own')
      }
    }),
  )
})

test('what was received of is handed to the next run, what was only waited for is not', () => {
  const waits = emptyEventWaits()
  openWait(waits, { kind: 'sent', key: '' }, 'x')
  noteReceived(waits, paid, 7)
  const handed = waitsForNext(waits, [{ ...paid, position: 7 }])
  assert.deepEqual(handed, [{ ...paid, upTo: 7, returned: [7] }])
  giveBack(waits, paid, 8)
  assert.deepEqual(handed, [{ ...paid, upTo: 7, returned: [7] }])
})
