import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { decide, type PolicyRequest, type Spending } from './decide.ts'

const NOTHING: Spending = { todayMicros: 0, runMicros: 0, callsToday: 0 }

function settings(given: {
  operations?: Partial<PolicySettings['operations']>
  egress?: readonly string[]
  budget?: Partial<PolicySettings['budget']>
}): PolicySettings {
  return {
    operations: { allow: [], deny: [], review: [], ...given.operations },
    egress: { allow: given.egress ?? [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null, ...given.budget },
  }
}

function send(more: Partial<PolicyRequest> = {}): PolicyRequest {
  return { operation: 'smtp.send', hosts: [], isModelCall: false, approved: false, ...more }
}

const ask: PolicyRequest = { operation: 'model.openai', hosts: [], isModelCall: true, approved: false }

describe('access', () => {
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
      const verdict = decide(send(), NOTHING, settings({ operations: lists }))
      assert.deepEqual([verdict.answer, verdict.rule], [answer, rule])
      assert.match(verdict.reason, /smtp\.send/)
    })
  }

  test('an approval lifts the review, and nothing else', () => {
    const approved = send({ approved: true })
    const reviewed = settings({ operations: { review: ['smtp.send'] } })
    assert.equal(decide(approved, NOTHING, reviewed).rule, 'access.approved')
    assert.equal(decide(approved, NOTHING, settings({})).rule, 'access.unlisted')
    const denied = settings({ operations: { review: ['*'], deny: ['smtp.send'] } })
    assert.equal(decide(approved, NOTHING, denied).rule, 'access.deny')
    const away = send({ approved: true, hosts: ['evil.example'] })
    assert.equal(decide(away, NOTHING, reviewed).rule, 'egress.host')
  })
})

describe('egress', () => {
  const allowed = settings({ operations: { allow: ['*'] }, egress: ['mail.example.com', '10.0.0.1'] })
  for (const [hosts, answer] of [
    [[], 'allow'],
    [['mail.example.com'], 'allow'],
    [['MAIL.example.COM'], 'allow'],
    [['mail.example.com', '10.0.0.1'], 'allow'],
    [['mail.example.com', 'evil.example'], 'deny'],
    [['example.com'], 'deny'],
    [['x.mail.example.com'], 'deny'],
    [['mail.example.com.evil.example'], 'deny'],
  ] as const) {
    test(`${JSON.stringify(hosts)}: ${answer}`, () => {
      const verdict = decide(send({ hosts }), NOTHING, allowed)
      assert.equal(verdict.answer, answer)
      if (answer === 'deny') assert.equal(verdict.rule, 'egress.host')
    })
  }
})

describe('budget', () => {
  const operations = { allow: ['*'] }
  for (const [budget, spent, rule] of [
    [{ perDayUsd: 1 }, { todayMicros: 999_999 }, 'access.allow'],
    [{ perDayUsd: 1 }, { todayMicros: 1_000_000 }, 'budget.day'],
    [{ perDayUsd: 0 }, {}, 'budget.day'],
    [{ perRunUsd: 0.5 }, { runMicros: 499_999 }, 'access.allow'],
    [{ perRunUsd: 0.5 }, { runMicros: 500_000 }, 'budget.run'],
    [{ modelCallsPerDay: 3 }, { callsToday: 2 }, 'access.allow'],
    [{ modelCallsPerDay: 3 }, { callsToday: 3 }, 'budget.calls'],
    [{ modelCallsPerDay: 0 }, {}, 'budget.calls'],
    [{}, { todayMicros: 1e12, runMicros: 1e12, callsToday: 1e6 }, 'access.allow'],
  ] as const) {
    test(`${JSON.stringify(budget)} with ${JSON.stringify(spent)} spent: ${rule}`, () => {
      const given = settings({ operations, budget })
      assert.equal(decide(ask, { ...NOTHING, ...spent }, given).rule, rule)
      assert.equal(decide(send(), { ...NOTHING, ...spent }, given).rule, 'access.allow', 'effects cost none')
    })
  }
})

const names = fc.constantFrom('smtp.send', 'smtp.*', 'maildir.send', 'model.openai', '*')
const lists = fc.record({ allow: fc.array(names), deny: fc.array(names), review: fc.array(names) })
const limit = fc.option(fc.integer({ min: 0, max: 3 }))

test('a further denial, host or limit never lets more happen', () => {
  fc.assert(
    fc.property(
      lists,
      fc.subarray(['a.example', 'b.example']),
      fc.record({ perDayUsd: limit, perRunUsd: limit, modelCallsPerDay: limit }),
      fc.constantFrom<PolicyRequest>(send(), ask, send({ approved: true }), send({ hosts: ['a.example'] }), {
        ...ask,
        hosts: ['b.example'],
      }),
      fc.record({
        todayMicros: fc.integer({ min: 0, max: 4_000_000 }),
        runMicros: fc.integer({ min: 0, max: 4_000_000 }),
        callsToday: fc.integer({ min: 0, max: 4 }),
      }),
      (operations, egress, budget, request, spent) => {
        const given = settings({ operations, egress, budget })
        const { answer } = decide(request, spent, given)
        const stricter: readonly [PolicyRequest, Spending, PolicySettings][] = [
          [request, spent, { ...given, operations: { ...operations, deny: [...operations.deny, 'smtp.*'] } }],
          [request, spent, { ...given, egress: { allow: [] } }],
          [{ ...request, hosts: [...request.hosts, 'c.example'] }, spent, given],
          [request, { ...spent, callsToday: spent.callsToday + 1 }, given],
          [request, { ...spent, todayMicros: spent.todayMicros + 1, runMicros: spent.runMicros + 1 }, given],
          [{ ...request, approved: false }, spent, given],
        ]
        const rank = { deny: 0, review: 1, allow: 2 }
        for (const [other, more, then] of stricter) {
          assert.ok(rank[decide(other, more, then).answer] <= rank[answer])
        }
      },
    ),
  )
})
