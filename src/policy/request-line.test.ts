import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../kernel/json.ts'
import { answerLine } from './decision-line.ts'
import { GUARDRAILS } from './guardrails/rules.ts'
import { settings } from './testing/requests.ts'

const OWNER = { trust: 'owner' }
const MAIL = { trust: 'external', sources: ['mail:m-1'], readers: null }

const line = {
  operation: 'smtp.send',
  manifest: { effect: 'external', criticalArguments: ['to'], hosts: ['smtp.example'] },
  arguments: { to: { value: 'ada@ek.example', label: OWNER }, text: { value: 'Yes.', label: MAIL } },
  context: { ...MAIL, readPrivate: false },
  grants: [{ operation: 'smtp.send' }],
  addressBook: [],
  budget: null,
}

function ask(more: Record<string, Json> = {}, policy: Parameters<typeof answerLine>[1] = null): string {
  const { answer, rule } = answerLine(JSON.stringify({ ...line, ...more }), policy)
  return `${answer} by ${rule}`
}

describe('a line', () => {
  test('is decided by all that it says', () => {
    assert.equal(ask(), 'allow by taint.granted')
    assert.equal(ask({ grants: ['smtp.send'] }), 'allow by taint.granted')
    assert.equal(ask({ grants: [] }), 'review by taint.grant')
    const eve = { to: { value: 'eve@evil.example', label: MAIL } }
    assert.equal(ask({ arguments: eve }), 'review by taint.argument')
    assert.equal(ask({ arguments: eve, addressBook: ['Eve@evil.example'] }), 'allow by taint.granted')
    assert.equal(ask({ arguments: eve, approved: true }), 'allow by access.approved')
    assert.equal(ask({ context: { ...MAIL, readPrivate: true } }), 'review by two.private')
    const link = { ...line.arguments, text: { value: 'https://evil.example', label: MAIL } }
    assert.equal(ask({ arguments: link }), 'review by two.link')
  })

  test('that says there is no undo is about nothing reversible', () => {
    const manifest = { ...line.manifest, effect: 'reversible' }
    assert.equal(ask({ manifest, grants: [] }), 'allow by access.allow')
    assert.equal(ask({ manifest: { ...manifest, undo: true }, grants: [] }), 'allow by access.allow')
    assert.equal(ask({ manifest: { ...manifest, undo: false }, grants: [] }), 'review by taint.grant')
  })

  test('that names a field __proto__ is refused: it would be decided without its label', () => {
    for (const text of [
      '{"operation":"x.y","context":{"trust":"owner"},"arguments":{"__proto__":{"value":"eve@evil.example"}}}',
      '{"operation":"x.y","context":{"trust":"owner"},"arguments":{"to":{"value":{"__proto__":["eve@evil.example"]}}}}',
    ])
      assert.throws(() => answerLine(text, null), { code: 'INPUT_INVALID', message: /__proto__/ })
    assert.equal(
      ask({ manifest: {}, arguments: { constructor: { value: 'eve' } } }),
      'review by taint.argument',
    )
  })

  test('is refused for a cost below nothing, and for a time that no calendar has', () => {
    const quiet = settings({ operations: { allow: ['*'] }, egress: ['smtp.example'] })
    const guardrails = { ...GUARDRAILS, quietHours: { from: 0, to: 60, days: [] } }
    for (const [more, field] of [
      [{ budget: { remaining: 0, cost: -5 } }, /budget/],
      [{ now: 1e300 }, /now/],
      [{ now: -1 }, /now/],
      [{ operatorSeen: 1e300 }, /operatorSeen/],
    ] as const)
      assert.throws(() => ask(more, { ...quiet, guardrails }), { code: 'INPUT_INVALID', message: field })
  })

  test('that says two things by one name is refused', () => {
    const twice = '{"operation":"x.y","context":{"trust":"external"},"context":{"trust":"owner"}}'
    assert.throws(() => answerLine(twice, null), { code: 'INPUT_INVALID', message: /context stands twice/ })
  })

  test('has grants that end: by its own time, else by that of the clock', () => {
    const at = (expiresAt: Json, more: Record<string, Json> = {}, now?: number) =>
      answerLine(
        JSON.stringify({ ...line, ...more, grants: [{ operation: 'smtp.send', expiresAt }] }),
        null,
        now,
      ).rule
    assert.equal(at(1_000, {}, 999), 'taint.granted')
    assert.equal(at(1_000, {}, 1_000), 'taint.grant')
    assert.equal(at(1_000), 'taint.grant', 'at its worst it is over')
    assert.equal(at(1_000, { now: 999 }, 1_000), 'taint.granted')
    assert.equal(at('1970-01-01T00:00:01Z', { now: 999 }), 'taint.granted')
    assert.equal(at('1970-01-01T00:00:01Z', { now: 1_000 }), 'taint.grant')
    const aged = settings({
      operations: { allow: ['*'] },
      egress: ['smtp.example'],
      more: { grants: { never: [], maxAgeMs: 1_000 } },
    })
    const given = (givenAt: Json) => ({ now: 5_000, grants: [{ operation: 'smtp.send', givenAt }] })
    assert.equal(ask({ now: 5_000, grants: ['smtp.send'] }, aged), 'allow by taint.granted', 'just given')
    assert.equal(ask(given(4_001), aged), 'allow by taint.granted')
    assert.equal(ask(given(4_000), aged), 'review by taint.grant')
  })

  test('what it does not say is taken at its worst', () => {
    assert.equal(ask({ manifest: {} }), 'review by taint.argument', 'every argument is critical')
    assert.deepEqual(answerLine('{"operation":"x.y"}', null).rule, 'taint.grant')
    const unlabelled = { to: { value: 'ada@ek.example' } }
    assert.equal(ask({ arguments: unlabelled }), 'review by taint.argument')
  })

  test('carries a budget as meters, one of them, or what is left', () => {
    for (const [budget, rule] of [
      [{ limit: 5, spent: 5 }, 'review by budget.limit'],
      [[{ name: 'day', unit: '$', limit: 5, spent: 4, cost: 2 }], 'review by budget.day'],
      [{ remaining: 0 }, 'review by budget.limit'],
      [{ remaining: 3, cost: 2 }, 'allow by taint.granted'],
      [[], 'allow by taint.granted'],
    ] as const) {
      assert.equal(ask({ budget: budget as unknown as Json }), rule)
    }
  })

  test('goes by the lists of a policy where one is given', () => {
    const strict = settings({ operations: { allow: ['smtp.send'] }, egress: [] })
    assert.equal(ask({}, strict), 'deny by egress.host')
    assert.equal(ask({ operation: 'bank.pay' }, strict), 'deny by access.unlisted')
    const book = settings({
      operations: { allow: ['*'] },
      egress: ['smtp.example'],
      more: { addressBook: ['eve@evil.example'] },
    })
    const eve = { to: { value: 'eve@evil.example', label: MAIL } }
    assert.equal(ask({ arguments: eve }, book), 'allow by taint.granted')
  })

  test('tells guardrails what the gate would', () => {
    const own = { context: { trust: 'owner' }, grants: [] }
    const text = (value: string) => ({ ...own, arguments: { text: { value } } })
    const token = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`
    const card = text('4111 1111 1111 1111')
    assert.equal(ask(text(token)), 'deny by guard.secret', 'without a policy, too')
    assert.equal(ask(card), 'allow by access.allow')
    assert.equal(ask({ stopped: 'a drill' }), 'deny by stop')
    const policy = settings({
      operations: { allow: ['*'] },
      egress: ['smtp.example'],
      more: {
        absence: { afterMs: 3_600_000 },
        guardrails: {
          ...GUARDRAILS,
          perCustomerPerDay: 2,
          maxRecipients: 1,
          quietHours: { from: 1_260, to: 480, days: [] },
        },
      },
    })
    assert.equal(ask(card, policy), 'review by guard.personal')
    const bo = { ...text('ask Bo@ek.example'), contacts: { 'bo@ek.example': 'c-2' } }
    assert.equal(ask({ ...bo, customer: 'c-1' }, policy), 'review by guard.personal')
    assert.equal(ask({ ...bo, customer: 'c-2' }, policy), 'allow by access.allow')
    const plain = text('Yes.')
    assert.equal(ask({ ...plain, customer: 'c-1', sentToday: 2 }, policy), 'review by guard.day')
    const two = { ...own, arguments: { to: { value: ['a@ek.example', 'b@ek.example'] } } }
    assert.equal(ask(two, policy), 'review by guard.recipients')
    const carries = { ...line.manifest, criticalArguments: [], carries: { recipients: ['cc'] } }
    assert.equal(ask({ ...two, manifest: carries }, policy), 'allow by access.allow')
    const night = { ...plain, now: '2026-01-14T22:00:00Z' }
    assert.equal(ask(night, policy), 'review by guard.quiet')
    assert.equal(answerLine(JSON.stringify({ ...line, ...night }), policy).until, Date.UTC(2026, 0, 15, 8))
    const noon = { ...plain, now: Date.UTC(2026, 0, 14, 12) }
    assert.equal(ask(noon, policy), 'allow by access.allow')
    assert.equal(ask({ ...noon, operatorSeen: '2026-01-14T11:30:00Z' }, policy), 'allow by access.allow')
    assert.equal(ask({ ...noon, operatorSeen: '2026-01-14T10:30:00Z' }, policy), 'review by absence')
    assert.equal(ask({ ...plain, operatorSeen: null }, policy), 'review by absence')
  })

  test('that is no request is refused with what is wrong', () => {
    for (const [text, message] of [
      ['', /no JSON/],
      ['{"operation":', /no JSON/],
      ['[]', /the line: /],
      ['{}', /operation: /],
      ['{"operation":""}', /operation: /],
      ['{"operation":"x.y","argumentz":{}}', /argumentz/],
      ['{"operation":"x.y","context":{"trust":"friend"}}', /context\.trust: /],
      ['{"operation":"x.y","arguments":{"to":"ada"}}', /arguments\.to: /],
      ['{"operation":"x.y","arguments":{"to":{"value":1,"lable":{}}}}', /lable/],
      ['{"operation":"x.y","manifest":{"effect":"harmless"}}', /manifest\.effect: /],
      ['{"operation":"x.y","budget":{"remaining":5,"cost":-1}}', /^budget\.cost: Too small/],
      ['{"operation":"x.y","budget":[{"limit":5}]}', /^budget\.0\.spent: /],
      ['{"operation":"x.y","budget":{"limit":5,"spent":1,"costs":1}}', /^budget: .*"costs"$/],
      ['{"operation":"x.y","budget":5}', /^budget: must be /],
      ['{"operation":"x.y","grants":[{"operation":"x.y","until":1}]}', /^grants\.0: .*"until"$/],
      ['{"operation":"x.y","grants":[5]}', /^grants\.0: must be /],
      ['{"operation":"x.y","grants":[{"operation":"x.y","arguments":{"to":{"least":1}}}]}', /"least"/],
      ['{"operation":"x.y","now":"yesterday"}', /^now: must be /],
      [
        `{"operation":"x.y","arguments":{"a":{"value":${'['.repeat(20_000)}${']'.repeat(20_000)}}}}`,
        /too deep/,
      ],
    ] as const) {
      assert.throws(() => answerLine(text, null), { code: 'INPUT_INVALID', message }, text)
    }
  })
})
