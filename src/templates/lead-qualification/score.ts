/** Whether a mail is a lead, how good it is and why, by the criteria of the playbook. */
import type { Attachment, MailMessage } from '../../mail/message.ts'
import { findDeadline } from './deadline.ts'
import { type Found, findPhrases, openingOf, type Passage, passagesOf, type Reason } from './evidence.ts'
import { classifyKind, type KindVerdict, type MailFacts, type MailKind, ONE_SURE_PHRASE } from './kind.ts'
import { findMoney } from './money.ts'
import { addresseeOf } from './names.ts'
import { findPattern } from './pattern.ts'
import {
  type Condition,
  type Criterion,
  type LeadQuality,
  type Playbook,
  TOPICS,
  type Topic,
} from './playbook.ts'
import { companyDomainOf, isFromForm } from './sender.ts'

export interface Qualification {
  readonly isLead: boolean
  readonly kind: MailKind
  /** Sum of the weights of the criteria that fit; 0 for what is no lead. */
  readonly score: number
  /** `none` for what is no lead. */
  readonly quality: LeadQuality | 'none'
  /** From 0 to 1: how sure the quality is, or for what is no lead, how sure the kind is. */
  readonly confidence: number
  /** The heaviest first. */
  readonly reasons: readonly Reason[]
  /** What a good answer has to ask for; empty for what is no lead. */
  readonly missing: readonly Topic[]
  /** The language to answer in: one of the playbook's. */
  readonly language: string
}

interface Fit {
  readonly criterion: Criterion
  readonly found: Found
}

/** Kinds whose words occur in the mail of people with plans as well. */
const HARMLESS: ReadonlySet<MailKind> = new Set(['auto-reply', 'bounce', 'newsletter', 'notice', 'personal'])
const PHONE = /\+?\d[\d\s()/.-]{6,16}\d/

export function qualify(message: MailMessage, playbook: Playbook, facts: MailFacts): Qualification {
  const verdict = classifyKind(message, facts, playbook.notLeads)
  const needed = scoreToOverrule(verdict, playbook.thresholds)
  if (needed === null) return notALead(verdict, message, playbook, [])

  const fits = fittingCriteria(message, playbook, facts)
  const score = fits.reduce((sum, { criterion }) => sum + criterion.weight, 0)
  if (score < needed) return notALead(verdict, message, playbook, fits)
  const reasons = fits.map(({ criterion, found }) => ({
    criterion: criterion.id,
    label: criterion.label,
    words: found.words,
    weight: criterion.weight,
    where: found.where,
  }))
  return {
    isLead: true,
    kind: 'lead-candidate',
    score,
    quality: qualityOf(score, playbook.thresholds),
    confidence: confidenceOf(score, playbook.thresholds, reasons.length),
    reasons: [...reasons, ...verdict.reasons].toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)),
    missing: missingTopics(message, fits),
    language: languageFor(message, playbook, fits),
  }
}

/**
 * The score from which a mail is a lead although phrases spoke for another kind; null when none does. A
 * lead lost over a phrase costs more than a look at a mail that is none.
 */
function scoreToOverrule({ kind, by, confidence }: KindVerdict, { hot, warm }: Playbook['thresholds']) {
  if (kind === 'lead-candidate') return Number.NEGATIVE_INFINITY
  if (by !== 'phrases') return null
  if (HARMLESS.has(kind) || confidence < ONE_SURE_PHRASE) return warm
  return confidence === ONE_SURE_PHRASE ? hot : null
}

function notALead(
  { kind, confidence, reasons }: KindVerdict,
  message: MailMessage,
  playbook: Playbook,
  fits: readonly Fit[],
): Qualification {
  const language = languageFor(message, playbook, fits)
  return { isLead: false, kind, score: 0, quality: 'none', confidence, reasons, missing: [], language }
}

function qualityOf(score: number, { hot, warm }: Playbook['thresholds']): LeadQuality {
  if (score >= hot) return 'hot'
  return score >= warm ? 'warm' : 'cold'
}

/**
 * How sure the quality is. It grows with the distance of the score from the nearest threshold, from 0.5
 * on the threshold itself to 0.95 far from it (0.78 at 20 points, 0.9 at 45), and is lowered when it
 * rests on little: by 45 % without any reason, 30 % with one, 15 % with two. It is an estimate to start
 * from, not a frequency; how often the operator agrees is what it is to be calibrated on.
 */
export function confidenceOf(score: number, { hot, warm }: Playbook['thresholds'], reasons: number): number {
  const distance = Math.min(Math.abs(score - hot), Math.abs(score - warm))
  const certainty = 0.5 + 0.45 * (1 - Math.exp(-distance / 20))
  const evidence = Math.min(0.55 + 0.15 * reasons, 1)
  return Math.round(certainty * evidence * 100) / 100
}

function missingTopics(message: MailMessage, fits: readonly Fit[]): Topic[] {
  const answered = new Set(fits.map(({ criterion }) => criterion.answers))
  const { name } = addresseeOf(message.from.name)
  if (name !== '' || message.signature !== '' || PHONE.test(message.fresh)) answered.add('contact')
  return TOPICS.filter((topic) => !answered.has(topic))
}

/**
 * The mail's language when the playbook has texts in it. When the language could not be told or is
 * another one, that of most phrases found; else the language of the business.
 */
function languageFor(message: MailMessage, playbook: Playbook, fits: readonly Fit[]): string {
  const has = (language: string) => Object.hasOwn(playbook.languages, language)
  const [detected = 'und'] = Intl.getCanonicalLocales(message.language)
  if (has(detected)) return detected
  const votes = Map.groupBy(fits, ({ found }) => found.language ?? '')
  const [winner] = [...votes.entries()]
    .filter(([language]) => has(language))
    .toSorted(([, a], [, b]) => b.length - a.length)
  return winner?.[0] ?? playbook.business.language
}

function fittingCriteria(message: MailMessage, playbook: Playbook, facts: MailFacts): Fit[] {
  const passages = passagesOf(message)
  return playbook.criteria.flatMap((criterion) => {
    for (const condition of criterion.any) {
      const found = meets(condition, message, passages, facts)
      if (found) return [{ criterion, found }]
    }
    return []
  })
}

/** The words by which a mail meets a condition; null when it does not. */
function meets(
  condition: Condition,
  message: MailMessage,
  passages: readonly Passage[],
  facts: MailFacts,
): Found | null {
  const { phrases, pattern, money, length } = condition
  if (phrases) return findPhrases(phrases, passages).next().value ?? null
  if (pattern) return firstIn(passages, (text) => findPattern(pattern, text))
  if (money) return firstIn(passages, (text) => wordsOfMoney(money, text, message.language))
  if (condition.deadline) return firstIn(passages, findDeadline)
  if (condition.attachment) return documentIn(message.attachments)
  if (length) return longEnough(length.atLeast, passages)
  const writer = isFromForm(message, facts.ownAddresses) ? message.replyTo : message.from
  if (condition.knownCustomer) return facts.knownCustomer ? inHeader(writer.address) : null
  const domain = companyDomainOf(writer.address)
  return domain === null ? null : inHeader(domain)
}

function firstIn(passages: readonly Passage[], find: (text: string) => string | null): Found | null {
  for (const { where, text } of passages) {
    const words = find(text)
    if (words) return { words, where, language: null }
  }
  return null
}

/** The largest amount of a text decides, so that a discount of €50 does not make a small budget. */
function wordsOfMoney(
  wanted: NonNullable<Condition['money']>,
  text: string,
  language: string,
): string | null {
  const { atLeast = 0, atMost = Number.POSITIVE_INFINITY, currency } = wanted
  const amounts = findMoney(text, language).filter(
    (each) => !currency || each.currency === currency || (each.currency === null && !wanted.atMost),
  )
  const [largest] = amounts.toSorted((a, b) => b.amount - a.amount)
  return largest && largest.amount >= atLeast && largest.amount <= atMost ? largest.words : null
}

/** Pictures in signatures, calendar parts and keys are attachments that say nothing. */
function documentIn(attachments: readonly Attachment[]): Found | null {
  const document = attachments.find(
    ({ contentType, size }) =>
      !/^(?:text\/calendar|application\/(?:ics|pgp|pkcs7|x-pkcs7)|text\/x?-?vcard|message\/)/.test(
        contentType,
      ) && !(contentType.startsWith('image/') && size < 50_000),
  )
  return document ? { words: document.filename, where: 'attachment', language: null } : null
}

function longEnough(words: number, passages: readonly Passage[]): Found | null {
  const body = passages.find(({ where }) => where === 'body')?.text ?? ''
  let count = 0
  for (const { isWordLike } of new Intl.Segmenter('en', { granularity: 'word' }).segment(body)) {
    if (isWordLike && ++count >= words) return { words: openingOf(body), where: 'body', language: null }
  }
  return null
}

function inHeader(words: string): Found {
  return { words, where: 'header', language: null }
}
