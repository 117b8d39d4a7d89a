/** What one message adds to the record of its sender, as events for the same commit as the message. */
import { externalFrom } from '../kernel/label.ts'
import type { MailMessage } from '../mail/message.ts'
import type { StreamAppend } from '../ports/event-log.ts'
import type { TablesReader } from '../ports/projection.ts'
import {
  type AddressValue,
  bodyOf,
  type CustomerChange,
  type FieldValue,
  type Origin,
  replaces,
} from './change.ts'
import { type Resolution, resolveSender } from './identity.ts'
import { type KnownRecord, knownRecord, openCandidates } from './read.ts'
import {
  type Fact,
  FIELDS,
  type FieldName,
  type SenderFacts,
  type SenderOptions,
  senderFacts,
} from './sender-facts.ts'
import type { CustomerKind } from './sender-kind.ts'

export interface Recorded {
  /** Id of the canonical record. */
  readonly customer: string
  /** null when the message says nothing that isn't recorded already. */
  readonly append: StreamAppend | null
}

/**
 * Finds or makes the record of the sender of a message. Append the result together with
 * `message.received`; a LOG_CONFLICT says that another writer came first: call again, then append.
 *
 * @param reader the tables of `customersProjection`.
 */
export function recordSender(message: MailMessage, reader: TablesReader, options: SenderOptions): Recorded {
  const facts = senderFacts(message, options)
  const resolution = resolveSender(facts, openCandidates(reader, facts))
  const known = knownRecord(reader, resolution.customer)
  const change = changeFrom(message, facts, resolution, known)
  const event = {
    kind: known.version === 0 ? 'customer.created' : 'customer.updated',
    body: bodyOf(change),
    actor: 'intake',
    label: externalFrom(`mail:${message.id}`),
  }
  return {
    customer: resolution.customer,
    append: isEmpty(change)
      ? null
      : { stream: `customer/${resolution.customer}`, expectedVersion: known.version, events: [event] },
  }
}

function changeFrom(
  message: MailMessage,
  facts: SenderFacts,
  resolution: Resolution,
  known: KnownRecord,
): CustomerChange {
  const said = ({ value, how }: Fact): FieldValue => {
    const origin: Origin = { message: message.id, how, at: message.date }
    return { value, origin }
  }
  const fields = FIELDS.flatMap((field): [FieldName, FieldValue][] => {
    const fact = facts.fields[field]
    return fact !== undefined && isNews(field, fact, known) ? [[field, said(fact)]] : []
  })
  const address: AddressValue = { ...said(facts.address), joined: resolution.evidence ?? 'first' }
  const change = {
    id: resolution.customer,
    ...kindChange(facts.kind, known.kind),
    fields: Object.fromEntries(fields),
    addresses: resolution.joined === 'address' || address.value === '' ? [] : [address],
    phones: facts.phones.filter(({ value }) => !known.phones.includes(value)).map(said),
  }
  return { ...change, because: reasonFor(resolution, change) }
}

/** A machine that turns out to be a person, such as a founder whose newsletter came first; never the reverse. */
function kindChange(kind: CustomerKind, known: CustomerKind | null): { kind?: CustomerKind } {
  const isNews = known === null || known === 'unknown' || (known === 'automated' && kind === 'person')
  return isNews && kind !== known ? { kind } : {}
}

/** It would count from now on, or it was never said before. A guess is not worth keeping beside better. */
function isNews(field: FieldName, fact: Fact, known: KnownRecord): boolean {
  const current = known.current[field]
  if (current?.value === fact.value) return false
  if (replaces(field, fact, current)) return true
  return fact.how !== 'address domain' && !known.said.has(`${field} ${fact.value}`)
}

function reasonFor(resolution: Resolution, change: Omit<CustomerChange, 'because'>): string {
  if (resolution.joined !== 'address') return resolution.because
  const phones = change.phones.length > 0 ? ['phone'] : []
  const kind = change.kind === undefined ? [] : ['kind']
  return `says anew: ${[...Object.keys(change.fields), ...phones, ...kind].join(', ')}`
}

function isEmpty({ kind, fields, addresses, phones }: CustomerChange): boolean {
  return (
    kind === undefined && Object.keys(fields).length === 0 && addresses.length === 0 && phones.length === 0
  )
}
