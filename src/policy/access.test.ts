import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccessRule } from '../ports/policy-settings.ts'
import { decide } from './decide.ts'
import { NOTHING_READ, send, settings } from './testing/requests.ts'

describe('the lists of operations', () => {
  for (const [lists, answer, rule] of [
    [{}, 'deny', 'access.unlisted'],
    [{ allow: ['smtp.send'] }, 'allow', 'access.allow'],
    [{ allow: ['smtp.*'] }, 'allow', 'access.allow'],
    [{ allow: ['*'] }, 'allow', 'access.allow'],
    [
      { allow: ['smtp.sendall', 'smtp', 'smtp.', 'mtp.send', '*.send', 'SMTP.SEND'] },
      'deny',
      'access.unlisted',
    ],
    [{ allow: ['smtpx.*'] }, 'deny', 'access.unlisted'],
    [{ allow: ['*'], deny: ['smtp.*'] }, 'deny', 'access.deny'],
    [{ allow: ['*'], review: ['smtp.send'] }, 'review', 'access.review'],
    [{ review: ['*'] }, 'review', 'access.review'],
    [{ review: ['*'], deny: ['*'] }, 'deny', 'access.deny'],
  ] as const) {
    test(`${JSON.stringify(lists)}: ${answer}`, () => {
      const verdict = decide(send(), NOTHING_READ, [], settings({ operations: lists }))
      assert.deepEqual([verdict.answer, verdict.rule], [answer, rule])
      assert.match(verdict.reason, /smtp\.send/)
    })
  }

  test('an approval lifts the review, and nothing else', () => {
    const approved = send({ approved: true })
    const reviewed = settings({ operations: { review: ['smtp.send'] } })
    const ruleOf = (request = approved, policy = reviewed) => decide(request, NOTHING_READ, [], policy).rule
    assert.equal(ruleOf(), 'access.approved')
    assert.equal(ruleOf(approved, settings({})), 'access.unlisted')
    const denied = settings({ operations: { review: ['*'], deny: ['smtp.send'] } })
    assert.equal(ruleOf(approved, denied), 'access.deny')
    assert.equal(ruleOf(send({ approved: true, manifest: { hosts: ['evil.example'] } })), 'egress.host')
  })

  test('that have grown, or shrunk, hold from the next question on', () => {
    const [allow, deny, review, access]: [string[], string[], string[], AccessRule[]] = [[], [], [], []]
    const policy = settings({ operations: { allow, deny, review }, more: { access } })
    const ruleOf = () => decide(send(), NOTHING_READ, [], policy).rule
    assert.equal(ruleOf(), 'access.unlisted')
    allow.push('smtp.send')
    assert.equal(ruleOf(), 'access.allow')
    access.push({ agents: ['*'], operations: ['smtp.send'], customers: ['*'], answer: 'deny' })
    assert.equal(ruleOf(), 'access.deny')
    access.pop()
    assert.equal(ruleOf(), 'access.allow')
    review.push('smtp.send')
    assert.equal(ruleOf(), 'access.review')
    deny.push('smtp.send')
    assert.equal(ruleOf(), 'access.deny')
  })
})

describe('rules for agents and customers', () => {
  const rule = (answer: AccessRule['answer'], more: Partial<AccessRule> = {}): AccessRule => ({
    agents: ['*'],
    operations: ['smtp.*'],
    customers: ['*'],
    answer,
    ...more,
  })

  test('an agent is meant by its own name, and by that of the workflow of its runs', () => {
    const asks = (agents: string[], agent: string) =>
      decide(
        send({ agent }),
        NOTHING_READ,
        [],
        settings({ operations: { allow: ['*'] }, more: { access: [rule('deny', { agents })] } }),
      ).answer
    assert.deepEqual([asks(['ag'], 'agent:ag'), asks(['agent:ag'], 'agent:ag')], ['deny', 'deny'])
    assert.deepEqual([asks(['ag'], 'agent:other'), asks(['agent:ag'], 'ag')], ['allow', 'allow'])
  })

  function ask(access: AccessRule[], more: Parameters<typeof send>[0] = {}, allow: string[] = []) {
    const { answer, rule, reason } = decide(
      send(more),
      NOTHING_READ,
      [],
      settings({ operations: { allow }, more: { access } }),
    )
    return [answer, rule, reason] as const
  }

  test('allow what they name, to whom they name it', () => {
    assert.equal(ask([rule('allow')])[0], 'allow')
    assert.equal(ask([rule('allow', { agents: ['flow'] })])[0], 'allow')
    assert.equal(ask([rule('allow', { agents: ['other'] })])[1], 'access.unlisted')
    assert.equal(ask([rule('allow', { agents: ['flow'] })], { agent: null })[1], 'access.unlisted')
    assert.equal(ask([rule('allow', { operations: ['maildir.*'] })])[1], 'access.unlisted')
  })

  test('go by customer and by segment', () => {
    const own = [rule('allow', { customers: ['c-1', 'segment:vip'] })]
    assert.equal(ask(own, { customer: 'c-1' })[0], 'allow')
    assert.equal(ask(own, { customer: 'c-2' })[1], 'access.unlisted')
    assert.equal(ask(own, { customer: 'c-2', segments: ['vip'] })[0], 'allow')
    assert.equal(ask(own, { customer: 'segment:vip', segments: ['other'] })[0], 'allow', 'a name is a name')
    assert.equal(ask(own)[1], 'access.unlisted', 'no customer is none of them')
  })

  test('a denial goes before a review, that before an allowance, wherever they stand', () => {
    const some = { customers: ['c-1'] }
    assert.equal(
      ask([rule('allow'), rule('review', some), rule('deny', some)], { customer: 'c-1' })[1],
      'access.deny',
    )
    assert.equal(ask([rule('allow'), rule('review', some)], { customer: 'c-1' })[1], 'access.review')
    assert.equal(ask([rule('allow'), rule('review', some)], { customer: 'c-2' })[0], 'allow')
    assert.equal(ask([rule('deny', some)], { customer: 'c-1' }, ['*'])[1], 'access.deny')
    assert.equal(ask([rule('deny', some)], { customer: 'c-2' }, ['*'])[0], 'allow')
  })

  test('the reason names the rule', () => {
    assert.match(ask([rule('allow'), rule('deny')])[2], /by smtp\.\* of access\[1\]/)
    assert.match(ask([rule('review')], {}, ['*'])[2], /access\[0\]/)
    assert.match(ask([rule('allow', { agents: ['x'] })])[2], /no list for flow/)
  })
})
