/** What the domain of an address says about who is behind it. */

/** Brands that give addresses to anybody under many endings: yahoo.co.uk, hotmail.fr, gmx.net. */
const FREE_BRANDS = new Set(
  `gmail googlemail outlook hotmail live msn yahoo ymail rocketmail aol aim icloud gmx proton protonmail tutanota
   yandex zoho fastmail posteo mailbox hushmail`.split(/\s+/),
)

/** Providers of mail and of internet access whose customers are not their staff. */
const FREE_DOMAINS = new Set(
  `me.com mac.com mail.com email.com usa.com inbox.com pm.me proton.me hey.com tuta.io tuta.com duck.com
   web.de t-online.de freenet.de arcor.de online.de 1und1.de mail.de mailbox.org bluewin.ch hispeed.ch sunrise.ch
   a1.net chello.at aon.at orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr libero.it virgilio.it
   alice.it tin.it tiscali.it telefonica.net telenet.be skynet.be ziggo.nl kpnmail.nl xs4all.nl planet.nl
   telia.com bredband.net comhem.se spray.se home.se online.no telfort.nl wp.pl o2.pl onet.pl interia.pl
   seznam.cz email.cz centrum.cz abv.bg mail.ru bk.ru list.ru inbox.ru rambler.ru ukr.net qq.com 163.com 126.com
   sina.com naver.com daum.net hanmail.net docomo.ne.jp comcast.net verizon.net att.net sbcglobal.net
   bellsouth.net cox.net charter.net earthlink.net btinternet.com sky.com virginmedia.com ntlworld.com
   talktalk.net eircom.net rogers.com shaw.ca sympatico.ca bigpond.com optusnet.com.au xtra.co.nz uol.com.br
   bol.com.br terra.com.br rediffmail.com`.split(/\s+/),
)

/** The domain in small letters; '' for an address without one. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1 || address.length).toLowerCase()
}

/** Whether anybody can get an address there, so that sharing the domain says nothing about two people. */
export function isFreeMail(domain: string): boolean {
  const [brand = '', ...ending] = domain.split('.')
  return FREE_DOMAINS.has(domain) || (ending.length <= 2 && FREE_BRANDS.has(brand))
}

/** Whether two addresses are at one domain that belongs to a company. */
export function shareCompany(one: string, other: string): boolean {
  const domain = domainOf(one)
  return domain !== '' && domain === domainOf(other) && !isFreeMail(domain)
}
