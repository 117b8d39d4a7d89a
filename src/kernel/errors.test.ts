import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS } from './error-table.ts'
import { entryOf, fromErrorRecord, HoldfastError, isHoldfastError, toErrorRecord } from './errors.ts'

test('every code says what happened and what to do', () => {
  for (const [code, { means, fix, http, exit }] of Object.entries(ERRORS)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.ok(means.endsWith('.') && fix.endsWith('.'), code)
    assert.ok(http >= 400 && http < 600, code)
    assert.ok([1, 2, 69, 78].includes(exit), code)
  }
})

test('an error has the fix of its code, or a more exact one', () => {
  assert.equal(new HoldfastError('RUN_NOT_FOUND', 'gone').fix, ERRORS.RUN_NOT_FOUND.fix)
  assert.equal(new HoldfastError('RUN_NOT_FOUND', 'gone', { fix: 'Look.' }).fix, 'Look.')
  assert.equal(new HoldfastError('OUT_OF_STOCK', 'none left').fix, '')
  assert.equal(entryOf('toString'), undefined)
})

test('an error comes back from its record', () => {
  const cause = new Error('below')
  const error = new HoldfastError('RUN_NOT_FOUND', 'gone', { details: { run: 'r', n: undefined }, cause })
  const back = fromErrorRecord(JSON.parse(JSON.stringify(toErrorRecord(error))))
  assert.ok(isHoldfastError(back))
  assert.deepEqual([back.code, back.message, back.fix], [error.code, 'gone', error.fix])
  assert.deepEqual(back.details, { run: 'r' })
  const exact = new HoldfastError('RUN_NOT_FOUND', 'gone', { fix: 'Look.' })
  assert.equal(fromErrorRecord(toErrorRecord(exact)).fix, 'Look.')
})

test('the own code of an error is kept, otherwise it gets the one given', () => {
  const own = Object.assign(new Error('none left'), { code: 'OUT_OF_STOCK' })
  assert.deepEqual(toErrorRecord(own), { code: 'OUT_OF_STOCK', message: 'none left' })
  assert.deepEqual(toErrorRecord(new TypeError('bad'), 'STEP_FAILED'), {
    code: 'STEP_FAILED',
    message: 'bad',
  })
  assert.equal(toErrorRecord(Object.assign(new Error('x'), { code: 7 })).code, 'RUN_FAILED')
})

test('whatever is thrown gets a record', () => {
  assert.deepEqual(toErrorRecord('just text'), { code: 'RUN_FAILED', message: 'just text' })
  assert.equal(toErrorRecord(undefined).message, 'undefined')
  assert.equal(toErrorRecord(Symbol('s')).message, 'Symbol(s)')
  assert.match(toErrorRecord(Object.create(null)).message, /without a text/)
})

test('details that are not JSON do not get in the way', () => {
  const error = new HoldfastError('RUN_NOT_FOUND', 'gone', { details: { big: 1n } })
  const { message, details } = toErrorRecord(error)
  assert.deepEqual([message, details], ['gone', undefined])
})

test('the cause of an error is kept, where there is one', () => {
  const cause = new Error('below')
  assert.equal(new HoldfastError('RUN_NOT_FOUND', 'gone', { cause }).cause, cause)
  assert.ok(!('cause' in new HoldfastError('RUN_NOT_FOUND', 'gone')))
})

test('what refuses to be looked at gets a record all the same', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const { code, message } = toErrorRecord(proxy, 'STEP_FAILED')
  assert.equal(code, 'STEP_FAILED')
  assert.match(message, /can not be described/)
})
