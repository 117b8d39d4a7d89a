/** An outgoing mail as the bytes that leave. */
import { domainToASCII } from 'node:url'
import { validate } from '../kernel/schema.ts'
import { type OutgoingMail, outgoingMail } from './outgoing.ts'
import { sha256Of } from './raw.ts'

export interface ComposeContext {
  /** With angle brackets, as `messageIdFor` gives it. */
  readonly messageId: string
  readonly date: Date
}

/**
 * RFC 5322 bytes with CRLF line ends; the same for the same draft and context.
 * @throws INPUT_INVALID for a line break in a header field, or anything else outside the schema.
 */
export async function composeMail(draft: OutgoingMail, context: ComposeContext): Promise<Buffer> {
  const mail = await validate(outgoingMail, draft, 'mail')
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
  const composer = new MailComposer({
    from: mail.from,
    to: mail.to,
    subject: mail.subject,
    text: mail.text.replace(/\r\n?/g, '\n'),
    messageId: context.messageId,
    date: context.date,
    ...(mail.inReplyTo === null ? {} : { inReplyTo: `<${mail.inReplyTo}>` }),
    ...(mail.references.length === 0 ? {} : { references: mail.references.map((id) => `<${id}>`) }),
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return composer.compile().build()
}

/** 32 hex digits that stand for an idempotency key in file names and Message-IDs. */
export function keyHash(key: string): string {
  return sha256Of(key).slice(0, 32)
}

/** `<hf-…@domain>`: the same for every attempt of one effect. */
export function messageIdFor(key: string, domain: string): string {
  return `<hf-${keyHash(key)}@${domainToASCII(domain) || 'localhost'}>`
}

/** Whether a Message-ID, without brackets, has the form of those that `messageIdFor` gives. */
export function isOwnMessageId(id: string): boolean {
  return /^hf-[0-9a-f]{32}@[a-zA-Z0-9.-]+$/.test(id)
}

/** The part of a mail address behind the @. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
