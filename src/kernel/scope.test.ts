import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearsOn, type InScope, type Scope } from './scope.ts'

const SCOPE: Scope = {
  operation: 'post.send',
  agent: 'offer',
  customer: 'c-1',
  segment: 'schools',
  arguments: { to: { oneOf: ['a', { address: 'b' }] }, sum: { min: 5, max: 10 } },
  expiresAt: 100,
}

const ASKED: InScope = {
  operation: 'post.send',
  agent: 'offer',
  customer: 'c-1',
  segments: ['large', 'schools'],
  arguments: { to: 'a', sum: 7, text: 'any' },
  now: 99,
}

test('it is about what is like it, and about nothing that differs in one point', () => {
  assert.ok(bearsOn(SCOPE, ASKED))
  assert.ok(bearsOn(SCOPE, { ...ASKED, arguments: { to: { address: 'b' }, sum: 5 } }))
  assert.ok(bearsOn(SCOPE, { ...ASKED, arguments: { to: 'a', sum: 10 } }))
  for (const other of [
    { operation: 'post.burn' },
    { operation: null },
    { agent: 'x' },
    { agent: null },
    { customer: 'c-2' },
    { customer: null },
    { segments: ['large'] },
    { segments: [] },
    { arguments: { to: 'b', sum: 7 } },
    { arguments: { to: 'a' } },
    { arguments: { to: 'a', sum: 4 } },
    { arguments: { to: 'a', sum: 11 } },
    { arguments: { to: 'a', sum: '7' } },
    { now: 100 },
    { now: Number.NaN },
  ])
    assert.ok(!bearsOn(SCOPE, { ...ASKED, ...other }), JSON.stringify(other))
})

test('an agent is meant by its own name, too', () => {
  const asked = { ...ASKED, agent: 'agent:offer' }
  assert.ok(bearsOn(SCOPE, asked))
  assert.ok(bearsOn({ ...SCOPE, agent: 'agent:offer' }, asked))
  assert.ok(!bearsOn({ ...SCOPE, agent: 'agent:offer' }, ASKED))
})

test('what it does not name may be anything; where it leads to is part of it', () => {
  const wide: Scope = { ...SCOPE, agent: null, customer: null, segment: null, arguments: {}, expiresAt: null }
  assert.ok(bearsOn(wide, { ...ASKED, agent: null, customer: null, segments: [], arguments: {}, now: 1e15 }))
  assert.ok(!bearsOn({ ...wide, operation: null }, ASKED))
  assert.ok(bearsOn({ ...wide, operation: null }, { ...ASKED, operation: null }))
})

test('an argument that is not there is not the one that was named, also not where nothing was', () => {
  const named: Scope = { ...SCOPE, arguments: { to: { oneOf: [null] } } }
  assert.ok(bearsOn(named, { ...ASKED, arguments: { to: null } }))
  assert.ok(!bearsOn(named, { ...ASKED, arguments: {} }))
  const inherited: Scope = { ...SCOPE, arguments: { toString: { oneOf: [null] } } }
  assert.ok(!bearsOn(inherited, { ...ASKED, arguments: {} }))
})
