/** The mail within the proposal to carry out an operation. */
import type { JsonObject } from '../../../kernel/json.ts'
import { type OutgoingMail, outgoingMail, sentMail } from '../../../mail/outgoing.ts'

export interface ProposedMail extends OutgoingMail {
  /** The id it has if it was sent, without angle brackets; null when that is not known. */
  readonly messageId: string | null
}

/** null for an operation that sends no mail. */
export function mailIn({ input, output }: JsonObject): ProposedMail | null {
  const mail = outgoingMail.safeParse(input)
  if (!mail.success) return null
  return { ...mail.data, messageId: sentMail.safeParse(output).data?.messageId ?? null }
}
