/**
 * What leaves with an effect, as values: what was found in it, how long it is, to how many it goes, what is attached.
 * It is looked through before the decision; the rules only compare.
 */
import type { Json, JsonObject } from '../../kernel/json.ts'
import { subjectsOf } from '../../kernel/subjects.ts'
import type { Guardrails } from '../../ports/policy-settings.ts'
import type { RuledManifest } from '../request.ts'
import { isOutward } from '../taint.ts'
import { type Attachment, attachmentsIn, attachmentsOf } from './attachments.ts'
import { decodedIn } from './decoded.ts'
import { bare, numbersIn } from './found-personal.ts'
import { secretIn } from './found-secrets.ts'

export interface Finding {
  /** Name of the argument. */
  readonly argument: string
  /** As a reason says it, without the thing itself: `a card number (…1111)`. */
  readonly what: string
}

export interface Outgoing {
  readonly secret: Finding | null
  readonly personal: readonly Finding[]
  /** Characters of what is written. */
  readonly length: number
  readonly recipients: number
  readonly attachments: readonly Attachment[]
}

/** Somebody's address or phone number. */
export interface Contact {
  readonly what: 'the mail address' | 'the phone number'
  readonly value: string
  /** Id of the customer whose it is. */
  readonly customer: string
}

export interface Known {
  /** The handle of a secret of the vault that a text holds; null for none. */
  readonly vaultSecretIn: (text: string) => string | null
  /** Addresses and numbers of customers that stand in a text. */
  readonly contactsIn: (text: string) => readonly Contact[]
}

export const NOTHING_KNOWN: Known = { vaultSecretIn: () => null, contactsIn: () => [] }

interface Leaving {
  readonly arguments: Readonly<Record<string, Json>>
  readonly customer: string | null
  readonly manifest: RuledManifest
}

/** Bounded, so that a long text without any takes no longer than its length. */
const MAIL_ADDRESS = /[^\s<>()[\],;:"\\@]{1,64}@[^\s<>()[\],;:"\\@]{1,190}\.[^\s<>()[\],;:"\\@.]{1,63}/gu

const NOTHING_GOES: Outgoing = { secret: null, personal: [], length: 0, recipients: 0, attachments: [] }

/** What only asks a host takes its question along, and what can be undone was there: secrets are looked for in both. */
export function lookThrough(leaving: Leaving, guardrails: Guardrails, known: Known): Outgoing {
  const { arguments: given, manifest } = leaving
  const secret = () => (guardrails.secrets === 'off' ? null : secretOf(given, known))
  if (!isOutward(manifest.effect)) {
    return manifest.hosts.length === 0 ? NOTHING_GOES : { ...NOTHING_GOES, secret: secret() }
  }
  const { recipients, content, attachments } = manifest.carries ?? {}
  const written = pick(given, content ?? Object.keys(given))
  const files =
    attachments === undefined
      ? attachmentsIn(Object.values(given))
      : Object.values(pick(given, attachments)).flatMap(attachmentsOf)
  return {
    secret: secret(),
    personal: guardrails.personalData.answer === 'off' ? [] : personalOf(leaving, written, guardrails, known),
    length: textsIn(Object.values(written)).reduce((sum, text) => sum + text.length, 0),
    recipients: countRecipients(given, recipients, manifest.criticalArguments),
    attachments: files,
  }
}

/** In all of the input, whatever it is for: in its keys, too, in files that are attached, and in what is encoded. */
function secretOf(given: Readonly<Record<string, Json>>, known: Known): Finding | null {
  for (const [argument, value] of [...Object.entries(given), namesOf(given)]) {
    for (const text of [...textsIn(value, true), ...decodedIn(value)]) {
      const handle = known.vaultSecretIn(text)
      if (handle !== null) return { argument, what: `the secret ${handle}` }
      const sort = secretIn(text)
      if (sort !== null) return { argument, what: `a secret (${sort})` }
    }
  }
  return null
}

/** The names of arguments leave as well; what is found in one is not told by it. */
function namesOf(given: Readonly<Record<string, Json>>): [string, Json] {
  return ['the name of an argument', Object.keys(given)]
}

/** But for the arguments that say whom or what it touches: those are the affair of the rules of taint. */
function personalOf(
  { arguments: given, customer, manifest }: Leaving,
  written: Readonly<Record<string, Json>>,
  { personalData }: Guardrails,
  known: Known,
): Finding[] {
  const allowed = new Set(personalData.allow.map(plain))
  const { carries = {}, criticalArguments } = manifest
  const named = [...criticalArguments, ...(carries.recipients ?? [])]
  const isOpen = (value: string): boolean => allowed.has(plain(value))
  const addressed = new Set(Object.values(pick(given, named)).flatMap(subjectsOf).map(String).map(plain))
  return [
    ...Object.entries(written).filter(([argument]) => !named.includes(argument)),
    namesOf(written),
  ].flatMap(([argument, value]) =>
    textsIn(value, true).flatMap((text): Finding[] => [
      ...numbersIn(text, personalData.nationalIds)
        .filter((one) => !isOpen(one.value))
        .map((one) => ({ argument, what: `${one.what} (…${one.value.slice(-4)})` })),
      ...known
        .contactsIn(text)
        .filter((one) => one.customer !== customer && !isOpen(one.value) && !addressed.has(plain(one.value)))
        .map((one) => ({ argument, what: `${one.what} of another customer (${one.customer})` })),
    ]),
  )
}

function plain(value: string): string {
  return value.includes('@') ? value.trim().toLowerCase() : bare(value).toUpperCase()
}

function countRecipients(
  given: Readonly<Record<string, Json>>,
  declared: readonly string[] | undefined,
  critical: readonly string[],
): number {
  if (declared !== undefined) {
    const subjects = Object.values(pick(given, declared)).flatMap(subjectsOf)
    return subjects.reduce<number>((sum, one) => sum + addressesIn(one), 0)
  }
  const names = critical.includes('*') ? Object.keys(given) : critical
  const addresses = textsIn(Object.values(pick(given, names))).flatMap(
    (text) => text.match(MAIL_ADDRESS) ?? [],
  )
  return new Set(addresses.map((one) => one.toLowerCase())).size
}

/** Several may stand in one text. */
function addressesIn(subject: Json): number {
  return typeof subject === 'string' ? Math.max(1, subject.match(MAIL_ADDRESS)?.length ?? 0) : 1
}

function pick(given: Readonly<Record<string, Json>>, names: readonly string[]): Record<string, Json> {
  const own = names.filter((name) => Object.hasOwn(given, name))
  return Object.fromEntries(own.map((name) => [name, given[name] ?? null]))
}

/** All texts and numbers within a value. */
function textsIn(value: Json | readonly Json[], withKeys = false): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap((one) => textsIn(one, withKeys))
  if (typeof value !== 'object' || value === null) return []
  const texts = Object.values(value as JsonObject).flatMap((one) => textsIn(one, withKeys))
  return withKeys ? [...Object.keys(value), ...texts] : texts
}
