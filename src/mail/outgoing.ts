/** A mail on its way out, as workflows propose it and the mail connectors take it. */
import { z } from 'zod'

/** One line: a control character could begin a header of its own. */
const line = z
  .string()
  .max(900)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must be one line, without control characters')

const messageId = z
  .string()
  .max(900)
  .regex(/^[^\s<>\p{Cc}]+$/u, 'must be a Message-ID without angle brackets')

const address = z.strictObject({
  /** Display name, '' for none. */
  name: line,
  address: z
    .string()
    .max(320)
    .regex(/^[^\s<>()[\],;:"\\@\p{Cc}]+@[^\s<>(),;"\\@\p{Cc}]+$/u, 'must be one mail address'),
})

/** Unknown fields are refused: what isn't understood must not be thought sent. */
export const outgoingMail = z.strictObject({
  from: address,
  to: z.array(address).min(1).max(100),
  subject: line,
  text: z.string().max(1_000_000),
  /** Message-ID of the mail it answers, without angle brackets. */
  inReplyTo: messageId.nullable(),
  /** The thread so far, oldest first, without angle brackets. */
  references: z.array(messageId).max(100),
})

/** The fields of a draft that the operator decides on, as far as they must be right for it to be sent. */
export const draftedMail = z.object({
  to: address.shape.address,
  subject: line.regex(/\S/, 'must not be empty'),
  body: z.string().max(1_000_000).regex(/\S/, 'must not be blank'),
})

export type OutgoingMail = z.infer<typeof outgoingMail>

/** What a mail connector tells of a mail that it sent. */
export const sentMail = z.strictObject({
  /** Without angle brackets, as the messages that answer it will name it. */
  messageId: z.string(),
  /** Addresses the mail went to; those that were refused are missing. */
  accepted: z.array(z.string()),
})

export type SentMail = z.infer<typeof sentMail>
