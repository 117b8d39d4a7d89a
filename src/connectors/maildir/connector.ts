/**
 * Mail by folders: `send` files a mail in the Sent Maildir, from where whatever carries the mail takes it,
 * and `receive` tells what waits in the inbox. Nothing leaves the machine here.
 */
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'
import { composeMail, domainOf, messageIdFor } from '../../mail/compose.ts'
import { type OutgoingMail, outgoingMail, type SentMail, sentMail } from '../../mail/outgoing.ts'
import {
  type Connector,
  defineConnector,
  type Lookup,
  type Operation,
  type PerformContext,
} from '../../ports/connector.ts'
import { reasonOf, withFolder } from './failure.ts'
import { waitingIn } from './inbox.ts'
import { baseName } from './names.ts'
import { type SentFolder, sentFolder } from './sent-folder.ts'

export interface MaildirConnectorOptions {
  /** The Maildir that mail is filed in; made at the first mail. */
  readonly sentDir: string
  /** The Maildir that mail comes in by; without it there is no `receive`. */
  readonly inboxDir?: string
  /** Milliseconds since 1970, for the Date header. */
  readonly now: () => number
}

export function maildirConnector(options: MaildirConnectorOptions): Connector {
  const send = sendOperation(sentFolder(options.sentDir), options.now)
  const { inboxDir } = options
  return defineConnector({
    name: 'maildir',
    operations: inboxDir === undefined ? { send } : { send, receive: receiveOperation(inboxDir) },
  })
}

function sendOperation(sent: SentFolder, now: () => number): Operation<OutgoingMail, SentMail> {
  return {
    manifest: {
      title: 'File a mail in the Sent folder',
      effect: 'external',
      idempotency: 'key',
      criticalArguments: ['to'],
      hosts: [],
      dataClass: 'personal',
    },
    input: outgoingMail,
    output: sentMail,
    async perform(mail, { idempotencyKey, signal }: PerformContext): Promise<SentMail> {
      const earlier = await sent.find(idempotencyKey)
      if (earlier !== null) return earlier
      refuseWhenAborted(signal)
      const messageId = messageIdFor(idempotencyKey, domainOf(mail.from.address))
      const raw = await composeMail(mail, { messageId, date: new Date(now()) })
      const output = { messageId: messageId.slice(1, -1), accepted: mail.to.map((to) => to.address) }
      await sent.file(idempotencyKey, raw, output)
      return output
    },
    async lookup(_mail, { idempotencyKey }): Promise<Lookup<SentMail>> {
      try {
        const output = await sent.find(idempotencyKey)
        return output === null ? { found: 'no' } : { found: 'yes', output }
      } catch (error) {
        return { found: 'unknown', why: reasonOf(error) }
      }
    },
  }
}

const nothing = z.strictObject({})
const waiting = z.strictObject({
  /** What waits in the inbox, by reference, oldest first. */
  refs: z.array(z.string()),
})

function receiveOperation(dir: string): Operation<z.infer<typeof nothing>, z.infer<typeof waiting>> {
  return {
    manifest: {
      title: 'See which mail waits in the inbox',
      effect: 'read',
      idempotency: 'natural',
      hosts: [],
      dataClass: 'private',
    },
    input: nothing,
    output: waiting,
    async perform(_input, { signal }) {
      refuseWhenAborted(signal)
      const files = await withFolder('CONNECTOR_UNAVAILABLE', dir, () => waitingIn(dir))
      return { refs: files.map(baseName) }
    },
  }
}

function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'The time was up before the mail was begun')
}
