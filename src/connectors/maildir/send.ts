import { composeMail, domainOf, messageIdFor } from '../../mail/compose.ts'
import { type OutgoingMail, outgoingMail, type SentMail, sentMail } from '../../mail/outgoing.ts'
import type { Lookup, Operation } from '../../ports/connector.ts'
import { reasonOf, refuseWhenAborted } from './failure.ts'
import { sentFolder } from './sent-folder.ts'

/** Files mail in the Maildir `sentDir`. */
export function sendByFolder(sentDir: string, now: () => number): Operation<OutgoingMail, SentMail> {
  const sent = sentFolder(sentDir)
  return {
    manifest: {
      title: 'File a mail in the Sent folder',
      effect: 'external',
      idempotency: 'key',
      criticalArguments: ['to'],
      carries: { recipients: ['to'], content: ['subject', 'text'], attachments: [] },
      hosts: [],
      dataClass: 'personal',
      witness: 'workspace',
    },
    input: outgoingMail,
    output: sentMail,
    async perform(mail, { idempotencyKey, signal }) {
      const earlier = await sent.find(idempotencyKey)
      if (earlier !== null) return earlier
      refuseWhenAborted(signal)
      const messageId = messageIdFor(idempotencyKey, domainOf(mail.from.address))
      const raw = await composeMail(mail, { messageId, date: new Date(now()) })
      const output = outputOf(messageId, mail)
      await sent.file(idempotencyKey, raw, output)
      return output
    },
    async lookup(mail, { idempotencyKey }): Promise<Lookup<SentMail>> {
      try {
        const output = await sent.find(idempotencyKey)
        if (output !== null) return { found: 'yes', output }
        const messageId = messageIdFor(idempotencyKey, domainOf(mail.from.address))
        return { found: 'no', ifDone: outputOf(messageId, mail) }
      } catch (error) {
        return { found: 'unknown', why: reasonOf(error) }
      }
    },
  }
}

function outputOf(messageId: string, { to }: OutgoingMail): SentMail {
  return { messageId: messageId.slice(1, -1), accepted: to.map(({ address }) => address) }
}
