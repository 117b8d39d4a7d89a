/** Who wrote a mail: a person, a machine, or a person by way of a machine. */
import type { Address, MailMessage } from '../../mail/message.ts'

const ROBOT =
  /^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer-daemon|postmaster|bounces?|notifications?|notify|alerts?|automated|wordpress|forms?|formmail|mailer|website)(?:[-_.+].*)?$|[-_.+]no[-_.]?reply$/

/** Providers whose addresses say nothing about a company. Country versions (`yahoo.fr`) count as well. */
const FREE_PROVIDERS = new Set(
  (
    'gmail googlemail gmx web outlook hotmail live msn yahoo ymail rocketmail aol icloud me mac proton protonmail ' +
    'pm mail email posteo mailbox fastmail zoho yandex tutanota tuta hey t-online freenet arcor vodafonemail 1und1 ' +
    'online orange wanadoo free laposte sfr bbox neuf telefonica terra telia bredband comhem spray passagen swipnet ' +
    'libero virgilio tiscali alice bluewin sunrise hispeed btinternet sky virginmedia talktalk blueyonder ntlworld ' +
    'comcast verizon att sbcglobal bellsouth cox charter shaw rogers bigpond optusnet docomo ezweb softbank nifty ' +
    'biglobe ocn so-net qq 163 126 sina naver hanmail mail-ru bk inbox seznam centrum wp onet interia o2 xs4all ' +
    'ziggo kpnmail planet skynet telenet'
  ).split(' '),
)

/** An address that no person reads, such as `no-reply@…`. */
export function isRobot({ address }: Address): boolean {
  return ROBOT.test(address.split('@', 1)[0] ?? '')
}

/**
 * True for what a web form sends in a visitor's name: it comes from a machine, or from the operator
 * herself, and is to be answered to somebody else.
 */
export function isFromForm(message: MailMessage, ownAddresses: readonly string[]): boolean {
  const { from, replyTo } = message
  const own = ownAddresses.includes(from.address)
  return (
    (own || isRobot(from)) &&
    !isRobot(replyTo) &&
    !ownAddresses.includes(replyTo.address) &&
    message.headers['list-id'] === undefined &&
    message.headers['list-unsubscribe'] === undefined
  )
}

/** The domain of an address, when it is not one of the free providers; null otherwise. */
export function companyDomainOf(address: string): string | null {
  const domain = domainOf(address)
  const [name = ''] = ownDomain(domain).split('.')
  return !domain.includes('.') || FREE_PROVIDERS.has(name) ? null : domain
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/** What of a host name its owner registered: `example.co.uk` of `www.example.co.uk`, by rule of thumb. */
export function ownDomain(host: string): string {
  const labels = host.toLowerCase().split('.')
  const secondLevel = labels.length > 2 && /^(?:co|com|ne|or|ac|org|net|gov)$/.test(labels.at(-2) ?? '')
  return labels.slice(secondLevel ? -3 : -2).join('.')
}
