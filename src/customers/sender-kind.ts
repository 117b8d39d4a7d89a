/** Whether a person or a machine is behind a message. */
import type { MailMessage } from '../mail/message.ts'
import { domainOf, isFreeMail } from './mail-domain.ts'

/**
 * person: somebody who can be answered. automated: no-reply and list addresses, mailer daemons,
 * newsletters. own: the operator's own address or domain. unknown: the record's words were erased.
 */
export type CustomerKind = 'person' | 'automated' | 'own' | 'unknown'

const NO_REPLY =
  /^(?:no|do-?not|never|ingen?|ej|ei|keine|kein|nicht|nao|non|ne-?pas)[-_.]?(?:reply|respond|responder|svar|vastausta|antwort|antworten|responda|rispondere|repondre)\b|(?:^|[-_.+])no-?reply(?:$|[-_.+])|^svar[-_.]?ej$/
const MACHINE =
  /^(?:mailer-?daemon|postmaster|bounces?|notifications?|notify|newsletters?|automailer|auto-?confirm|wordpress|www-data|cron|daemon|root|majordomo|listserv|mailman)(?:$|[-_+])|-(?:request|bounces|owner)$/

/** Whether the part before the @ names a machine. `info@` and `sales@` don't: a person answers there. */
export function isAutomatedAddress(address: string): boolean {
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@'))).toLowerCase()
  return local === '' || isNoReply(address) || MACHINE.test(local)
}

function isNoReply(address: string): boolean {
  return NO_REPLY.test(address.slice(0, address.lastIndexOf('@')).toLowerCase())
}

/** Sent to many at once, by its headers. */
export function isBulk(headers: MailMessage['headers']): boolean {
  const precedence = headers.precedence?.toLowerCase() ?? ''
  return 'list-id' in headers || 'list-unsubscribe' in headers || /^(?:bulk|list|junk)\b/.test(precedence)
}

/**
 * A person's mail program answered for them (out of office). Exchange calls that auto-generated, as
 * machines do; but machines don't answer.
 */
export function isAutoReply(message: MailMessage): boolean {
  const submitted = message.headers['auto-submitted'] ?? ''
  return /^auto-replied/i.test(submitted) || (isMachineMade(message) && message.inReplyTo !== null)
}

/** What the From address is, before the question whether it writes for somebody else. */
export function kindOfSender(message: MailMessage, ownAddresses: readonly string[]): CustomerKind {
  const { address } = message.from
  if (ownAddresses.includes(address)) return 'own'
  if (isAutomatedAddress(address) || isDeliveryReport(message)) return 'automated'
  const isPersons = isAutoReply(message) || message.calendar !== null
  if (!isPersons && (isBulk(message.headers) || isMachineMade(message))) return 'automated'
  return isOwn(address, ownAddresses) ? 'own' : 'person'
}

function isMachineMade(message: MailMessage): boolean {
  return !/^(?:$|no\b)/i.test(message.headers['auto-submitted'] ?? '')
}

function isDeliveryReport(message: MailMessage): boolean {
  const type = message.headers['content-type'] ?? ''
  return 'x-failed-recipients' in message.headers || /report-type="?delivery-status/i.test(type)
}

/** An own address, or another one of an own domain. gmail.com is nobody's own domain. */
export function isOwn(address: string, ownAddresses: readonly string[]): boolean {
  const domain = domainOf(address)
  return ownAddresses.some((own) => own === address || (domainOf(own) === domain && !isFreeMail(domain)))
}

/**
 * The person behind a notification: a form on a website, or a group of the operator, sends in its own
 * name and puts the visitor into Reply-To. That is believed only
 * - when From is the operator's own address or domain, or there is no From at all, or
 * - when From is a no-reply address, the message was not sent to many, and Reply-To is elsewhere: the
 *   Reply-To of a shop's own newsletter or receipt is the shop, not a customer.
 *
 * Reply-To is as easy to forge as From, so this gives a forger nothing that From alone doesn't: either
 * way a message is filed with the address it claims to be from.
 *
 * @returns the address and name in Reply-To, or null when the sender writes for itself.
 */
export function personBehind(
  message: MailMessage,
  ownAddresses: readonly string[],
): MailMessage['replyTo'] | null {
  const { from, replyTo } = message
  const reply = replyTo.address
  if (reply === '' || reply === from.address) return null
  if (isAutomatedAddress(reply) || isOwn(reply, ownAddresses)) return null
  if (from.address === '' || isOwn(from.address, ownAddresses)) return replyTo
  const isForm = isNoReply(from.address) && !isBulk(message.headers)
  return isForm && domainOf(reply) !== domainOf(from.address) ? replyTo : null
}
