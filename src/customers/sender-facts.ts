/** What one message says about whoever sent it, and where in the message it says so. */
import type { MailMessage } from '../mail/message.ts'
import { domainOf, isFreeMail } from './mail-domain.ts'
import { displayName, isFullName, oneLine } from './person-name.ts'
import { phonesIn } from './phones.ts'
import { type CustomerKind, isAutoReply, kindOfSender, personBehind } from './sender-kind.ts'
import { closingOf, signatureFacts, websiteIn } from './signature.ts'

/**
 * Where a value comes from. `address domain` is a guess from the address; `owner` is the operator's own
 * word, which nothing else replaces.
 */
export type How = 'from header' | 'reply-to header' | 'signature' | 'body' | 'address domain' | 'owner'

export const FIELDS = ['name', 'organisation', 'role', 'website', 'language'] as const
export type FieldName = (typeof FIELDS)[number]

export interface Fact {
  readonly value: string
  readonly how: How
}

export interface SenderFacts {
  readonly kind: CustomerKind
  /** '' when the message names no sender at all. */
  readonly address: Fact
  readonly fields: Readonly<Partial<Record<FieldName, Fact>>>
  /** E.164, with `;ext=` where there is an extension. */
  readonly phones: readonly Fact[]
  /** Message-IDs that this message answers, the nearest first. */
  readonly thread: readonly string[]
}

export interface SenderOptions {
  /** The operator's addresses in small letters. */
  readonly ownAddresses: readonly string[]
  /** Two letters such as `DE`: how phone numbers without `+` are read. */
  readonly region: string
}

/** Most Message-IDs of the thread that are looked at. */
const MAX_THREAD = 30
const MAX_BODY = 5_000

/** Somebody says that a number is their own, in the languages this mail is most often in. */
const OWN_NUMBER =
  /\b(?:call|ring|phone|text|reach|whatsapp|contact)(?: me| us)? (?:on|at|under)\b|\b(?:call|ring|text|reach) me\b|\bmy (?:mobile|phone|number|cell)|\b(?:mich|mir|meine[rn]?)\b.*(?:erreich|nummer|telefon|handy)|\berreich\w* .*\b(?:mich|mir)\b|appel\w+[- ]moi|me joindre|mon (?:numéro|portable)|ll[aá]m\w*me|mi (?:número|móvil|teléfono)|(?:ring|nå) mig|mitt (?:nummer|mobil)|(?:mio numero|chiamami)/i
/** A line that is nothing but a label and a number. */
const LABELLED_NUMBER =
  /^\s*(?:tel|phone|telephone|telefon|tlf|t[ée]l|t[ée]l[ée]phone|tel[ée]fono|mob|mobile|mobil|handy|cell|m[óo]vil|portable|m|t|p|☎|📞)?[.:\s]*(?:\(?\+|\(?0)[\d\s()./-]+$/i

/**
 * The facts of a message. Machines have an address and a name; signatures are read for persons only.
 * Of an out-of-office answer only the signature is read: the numbers in its text are the stand-in's.
 */
export function senderFacts(message: MailMessage, options: SenderOptions): SenderFacts {
  const behind = personBehind(message, options.ownAddresses)
  if (behind !== null) return formFacts(message, behind, options)
  const kind = kindOfSender(message, options.ownAddresses)
  const address: Fact = { value: message.from.address, how: 'from header' }
  const header = address.value === '' ? null : fact(displayName(message.from.name), 'from header')
  const thread = threadOf(message)
  if (kind !== 'person') return { kind, address, fields: present({ name: header }), phones: [], thread }

  const closing = closingOf(message.signature, message.fresh, header?.value ?? '')
  const signed = signatureFacts(closing, { name: header?.value ?? '', address: address.value })
  const fields = {
    name: fullerOf(header, fact(signed.name, 'signature')),
    organisation: fact(signed.organisation, 'signature') ?? companyOf(address.value),
    role: fact(signed.role, 'signature'),
    website: fact(signed.website, 'signature'),
    language: languageOf(message),
  }
  const said = isAutoReply(message) ? '' : ownNumberLines(message.fresh)
  const phones = distinct([
    ...phonesIn(closing, options.region).map((value): Fact => ({ value, how: 'signature' })),
    ...phonesIn(said, options.region).map((value): Fact => ({ value, how: 'body' })),
  ])
  return { kind, address, fields: present(fields), phones, thread }
}

/** A filled-in form: its labelled lines are the visitor's words, its signature is the form's. */
function formFacts(
  message: MailMessage,
  person: MailMessage['replyTo'],
  options: SenderOptions,
): SenderFacts {
  const body = message.fresh.slice(0, MAX_BODY)
  const group = message.from.name.match(/^(.+) via .+$/i)?.[1] ?? ''
  const fields = {
    name:
      fact(displayName(person.name), 'reply-to header') ??
      fact(labelled(body, 'full name|your name|name|nom|nombre|namn|vor- und nachname'), 'body') ??
      fact(displayName(group), 'from header'),
    organisation:
      fact(
        labelled(body, 'company|organi[sz]ation|firma|unternehmen|société|entreprise|empresa|företag'),
        'body',
      ) ?? companyOf(person.address),
    website: fact(websiteIn(labelled(body, 'website|web site|url|webseite|site') ?? ''), 'body'),
    language: languageOf(message),
  }
  const phones = phonesIn(
    labelled(body, '(?:tele)?phone|tel|mobile|telefon|handy|téléphone|teléfono|mobil') ?? '',
    options.region,
  )
  return {
    kind: 'person',
    address: { value: person.address, how: 'reply-to header' },
    fields: present(fields),
    phones: phones.map((value): Fact => ({ value, how: 'body' })),
    thread: threadOf(message),
  }
}

/** What stands after one of the labels, on its line or the next one; null when there is nothing. */
function labelled(text: string, labels: string): string | null {
  const line = new RegExp(`^[ \\t*_-]*(?:${labels})(?!\\p{L})[^:\\n]{0,20}[:：][\\s*_]*(\\S.*)$`, 'imu')
  const value = line.exec(text)?.[1]
  return value === undefined || /^[\p{L} -]{2,30}[:：]/u.test(value) ? null : oneLine(value)
}

function ownNumberLines(fresh: string): string {
  const lines = fresh.slice(0, MAX_BODY).split('\n')
  return lines
    .filter((line) => /\d{3}/.test(line) && (OWN_NUMBER.test(line) || LABELLED_NUMBER.test(line)))
    .join('\n')
}

function fullerOf(header: Fact | null, signed: Fact | null): Fact | null {
  if (header === null) return signed
  return signed !== null && !isFullName(header.value) && isFullName(signed.value) ? signed : header
}

function companyOf(address: string): Fact | null {
  const domain = domainOf(address)
  return isFreeMail(domain) ? null : fact(domain, 'address domain')
}

function languageOf(message: MailMessage): Fact | null {
  return message.language === 'und' ? null : fact(message.language, 'body')
}

function threadOf(message: MailMessage): string[] {
  const ids = [...(message.inReplyTo === null ? [] : [message.inReplyTo]), ...message.references.toReversed()]
  return [...new Set(ids)].slice(0, MAX_THREAD)
}

function fact(value: string | null, how: How): Fact | null {
  return value === null || value === '' ? null : { value, how }
}

function present(fields: Partial<Record<FieldName, Fact | null>>): SenderFacts['fields'] {
  return Object.fromEntries(Object.entries(fields).filter(([, found]) => found !== null))
}

function distinct(facts: readonly Fact[]): Fact[] {
  return facts.filter((one, at) => facts.findIndex((other) => other.value === one.value) === at)
}
