/**
 * Who sent this: exactly one canonical record for every sender.
 *
 * Everything a message says about its sender can be made up by whoever sends it: the From address, the
 * display name, the signature. Two records of one person cost the operator a glance; a stranger filed
 * under an important customer gets that customer's history and trust. So what is in doubt stays apart:
 *
 * - The same address is the same customer. An address is compared as written, in small letters:
 *   `jane+shop@…` and `j.ane@gmail.com` are other addresses than `jane@…`, because only the provider
 *   knows whether they reach the same person; they join like any second address.
 * - A second address joins a person only if the full name is the same and there is evidence besides: the
 *   same phone number, or a message that answers one which that person wrote. The same name alone never
 *   joins: a display name costs nothing to copy. Neither does a phone or a thread alone: colleagues share
 *   switchboards, and threads are forwarded.
 * - A number is no evidence when it is a hotline, when anybody with another name (or none) has it too,
 *   or between two addresses at one company: a company gives two addresses to two people.
 * - Evidence for two records at once is evidence for neither.
 *
 * What remains: somebody who knows a customer's name and number, or holds a mail of theirs, can write
 * from a new address and be filed with them. Such an address is kept with `joined: 'phone'` or
 * `'thread'`, so that nothing needs to trust it as it trusts the first; and two namesakes who share one
 * line that nobody else is known by can't be told apart.
 */
import { hash } from 'node:crypto'
import { shareCompany } from './mail-domain.ts'
import { isFullName, nameKey } from './person-name.ts'
import { canBePersonal } from './phones.ts'
import type { SenderFacts } from './sender-facts.ts'
import type { CustomerKind } from './sender-kind.ts'

/** A known record that the sender might be. */
export interface Candidate {
  readonly id: string
  readonly kind: CustomerKind
  /** '' when none is known. */
  readonly name: string
  readonly addresses: readonly string[]
  /** Those of the sender's numbers that this customer has too. */
  readonly phones: readonly string[]
  /** Message-IDs of the sender's thread that this customer wrote, or was sent in answer. */
  readonly wrote: readonly string[]
}

export interface Resolution {
  readonly customer: string
  readonly joined: 'address' | 'person' | 'new'
  /** What a second address joined by. */
  readonly evidence: 'phone' | 'thread' | null
  /** In words, for the operator. */
  readonly because: string
}

/**
 * Finds the record of a sender among the candidates, or names the new one.
 *
 * @param candidates every record with the sender's address, with one of the phone numbers, or with a
 *   message in the thread; leaving out holders of a number makes a switchboard look personal.
 */
export function resolveSender(sender: SenderFacts, candidates: readonly Candidate[]): Resolution {
  const address = sender.address.value
  const known = candidates.find((one) => one.addresses.includes(address))
  if (known) {
    return { customer: known.id, joined: 'address', evidence: null, because: `${address} is known` }
  }
  const matches = candidates.flatMap((candidate) => evidenceFor(sender, candidate, candidates) ?? [])
  const [match] = matches
  if (match && matches.length === 1) return match
  const doubt = matches.map(({ customer }) => customer).join(' and ')
  const because = `first message from ${address || 'a sender without address'}`
  return {
    customer: newCustomerId(address, candidates),
    joined: 'new',
    evidence: null,
    because: doubt ? `${because}; fits ${doubt} alike, so it is kept apart` : because,
  }
}

/** `c-` and 12 hex digits of the SHA-256 of the first address, so that two writers can't make two records. */
export function customerId(firstAddress: string): string {
  return `c-${hash('sha256', firstAddress).slice(0, 12)}`
}

/**
 * 48 bits can be collided on purpose; whoever does gets an id of all 256 instead of somebody's record. A
 * record of this id without addresses is the sender's own, from before its words were erased.
 */
function newCustomerId(address: string, candidates: readonly Candidate[]): string {
  const id = customerId(address)
  const isTaken = candidates.some((one) => one.id === id && one.addresses.length > 0)
  return isTaken ? `c-${hash('sha256', address)}` : id
}

function evidenceFor(
  sender: SenderFacts,
  candidate: Candidate,
  all: readonly Candidate[],
): Resolution | null {
  const name = sender.fields.name?.value ?? ''
  if (sender.kind !== 'person' || candidate.kind !== 'person') return null
  if (!isFullName(name) || nameKey(name) !== nameKey(candidate.name)) return null

  const join = { customer: candidate.id, joined: 'person' as const }
  const [answered] = sender.thread.filter((id) => candidate.wrote.includes(id))
  if (answered) {
    return {
      ...join,
      evidence: 'thread',
      because: `same name “${name}”, and it answers ${answered} in their thread`,
    }
  }
  const phone = sender.phones.find(({ value }) => isSamePersonsPhone(value, sender, candidate, all))
  if (phone === undefined) return null
  return { ...join, evidence: 'phone', because: `same name “${name}” and same phone ${phone.value}` }
}

function isSamePersonsPhone(
  phone: string,
  sender: SenderFacts,
  candidate: Candidate,
  all: readonly Candidate[],
): boolean {
  if (!candidate.phones.includes(phone) || !canBePersonal(phone)) return false
  if (candidate.addresses.some((known) => shareCompany(known, sender.address.value))) return false
  const key = nameKey(candidate.name)
  return all.every((other) => !other.phones.includes(phone) || nameKey(other.name) === key)
}
