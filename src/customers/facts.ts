/** What is known of a customer, in the names by which segments ask for it. */
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { TablesReader } from '../ports/projection.ts'
import { type CustomerChange, replaces, type ValueSaid } from './change.ts'
import { domainOf } from './mail-domain.ts'
import { knownRecord } from './read.ts'
import type { FieldName } from './sender-facts.ts'

export type CustomerFacts = Readonly<Record<string, string | number | readonly string[]>>

/**
 * @param change what is just being put on record with a message that came at `change.time`: it counts as known
 * @returns kind, name, organisation, role, website and language as they count now; address and domain, all of them;
 *   country, of the phone numbers, else of the domains; since, the first thing on record, as a date; messages
 */
export function customerFacts(
  tables: TablesReader,
  id: string,
  change?: { readonly customer: CustomerChange; readonly time: number },
): CustomerFacts {
  const known = knownRecord(tables, id)
  const said = change?.customer
  const fields: Record<string, ValueSaid> = { ...known.current }
  for (const [field, { value, origin }] of Object.entries(said?.fields ?? {})) {
    const next = { value, how: origin.how }
    if (replaces(field as FieldName, next, fields[field])) fields[field] = next
  }
  const address = [...addressesOf(tables, id), ...(said?.addresses ?? []).map(({ value }) => value)]
  const domain = [...new Set(address.map(domainOf).filter(Boolean))]
  const phones = [...known.phones, ...(said?.phones ?? []).map(({ value }) => value)]
  const since = firstTime(tables, id) ?? change?.time
  const country = countryOf(phones, domain)
  const kind = said?.kind ?? known.kind
  return {
    ...Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])),
    ...(kind === null ? {} : { kind }),
    address,
    domain,
    ...(country === null ? {} : { country }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    messages: messagesOf(tables, id) + (change === undefined ? 0 : 1),
  }
}

function addressesOf(tables: TablesReader, id: string): string[] {
  return tables
    .all<{ address: string }>(
      'SELECT address FROM customers_addresses WHERE customer = ? ORDER BY position',
      id,
    )
    .map(({ address }) => address)
}

function messagesOf(tables: TablesReader, id: string): number {
  return tables.get<{ messages: number }>('SELECT messages FROM customers WHERE id = ?', id)?.messages ?? 0
}

function firstTime(tables: TablesReader, id: string): number | undefined {
  const row = tables.get<{ time: number | null }>(
    'SELECT min(time) AS time FROM customers_timeline WHERE customer = ?',
    id,
  )
  return row?.time ?? undefined
}

/** Endings of countries that anybody takes for other reasons. */
const ANYWHERE = new Set('ac ai cc co fm gg im io la ly me sh to tv vc ws'.split(' '))

/** ISO 3166, two capital letters; null where nothing says. */
export function countryOf(phones: readonly string[], domains: readonly string[]): string | null {
  for (const phone of phones) {
    const country = parsePhoneNumberFromString(phone.split(';')[0] ?? '')?.country
    if (country !== undefined) return country
  }
  for (const domain of domains) {
    const ending = domain.slice(domain.lastIndexOf('.') + 1)
    const country = ending === 'uk' ? 'GB' : ending.toUpperCase()
    if (!ANYWHERE.has(ending) && isSupportedCountry(country)) return country
  }
  return null
}
