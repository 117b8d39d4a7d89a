/**
 * Mail by an SMTP server. A server can't be asked later whether it took a mail, so a mark is kept on this
 * side: the mail stands in the outbox from before it is handed over until it is filed in Sent.
 *
 *   crash before the outbox     neither    it was not sent
 *   crash while it is handed    outbox     can't tell: the operator is asked
 *   crash before it is filed    outbox     can't tell, though it was sent
 *   crash after it is filed     Sent       it was sent
 */
import { isHoldfastError } from '../../kernel/errors.ts'
import { composeMail, domainOf, messageIdFor } from '../../mail/compose.ts'
import { type OutgoingMail, outgoingMail, type SentMail, sentMail } from '../../mail/outgoing.ts'
import type { Lookup, Operation } from '../../ports/connector.ts'
import { secretNamed } from '../../ports/vault.ts'
import { reasonOf } from '../maildir/failure.ts'
import { sentFolder } from '../maildir/sent-folder.ts'
import { outbox } from './outbox.ts'
import { type Delivery, deliver } from './session.ts'

export interface SmtpSendOptions {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (port 465). Otherwise STARTTLS is demanded, except on this machine. */
  readonly secure: boolean
  /** `pass` is the password, or the handle of one in the vault. */
  readonly auth: { readonly user: string; readonly pass: string } | null
  /** The Maildir that mail is filed in once it is sent; made at the first mail. */
  readonly sentDir: string
  /** The folder of mail that is being handed over; made at the first mail. */
  readonly outboxDir: string
  /** Milliseconds since 1970, for the Date header. */
  readonly now: () => number
  /** Limit of one attempt in milliseconds, default 30,000. */
  readonly timeoutMs?: number
}

export function sendBySmtp(options: SmtpSendOptions): Operation<OutgoingMail, SentMail> {
  const { host, timeoutMs = 30_000, now, auth } = options
  const secret = auth === null ? null : secretNamed(auth.pass)
  const sent = sentFolder(options.sentDir)
  const marks = outbox(options.outboxDir)
  return {
    manifest: {
      title: 'Send a mail',
      effect: 'external',
      idempotency: 'none',
      criticalArguments: ['to'],
      carries: { recipients: ['to'], content: ['subject', 'text'], attachments: [] },
      hosts: [host],
      dataClass: 'personal',
      witness: 'workspace',
      secrets: secret === null ? [] : [secret],
      timeoutMs,
    },
    input: outgoingMail,
    output: sentMail,
    async perform(mail, { idempotencyKey: key, signal, secret: reveal }) {
      const earlier = await sent.find(key)
      if (earlier !== null) return earlier
      const signIn = auth === null || secret === null ? auth : { ...auth, pass: await reveal(secret) }
      const messageId = messageIdFor(key, domainOf(mail.from.address))
      const raw = await composeMail(mail, { messageId, date: new Date(now()) })
      const envelope = { from: mail.from.address, to: mail.to.map((to) => to.address) }
      const delivery = await marks.during(key, raw, () =>
        deliver({ ...options, auth: signIn, timeoutMs }, envelope, raw, signal),
      )
      const output = outputOf(messageId, delivery)
      try {
        await sent.file(key, raw, output)
        await marks.remove(key)
      } catch (error) {
        // The mail is out. That it can't be filed must not make it look unsent; its mark stays.
        if (!isHoldfastError(error)) throw error
      }
      return output
    },
    async lookup(mail, { idempotencyKey: key }): Promise<Lookup<SentMail>> {
      try {
        const output = await sent.find(key)
        if (output !== null) return { found: 'yes', output }
        const messageId = messageIdFor(key, domainOf(mail.from.address))
        const accepted = mail.to.map((to) => to.address)
        const ifDone = outputOf(messageId, { accepted, replacedId: null })
        if (!(await marks.has(key))) return { found: 'no', ifDone }
        const why = `${host} may have taken ${messageId}; its answer was never seen`
        return { found: 'unknown', why, ifDone }
      } catch (error) {
        return { found: 'unknown', why: reasonOf(error) }
      }
    },
  }
}

function outputOf(messageId: string, { accepted, replacedId }: Delivery): SentMail {
  return { messageId: (replacedId ?? messageId).slice(1, -1), accepted: [...accepted] }
}
