import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, covers, type DelegationScope, whyNotDelegable } from './delegation.ts'

const RISK = {
  operation: 'post.send',
  effect: 'external',
  hasUndo: false,
  criticalArguments: [],
  dataClass: null,
} as const

const SCOPE: DelegationScope = {
  workflow: 'offer',
  action: 'send',
  operation: 'post.send',
  effect: 'external',
  customer: 'c-1',
  segment: 'schools',
  same: { to: 'a' },
  until: 100,
  most: 2,
}

const ASKED: Asked = {
  workflow: 'offer',
  action: 'send',
  customer: 'c-1',
  segment: 'schools',
  proposal: { to: 'a', text: 'any' },
  warnings: [],
  risk: RISK,
}

test('it speaks for what is like it, and for nothing that differs in one point', () => {
  assert.ok(covers(SCOPE, ASKED, 1, 99))
  for (const other of [
    { workflow: 'x' },
    { action: 'x' },
    { customer: 'c-2' },
    { customer: null },
    { segment: null },
    { proposal: { to: 'b' } },
    { proposal: {} },
    { warnings: ['x'] },
    { risk: null },
    { risk: { ...RISK, operation: 'post.burn' } },
    { risk: { ...RISK, effect: 'irreversible' as const } },
  ])
    assert.ok(!covers(SCOPE, { ...ASKED, ...other }, 1, 99), JSON.stringify(other))
  assert.ok(!covers(SCOPE, ASKED, 2, 99), 'used up')
  assert.ok(!covers(SCOPE, ASKED, 1, 100), 'over')
})

test('what it does not name may be anything', () => {
  const wide = { ...SCOPE, customer: null, segment: null, same: {}, until: null, most: null }
  assert.ok(covers(wide, { ...ASKED, customer: null, segment: 'x', proposal: {} }, 1e6, 1e15))
  assert.ok(
    !covers({ ...wide, operation: null, effect: null }, ASKED, 0, 0),
    'where it leads to is part of it',
  )
})

test('what looks wrong or can not be taken back is never left to a rule', () => {
  assert.equal(whyNotDelegable(ASKED), null)
  assert.equal(whyNotDelegable({ ...ASKED, risk: null }), null)
  assert.match(whyNotDelegable({ ...ASKED, warnings: ['x'] }) ?? '', /warning/)
  assert.match(whyNotDelegable({ ...ASKED, risk: { ...RISK, effect: 'irreversible' } }) ?? '', /taken back/)
})
