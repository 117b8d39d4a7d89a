/** The guardrails as rules of the decision: limits, what lifts them, and what does not leave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import type { Guardrails } from '../../ports/policy-settings.ts'
import { decide } from '../decide.ts'
import type { PolicyRequest } from '../request.ts'
import { NOTHING_READ, send, settings } from '../testing/requests.ts'
import type { Outgoing } from './outgoing.ts'
import { GUARDRAILS } from './rules.ts'

const NOTHING: Outgoing = { secret: null, personal: [], length: 0, recipients: 0, attachments: [] }
const FILE = { name: 'a.pdf', bytes: 10, type: 'application/pdf' }

type Given = Partial<Omit<PolicyRequest, 'manifest' | 'outgoing'>> & { outgoing?: Partial<Outgoing> }

function said(given: Given, guardrails: Partial<Guardrails> = {}, labels = NOTHING_READ): string {
  const { outgoing, ...more } = given
  const request = send({ customer: 'c-1', ...more, outgoing: { ...NOTHING, ...outgoing } })
  const policy = settings({
    operations: { allow: ['*'] },
    more: { guardrails: { ...GUARDRAILS, ...guardrails } },
  })
  const { answer, rule } = decide(request, labels, [], policy)
  return answer === 'allow' ? 'allow' : `${answer} by ${rule}`
}

const SECRET = { argument: 'text', what: 'a secret (github)' }
const CARD = { argument: 'text', what: 'a card number (…1111)' }

test('a secret is denied, and no approval lifts that; as a review one does', () => {
  assert.equal(said({ outgoing: { secret: SECRET } }), 'deny by guard.secret')
  assert.equal(said({ approved: true, outgoing: { secret: SECRET } }), 'deny by guard.secret')
  assert.equal(said({ outgoing: { secret: SECRET } }, { secrets: 'review' }), 'review by guard.secret')
  assert.equal(said({ approved: true, outgoing: { secret: SECRET } }, { secrets: 'review' }), 'allow')
  assert.equal(said({ outgoing: { secret: SECRET } }, { secrets: 'off' }), 'allow')
})

test('personal data is a review; what the operator saw in a proposal is not asked about again', () => {
  const outgoing = { personal: [CARD] }
  assert.equal(said({ outgoing }), 'review by guard.personal')
  assert.equal(said({ approved: true, outgoing }), 'allow')
  const personalData = { ...GUARDRAILS.personalData, answer: 'deny' as const }
  assert.equal(said({ approved: true, outgoing }, { personalData }), 'deny by guard.personal')
  const own = { ...NOTHING_READ, arguments: { text: OWNER } }
  assert.equal(said({ endorsed: true, outgoing }, {}, own), 'allow')
  assert.equal(said({ outgoing }, {}, own), 'review by guard.personal', 'only with a proposal')
  assert.equal(said({ endorsed: true, outgoing }), 'review by guard.personal', 'only those bytes')
  const made = { ...NOTHING_READ, arguments: { text: SYSTEM } }
  assert.equal(said({ endorsed: true, outgoing }, {}, made), 'review by guard.personal')
})

test('limits: what is at one is within it', () => {
  assert.equal(said({ outgoing: { length: 10 } }, { maxLength: 10 }), 'allow')
  assert.equal(said({ outgoing: { length: 11 } }, { maxLength: 10 }), 'review by guard.length')
  assert.equal(said({ outgoing: { recipients: 2 } }, { maxRecipients: 2 }), 'allow')
  assert.equal(said({ outgoing: { recipients: 3 } }, { maxRecipients: 2 }), 'review by guard.recipients')
  assert.equal(said({ sentToday: 1 }, { perCustomerPerDay: 2 }), 'allow')
  assert.equal(said({ sentToday: 2 }, { perCustomerPerDay: 2 }), 'review by guard.day')
  assert.equal(said({ sentToday: 2, customer: null }, { perCustomerPerDay: 2 }), 'allow')
  assert.equal(said({ sentToday: 0 }, { perCustomerPerDay: 0 }), 'review by guard.day')
  const over = { outgoing: { length: 11 } }
  assert.equal(said({ ...over, approved: true }, { maxLength: 10 }), 'allow')
  assert.equal(
    said({ ...over, approved: true }, { maxLength: 10, overLimit: 'deny' }),
    'deny by guard.length',
  )
})

test('attachments: how many, how large, of which types; what is not told counts as too much', () => {
  const attached = (limits: Partial<Guardrails['attachments']>, ...files: Outgoing['attachments']): string =>
    said({ outgoing: { attachments: files } }, { attachments: { ...GUARDRAILS.attachments, ...limits } })
  const NO = 'review by guard.attachments'
  assert.equal(attached({}, FILE, { ...FILE, bytes: null, type: null }), 'allow')
  assert.deepEqual([attached({ maxCount: 1 }, FILE), attached({ maxCount: 1 }, FILE, FILE)], ['allow', NO])
  assert.deepEqual(
    [attached({ maxBytes: 20 }, FILE, FILE), attached({ maxBytes: 19 }, FILE, FILE)],
    ['allow', NO],
  )
  assert.equal(attached({ maxBytes: 1_000 }, { ...FILE, bytes: null }), NO)
  assert.equal(attached({ types: ['application/pdf'] }, FILE), 'allow')
  assert.equal(attached({ types: ['application/*', 'image/png'] }, FILE), 'allow')
  assert.equal(attached({ types: ['image/*'] }, FILE), NO)
  assert.equal(attached({ types: ['image/*'] }, { ...FILE, type: null }), NO)
  assert.equal(attached({ types: ['image/*'] }, { ...FILE, type: 'imagery/x' }), NO)
})

test('quiet hours hold until they end, after all else was asked; absence asks', () => {
  const night = send({ quietUntil: 2_000, outgoing: NOTHING })
  const policy = settings({ operations: { allow: ['*'] } })
  assert.deepEqual(decide(night, NOTHING_READ, [], policy), {
    answer: 'review',
    rule: 'guard.quiet',
    reason: 'it is quiet until 1970-01-01T00:00:02.000Z',
    until: 2_000,
  })
  assert.equal(said({ quietUntil: 2_000, approved: true }), 'allow')
  assert.equal(said({ quietUntil: 2_000, outgoing: { personal: [CARD] } }), 'review by guard.personal')
  assert.equal(said({ awaySince: 1 }), 'review by absence')
  assert.equal(said({ awaySince: 1, endorsed: true }), 'review by absence', 'also what was approved before')
  assert.equal(said({ awaySince: 1, approved: true }), 'allow')
  assert.equal(said({ awaySince: null, quietUntil: null }), 'allow')
})

test('a read, and what can be undone, is not held', () => {
  for (const effect of ['read', 'reversible'] as const) {
    const request = send({
      manifest: { effect },
      quietUntil: 2_000,
      awaySince: 1,
      sentToday: 9,
      customer: 'c',
    })
    const policy = settings({
      operations: { allow: ['*'] },
      more: { guardrails: { ...GUARDRAILS, perCustomerPerDay: 1 } },
    })
    assert.equal(decide(request, NOTHING_READ, [], policy).answer, 'allow')
  }
})
