/**
 * Mail by folders: `send` files a mail in the Sent Maildir, from where whatever carries the mail takes it,
 * and `receive` tells what waits in the inbox. Nothing leaves the machine here.
 */
import { type Connector, defineConnector } from '../../ports/connector.ts'
import { receiveFrom } from './receive.ts'
import { sendByFolder } from './send.ts'

export interface MaildirConnectorOptions {
  /** The Maildir that mail is filed in; made at the first mail. */
  readonly sentDir: string
  /** The Maildir that mail comes in by; without it there is no `receive`. */
  readonly inboxDir?: string
  /** Milliseconds since 1970, for the Date header. */
  readonly now: () => number
}

export function maildirConnector({ sentDir, inboxDir, now }: MaildirConnectorOptions): Connector {
  const send = sendByFolder(sentDir, now)
  return defineConnector({
    name: 'maildir',
    operations: inboxDir === undefined ? { send } : { send, receive: receiveFrom(inboxDir) },
  })
}
