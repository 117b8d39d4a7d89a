import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagResidue, flagType } from './flag.ts'

test('the type of a flag is that of the default; what is no value of a flag is refused', () => {
  assert.deepEqual(
    [flagType('f', true), flagType('f', 'x'), flagType('f', 0)],
    ['boolean', 'string', 'number'],
  )
  for (const [fallback, type] of [
    [Number.NaN, 'number'],
    [{}, 'object'],
    [undefined, 'undefined'],
  ] as const) {
    assert.throws(() => flagType('video', fallback), {
      code: 'INPUT_INVALID',
      message: `Flag video can't have a default of the type ${type}`,
      details: { flag: 'video', type },
      fix: 'Give true or false, a text, or a finite number.',
    })
  }
})

test('what stays of an erased evaluation names nobody', () => {
  const body = {
    flag: 'f',
    customer: 'c-1',
    key: 'k',
    value: 'x',
    variant: 'a',
    reason: 'SPLIT',
    segment: 's',
    version: 'v',
  }
  assert.deepEqual(flagResidue(body), {
    flag: 'f',
    variant: 'a',
    reason: 'SPLIT',
    segment: 's',
    version: 'v',
  })
  assert.deepEqual(flagResidue({}), { flag: null, variant: null, reason: null, segment: null, version: null })
})
