/**
 * Numbers of persons in a text: payment cards (ISO/IEC 7812, the digits' checksum of Luhn), bank accounts (ISO 13616,
 * modulo 97), and numbers of persons and taxes by the rules of the countries that are asked for. Their checksums are
 * those of validator.js. What only looks like one and does not add up is none.
 */
import creditCard from 'validator/lib/isCreditCard.js'
import iban from 'validator/lib/isIBAN.js'
import identityCard from 'validator/lib/isIdentityCard.js'
import taxId from 'validator/lib/isTaxID.js'

export interface PersonalNumber {
  /** As a reason says it. */
  readonly what: 'a card number' | 'an IBAN' | 'a national id'
  /** Without spaces and hyphens. */
  readonly value: string
}

/** Digits in groups, with single spaces or hyphens between them. */
const DIGITS = /\d(?:[ -]?\d){11,}/g
const SHORTEST_CARD = 12
const LONGEST_CARD = 19
/** A country, two check digits, up to 30 letters and digits, in groups or not; wherever a word begins. */
const IBAN = /(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}))/g
const SHORTEST_IBAN = 15
/** What numbers of persons are written with, but for spaces; the longest have 18 characters. */
const ID = /(?<![A-Za-z0-9])[A-Za-z0-9](?:[-+/.]?[A-Za-z0-9]){6,20}(?![A-Za-z0-9])/g
/** What is asked for by a country alone is an identity card, otherwise a tax number. */
const COUNTRY = /^([A-Z]{2}|he-IL|ar-LY|ar-TN|zh-(CN|HK|TW))$/

/** @param nationalIds `sv-SE`, `PL` … as validator.js names them */
export function numbersIn(text: string, nationalIds: readonly string[]): PersonalNumber[] {
  if (!/\d{2}/.test(text)) return []
  return [
    ...matches(text, DIGITS).flatMap(cardsIn),
    ...[...text.matchAll(IBAN)].flatMap(([, found = '']) => ibanAt(found)),
    ...(nationalIds.length === 0 ? [] : idsIn(text, nationalIds)),
  ]
}

/** Other numbers may stand beside it: each row of whole groups is tried. */
function cardsIn(digits: string): PersonalNumber[] {
  const groups = digits.split(/[ -]/)
  const found: PersonalNumber[] = []
  for (let from = 0; from < groups.length; from += 1) {
    let value = ''
    for (let to = from; to < groups.length && value.length <= LONGEST_CARD; to += 1) {
      value += groups[to]
      const isLong = value.length >= SHORTEST_CARD && value.length <= LONGEST_CARD
      if (!isLong || !creditCard.default(value)) continue
      found.push({ what: 'a card number', value })
      break
    }
  }
  return found
}

/** Words behind an account number look like more of it: the longest beginning that adds up is taken. */
function ibanAt(found: string): PersonalNumber[] {
  for (let text = found.trimEnd(); bare(text).length >= SHORTEST_IBAN; text = text.slice(0, -1).trimEnd()) {
    if (iban.default(bare(text))) return [{ what: 'an IBAN', value: bare(text).toUpperCase() }]
  }
  return []
}

function idsIn(text: string, nationalIds: readonly string[]): PersonalNumber[] {
  return matches(text, ID)
    .filter((one) => /\d{4}/.test(bare(one)))
    .filter((one) => nationalIds.some((country) => isNationalId(one, country)))
    .map((one) => ({ what: 'a national id', value: bare(one) }))
}

function isNationalId(text: string, country: string): boolean {
  try {
    if (COUNTRY.test(country)) return identityCard.default(bare(text), country as 'PL')
    return taxId.default(text.trim(), country) || taxId.default(bare(text), country)
  } catch {
    return false
  }
}

/** Whether numbers of this country can be told from others. */
export function isKnownCountry(country: string): boolean {
  try {
    if (COUNTRY.test(country)) identityCard.default('1', country as 'PL')
    else taxId.default('1', country)
    return true
  } catch {
    return false
  }
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([found]) => found)
}

export function bare(text: string): string {
  return text.replace(/[\s+/.-]/g, '')
}
