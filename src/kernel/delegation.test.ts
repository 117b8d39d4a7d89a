import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, covers, type DelegationScope, delegationScopeIn, whyNotDelegable } from './delegation.ts'

const RISK = {
  operation: 'post.send',
  effect: 'external',
  hasUndo: false,
  criticalArguments: [],
  dataClass: null,
} as const

const SCOPE: DelegationScope = {
  agent: 'offer',
  action: 'send',
  operation: 'post.send',
  effect: 'external',
  customer: 'c-1',
  segment: 'schools',
  arguments: { to: { oneOf: ['a'] } },
  expiresAt: 100,
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
  const wide = { ...SCOPE, customer: null, segment: null, arguments: {}, expiresAt: null, most: null }
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

test('what was recorded before grants and delegations had one scope says the same', () => {
  const { agent, arguments: _, expiresAt, ...rest } = SCOPE
  const earlier = {
    ...rest,
    workflow: agent,
    same: { to: 'a' },
    until: expiresAt,
    review: 'r-1',
    reason: null,
  }
  assert.deepEqual(delegationScopeIn(earlier), SCOPE)
  assert.deepEqual(delegationScopeIn({ ...SCOPE, review: 'r-1' } as never), SCOPE)
  const bare = delegationScopeIn({ workflow: 'offer', action: 'send' })
  assert.deepEqual([bare.agent, bare.operation, bare.arguments, bare.expiresAt], ['offer', null, {}, null])
})
