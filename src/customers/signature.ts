/**
 * What a signature says about its writer, where it is obvious. A signature follows no standard, so only
 * what can hardly be misread is taken; nothing is better than a street read as a company.
 */
import { folded, isFullName, nameKey, oneLine } from './person-name.ts'

export interface SignatureFacts {
  readonly name: string | null
  readonly role: string | null
  readonly organisation: string | null
  readonly website: string | null
}

interface Writer {
  readonly name: string
  readonly address: string
}

/** Lines and characters at the end of a message in which a signature is looked for. */
const MAX_LINES = 12
const MAX_TEXT = 1_500

const ROLE = word(
  `ceo|cto|cfo|coo|cmo|cio|vd|(?:co-?)?founder|(?:co-)?owner|director|manager|head of|president|partner|consultant|
   engineer|developer|designer|architect|officer|secretary|accountant|assistant|coordinator|buyer|
   geschäftsführer(?:in)?|inhaber(?:in)?|leiter(?:in)?|leitung|vorstand|prokurist(?:in)?|gründer(?:in)?|berater(?:in)?|
   directeur|directrice|gérant(?:e)?|responsable|fondat(?:eur|rice)|président(?:e)?|
   direct(?:or|ora)|gerente|fundador(?:a)?|propietari[oa]|titolare|direttore|direttrice|amministratore|
   ägare|grundare|chef|ordförande`,
)
const LEGAL_FORM = word(
  `gmbh|ag|kg|ohg|ug|gbr|e\\.k\\.|e\\.v\\.|inc\\.?|llc|llp|ltd\\.?|limited|plc|corp\\.?|corporation|pty|pvt|sarl|sas|sasu|
   s\\.a\\.|s\\.l\\.|s\\.r\\.l\\.|srl|spa|s\\.p\\.a\\.|b\\.v\\.|bv|n\\.v\\.|nv|aps|a\\/s|ab|oy|oyj|sp\\. z o\\.o\\.|s\\.r\\.o\\.|kft`,
)
const AT = /\s+(?:at|bei|chez|hos|@)\s+/i
/** Between the parts of a line; not before a legal form, as in `Acme, Inc.` */
const SEPARATOR = /\s*[|·•–—]\s*|\s+[-/]\s+|,(?!\s*(?:inc|llc|ltd|gmbh|corp)\b)\s*|\n/i
const PARTICLE = /^(?:v[ao]n|d[aei]|de[nlr]|la|le|bin)$/
/** The phone's signature, not the writer's. */
const ADVERTISING =
  /^\s*(?:sent|get|envoyé|gesendet|von|skickat|enviado|inviato)\b.*\b(?:iphone|ipad|android|samsung|outlook|mobile|mail|handy)\b/i
const SOCIAL =
  /(?:^|\.)(?:linkedin|facebook|instagram|twitter|x|youtube|xing|github|calendly|zoom|google|wa)\.[a-z]+$/

/**
 * The closing of a message: its signature as the mail names it, else its last lines from the one that
 * is the writer's full name. '' when there is neither.
 */
export function closingOf(signature: string, fresh: string, name: string): string {
  const said = signature
    .slice(0, MAX_TEXT)
    .split('\n')
    .filter((line) => !ADVERTISING.test(line))
    .join('\n')
  if (said.trim() !== '' || !isFullName(name)) return said
  const lines = fresh.trimEnd().slice(-MAX_TEXT).split('\n').slice(-MAX_LINES)
  const start = lines.findLastIndex((line) => nameKey(line.split(SEPARATOR)[0] ?? '') === nameKey(name))
  return start < 0 ? '' : lines.slice(start).join('\n')
}

/** @param sender name ('' when unknown) and address of the writer: what the signature must fit to be believed. */
export function signatureFacts(closing: string, sender: Writer): SignatureFacts {
  const parts = closing
    .split(SEPARATOR)
    .map((part) => oneLine(part))
    .filter(isWords)
  const name = parts.slice(0, 3).find((part) => isNameOf(part, sender)) ?? null
  const role = parts.find((part) => ROLE.test(part)) ?? null
  const [title, employer] = role?.split(AT) ?? []
  const organisations = parts.filter(
    (part) => part !== role && part !== name && isOrganisationOf(part, sender),
  )
  return {
    name,
    role: title ?? null,
    organisation: employer ?? organisations.find((part) => LEGAL_FORM.test(part)) ?? organisations[0] ?? null,
    website: websiteIn(closing),
  }
}

/** Short, begins with a capital, and is neither a number, an address nor a greeting. */
function isWords(part: string): boolean {
  return (
    /^\p{Lu}/u.test(part) && part.length <= 60 && !/[\d@:]|www\./i.test(part) && part.split(' ').length <= 8
  )
}

/** Two to four capitalised words, one of them the name that is known or in the address before the @. */
function isNameOf(part: string, sender: Writer): boolean {
  const words = nameKey(part).split(' ')
  const isCapitalised = part.split(' ').every((word) => /^\p{Lu}/u.test(word) || PARTICLE.test(word))
  if (words.length < 2 || words.length > 4 || !isCapitalised || ROLE.test(part)) return false
  const local = sender.address.slice(0, sender.address.lastIndexOf('@'))
  const known = nameKey(sender.name)
  return words.some((word) => (known === '' ? word.length >= 3 && local.includes(word) : known === word))
}

/** It has a legal form, or a longer word of it is in the address: `Tidewell Pharmacy`, …@tidewell-pharmacy.example. */
function isOrganisationOf(part: string, sender: Writer): boolean {
  const known = nameKey(sender.name).split(' ')
  if (
    nameKey(part)
      .split(' ')
      .every((word) => known.includes(word))
  )
    return false
  const words = folded(part).split(/[^\p{L}]+/u)
  return LEGAL_FORM.test(part) || words.some((word) => word.length >= 4 && sender.address.includes(word))
}

/** The first address of a website as a URL without its query; networks where everybody has a page are left out. */
export function websiteIn(text: string): string | null {
  for (const [found] of text.matchAll(/\bhttps?:\/\/[^\s<>"'()[\]]+|\bwww\.[^\s<>"'()[\]]+/gi)) {
    const url = URL.parse(/^http/i.test(found) ? found : `https://${found}`)
    if (url === null || SOCIAL.test(url.hostname) || !url.hostname.includes('.')) continue
    return `${url.protocol}//${url.hostname}${url.pathname.replace(/[/.,;]+$/, '')}`.slice(0, 200)
  }
  return null
}

/** A pattern for one of the words, standing alone. Written over several lines, so white space before a word goes. */
function word(alternatives: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\d])(?:${alternatives.replace(/\|\s+/g, '|')})(?![\\p{L}\\d])`, 'iu')
}
