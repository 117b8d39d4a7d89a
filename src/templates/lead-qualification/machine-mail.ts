/**
 * Mail that machines send, told by its headers and its structure. These rules follow the standards
 * (RFC 3834 for automatic answers, RFC 3464 for bounces, RFC 2919 and 8058 for lists) and what mail
 * programs do in practice; words come in only as subject lines that programs write.
 */
import type { MailMessage } from '../../mail/message.ts'
import type { Reason } from './evidence.ts'
import { compilePhrases } from './phrases.ts'
import { isRobot } from './sender.ts'

export type MachineKind = 'bounce' | 'auto-reply' | 'spam' | 'calendar' | 'newsletter' | 'notice'

export interface MachineMail {
  readonly kind: MachineKind
  readonly confidence: number
  readonly reason: Reason
}

const AUTO_REPLY_SUBJECT = compilePhrases(
  (
    'out of office|out of the office|automatic reply|auto reply|auto-reply|autoreply|autoresponse|on vacation|' +
    'abwesenheit*|abwesend|automatische antwort|automatische abwesenheit*|réponse automatique|absence du bureau|' +
    'absent du bureau|respuesta automática|fuera de la oficina|autosvar|automatiskt svar|frånvaro*|ej på plats|' +
    'risposta automatica|fuori sede|automatisch antwoord|afwezig*|resposta automática|自動返信|自動応答|不在'
  ).split('|'),
)
const BOUNCE_SUBJECT = compilePhrases(
  (
    'undeliverable|undelivered mail|delivery status notification|mail delivery failed|delivery failure|' +
    'returned mail|failure notice|unzustellbar*|konnte nicht zugestellt werden|échec de la remise|' +
    'non remis|no se puede entregar|kunde inte levereras|ej levererat'
  ).split('|'),
)
const QUOTE_LIMIT = 100

/** What a machine sent this as; null when its headers and structure could be a person's. */
export function machineMail(message: MailMessage): MachineMail | null {
  return (
    bounce(message) ??
    autoReply(message) ??
    flaggedSpam(message) ??
    calendar(message) ??
    list(message) ??
    generated(message) ??
    bulk(message) ??
    unread(message)
  )
}

function bounce(message: MailMessage): MachineMail | null {
  const report = header(message, 'content-type', /^multipart\/report\b.*delivery-status/i)
  const failed = report ?? header(message, 'x-failed-recipients', /@/)
  if (failed) return found('bounce', 0.99, 'is a report that a mail was not delivered', failed, 'header')
  const daemon = /^(?:mailer-daemon|postmaster)@/.test(message.from.address)
  const subject = firstMatch(BOUNCE_SUBJECT, message.subject)
  if (daemon && subject) {
    return found('bounce', 0.97, 'comes from a mail server about a failed delivery', subject, 'subject')
  }
  return null
}

function autoReply(message: MailMessage): MachineMail | null {
  const replied =
    header(message, 'auto-submitted', /^auto-replied/i) ?? header(message, 'precedence', /^auto_reply/i)
  if (replied) return found('auto-reply', 0.98, 'says in its headers that it is automatic', replied, 'header')
  const subject = firstMatch(AUTO_REPLY_SUBJECT, message.subject)
  if (!subject) return null
  const suppressed = message.headers['x-auto-response-suppress'] !== undefined
  return found(
    'auto-reply',
    suppressed ? 0.97 : 0.9,
    'has the subject of an automatic answer',
    subject,
    'subject',
  )
}

function flaggedSpam(message: MailMessage): MachineMail | null {
  const flag = header(message, 'x-spam-flag', /^yes/i)
  return flag ? found('spam', 0.95, 'was marked as spam by the mail server', flag, 'header') : null
}

function calendar({ calendar }: MailMessage): MachineMail | null {
  if (calendar === null || calendar.method === 'PUBLISH') return null
  const label = calendar.method === 'REQUEST' ? 'is an invitation' : 'is an answer to an invitation'
  return found('calendar', 0.97, label, calendar.summary, 'attachment')
}

function list(message: MailMessage): MachineMail | null {
  const words = header(message, 'list-id', /./) ?? header(message, 'list-unsubscribe', /./)
  return words ? found('newsletter', 0.95, 'was sent to a list', words, 'header') : null
}

function generated(message: MailMessage): MachineMail | null {
  const words =
    header(message, 'auto-submitted', /^auto-(?!replied)/i) ??
    header(message, 'content-type', /^multipart\/report/i)
  return words ? found('notice', 0.95, 'was written by a program', words, 'header') : null
}

function bulk(message: MailMessage): MachineMail | null {
  const words = header(message, 'precedence', /^(?:bulk|list|junk)\b/i)
  return words ? found('newsletter', 0.85, 'was sent to many', words, 'header') : null
}

function unread({ from }: MailMessage): MachineMail | null {
  if (!isRobot(from)) return null
  return found('notice', 0.9, 'comes from an address that nobody reads', from.address, 'header')
}

function header({ headers }: MailMessage, name: string, expected: RegExp): string | null {
  const value = headers[name]
  return value !== undefined && expected.test(value) ? value.slice(0, QUOTE_LIMIT) : null
}

function firstMatch(expression: RegExp, text: string): string | undefined {
  return text.matchAll(expression).next().value?.[0]
}

function found(
  kind: MachineKind,
  confidence: number,
  label: string,
  words: string,
  where: Reason['where'],
): MachineMail {
  return { kind, confidence, reason: { criterion: `kind.${kind}`, label, words, weight: 0, where } }
}
