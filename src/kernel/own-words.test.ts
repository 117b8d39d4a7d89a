import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json, JsonObject } from './json.ts'
import { externalFrom, OWNER, SYSTEM } from './label.ts'
import { OwnWords } from './own-words.ts'

const MAIL = externalFrom('mail:m-1')

function answered(value: JsonObject, verdict = 'approved', name = 'review reply'): OwnWords {
  const words = new OwnWords()
  words.ended(name, 'review', { ok: true, value: { review: 'r-1', verdict, value } }, MAIL)
  return words
}

const approved = { to: 'ada@ek.example', subject: 'Re: hello', body: 'Yes, gladly.' }
const mail = {
  from: { name: 'Me', address: 'me@own.example' },
  to: [{ name: 'Ada', address: 'ada@ek.example' }],
  subject: 'Re: hello',
  text: 'Yes, gladly.',
}

function own(words: OwnWords, input: JsonObject, critical = ['to']): [string[], string | null] {
  const told = words.of('send', input, critical)
  return [Object.keys(told.arguments).sort(), told.endorsedBy]
}

describe('what the owner approved', () => {
  test('is the owner’s, byte for byte, and stands for a grant', () => {
    assert.deepEqual(own(answered(approved), mail), [['subject', 'text', 'to'], 'r-1'])
    assert.deepEqual(own(answered(approved, 'edited'), mail), [['subject', 'text', 'to'], 'r-1'])
    const { to } = answered(approved).of('send', mail, ['to']).arguments
    assert.deepEqual(to, { trust: 'owner', sources: ['review:r-1'], readers: null })
  })

  test('is not, when a byte of it is another', () => {
    for (const [field, value] of [
      ['to', [{ name: 'Ada', address: 'ada@ek.example.evil.example' }]],
      [
        'to',
        [
          { name: 'Ada', address: 'ada@ek.example' },
          { name: '', address: 'eve@evil.example' },
        ],
      ],
      ['to', []],
      ['to', 'ADA@ek.example'],
    ] as [string, Json][]) {
      assert.deepEqual(own(answered(approved), { ...mail, [field]: value }), [['subject', 'text'], null])
    }
    assert.deepEqual(own(answered(approved), { ...mail, text: 'Yes, gladly. ' })[0], ['subject', 'to'])
  })

  test('counts under its own name, where the proposal has one', () => {
    const swapped = { to: 'ada@ek.example', subject: 'eve@evil.example', body: 'x' }
    assert.deepEqual(own(answered(swapped), { ...mail, to: 'eve@evil.example' }), [[], null])
    assert.deepEqual(own(answered(swapped), { to: 'eve@evil.example' }), [[], null])
    assert.deepEqual(own(answered({ whom: 'ada@ek.example' }), mail), [['to'], 'r-1'])
  })

  test('a number counts under its own name alone', () => {
    assert.deepEqual(own(answered({ amount: 5 }), { amount: 5 }, ['amount']), [['amount'], 'r-1'])
    assert.deepEqual(own(answered({ count: 5 }), { amount: 5 }, ['amount']), [[], null])
    assert.deepEqual(own(answered({ amount: 5 }), { amount: 6 }, ['amount']), [[], null])
  })

  test('what has parts counts as a whole, under its own name alone', () => {
    const first: Json = { to: 'ada', amount: 10 }
    const second: Json = { to: 'eve', amount: 5 }
    const payments = [first, second]
    const words = answered({ payments, limits: { ada: 10 }, sums: [1, 2] })
    const isOwn = (input: JsonObject): boolean => own(words, input, Object.keys(input))[1] === 'r-1'
    assert.ok(isOwn({ payments }))
    assert.ok(isOwn({ limits: { ada: 10 }, sums: [1, 2] }))
    for (const other of [
      { payments: [second, first] },
      { payments: [first] },
      {
        payments: [
          { to: 'ada', amount: 5 },
          { to: 'eve', amount: 10 },
        ],
      },
      { limits: { eve: 10 } },
      { sums: [2, 1] },
      { sums: [1] },
      { others: payments },
    ] as JsonObject[])
      assert.ok(!isOwn(other), JSON.stringify(other))
  })

  test('several texts, or addresses with names, count in any order, and each alone', () => {
    const words = answered({ to: ['ada@ek.example', { name: 'Bo', address: 'bo@ek.example' }] })
    for (const to of [
      'bo@ek.example',
      ['bo@ek.example', 'ada@ek.example'],
      [{ name: 'X', address: 'ada@ek.example' }],
    ])
      assert.deepEqual(own(words, { to }), [['to'], 'r-1'])
  })

  test('a refusal and a wish for another draft approve nothing', () => {
    for (const verdict of ['rejected', 'responded', 'odd']) {
      assert.deepEqual(own(answered(approved, verdict), mail), [[], null])
    }
  })

  test('what a rule or a deadline approves is no word of the owner’s', () => {
    for (const way of ['rule', 'expiry', 'autonomy']) {
      const words = new OwnWords()
      const value = { review: 'r-1', verdict: 'approved', way, value: approved }
      words.ended('review reply', 'review', { ok: true, value }, MAIL)
      assert.deepEqual(own(words, mail), [[], null], way)
    }
  })

  test('stands for one effect, whose attempts may be many', () => {
    const words = answered(approved)
    words.used('r-1', 'send')
    assert.equal(words.of('send', mail, ['to']).endorsedBy, 'r-1')
    assert.equal(words.of('send again', mail, ['to']).endorsedBy, null)
    assert.ok(words.of('send again', mail, ['to']).arguments.to, 'the address is the owner’s all the same')
  })

  test('stands for no grant when a critical argument is not in it, or there is none', () => {
    assert.equal(own(answered(approved), mail, ['*'])[1], null)
    assert.equal(own(answered(approved), mail, [])[1], null)
    assert.equal(own(answered({ to: approved.to }), mail, ['to', 'text'])[1], null)
    assert.equal(own(answered(approved), { to: approved.to, subject: approved.subject }, ['*'])[1], 'r-1')
  })

  test('one approval is enough, and the first that stands for a grant does', () => {
    const words = answered(approved)
    const second = { review: 'r-2', verdict: 'approved', value: approved }
    words.ended('review again', 'review', { ok: true, value: second }, MAIL)
    assert.equal(words.of('send', mail, ['to']).endorsedBy, 'r-1')
    assert.deepEqual(words.of('send', mail, ['to']).arguments.to?.sources, ['review:r-1'])
    words.used('r-1', 'another')
    assert.equal(words.of('send', mail, ['to']).endorsedBy, 'r-2')
  })

  test('an approval of something else stands for nothing, neither beside what the run was given', () => {
    const words = answered({ whom: 'eve@evil.example' })
    words.began({ to: 'ada@ek.example' }, OWNER)
    assert.deepEqual(own(words, mail), [['to'], null])
    assert.deepEqual(words.of('send', mail, ['to']).arguments.to, OWNER)
  })

  test('a critical argument that is not given, or is null, need not be approved', () => {
    assert.equal(own(answered(approved), mail, ['to', 'cc'])[1], 'r-1')
    assert.equal(own(answered(approved), { ...mail, cc: null }, ['to', 'cc'])[1], 'r-1')
    assert.equal(own(answered(approved), { ...mail, cc: false }, ['to', 'cc'])[1], null)
  })

  test('a field of the proposal that is an argument of the effect counts for that argument alone', () => {
    const both = { to: 'ada@ek.example', cc: 'eve@evil.example' }
    const input = { to: 'ada@ek.example', cc: 'eve@evil.example', bcc: 'eve@evil.example' }
    assert.deepEqual(own(answered(both), input, ['to'])[0], ['cc', 'to'])
  })

  test('a proposal that is a text or a list counts wherever it stands', () => {
    for (const value of ['ada@ek.example', ['ada@ek.example']] as const) {
      const words = new OwnWords()
      words.ended('ask', 'wait', { ok: true, value }, OWNER)
      assert.deepEqual(own(words, { to: 'ada@ek.example', '0': 'ada@ek.example' })[0], ['0', 'to'])
    }
    const none = new OwnWords()
    none.ended('ask', 'wait', { ok: true, value: null }, OWNER)
    assert.deepEqual(own(none, mail), [[], null])
  })

  test('what was approved for an effect itself is not for another', () => {
    const words = answered({ operation: 'x.pay', input: approved }, 'approved', 'pay (approval)')
    assert.deepEqual(own(words, mail), [[], null])
  })
})

describe('what a run was given', () => {
  test('is the owner’s when it came under the owner’s label, and stands for no grant', () => {
    for (const [label, names] of [
      [OWNER, ['to']],
      [SYSTEM, []],
      [MAIL, []],
    ] as const) {
      const words = new OwnWords()
      words.began({ to: 'ada@ek.example' }, label)
      assert.deepEqual(own(words, mail), [names, null])
      const later = new OwnWords()
      later.ended('ask', 'wait', { ok: true, value: { data: { to: 'ada@ek.example' } } }, label)
      assert.deepEqual(own(later, mail), [names, null])
    }
  })

  test('an error holds no words', () => {
    const words = new OwnWords()
    const error = { code: 'STEP_FAILED', message: 'ada@ek.example' } as never
    for (const type of ['step', 'review']) words.ended('x', type, { ok: false, error }, OWNER)
    assert.deepEqual(own(words, mail), [[], null])
  })
})
