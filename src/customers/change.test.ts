import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaces } from './change.ts'

test('the operator’s word stands until the operator says otherwise', () => {
  const owner = { value: 'Acme', how: 'owner' } as const
  assert.equal(replaces('organisation', { value: 'Beta', how: 'signature' }, owner), false)
  assert.equal(replaces('organisation', { value: 'Beta', how: 'owner' }, owner), true)
})

test('what was written beats a guess, and the later of two that were written counts', () => {
  const guess = { value: 'acme.example', how: 'address domain' } as const
  const signed = { value: 'Acme', how: 'signature' } as const
  assert.equal(replaces('organisation', signed, guess), true)
  assert.equal(replaces('organisation', guess, signed), false)
  assert.equal(replaces('organisation', { value: 'Beta', how: 'body' }, signed), true)
  assert.equal(replaces('organisation', guess, undefined), true)
})

test('a first name does not replace a full name', () => {
  const full = { value: 'Jane Doe', how: 'signature' } as const
  const first = { value: 'Jane', how: 'from header' } as const
  assert.equal(replaces('name', first, full), false)
  assert.equal(replaces('name', full, first), true)
  assert.equal(
    replaces('role', { value: 'Director', how: 'signature' }, { value: 'Head of Sales', how: 'body' }),
    true,
  )
})
