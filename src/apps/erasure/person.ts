/** All that tells who a customer is, and what they wrote, gathered from their record and their mail. */
import { hash, randomBytes } from 'node:crypto'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Wanted } from '../../adapters/traces/forms.ts'
import { isFullName, spokenName } from '../../customers/person-name.ts'
import { showCustomer } from '../../customers/read.ts'
import { countUnspaced, isUnspaced } from '../../kernel/unspaced.ts'
import { isOwnMessageId } from '../../mail/compose.ts'
import { MAIL_STREAM } from '../../mail/mail-index.ts'
import type { MailMessage } from '../../mail/message.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { holding, type Subject } from '../../runtime/erasure/subject.ts'

export interface Person {
  /** Id of the record. */
  readonly customer: string
  readonly subject: Subject
  /** What no file may hold afterwards. */
  readonly wanted: readonly Wanted[]
  readonly mail: PersonsMail
}

/** By what a file of a mail folder is known to be theirs. */
export interface PersonsMail {
  readonly addresses: readonly string[]
  /** SHA-256 of the raw bytes of what they sent. */
  readonly received: readonly string[]
  /** Message-IDs of what was sent to them, without what stands behind the @. */
  readonly sent: readonly string[]
}

/** A line of this many letters and words is hardly written twice by chance. */
const PIECE_LENGTH = 30
const PIECE_WORDS = 5
const MOST_PIECES = 500
const SHORTEST_PHONE = 7

/** @throws CUSTOMER_NOT_FOUND */
export function personOf(log: EventLog, customer: string, ownAddresses: readonly string[]): Person {
  const record = showCustomer(log.tables, customer, 0)
  const messages = messagesOf(log, customer)
  const isOwn = (address: string): boolean => ownAddresses.includes(address)
  const known = record.addresses.map(({ value }) => value)
  const replyTo = repliesOf(messages).filter((one) => !isOwn(one))
  const theirs = replyTo.filter((one) => !known.includes(one) && !isOfOthers(log, customer, one))
  const addresses = unique([...known, ...theirs]).filter((one) => !isOwn(one))
  const { name } = record.fields
  const called = unique([
    ...(name === undefined ? [] : [name, ...name.others].map(({ value }) => value)),
    ...messages.map(({ message }) => message?.from.name ?? ''),
  ]).flatMap(waysToSay)
  const names = unique(called)
  const phones = unique(record.phones.flatMap(({ value }) => writtenPhones(value)))
  const pieces = unique(messages.flatMap(({ message }) => (message === null ? [] : piecesOf(message))))
  const ids = log.tables.all<{ id: string }>(
    'SELECT message_id AS id FROM customers_messages WHERE customer = ?',
    customer,
  )
  const messageIds = ids.map(({ id }) => id)
  const theirIds = messageIds.filter((id) => !isOwnMessageId(id))
  const all = unique([customer, ...addresses, ...names, ...phones, ...theirIds])
  const others = holding(all, [...ownAddresses, ...namesOfOthers(log, customer)])
  const whole = (what: string, texts: readonly string[]): Wanted[] =>
    texts.map((text) => ({ what, text, whole: !isUnspaced(text), others: holding([text], others) }))
  return {
    customer,
    subject: {
      customer,
      names: all,
      others,
      ids: messages.map(({ id }) => id),
      streams: [`customer/${customer}`, ...messages.map(({ id }) => MAIL_STREAM + id)],
      pieces: pieces.slice(0, MOST_PIECES),
      token: randomBytes(6).toString('hex'),
    },
    wanted: [
      ...whole('address', addresses),
      ...whole('name', names),
      ...whole('phone', phones),
      ...whole('Message-ID', theirIds),
      ...pieces.slice(0, MOST_PIECES).map((text) => ({ what: 'text', text, whole: false })),
    ],
    mail: {
      addresses: unique([...addresses, ...replyTo]),
      received: messages.flatMap(({ message }) => message?.raw.sha256 ?? []),
      sent: messageIds.filter(isOwnMessageId).map((id) => id.slice(0, id.indexOf('@'))),
    },
  }
}

interface Kept {
  readonly id: string
  readonly message: MailMessage | null
}

/** Where they asked to be answered. */
function repliesOf(messages: readonly Kept[]): string[] {
  return unique(messages.map(({ message }) => message?.replyTo.address ?? ''))
}

/** Whether an address is that of another customer, or others want their answers there as well. */
function isOfOthers(log: EventLog, customer: string, address: string): boolean {
  const sql = 'SELECT 1 FROM customers_addresses WHERE address = ? AND customer <> ?'
  if (log.tables.get(sql, address, customer) !== undefined) return true
  return repliesOf(messagesOf(log, customer, '<>')).includes(address)
}

/** @param which of this customer, or of all others */
function messagesOf(log: EventLog, customer: string, which: '=' | '<>' = '='): Kept[] {
  const rows = log.tables.all<{ id: string }>(
    `SELECT id FROM mail_messages WHERE customer ${which} ?`,
    customer,
  )
  return rows.map(({ id }) => {
    const body = log.readStream(MAIL_STREAM + id)[0]?.body ?? null
    return { id, message: (body?.message as unknown as MailMessage | undefined) ?? null }
  })
}

/** By which all other customers are known: addresses and whatever they were called. */
function namesOfOthers({ tables }: EventLog, customer: string): string[] {
  const rows = tables.all<{ text: string }>(
    `SELECT address AS text FROM customers_addresses WHERE customer <> ?1
     UNION SELECT value FROM customers_fields WHERE customer <> ?1 AND field = 'name'`,
    customer,
  )
  return rows.map(({ text }) => text)
}

/** Fewer letters, without a space between them, may be the beginning of another name. */
const SHORTEST_UNSPACED = 3

/** A full name as it is written, as it is said, and with the last name first; none for less than a full name. */
function waysToSay(name: string): string[] {
  if (isUnspaced(name)) {
    const joined = name.replace(/\s+/g, '')
    return [...joined].length < SHORTEST_UNSPACED ? [name].filter(isFullName) : [name, joined]
  }
  const spoken = spokenName(name)
  const [first = '', last = '', ...more] = spoken.split(' ')
  const turned = last === '' || more.length > 0 ? [] : [`${last}, ${first}`]
  return [name, spoken, ...turned].filter(isFullName)
}

/** As it is kept, and as it is written at home and abroad. */
function writtenPhones(phone: string): string[] {
  const parsed = parsePhoneNumberFromString(phone.split(';')[0] ?? '')
  const forms = [
    phone,
    parsed?.number ?? '',
    parsed?.formatInternational() ?? '',
    parsed?.formatNational() ?? '',
  ]
  return forms.filter((form) => form.replace(/\D/g, '').length >= SHORTEST_PHONE)
}

/** Lines of their own that are long enough to tell them by, and such a subject. */
function piecesOf({ subject, fresh, signature }: MailMessage): string[] {
  const title = subject.replace(/^(?:(?:re|fwd?|aw|wg|sv)\s*:\s*)+/i, '')
  return [title, ...fresh.split('\n'), ...signature.split('\n')]
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('>') && isDistinctive(line))
}

/** Two letters of a script without spaces say as much as a word. */
function isDistinctive(line: string): boolean {
  const unspaced = countUnspaced(line)
  return line.length + unspaced >= PIECE_LENGTH && line.split(/\s+/).length + unspaced / 2 >= PIECE_WORDS
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '')
}

/** Which record it was, for whoever knows its id. */
export function keyedHash(customer: string, key: string): string {
  return hash('sha256', `${key} ${customer}`)
}
