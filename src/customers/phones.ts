/** Phone numbers in text, by the rules of every country's numbering plan (libphonenumber-js). */
import { findPhoneNumbersInText, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** Most numbers that are taken from one text. */
const MAX_NUMBERS = 5
const MAX_TEXT = 2_000

/** Numbers that belong to an organisation by their kind: they never tell one person from another. */
const HOTLINES = new Set(['TOLL_FREE', 'SHARED_COST', 'PREMIUM_RATE', 'UAN'])

/** What stands before a fax number. */
const FAX = /\b(?:tele)?fax\b[^\d+]*$|\bf[:.] *[+(]*$/i

/**
 * The valid numbers of a text as E.164, in order, without repeats and without fax numbers. An extension
 * stays with its number (`+442079460123;ext=12`), because the desks of one house differ only by it.
 *
 * @param region two letters such as `DE`, in which numbers without `+` are read; with an unknown region
 *   only international numbers are found.
 */
export function phonesIn(text: string, region: string): string[] {
  const part = text.slice(0, MAX_TEXT)
  const options = isSupportedCountry(region) ? { defaultCountry: region } : {}
  const numbers = findPhoneNumbersInText(part, options)
    .filter(({ startsAt }) => !FAX.test(part.slice(Math.max(0, startsAt - 15), startsAt)))
    .map(({ number }) => (number.ext ? `${number.number};ext=${number.ext}` : number.number))
  return [...new Set(numbers)].slice(0, MAX_NUMBERS)
}

/** Whether a number can be one person's own; a hotline can't. */
export function canBePersonal(phone: string): boolean {
  const type = parsePhoneNumberFromString(phone.split(';')[0] ?? '')?.getType()
  return type === undefined || !HOTLINES.has(type)
}
