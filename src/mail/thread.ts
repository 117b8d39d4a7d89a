import type { MailMessage } from './message.ts'

/**
 * What all messages of one conversation share: the Message-ID of its first message. That is the first of
 * the references, else what it answers, else its own Message-ID, else its id.
 */
export function threadKey(
  message: Pick<MailMessage, 'id' | 'messageId' | 'inReplyTo' | 'references'>,
): string {
  return message.references[0] ?? message.inReplyTo ?? message.messageId ?? message.id
}
