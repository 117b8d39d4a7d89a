/** Which messages there are, and which Message-IDs are known: received ones and those that were sent. */
import { HoldfastError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'
import type { MailMessage } from './message.ts'

export const MAIL_STREAM = 'mail/'

export const mailIndex: Projection = {
  name: 'mail',
  version: 1,
  tables: ['mail_messages', 'mail_ids'],
  schema: `
    CREATE TABLE mail_messages (
      id TEXT PRIMARY KEY, position INTEGER NOT NULL, customer TEXT, sent_date TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mail_messages_by_customer ON mail_messages (customer, position);
    CREATE TABLE mail_ids (
      message_id TEXT PRIMARY KEY, direction TEXT NOT NULL, position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['message.received', 'effect.succeeded'],
  apply(event, tables) {
    if (event.kind === 'effect.succeeded') {
      const output = event.body?.output as { messageId?: unknown } | null | undefined
      if (typeof output?.messageId === 'string') noteId(output.messageId, 'sent')
      return
    }
    const message = event.body?.message as unknown as MailMessage | undefined
    tables.run(
      'INSERT INTO mail_messages (id, position, customer, sent_date) VALUES (?, ?, ?, ?)',
      event.stream.slice(MAIL_STREAM.length),
      event.position,
      (event.body?.customer as string | undefined) ?? null,
      message?.date ?? null,
    )
    if (message?.messageId) noteId(message.messageId, 'received')

    function noteId(messageId: string, direction: string): void {
      tables.run(
        'INSERT INTO mail_ids (message_id, direction, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        messageId,
        direction,
        event.position,
      )
    }
  },
  erasure: {
    /** Ids and dates: a later mail of the thread is still known as one. */
    keep({ kind, body }) {
      if (body === null) return null
      if (kind === 'effect.succeeded') {
        const { messageId } = (body.output ?? {}) as JsonObject
        return typeof messageId === 'string' ? { output: { messageId } } : null
      }
      const { id = null, messageId = null, date = null } = (body.message ?? {}) as JsonObject
      return { customer: body.customer ?? null, message: { id, messageId, date } }
    },
  },
}

/**
 * A received message.
 * @throws BODY_ERASED when it is no longer there, FILE_UNREADABLE when it never was.
 */
export function readMessage(log: EventLog, id: string): MailMessage {
  const [received] = log.readStream(MAIL_STREAM + id)
  if (received?.body) return received.body.message as unknown as MailMessage
  throw new HoldfastError(received ? 'BODY_ERASED' : 'FILE_UNREADABLE', `There is no message ${id}`, {
    details: { message: id },
  })
}

/** Message-IDs that the message answers or refers to, each once. */
export function answeredIds(message: MailMessage): string[] {
  const ids = message.inReplyTo === null ? message.references : [...message.references, message.inReplyTo]
  return [...new Set(ids)]
}

/** Those of the Message-IDs that we sent. */
export function sentAmong(tables: TablesReader, messageIds: readonly string[]): string[] {
  return messageIds.filter(
    (id) =>
      tables.get('SELECT 1 FROM mail_ids WHERE message_id = ? AND direction = ?', id, 'sent') !== undefined,
  )
}

/** Whether a message answers one that came in, or went out, before it. */
export function isKnownThread(tables: TablesReader, message: MailMessage, before: number): boolean {
  return answeredIds(message).some(
    (id) =>
      tables.get('SELECT 1 FROM mail_ids WHERE message_id = ? AND position < ?', id, before) !== undefined,
  )
}

/** Whether the customer had written before this position. */
export function wroteBefore(tables: TablesReader, customer: string, before: number): boolean {
  const row = tables.get('SELECT 1 FROM mail_messages WHERE customer = ? AND position < ?', customer, before)
  return row !== undefined
}
