import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import type { MailMessage } from '../../mail/message.ts'
import { parseMail } from '../../mail/parse.ts'
import { draftFollowUp, draftReply } from './draft.ts'
import { qualify } from './score.ts'
import { NO_FACTS, PLAYBOOK } from './testing/mail.ts'
import { findWarnings } from './warnings.ts'

/** What a message of the sample mailbox is; see sample/README.md. */
interface Expected {
  readonly kind: string
  readonly quality?: string
  readonly injection?: unknown
}

const sample = new URL('../../../sample/', import.meta.url)
const expected: Record<string, Expected> = JSON.parse(readFileSync(new URL('expected.json', sample), 'utf8'))
const messages = new Map<string, MailMessage>()

before(async () => {
  for (const file of readdirSync(new URL('mailbox/', sample))) {
    messages.set(file, await parseMail(readFileSync(new URL(`mailbox/${file}`, sample))))
  }
})

function judged() {
  return [...messages].map(([file, message]) => {
    const { kind, quality, reasons } = qualify(message, PLAYBOOK, NO_FACTS)
    const wanted = expected[file] ?? { kind: 'not in expected.json' }
    return {
      file,
      kind: kind === 'lead-candidate' ? 'lead' : kind,
      quality,
      wanted: { quality: 'none', ...wanted },
      reasons: reasons.map(({ criterion, words }) => `${criterion}: ${words}`),
    }
  })
}

test('at least 95 % of the kinds are right, and no lead is missed', () => {
  const wrong = judged().filter(({ kind, wanted }) => kind !== wanted.kind)
  const lost = wrong.filter(({ wanted }) => wanted.kind === 'lead')
  assert.deepEqual(lost, [])
  assert.ok(wrong.length <= 0.05 * messages.size, JSON.stringify(wrong, null, 2))
})

test('at least 90 % of the qualities are right, and none is two steps off', () => {
  const leads = judged().filter(({ wanted }) => wanted.kind === 'lead')
  const wrong = leads.filter(({ quality, wanted }) => quality !== wanted.quality)
  const far = wrong.filter(({ quality, wanted }) => ![quality, wanted.quality].includes('warm'))
  assert.deepEqual(far, [])
  assert.ok(wrong.length <= 0.1 * leads.length, JSON.stringify(wrong, null, 2))
})

test('each reason quotes words that stand in the mail', () => {
  for (const [file, message] of messages) {
    const places = [
      message.subject,
      message.text,
      message.from.address,
      message.replyTo.address,
      message.inReplyTo ?? '',
      message.calendar?.summary ?? '',
      ...message.references,
      ...Object.values(message.headers),
      ...message.attachments.map(({ filename }) => filename),
    ]
    for (const { words, criterion } of qualify(message, PLAYBOOK, NO_FACTS).reasons) {
      assert.ok(
        places.some((place) => place.includes(words)),
        `${file} ${criterion}: ${words}`,
      )
    }
  }
})

test('both injections are warned of, and no warning is raised about an honest lead', () => {
  for (const [file, message] of messages) {
    const { kind, injection } = expected[file] ?? {}
    if (kind !== 'lead') continue
    const kinds = findWarnings(message).map((warning) => warning.kind)
    assert.equal(kinds.length > 0, injection !== undefined, `${file}: ${kinds}`)
  }
})

test('every lead gets a reply and a follow-up that carry nothing of an injection', () => {
  for (const [file, message] of messages) {
    const qualification = qualify(message, PLAYBOOK, NO_FACTS)
    if (!qualification.isLead) continue
    for (const write of [draftReply, draftFollowUp]) {
      const { subject, body } = write(message, qualification, PLAYBOOK, {
        customerName: message.replyTo.name,
      })
      assert.match(subject, /^Re: \S/, file)
      assert.ok(body.endsWith(PLAYBOOK.business.signature), file)
      assert.doesNotMatch(body, /[{%]|undefined|maintenance|ignore all/i, file)
    }
  }
})
