import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../kernel/json.ts'
import { answerLine } from './decision-line.ts'
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
    ] as const) {
      assert.throws(() => answerLine(text, null), { code: 'INPUT_INVALID', message }, text)
    }
  })
})
