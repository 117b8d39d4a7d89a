import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { externalFrom, type Label, OWNER, SYSTEM } from '../kernel/label.ts'
import type { Verdict } from '../ports/gate.ts'
import { decide } from './decide.ts'
import type { PolicyRequest, RequestLabels } from './request.ts'
import { grant, modelMeters, NOTHING_READ, send, settings } from './testing/requests.ts'

const OPEN = settings({
  operations: { allow: ['*'] },
  more: { addressBook: ['friend@ek.example', '@firm.example'] },
})
const MAIL = externalFrom('mail:m-1')
const TAINTED: RequestLabels = { context: { ...MAIL, readPrivate: false }, arguments: {} }

const own = (...names: string[]): RequestLabels => ({
  ...TAINTED,
  arguments: Object.fromEntries(names.map((name) => [name, OWNER])),
})

function ruleOf(request: PolicyRequest, labels = NOTHING_READ, grants = [grant()], policy = OPEN): string {
  const { answer, rule } = decide(request, labels, grants, policy)
  return `${answer} by ${rule}`
}

const ask: Parameters<typeof send>[0] = {
  operation: 'model.openai',
  isModelCall: true,
  manifest: { effect: 'read' },
}

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
      const verdict = decide(send({ manifest: { hosts } }), NOTHING_READ, [], allowed)
      assert.equal(verdict.answer, answer)
      if (answer === 'deny') assert.equal(verdict.rule, 'egress.host')
    })
  }
})

describe('budget', () => {
  for (const [limits, spent, rule] of [
    [{ perDayUsd: 1 }, { todayMicros: 999_999 }, 'allow by access.allow'],
    [{ perDayUsd: 1 }, { todayMicros: 1_000_000 }, 'review by budget.day'],
    [{ perDayUsd: 0 }, {}, 'review by budget.day'],
    [{ perRunUsd: 0.5 }, { runMicros: 499_999 }, 'allow by access.allow'],
    [{ perRunUsd: 0.5 }, { runMicros: 500_000 }, 'review by budget.run'],
    [{ modelCallsPerDay: 3 }, { callsToday: 2 }, 'allow by access.allow'],
    [{ modelCallsPerDay: 3 }, { callsToday: 3 }, 'review by budget.calls'],
    [{ modelCallsPerDay: 0 }, {}, 'review by budget.calls'],
    [{}, { todayMicros: 1e12, runMicros: 1e12, callsToday: 1e6 }, 'allow by access.allow'],
  ] as const) {
    test(`of a model: ${JSON.stringify(limits)} with ${JSON.stringify(spent)} spent: ${rule}`, () => {
      const policy = settings({ operations: { allow: ['*'] }, budget: limits })
      const budget = modelMeters(policy, spent)
      assert.equal(ruleOf(send({ ...ask, budget })), rule)
      assert.match(ruleOf(send({ ...ask, budget, approved: true })), /^allow/)
      const denying = budget.map((meter) => ({ ...meter, atLimit: 'deny' as const }))
      const denied = rule.replace('review', 'deny')
      assert.equal(ruleOf(send({ ...ask, budget: denying })), denied)
      if (denied !== rule) assert.equal(ruleOf(send({ ...ask, budget: denying, approved: true })), denied)
    })
  }

  test('an effect at the limit is put to the operator, whose word lifts it', () => {
    const budget = [{ name: 'month', unit: '$', limit: 10, spent: 9, cost: 2 }]
    const verdict = decide(send({ budget }), NOTHING_READ, [], OPEN)
    assert.deepEqual([verdict.answer, verdict.rule], ['review', 'budget.month'])
    assert.match(verdict.reason, /\$9\.0000, and this takes \$2\.0000, the limit is \$10\.0000/)
    assert.equal(ruleOf(send({ budget, approved: true })), 'allow by access.approved')
    assert.equal(
      ruleOf(send({ budget: [{ name: 'm', unit: '$', limit: 11, spent: 9, cost: 2 }] })),
      'allow by access.allow',
    )
    assert.equal(
      ruleOf(send({ budget: [{ name: 'm', unit: '$', limit: 11, spent: Number.NaN }] })),
      'review by budget.m',
    )
  })
})

test('a bucket without a token stops a model, and puts an effect to the operator', () => {
  const rates = [{ name: 'rates[0]', tokens: 0.99, nextAt: 5_000 }]
  assert.equal(ruleOf(send({ rates })), 'review by rate.exceeded')
  assert.match(decide(send({ rates }), NOTHING_READ, [], OPEN).reason, /1970-01-01T00:00:05/)
  assert.equal(ruleOf(send({ rates, approved: true })), 'allow by access.approved')
  assert.equal(ruleOf(send({ ...ask, rates })), 'deny by rate.exceeded')
  assert.equal(ruleOf(send({ rates: [{ name: 'r', tokens: 1, nextAt: 0 }] })), 'allow by access.allow')
  assert.equal(
    ruleOf(send({ rates: [{ name: 'r', tokens: Number.NaN, nextAt: Number.NaN }] })),
    'review by rate.exceeded',
  )
})

describe('taint', () => {
  test('a grant of before and the owner’s own words let an effect run alone; each alone does not', () => {
    assert.equal(ruleOf(send(), own('to')), 'allow by taint.granted')
    assert.equal(ruleOf(send(), own('to'), []), 'review by taint.grant')
    assert.equal(ruleOf(send(), TAINTED), 'review by taint.argument')
    assert.equal(ruleOf(send(), TAINTED, []), 'review by taint.argument')
    assert.equal(decide(send(), own('to'), [grant()], OPEN).grant, 'g-1')
  })

  test('only what leaves or stays done is asked about', () => {
    for (const effect of ['read', 'reversible'] as const) {
      assert.equal(ruleOf(send({ manifest: { effect } }), TAINTED, []), 'allow by access.allow')
    }
    assert.equal(
      ruleOf(send({ manifest: { effect: 'irreversible' } }), TAINTED, []),
      'review by taint.argument',
    )
  })

  test('what the system made of nothing outside is free, but no word of the owner’s', () => {
    assert.equal(ruleOf(send(), NOTHING_READ, []), 'allow by access.allow')
    const made = { ...TAINTED, arguments: { to: SYSTEM } }
    assert.equal(ruleOf(send(), made), 'review by taint.argument')
  })

  test('one argument from outside is enough, whatever the context says', () => {
    for (const name of ['to', 'text']) {
      const labels = { ...NOTHING_READ, arguments: { [name]: MAIL } }
      assert.notEqual(decide(send({ arguments: { to: 'x', text: 'y' } }), labels, [], OPEN).answer, 'allow')
    }
  })

  test('the address book vouches for whole addresses, and for all of them', () => {
    for (const [to, rule] of [
      ['friend@ek.example', 'allow by taint.granted'],
      [' Friend@EK.example ', 'allow by taint.granted'],
      ['Eve <friend@ek.example>', 'allow by taint.granted'],
      [[{ name: 'eve@evil.example', address: 'anyone@firm.example' }], 'allow by taint.granted'],
      [['friend@ek.example', 'eve@evil.example'], 'review by taint.argument'],
      ['friend@ek.example, eve@evil.example', 'review by taint.argument'],
      ['eve@evil.example <friend@ek.example>', 'review by taint.argument'],
      ['eve@evil.example friend@firm.example', 'review by taint.argument'],
      ['friend@firm.example.evil.example', 'review by taint.argument'],
      ['friend@sub.firm.example', 'review by taint.argument'],
      ['@firm.example', 'allow by taint.granted'],
      ['anyone+more@firm.example', 'allow by taint.granted'],
      ['eve%evil.example@firm.example', 'review by taint.argument'],
      ['evil.example!eve@firm.example', 'review by taint.argument'],
      ['eve@evil.example@firm.example', 'review by taint.argument'],
      ['eve,anyone@firm.example', 'review by taint.argument'],
      ['eve;anyone@firm.example', 'review by taint.argument'],
      ['eve anyone@firm.example', 'review by taint.argument'],
      ['<anyone@firm.example', 'review by taint.argument'],
      ['friend+more@ek.example', 'review by taint.argument'],
      ['friend@e\u212a.example', 'review by taint.argument'],
      ['anyone@\uff46irm.example', 'review by taint.argument'],
      [{ to: 'friend@ek.example', copy: ['anyone@firm.example'] }, 'allow by taint.granted'],
      [{ 'eve@evil.example': 'friend@ek.example' }, 'review by taint.argument'],
      [{ first: { 'eve@evil.example': 'friend@ek.example' } }, 'review by taint.argument'],
      [[{ 'eve@evil.example': 'friend@ek.example' }], 'review by taint.argument'],
      [{ name: 'eve@evil.example', address: 'Road 1' }, 'review by taint.argument'],
      [[], 'review by taint.argument'],
      [{ address: 'friend@ek.example', copy: 'eve@evil.example' }, 'review by taint.argument'],
      [7, 'review by taint.argument'],
    ] as const) {
      assert.equal(ruleOf(send({ arguments: { to } as never }), TAINTED), rule, JSON.stringify(to))
    }
    const odd = settings({ operations: { allow: ['*'] }, more: { addressBook: ['', '7'] } })
    for (const to of ['', ' ', 7, ['']]) {
      const asked = send({ arguments: { to } as never })
      assert.equal(ruleOf(asked, TAINTED, [grant()], odd), 'review by taint.argument', JSON.stringify(to))
    }
  })

  test('a critical argument that is not given touches nothing; a star makes every one critical', () => {
    const manifest = { criticalArguments: ['to', 'copy'] }
    assert.equal(ruleOf(send({ manifest }), own('to')), 'allow by taint.granted')
    assert.equal(
      ruleOf(send({ manifest, arguments: { to: 'x', copy: null } }), own('to')),
      'allow by taint.granted',
    )
    const every = send({ manifest: { criticalArguments: ['*'] }, arguments: { to: 'x', note: 'y' } })
    assert.equal(ruleOf(every, own('to')), 'review by taint.argument')
    assert.equal(ruleOf(every, own('to', 'note')), 'allow by taint.granted')
  })

  test('names that objects have by themselves are no labels', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const manifest = { criticalArguments: [name] }
      const given = JSON.parse(`{ ${JSON.stringify(name)}: "x" }`)
      assert.equal(ruleOf(send({ manifest, arguments: given }), TAINTED), 'review by taint.argument', name)
      assert.equal(ruleOf(send({ manifest }), TAINTED), 'allow by taint.granted', `no ${name} is given`)
    }
  })

  test('an approved proposal stands for a grant, not for the owner’s word on a critical argument', () => {
    assert.equal(ruleOf(send({ endorsed: true }), own('to'), []), 'allow by taint.endorsed')
    assert.equal(ruleOf(send({ endorsed: true }), TAINTED, []), 'review by taint.argument')
  })

  test('the operator’s word on exactly this lifts it', () => {
    assert.equal(ruleOf(send({ approved: true }), TAINTED, []), 'allow by access.approved')
  })
})

describe('a grant', () => {
  const of = (more: Parameters<typeof grant>[0], request: Parameters<typeof send>[0] = {}, policy = OPEN) =>
    decide(send(request), own('to'), [grant(more)], policy).answer === 'allow'

  test('holds for one operation, and for whom it names', () => {
    assert.ok(of({}))
    assert.ok(!of({ operation: 'smtp.*' }))
    assert.ok(!of({ operation: 'maildir.send' }))
    assert.deepEqual([of({ agent: 'flow' }), of({ agent: 'other' })], [true, false])
    const c = { customer: 'c-1', segments: ['vip'] }
    assert.deepEqual(
      [of({ customer: 'c-1' }, c), of({ customer: 'c-2' }, c), of({ customer: 'c-1' })],
      [true, false, false],
    )
    assert.deepEqual(
      [of({ segment: 'vip' }, c), of({ segment: 'new' }, c), of({ segment: 'vip' })],
      [true, false, false],
    )
  })

  test('holds for the arguments that it names', () => {
    const amount = (value: unknown, constraint: object) =>
      of({ arguments: { amount: constraint as never } }, { arguments: { to: 'x', amount: value as never } })
    assert.deepEqual(
      [amount(5, { max: 5 }), amount(6, { max: 5 }), amount('5', { max: 5 })],
      [true, false, false],
    )
    assert.deepEqual(
      [amount(5, { min: 5 }), amount(4, { min: 5 }), amount(Number.NaN, { min: 5 })],
      [true, false, false],
    )
    assert.deepEqual([amount('EUR', { oneOf: ['EUR'] }), amount('USD', { oneOf: ['EUR'] })], [true, false])
    assert.ok(!of({ arguments: { amount: { max: 5 } } }), 'an argument that is not there does not fit')
  })

  test('is fixed before the first thing from outside was read', () => {
    assert.ok(of({ position: 9 }, { externalSince: 10 }))
    assert.ok(!of({ position: 10 }, { externalSince: 10 }))
    assert.ok(!of({ position: 11 }, { externalSince: 10 }))
  })

  test('ends, at its own time or at the policy’s', () => {
    assert.deepEqual([of({ expiresAt: 1_001 }), of({ expiresAt: 1_000 })], [true, false])
    const most = settings({ operations: { allow: ['*'] }, more: { grants: { never: [], maxAgeMs: 1_000 } } })
    assert.deepEqual([of({ givenAt: 1 }, {}, most), of({ givenAt: 0 }, {}, most)], [true, false])
    const never = settings({
      operations: { allow: ['*'] },
      more: { grants: { never: ['smtp.*'], maxAgeMs: null } },
    })
    assert.ok(!of({}, {}, never))
  })
})

describe('the rule of two', () => {
  const read = (label: Label, readPrivate = true, args = {}): RequestLabels => ({
    context: { ...label, readPrivate },
    arguments: args,
  })

  test('what leaves after private data was read is a review, whoever’s words it is made of', () => {
    for (const label of [SYSTEM, OWNER]) assert.equal(ruleOf(send(), read(label)), 'review by two.private')
    assert.equal(ruleOf(send(), read(MAIL, true, { to: OWNER })), 'review by two.private')
    assert.equal(ruleOf(send(), read({ ...SYSTEM, readers: ['owner'] }, false)), 'review by two.private')
    const mine = read(OWNER, false, { text: { ...OWNER, readers: ['owner'] } })
    assert.equal(ruleOf(send(), mine), 'review by two.private', 'what it carries is private')
    assert.equal(ruleOf(send({ manifest: { effect: 'read' } }), mine), 'allow by access.allow')
    assert.equal(ruleOf(send({ approved: true }), read(MAIL)), 'allow by access.approved')
    for (const effect of ['read', 'reversible'] as const) {
      assert.equal(ruleOf(send({ manifest: { effect } }), read(MAIL)), 'allow by access.allow')
    }
  })

  test('unless the owner has seen all of it', () => {
    const request = send({ endorsed: true, arguments: { to: 'x', text: 'y' } })
    assert.equal(ruleOf(request, read(MAIL, true, { to: OWNER, text: OWNER })), 'allow by taint.endorsed')
    assert.equal(ruleOf(request, read(MAIL, true, { to: OWNER })), 'review by two.private')
    assert.equal(ruleOf({ ...request, arguments: {} }, read(MAIL, true)), 'review by two.private')
  })

  for (const value of [
    'https://evil.example',
    ['www.evil.example'],
    { deep: [{ text: 'evil.example/x' }] },
  ]) {
    test(`${JSON.stringify(value)} holds a link`, () => {
      const request = send({ arguments: { to: 'x', text: value as never } })
      assert.equal(ruleOf(request, own('to')), 'review by two.link')
    })
  }

  test('the name of an argument may be a link as well', () => {
    const request = send({ arguments: { to: 'x', 'https://evil.example': 1 } })
    assert.equal(ruleOf(request, own('to')), 'review by two.link')
  })

  test('a link of the owner’s own, or where nothing came from outside, may go', () => {
    const request = send({ arguments: { to: 'x', text: 'https://own.example' } })
    assert.equal(ruleOf(request, own('to', 'text')), 'allow by taint.granted')
    assert.equal(ruleOf(request), 'allow by access.allow')
    assert.equal(
      ruleOf(request, { ...TAINTED, arguments: { to: OWNER, text: SYSTEM } }),
      'review by two.link',
    )
  })
})

test('what other parts object comes last, and an approval lifts its reviews', () => {
  const off: Verdict = { answer: 'deny', rule: 'autonomy.off', reason: 'it is off' }
  const shown: Verdict = { answer: 'review', rule: 'autonomy.review', reason: 'not yet' }
  assert.equal(ruleOf(send({ objections: [shown, off] })), 'review by autonomy.review')
  assert.equal(ruleOf(send({ objections: [shown, off], approved: true })), 'deny by autonomy.off')
  assert.equal(ruleOf(send({ objections: [shown], approved: true })), 'allow by access.approved')
  assert.equal(ruleOf(send({ objections: [off] }), TAINTED), 'review by taint.argument')
  assert.equal(ruleOf(send({ objections: [{ ...off, answer: 'allow' }] })), 'allow by access.allow')
})

// -- in general -----------------------------------------------------------------------------------------

const names = fc.constantFrom('smtp.send', 'smtp.*', 'maildir.send', 'model.openai', '*')
const lists = fc.record({ allow: fc.array(names), deny: fc.array(names), review: fc.array(names) })
const limit = fc.option(fc.integer({ min: 0, max: 3 }))
const label = fc.constantFrom(SYSTEM, OWNER, MAIL)

type Asked = Parameters<typeof decide>

/**
 * Whether it is done as it is, and whether once the operator has approved it. Not by the answers alone: a rule that
 * asks may come before one that denies, and then both still let nothing happen.
 */
function whatHappens(...[request, ...rest]: Asked): readonly [alone: boolean, approved: boolean] {
  const isAllowed = (one: PolicyRequest) => decide(one, ...rest).answer === 'allow'
  return [isAllowed(request), isAllowed({ ...request, approved: true })]
}

test('a further denial, host, limit or thing read never lets more happen', () => {
  fc.assert(
    fc.property(
      lists,
      fc.subarray(['a.example', 'b.example']),
      fc.record({ perDayUsd: limit, perRunUsd: limit, modelCallsPerDay: limit }),
      fc.constantFrom<PolicyRequest>(
        send(),
        send(ask),
        send({ approved: true }),
        send({ endorsed: true }),
        send({ manifest: { hosts: ['a.example'] } }),
        send({ ...ask, manifest: { effect: 'read', hosts: ['b.example'] } }),
      ),
      fc.record({
        todayMicros: fc.integer({ min: 0, max: 4_000_000 }),
        runMicros: fc.integer({ min: 0, max: 4_000_000 }),
        callsToday: fc.integer({ min: 0, max: 4 }),
      }),
      fc.record({ context: label, to: label, readPrivate: fc.boolean(), isGranted: fc.boolean() }),
      (operations, egress, budget, given, spent, read) => {
        const policy = settings({ operations, egress, budget })
        const meters = (of: typeof spent) => (given.isModelCall ? modelMeters(policy, of) : [])
        const request = { ...given, budget: meters(spent) }
        const labels: RequestLabels = {
          context: { ...read.context, readPrivate: read.readPrivate },
          arguments: { to: read.to },
        }
        const grants = read.isGranted ? [grant()] : []
        const more = { callsToday: spent.callsToday + 1, todayMicros: 4_000_001, runMicros: 4_000_001 }
        const stricter: readonly Asked[] = [
          [
            request,
            labels,
            grants,
            { ...policy, operations: { ...operations, deny: [...operations.deny, 'smtp.*'] } },
          ],
          [request, labels, grants, { ...policy, egress: { allow: [] } }],
          [
            {
              ...request,
              manifest: { ...request.manifest, hosts: [...request.manifest.hosts, 'c.example'] },
            },
            labels,
            grants,
            policy,
          ],
          [{ ...request, budget: meters(more) }, labels, grants, policy],
          [{ ...request, approved: false }, labels, grants, policy],
          [{ ...request, endorsed: false }, labels, grants, policy],
          [request, labels, [], policy],
          [request, { ...labels, context: { ...labels.context, ...MAIL } }, grants, policy],
          [request, { ...labels, context: { ...labels.context, readPrivate: true } }, grants, policy],
          [request, { ...labels, arguments: { to: MAIL } }, grants, policy],
          [{ ...request, manifest: { ...request.manifest, effect: 'irreversible' } }, labels, grants, policy],
        ]
        const [alone, approved] = whatHappens(request, labels, grants, policy)
        for (const other of stricter) {
          const [otherAlone, otherApproved] = whatHappens(...other)
          assert.ok((!otherAlone || alone) && (!otherApproved || approved))
        }
      },
    ),
  )
})
