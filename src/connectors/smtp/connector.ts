/**
 * Mail by an SMTP server. A server can't be asked later whether it took a mail, so a mark is kept on this
 * side: the mail stands in the outbox from before it is handed over until it is filed in Sent.
 *
 *   crash before the outbox     neither    it was not sent
 *   crash while it is handed    outbox     can't tell: the operator is asked
 *   crash before it is filed    outbox     can't tell, though it was sent
 *   crash after it is filed     Sent       it was sent
 */
import { access, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../../kernel/errors.ts'
import { composeMail, domainOf, keyHash, messageIdFor } from '../../mail/compose.ts'
import { outgoingMail, sentMail } from '../../mail/outgoing.ts'
