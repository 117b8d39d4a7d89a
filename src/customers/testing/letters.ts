/** Mail and a log of events in memory, for the tests of the customers. */
import { hash } from 'node:crypto'
import type { StoredEvent } from '../../kernel/event.ts'
import { type JsonObject, toJson } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { MailMessage } from '../../mail/message.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { memoryTables } from '../../ports/testing/memory-tables.ts'
import { customersProjection } from '../projection.ts'
import { type Recorded, recordSender } from '../record.ts'

export const OPTIONS = { ownAddresses: ['mara@lindqvist.studio'], region: 'DE' }

/** `Jane Doe <jane@acme.example>` as the two fields that name a sender. */
export function from(written: string): Pick<MailMessage, 'from' | 'replyTo'> {
  const [, name = '', address = ''] = /^(.*?)\s*<(.*)>$/.exec(written) ?? ['', '', written]
  return { from: { name, address }, replyTo: { name, address } }
}

/** A message with something in every field that is not given. */
export function letter(fields: Partial<MailMessage>): MailMessage {
  const whole = {
    messageId: null,
    inReplyTo: null,
    references: [],
    ...from('Jane Doe <jane@acme.example>'),
    to: [{ name: '', address: 'mara@lindqvist.studio' }],
    cc: [],
    subject: 'Hello',
    date: '2026-11-05T09:00:00.000Z',
    text: '',
    fresh: '',
    quoted: '',
    signature: '',
    language: 'und',
    headers: {},
    attachments: [],
    calendar: null,
    oddities: [],
    ...fields,
  }
  const sha256 = hash('sha256', JSON.stringify(whole))
  return { id: `m-${sha256.slice(0, 20)}`, raw: { sha256, size: 0 }, ...whole }
}

export interface Office {
  readonly reader: TablesReader
  /** All events so far. */
  readonly log: StoredEvent[]
  /** Records the sender and appends it with the message, as intake does. */
  receive(message: MailMessage): Recorded
  append(kind: string, stream: string, body: JsonObject): void
}

/** A log with these events and the tables of the customers folded from it. */
export function office(past: readonly StoredEvent[] = []): Office {
  const { tables, apply } = memoryTables([customersProjection])
  const versions = new Map<string, number>()
  const log: StoredEvent[] = []
  past.forEach(take)

  function take(event: StoredEvent): void {
    versions.set(event.stream, event.version)
    log.push(event)
    apply(event)
  }

  function append(kind: string, stream: string, body: JsonObject): void {
    const version = (versions.get(stream) ?? 0) + 1
    const header = { position: log.length + 1, stream, version, kind, time: 1_794_000_000_000 + log.length }
    take({ ...header, actor: 'test', cause: null, correlation: null, label: SYSTEM, body })
  }

  function receive(message: MailMessage): Recorded {
    const recorded = recordSender(message, tables, OPTIONS)
    const { customer, append: part } = recorded
    const body = toJson({ message, customer, channel: 'file', ref: 'test' }) as JsonObject
    append('message.received', `mail/${message.id}`, body)
    if (part !== null && part.expectedVersion !== (versions.get(part.stream) ?? 0)) {
      throw new Error(`${part.stream} is not at version ${part.expectedVersion}`)
    }
    for (const event of part?.events ?? []) append(event.kind, part?.stream ?? '', event.body)
    return recorded
  }

  return { reader: tables, log, receive, append }
}
