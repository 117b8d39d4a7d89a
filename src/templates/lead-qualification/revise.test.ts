import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { draftReply } from './draft.ts'
import { loadPlaybook } from './playbook.ts'
import type { Qualification } from './score.ts'
import { mailWith, PLAYBOOK_TEXT } from './testing/mail.ts'

const PLAYBOOK = loadPlaybook(PLAYBOOK_TEXT, 'playbook.yaml')
const MAIL = mailWith({ subject: 'Website', text: 'We need a website before Easter.' })
const BUDGET = '- What budget have you set aside, roughly? A range is fine.'

function respond(instruction: string, qualified: Partial<Qualification> = {}) {
  const qualification: Qualification = {
    isLead: true,
    kind: 'lead-candidate',
    score: 95,
    quality: 'hot',
    confidence: 0.8,
    reasons: [],
    missing: ['scope'],
    language: 'en',
    ...qualified,
  }
  const options = { customerName: 'Jonas Weber' }
  const previous = draftReply(MAIL, qualification, PLAYBOOK, options)
  return {
    before: previous.body,
    ...draftReply(MAIL, qualification, PLAYBOOK, { ...options, instruction, previous }),
  }
}

test('shorter keeps the first sentence, the questions and the end', () => {
  const { before, body, changes } = respond('Please make it a bit shorter.')
  assert.deepEqual(changes, ['made shorter'])
  assert.ok(body.length < before.length)
  assert.equal(
    body,
    `Hi Jonas,

Thank you for writing, and for saying so clearly what you need.

So that my offer holds, I still need to know:

- What should the website or the audit do for you, and for whom?

Could we talk for twenty minutes this week? Tell me two times that suit you, and I will send a written offer within two working days after our call.

Best wishes,
Mara Lindqvist
Lindqvist Studio · web design and accessibility audits`,
  )
  assert.deepEqual(respond('kürzer', { language: 'de' }).changes, ['made shorter'])
})

test('more formal changes greeting and closing only', () => {
  const { before, body } = respond('more formal')
  assert.equal(
    body,
    before.replace('Hi Jonas,', 'Dear Jonas Weber,').replace('Best wishes,', 'Kind regards,'),
  )
  const japanese = respond('more formal', { language: 'ja' })
  assert.equal(japanese.body, japanese.before, 'without formal texts it stays')
})

test('ask puts a question into the list, once', () => {
  const { body, changes } = respond('Ask for the budget')
  assert.ok(body.includes(`for whom?\n${BUDGET}\n\n`))
  assert.deepEqual(changes, ['asks about budget'])
  assert.deepEqual(respond('ask for the budget', { missing: ['budget'] }).changes, [
    'asks about budget already',
  ])
  const withoutList = respond('ask for the budget', { missing: [] })
  assert.ok(withoutList.body.includes('after our call.\n\nWhat budget have you'))
})

test('not to ask takes the question out, with the list and its lead when it was the last', () => {
  const { body, changes } = respond("don't ask about the budget", { missing: ['scope', 'budget'] })
  assert.deepEqual(changes, ['no longer asks about budget'])
  assert.ok(!body.includes(BUDGET) && body.includes('I still need to know'))
  const last = respond('do not ask for the budget', { missing: ['budget'] })
  assert.doesNotMatch(last.body, /budget|need to know/)
  assert.deepEqual(respond('no budget question').changes, ['does not ask about budget'])
})

test('an addition takes over what was written after it', () => {
  const { body, changes } = respond('Propose a call on Tuesday at 10.')
  assert.ok(body.includes('\n\nShall we have a short call on Tuesday at 10?\n\nBest wishes,'))
  assert.deepEqual(changes, ['put in: "Shall we have a short call on Tuesday at 10?"'])
  assert.ok(respond('suggest a call', { language: 'de' }).body.includes('Wollen wir kurz telefonieren?'))
})

test('several wishes in one sentence are all done', () => {
  const { changes } = respond('shorter, more formal and propose a call on Tuesday and Wednesday')
  assert.deepEqual(changes, [
    'made shorter',
    'formal greeting and closing',
    'put in: "Shall we have a short call on Tuesday and Wednesday?"',
  ])
})

test('sentences without a wish go in word for word, those with one do not', () => {
  const { body, changes } = respond('Shorter. I know your brother. He says hello.')
  assert.deepEqual(changes, ['made shorter', 'put in, word for word: "I know your brother. He says hello."'])
  assert.ok(body.includes('\n\nI know your brother. He says hello.\n\nBest wishes,'))
})

test('what was not used of a sentence is told', () => {
  const { body, changes } = respond('Shorter, and tell him that I know his brother')
  assert.deepEqual(changes, ['made shorter', 'not used: "tell him that I know his brother"'])
  assert.ok(!body.includes('brother'))
})

test('no instruction changes nothing', () => {
  const { before, body, changes } = respond('  ')
  assert.equal(body, before)
  assert.deepEqual(changes, [])
})

test('no instruction, however odd, loses the greeting or the signature', () => {
  const piece = fc.constantFrom(
    'shorter',
    'more formal',
    'ask for the budget',
    'propose a call',
    ', ',
    ' and ',
    '. ',
    '\n',
    'x',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 10 }),
      fc.constantFrom('en', 'de', 'sv', 'ja'),
      (pieces, language) => {
        const { body, before } = respond(pieces.join(''), { language })
        assert.ok(body.endsWith(PLAYBOOK.business.signature))
        assert.ok(body.startsWith(before.slice(0, 2)) || body.includes('Weber'))
      },
    ),
    { numRuns: 200 },
  )
})
