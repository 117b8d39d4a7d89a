/** Whose addresses and phone numbers stand in a text: what guardrails ask before it leaves. */
import type { TablesReader } from '../ports/projection.ts'
import { phonesIn } from './phones.ts'

export interface FoundContact {
  readonly what: 'the mail address' | 'the phone number'
  readonly value: string
  /** Id of the customer. */
  readonly customer: string
}

/** Bounded, so that a long text without any takes no longer than its length. */
const ADDRESS = /[^\s<>()[\],;:"\\@]{1,64}@[^\s<>()[\],;:"\\@]{1,190}\.[\p{L}\p{N}-]{1,63}/gu
/** Numbers are looked for piece by piece, which overlap by more than the longest number. */
const PIECE = 400
const OVERLAP = 60
/** Numbers behind so many characters are not looked for: that takes longest. */
const MOST = 200_000

/** @param region as for `phonesIn` */
export function contactsIn(tables: TablesReader, text: string, region: string): FoundContact[] {
  const written = text.includes('@') ? [...text.matchAll(ADDRESS)] : []
  const addresses = new Set(written.map(([found]) => found.toLowerCase()))
  return [
    ...[...addresses].flatMap((value) => {
      const row = tables.get<{ customer: string }>(
        'SELECT customer FROM customers_addresses WHERE address = ?',
        value,
      )
      return row === undefined ? [] : [{ what: 'the mail address', value, customer: row.customer } as const]
    }),
    ...numbersIn(text, region).flatMap((value) =>
      tables
        .all<{ customer: string }>(
          "SELECT DISTINCT customer FROM customers_fields WHERE field = 'phone' AND value = ? LIMIT 2",
          value,
        )
        // A number that several have is nobody's in particular.
        .flatMap(({ customer }, _, all) =>
          all.length > 1 ? [] : [{ what: 'the phone number', value, customer } as const],
        ),
    ),
  ]
}

function numbersIn(text: string, region: string): string[] {
  const found = new Set<string>()
  for (let from = 0; from < Math.min(text.length, MOST); from += PIECE - OVERLAP) {
    const piece = text.slice(from, from + PIECE)
    if (/\d(?:\D{0,3}\d){5}/.test(piece)) for (const number of phonesIn(piece, region)) found.add(number)
  }
  return [...found]
}
