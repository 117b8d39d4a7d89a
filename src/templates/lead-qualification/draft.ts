/**
 * The draft of an answer, written from the playbook's texts. What the mail says enters it as data only:
 * its subject, the person's name, the words that named a budget and a date.
 */
import type { MailMessage } from '../../mail/message.ts'
import { findDeadline } from './deadline.ts'
import { passagesOf } from './evidence.ts'
import { type Letter, letterText, paragraphsOf, readLetter } from './letter.ts'
import type { TemplateData, Text } from './liquid.ts'
import { findMoney } from './money.ts'
import { addresseeOf } from './names.ts'
import type { Playbook } from './playbook.ts'
import { revise } from './revise.ts'
import type { Qualification } from './score.ts'

export interface Draft {
  readonly subject: string
  readonly body: string
}

export interface DraftOptions {
  /** Name of the person to address; '' when it is not known. */
  readonly customerName: string
  /** What the operator wants changed in `previous`, or in a new draft when there is none. */
  readonly instruction?: string
  readonly previous?: Draft
}

export interface Drafted extends Draft {
  /** What the instruction did, in words for the operator; empty without one. */
  readonly changes: readonly string[]
}

interface MailTexts {
  readonly language: string
  readonly subject: Text
  readonly body: Text
}

const SUBJECT_LIMIT = 200
const REPLY_PREFIX =
  /^(?:(?:re|aw|antw|sv|vs|rif|res|r|odp|ynt|回复|回覆|答复|返信)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*)+/i

/** The first answer to a lead, in its language where the playbook has a reply for its quality in it. */
export function draftReply(
  message: MailMessage,
  qualification: Qualification,
  playbook: Playbook,
  options: DraftOptions,
): Drafted {
  const quality = qualification.quality === 'none' ? 'cold' : qualification.quality
  const replyIn = (language: string) =>
    playbook.replies.find(({ when }) => when.language === language && when.quality.includes(quality))
  const reply = replyIn(qualification.language) ?? replyIn(playbook.business.language)
  if (!reply) throw new Error(`A loaded playbook has a ${quality} reply in the language of the business`)
  return write(message, qualification, playbook, options, { ...reply, language: reply.when.language })
}

/** What is sent when nobody answered. */
export function draftFollowUp(
  message: MailMessage,
  qualification: Qualification,
  playbook: Playbook,
  options: DraftOptions,
): Drafted {
  const { texts } = playbook.followUp
  const { language: fallback } = playbook.business
  const language = Object.hasOwn(texts, qualification.language) ? qualification.language : fallback
  const text = texts[language]
  if (!text) throw new Error('A loaded playbook has a follow-up in the language of the business')
  return write(message, qualification, playbook, options, { ...text, language })
}

function write(
  message: MailMessage,
  qualification: Qualification,
  playbook: Playbook,
  options: DraftOptions,
  mail: MailTexts,
): Drafted {
  const { business } = playbook
  const texts = playbook.languages[mail.language]
  if (!texts) throw new Error(`A loaded playbook has the language ${mail.language} of each of its texts`)
  const data = dataFor(message, qualification, playbook, options.customerName, texts.questions)
  const { previous, instruction } = options
  const letter: Letter = previous
    ? readLetter(previous.body, texts, business.signature, data)
    : {
        greeting: texts.greeting(data),
        paragraphs: paragraphsOf(mail.body(data)),
        closing: `${texts.closing(data)}\n${business.signature}`.trim(),
      }
  const subject = previous?.subject ?? (replySubject(mail.subject(data)) || `Re: ${business.name}`)
  if (instruction === undefined) return { subject, body: letterText(letter), changes: [] }
  const revision = revise(letter, instruction, {
    wishes: playbook.respond,
    language: mail.language,
    fallback: business.language,
    texts,
    data,
  })
  return { subject, body: letterText(revision.letter), changes: revision.changes }
}

function dataFor(
  message: MailMessage,
  { quality, missing }: Qualification,
  { business }: Playbook,
  customerName: string,
  questions: Playbook['languages'][string]['questions'],
): TemplateData {
  const known = addresseeOf(customerName)
  const person = known.fullName === '' ? addresseeOf(message.replyTo.name) : known
  const own = passagesOf(message).find(({ where }) => where === 'body')?.text ?? ''
  const [largest] = findMoney(own, message.language).toSorted((a, b) => b.amount - a.amount)
  return {
    ...person,
    business: { name: business.name, owner: business.owner },
    subject: oneLine(message.subject).replace(REPLY_PREFIX, ''),
    quality,
    budget: oneLine(largest?.words ?? ''),
    deadline: oneLine(findDeadline(own) ?? ''),
    missing,
    questions: missing.map((topic) => questions[topic]),
  }
}

/** The subject with exactly one `Re:` in front, whatever prefixes of other languages it came with; '' for ''. */
export function replySubject(subject: string): string {
  const bare = [...oneLine(subject).replace(REPLY_PREFIX, '')].slice(0, SUBJECT_LIMIT).join('').trim()
  return bare === '' ? '' : `Re: ${bare}`
}

function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim()
}
