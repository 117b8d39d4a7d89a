/**
 * The customers as tables: one row each, their addresses, every value ever said with its origin, their
 * timeline, and which run is about whom. A message costs a handful of rows.
 */

import { ERASED_PREFIX } from '../kernel/erased.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { Projection, Tables } from '../ports/projection.ts'
import {
  type CustomerChange,
  changeOf,
  type FieldValue,
  type Origin,
  replaces,
  type ValueSaid,
} from './change.ts'
import { keptOf } from './erasure.ts'
import type { FieldName, How } from './sender-facts.ts'
import { type Entry, idAt, runEntry, sentMessageId, textAt } from './timeline.ts'

const SCHEMA = `
CREATE TABLE customers (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  last_time INTEGER NOT NULL
);
CREATE INDEX customers_latest ON customers (last_position);
CREATE TABLE customers_addresses (
  address TEXT PRIMARY KEY,
  customer TEXT NOT NULL,
  joined TEXT NOT NULL,
  origin TEXT NOT NULL,
  position INTEGER NOT NULL
);
CREATE INDEX customers_addresses_customer ON customers_addresses (customer);
CREATE TABLE customers_fields (
  customer TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  how TEXT NOT NULL,
  origin TEXT NOT NULL,
  position INTEGER NOT NULL,
  current INTEGER NOT NULL
);
CREATE INDEX customers_fields_customer ON customers_fields (customer, field);
CREATE INDEX customers_fields_phone ON customers_fields (value) WHERE field = 'phone';
CREATE TABLE customers_messages (
  message_id TEXT NOT NULL,
  customer TEXT NOT NULL,
  PRIMARY KEY (message_id, customer)
) WITHOUT ROWID;
CREATE TABLE customers_timeline (
  position INTEGER PRIMARY KEY,
  customer TEXT NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  summary TEXT NOT NULL,
  ref TEXT NOT NULL
);
CREATE INDEX customers_timeline_customer ON customers_timeline (customer);
CREATE TABLE customers_runs (
  run TEXT PRIMARY KEY,
  customer TEXT NOT NULL,
  workflow TEXT NOT NULL
);
`

export const customersProjection: Projection = {
  name: 'customers',
  version: 3,
  tables: [
    'customers',
    'customers_addresses',
    'customers_fields',
    'customers_messages',
    'customers_timeline',
    'customers_runs',
  ],
  schema: SCHEMA,
  kinds: [
    'customer.created',
    'customer.updated',
    'message.received',
    'run.started',
    'run.completed',
    'run.failed',
    'run.cancelled',
    'run.continued',
    'review.requested',
    'review.answered',
    'effect.succeeded',
    'decision.made',
  ],
  apply(event, tables) {
    if (event.stream.startsWith('customer/')) applyChange(event, tables)
    else if (event.kind === 'message.received') applyMessage(event, tables)
    else if (event.kind === 'run.started') applyRunStarted(event, tables)
    else applyRunEvent(event, tables)
  },
  erasure: {
    keep: keptOf,
    /** What was said of customers is woven together; the lines of their timelines stand alone. */
    forget(event, tables) {
      if (event.stream.startsWith('customer/')) return false
      const line = tables.get<{ customer: string }>(
        'SELECT customer FROM customers_timeline WHERE position = ?',
        event.position,
      )
      if (line === undefined) return true
      tables.run('DELETE FROM customers_timeline WHERE position = ?', event.position)
      if (event.kind === 'message.received') addEntry(line.customer, messageEntry(event), event, tables)
      else if (event.kind === 'run.started') addEntry(line.customer, startEntry(event), event, tables)
      else addRunEntry(event, tables)
      return true
    },
  },
}

/** The id is in the stream, so that the version is right even when the body is erased. */
function applyChange(event: StoredEvent, tables: Tables): void {
  const id = event.stream.slice('customer/'.length)
  if (isErased(id)) return
  const change = changeOf(event.body)
  tables.run(
    `INSERT INTO customers VALUES (?1, ?2, '', ?3, 0, ?4, ?5)
     ON CONFLICT (id) DO UPDATE SET version = ?3, kind = CASE WHEN ?6 THEN ?2 ELSE kind END`,
    id,
    change?.kind ?? 'unknown',
    event.version,
    event.position,
    event.time,
    change?.kind === undefined ? 0 : 1,
  )
  if (change === null) return
  addAddresses(id, change, event, tables)
  for (const phone of change.phones) addValue(id, 'phone', phone, true, event, tables)
  for (const [field, value] of Object.entries(change.fields)) {
    addField(id, field as FieldName, value, event, tables)
  }
  addEntry(id, { summary: change.because, ref: messageOf(change) }, event, tables)
}

function addAddresses(id: string, change: CustomerChange, event: StoredEvent, tables: Tables): void {
  for (const { value, joined, origin } of change.addresses) {
    tables.run(
      'INSERT INTO customers_addresses VALUES (?, ?, ?, ?, ?) ON CONFLICT (address) DO NOTHING',
      value,
      id,
      joined,
      originText(origin, event),
      event.position,
    )
  }
}

function addField(id: string, field: FieldName, said: FieldValue, event: StoredEvent, tables: Tables): void {
  const current = currentValue(tables, id, field)
  const isCurrent = replaces(field, { value: said.value, how: said.origin.how }, current)
  if (isCurrent) {
    tables.run('UPDATE customers_fields SET current = 0 WHERE customer = ? AND field = ?', id, field)
    if (field === 'name') tables.run('UPDATE customers SET name = ? WHERE id = ?', said.value, id)
  }
  addValue(id, field, said, isCurrent, event, tables)
}

function addValue(
  id: string,
  field: FieldName | 'phone',
  { value, origin }: FieldValue,
  isCurrent: boolean,
  event: StoredEvent,
  tables: Tables,
): void {
  tables.run(
    'INSERT INTO customers_fields VALUES (?, ?, ?, ?, ?, ?, ?)',
    id,
    field,
    value,
    origin.how,
    originText(origin, event),
    event.position,
    isCurrent ? 1 : 0,
  )
}

function currentValue(tables: Tables, customer: string, field: FieldName): ValueSaid | undefined {
  return tables.get<{ value: string; how: How }>(
    'SELECT value, how FROM customers_fields WHERE customer = ? AND field = ? AND current = 1',
    customer,
    field,
  )
}

function originText(origin: Origin, event: StoredEvent): string {
  return JSON.stringify({ ...origin, at: origin.at ?? new Date(event.time).toISOString() })
}

/** A message may come before the record of its sender within one commit, so it makes the row as well. */
function applyMessage(event: StoredEvent, tables: Tables): void {
  const customer = idAt(event.body, 'customer')
  if (customer === '' || isErased(customer)) return
  tables.run(
    `INSERT INTO customers VALUES (?1, 'unknown', '', 0, 1, ?2, ?3)
     ON CONFLICT (id) DO UPDATE SET messages = messages + 1, last_position = ?2, last_time = ?3`,
    customer,
    event.position,
    event.time,
  )
  const messageId = idAt(event.body, 'message', 'messageId')
  if (messageId !== '') addMessageId(messageId, customer, tables)
  addEntry(customer, messageEntry(event), event, tables)
}

function messageEntry({ body }: StoredEvent): Entry {
  return { summary: textAt(body, 'message', 'subject'), ref: idAt(body, 'message', 'id') }
}

/** A run started by another one is about the same customer, unless it says otherwise. */
function applyRunStarted(event: StoredEvent, tables: Tables): void {
  const run = runOf(event.stream)
  const parent = customerOfRun(idAt(event.body, 'parent', 'run'), tables)?.customer ?? ''
  const customer = idAt(event.body, 'customer') || parent
  if (customer === '' || isErased(customer)) return
  const workflow = idAt(event.body, 'workflow')
  tables.run('INSERT INTO customers_runs VALUES (?, ?, ?)', run, customer, workflow)
  addEntry(customer, startEntry(event), event, tables)
}

function startEntry(event: StoredEvent): Entry {
  return { summary: `${idAt(event.body, 'workflow')} started`, ref: runOf(event.stream) }
}

function applyRunEvent(event: StoredEvent, tables: Tables): void {
  const about = customerOfRun(runOf(event.stream), tables)
  if (about === undefined || event.body === null) return
  const sent = sentMessageId(event)
  if (sent !== '') addMessageId(sent, about.customer, tables)
  addRunEntry(event, tables)
}

function addRunEntry(event: StoredEvent, tables: Tables): void {
  const about = customerOfRun(runOf(event.stream), tables)
  if (about === undefined || event.body === null) return
  addEntry(about.customer, runEntry(event, about.workflow, runOf(event.stream)), event, tables)
}

function customerOfRun(run: string, tables: Tables): { customer: string; workflow: string } | undefined {
  return tables.get('SELECT customer, workflow FROM customers_runs WHERE run = ?', run)
}

function addMessageId(messageId: string, customer: string, tables: Tables): void {
  tables.run('INSERT INTO customers_messages VALUES (?, ?) ON CONFLICT DO NOTHING', messageId, customer)
}

function addEntry(customer: string, { summary, ref }: Entry, event: StoredEvent, tables: Tables): void {
  tables.run(
    'INSERT INTO customers_timeline VALUES (?, ?, ?, ?, ?, ?)',
    event.position,
    customer,
    event.time,
    event.kind,
    summary,
    ref,
  )
}

function messageOf(change: CustomerChange): string {
  const said = [...change.addresses, ...Object.values(change.fields), ...change.phones]
  return said.find(({ origin }) => origin.message !== null)?.origin.message ?? ''
}

/** Whoever was erased has no record any more, whatever is left of what they did. */
function isErased(id: string): boolean {
  return id.startsWith(ERASED_PREFIX)
}
