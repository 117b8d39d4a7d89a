/** Questions to the tables of the customers. */

import { HoldfastError } from '../kernel/errors.ts'
import { atMost } from '../kernel/limit.ts'
import type { TablesReader } from '../ports/projection.ts'
import type { AddressValue, FieldValue, Joined, Origin } from './change.ts'
import { type Candidate, customerId } from './identity.ts'
import { domainOf } from './mail-domain.ts'
import type { FieldName, How, SenderFacts } from './sender-facts.ts'
import type { CustomerKind } from './sender-kind.ts'

export interface CustomerRow {
  readonly id: string
  readonly kind: CustomerKind
  /** '' when none is known. */
  readonly name: string
  /** The first one; '' when erased. */
  readonly address: string
  readonly messages: number
  /** Position of the newest message: what `after` takes to read on. */
  readonly lastPosition: number
  /** Milliseconds since 1970. */
  readonly lastTime: number
}

export interface TimelineEntry {
  readonly position: number
  readonly time: number
  /** Kind of the event. */
  readonly kind: string
  readonly summary: string
  /** Id of the message, run or review. */
  readonly ref: string
}

export interface FieldHistory extends FieldValue {
  /** What else was said, newest first. */
  readonly others: readonly FieldValue[]
}

export interface Customer {
  readonly id: string
  readonly kind: CustomerKind
  readonly messages: number
  readonly fields: Readonly<Partial<Record<FieldName, FieldHistory>>>
  readonly addresses: readonly AddressValue[]
  readonly phones: readonly FieldValue[]
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[]
}

/** What is known of a record when a message comes in. */
export interface KnownRecord {
  /** Version of the stream; 0 when there is no record yet. */
  readonly version: number
  readonly kind: CustomerKind | null
  readonly phones: readonly string[]
  readonly current: Readonly<Partial<Record<FieldName, { value: string; how: How }>>>
  /** `field value` of all that was ever said. */
  readonly said: ReadonlySet<string>
}

interface FieldRow {
  field: FieldName | 'phone'
  value: string
  how: How
  origin: string
  current: number
}

/** A phone number or a Message-ID of the sender's, and a customer who has it too. */
interface Held {
  customer: string
  value: string
}

/** Most holders of one phone number that are looked at. More than one name among them makes it a shared one. */
const MAX_HOLDERS = 20

/**
 * The customers with the newest message first.
 *
 * @param page `limit` default 50; `after` the `lastPosition` of the last row of the page before.
 */
export function listCustomers(
  reader: TablesReader,
  { limit = 50, after = Number.MAX_SAFE_INTEGER }: { limit?: number; after?: number } = {},
): CustomerRow[] {
  return reader.all<CustomerRow>(
    `SELECT id, kind, name, messages, last_position AS lastPosition, last_time AS lastTime,
            coalesce((SELECT address FROM customers_addresses WHERE customer = id ORDER BY position LIMIT 1), '') AS address
     FROM customers WHERE last_position < ? ORDER BY last_position DESC LIMIT ?`,
    after,
    atMost(limit),
  )
}

/**
 * The id of the customer with this id or address, or of the only one whose id, address or name begins so.
 * @throws CUSTOMER_NOT_FOUND naming the customers that come close.
 */
export function findCustomer(reader: TablesReader, idOrAddressOrPrefix: string): string {
  const text = idOrAddressOrPrefix.trim().toLowerCase()
  const exact = reader.get<{ id: string }>(
    `SELECT id FROM customers WHERE id = ?1
     UNION SELECT customer FROM customers_addresses WHERE address = ?1 LIMIT 1`,
    text,
  )
  if (exact) return exact.id
  const beginning = text === '' ? [] : matching(reader, `${escaped(text)}%`, `c-${escaped(text)}%`)
  const [only] = beginning
  if (only && beginning.length === 1) return only.id
  throw notFound(text, beginning.length > 0 ? beginning : close(reader, text))
}

/**
 * The whole record: every field with its origin and its history, addresses, phones, timeline.
 *
 * @param entries most entries of the timeline, the newest; default 200.
 * @throws CUSTOMER_NOT_FOUND
 */
export function showCustomer(reader: TablesReader, id: string, entries = 200): Customer {
  const row = reader.get<{ kind: CustomerKind; messages: number }>(
    'SELECT kind, messages FROM customers WHERE id = ?',
    id,
  )
  if (row === undefined) throw notFound(id, close(reader, id))
  const values = reader.all<FieldRow>(
    'SELECT field, value, how, origin, current FROM customers_fields WHERE customer = ? ORDER BY position DESC, rowid DESC',
    id,
  )
  return {
    id,
    kind: row.kind,
    messages: row.messages,
    fields: historyOf(values),
    addresses: addressesOf(reader, id),
    phones: values
      .filter(({ field }) => field === 'phone')
      .map(fieldValue)
      .reverse(),
    timeline: timelineOf(reader, id, entries),
  }
}

/** The name that counts now; null when none is known. */
export function customerName(reader: TablesReader, id: string): string | null {
  return reader.get<{ name: string }>('SELECT name FROM customers WHERE id = ?', id)?.name || null
}

/** Whom a list names: a customer by name and first address; null when there is no such record. */
export function briefCustomer(
  reader: TablesReader,
  id: string,
): Pick<CustomerRow, 'id' | 'name' | 'address'> | null {
  const row = reader.get<Pick<CustomerRow, 'id' | 'name' | 'address'>>(
    `SELECT id, name,
            coalesce((SELECT address FROM customers_addresses WHERE customer = id ORDER BY position LIMIT 1), '') AS address
     FROM customers WHERE id = ?`,
    id,
  )
  return row === undefined ? null : { ...row }
}

/** Every record that the sender might be: by address, by id, by phone number, by thread. */
export function openCandidates(reader: TablesReader, facts: SenderFacts): Candidate[] {
  const address = facts.address.value
  const known = reader.get<{ customer: string }>(
    'SELECT customer FROM customers_addresses WHERE address = ?',
    address,
  )
  if (known) return candidatesOf(reader, [known.customer], [], [])
  const wrote = facts.thread.flatMap((messageId) =>
    reader.all<Held>(
      'SELECT customer, message_id AS value FROM customers_messages WHERE message_id = ?',
      messageId,
    ),
  )
  const phones = facts.phones.flatMap(({ value }) =>
    reader.all<Held>(
      `SELECT customer, value FROM customers_fields WHERE field = 'phone' AND value = ? LIMIT ${MAX_HOLDERS}`,
      value,
    ),
  )
  const ids = [customerId(address), ...[...wrote, ...phones].map(({ customer }) => customer)]
  return candidatesOf(reader, [...new Set(ids)], phones, wrote)
}

export function knownRecord(reader: TablesReader, id: string): KnownRecord {
  const row = reader.get<{ version: number; kind: CustomerKind }>(
    'SELECT version, kind FROM customers WHERE id = ?',
    id,
  )
  const values = reader.all<FieldRow>(
    'SELECT field, value, how, current FROM customers_fields WHERE customer = ?',
    id,
  )
  const current = values.filter((one) => one.field !== 'phone' && one.current === 1)
  return {
    version: row?.version ?? 0,
    kind: row?.kind ?? null,
    phones: values.filter(({ field }) => field === 'phone').map(({ value }) => value),
    current: Object.fromEntries(current.map(({ field, value, how }) => [field, { value, how }])),
    said: new Set(values.map(({ field, value }) => `${field} ${value}`)),
  }
}

function candidatesOf(
  reader: TablesReader,
  ids: readonly string[],
  phones: readonly Held[],
  wrote: readonly Held[],
): Candidate[] {
  const heldBy = (id: string, held: readonly Held[]) =>
    held.filter(({ customer }) => customer === id).map(({ value }) => value)
  return ids.flatMap((id) => {
    const row = reader.get<{ kind: CustomerKind; name: string }>(
      'SELECT kind, name FROM customers WHERE id = ?',
      id,
    )
    if (row === undefined) return []
    const addresses = addressesOf(reader, id).map(({ value }) => value)
    return {
      id,
      kind: row.kind,
      name: row.name,
      addresses,
      phones: heldBy(id, phones),
      wrote: heldBy(id, wrote),
    }
  })
}

function historyOf(newestFirst: readonly FieldRow[]): Partial<Record<FieldName, FieldHistory>> {
  const current = newestFirst.filter((one) => one.field !== 'phone' && one.current === 1)
  return Object.fromEntries(
    current.map((one) => {
      const others = newestFirst.filter((other) => other.field === one.field && other !== one)
      return [one.field, { ...fieldValue(one), others: others.map(fieldValue) }]
    }),
  )
}

function fieldValue({ value, origin }: { value: string; origin: string }): FieldValue {
  return { value, origin: JSON.parse(origin) as Origin }
}

function addressesOf(reader: TablesReader, id: string): AddressValue[] {
  const rows = reader.all<{ value: string; joined: Joined; origin: string }>(
    'SELECT address AS value, joined, origin FROM customers_addresses WHERE customer = ? ORDER BY position',
    id,
  )
  return rows.map((row) => ({ ...fieldValue(row), joined: row.joined }))
}

function timelineOf(reader: TablesReader, id: string, entries: number): TimelineEntry[] {
  const newestFirst = reader.all<TimelineEntry>(
    `SELECT position, time, kind, summary, ref FROM customers_timeline
     WHERE customer = ? ORDER BY position DESC LIMIT ?`,
    id,
    entries,
  )
  return newestFirst.map((entry) => ({ ...entry })).reverse()
}

interface Named {
  id: string
  name: string
  address: string
}

/** Most customers named in an error. */
const MAX_NAMED = 5

/** Customers of whom the id, the name or an address is like one of the patterns. */
function matching(reader: TablesReader, ...patterns: readonly string[]): Named[] {
  const like = (column: string) => patterns.map((_, i) => `${column} LIKE ?${i + 1} ESCAPE '\\'`).join(' OR ')
  return reader.all<Named>(
    `SELECT id, name, coalesce(min(address), '') AS address
     FROM customers LEFT JOIN customers_addresses ON customer = id
     WHERE ${like('id')} OR ${like('address')} OR ${like('name')}
     GROUP BY id ORDER BY last_position DESC LIMIT ${MAX_NAMED}`,
    ...patterns,
  )
}

/** Those that hold the text somewhere, or have an address at the same domain. */
function close(reader: TablesReader, text: string): Named[] {
  if (text === '') return []
  const domain = domainOf(text)
  return matching(reader, `%${escaped(text)}%`, ...(text.includes('@') ? [`%@${escaped(domain)}`] : []))
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function notFound(text: string, near: readonly Named[]): HoldfastError {
  const names = near.map(({ id, name, address }) => `${id} (${name || address})`)
  const what = `No single customer is ${JSON.stringify(text)}`
  return new HoldfastError(
    'CUSTOMER_NOT_FOUND',
    names.length > 0 ? `${what}; close are ${names.join(', ')}` : what,
    {
      details: { asked: text, close: near.map(({ id }) => id) },
      ...(names.length > 0 ? { fix: 'Use one of the ids named in the message.' } : {}),
    },
  )
}
