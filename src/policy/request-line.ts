/**
 * Requests to the policy as JSON, as `holdfast policy decide` reads them, and the operator's own cases: every field
 * is checked, none is unknown, and what is not said is taken at its worst.
 */
import { z } from 'zod'
import { HoldfastError } from '../kernel/errors.ts'
import { type Json, toJson } from '../kernel/json.ts'
import { plainIssues } from '../kernel/plain-issues.ts'
import type { DeclaredManifest } from '../ports/connector.ts'
import type { Grant } from '../ports/grant.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { type Contact, lookThrough, NOTHING_KNOWN } from './guardrails/outgoing.ts'
import { quietUntil } from './guardrails/quiet-hours.ts'
import { GUARDRAILS, guardrailsOf } from './guardrails/rules.ts'
import { awaySince } from './presence/presence.ts'
import { repeatedField } from './repeated-field.ts'
import type { Meter, PolicyRequest, RequestLabels } from './request.ts'
import { isOutward } from './taint.ts'

const label = {
  trust: z.enum(['owner', 'system', 'external']),
  sources: z.array(z.string()).default([]),
  readers: z.array(z.string()).nullable().default(null),
}

const single = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** What an argument must be. A single value stands for itself, a list for one of its values. */
export const constraintSchema = z.union([
  single.transform((value) => ({ oneOf: [value] })),
  z.array(z.json()).transform((oneOf) => ({ oneOf })),
  z.strictObject({ oneOf: z.array(z.json()) }),
  z.strictObject({ min: z.number().exactOptional(), max: z.number().exactOptional() }),
])

/** The end of the year 9999, in milliseconds since 1970: calendars know no more. */
export const LATEST = 253_402_300_799_999

const time = z.union(
  [z.number().min(0).max(LATEST), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))],
  { error: 'must be a time, as ISO 8601 with an offset or in milliseconds' },
)

const grant = z.strictObject({
  id: z.string().default('g-line'),
  operation: z.string().min(1),
  agent: z.string().nullable().default(null),
  customer: z.string().nullable().default(null),
  segment: z.string().nullable().default(null),
  arguments: z.record(z.string(), constraintSchema).default({}),
  expiresAt: time.nullable().default(null),
  /** Default: just now. */
  givenAt: time.exactOptional(),
  position: z.number().default(0),
})

const meter = z.union([
  z.strictObject({
    name: z.string().default('limit'),
    unit: z.string().default(''),
    limit: z.number(),
    spent: z.number(),
    cost: z.number().min(0).exactOptional(),
    atLimit: z.enum(['ask', 'deny']).exactOptional(),
  }),
  z
    .strictObject({
      remaining: z.number(),
      cost: z.number().min(0).exactOptional(),
      atLimit: z.enum(['ask', 'deny']).exactOptional(),
    })
    .transform(
      ({ remaining, ...rest }): Meter => ({ name: 'limit', unit: '', limit: remaining, spent: 0, ...rest }),
    ),
])

export const requestSchema = z.strictObject({
  operation: z.string().min(1),
  /** Undeclared is irreversible with every argument critical. */
  manifest: z
    .strictObject({
      title: z.string().optional(),
      effect: z.enum(['read', 'reversible', 'external', 'irreversible']).exactOptional(),
      criticalArguments: z.array(z.string()).exactOptional(),
      hosts: z.array(z.string()).exactOptional(),
      carries: z
        .strictObject({
          recipients: z.array(z.string()).exactOptional(),
          content: z.array(z.string()).exactOptional(),
          attachments: z.array(z.string()).exactOptional(),
        })
        .exactOptional(),
      dataClass: z.enum(['public', 'personal', 'private']).optional(),
      idempotency: z.enum(['key', 'natural', 'none']).optional(),
      gives: z.enum(['external', 'system']).optional(),
      witness: z.enum(['outside', 'workspace']).optional(),
      timeoutMs: z.number().optional(),
      lookup: z.boolean().optional(),
      undo: z.boolean().optional(),
    })
    .prefault({}),
  arguments: z
    .record(z.string(), z.strictObject({ value: z.json(), label: z.strictObject(label).optional() }))
    .default({}),
  /** Of all that was read; not given, all of it came from outside. */
  context: z
    .strictObject({ ...label, readPrivate: z.boolean().default(false) })
    .prefault({ trust: 'external' }),
  /** Fixed before anything from outside was read. The bare name of an operation grants it without conditions. */
  grants: z
    .array(
      z.union(
        [
          z
            .string()
            .min(1)
            .transform((operation) => grant.parse({ operation })),
          grant,
        ],
        { error: 'must be the name of an operation, or a grant of one' },
      ),
    )
    .default([]),
  addressBook: z.array(z.string()).default([]),
  budget: z
    .union([z.array(meter), meter.transform((one) => [one]), z.null().transform(() => [])], {
      error: 'must be a budget, a list of them, or null',
    })
    .default([]),
  agent: z.string().nullable().default(null),
  customer: z.string().nullable().default(null),
  segments: z.array(z.string()).default([]),
  approved: z.boolean().default(false),
  endorsed: z.boolean().default(false),
  /** When it is asked: for quiet hours, where the policy has some, and for the end of grants. */
  now: time.exactOptional(),
  /** Effects about the customer that have left on that day. */
  sentToday: z.number().min(0).exactOptional(),
  /** When the operator was seen last; null for never. Not given: the operator is there. */
  operatorSeen: time.nullable().exactOptional(),
  /** By address or phone number: the customer whose it is. */
  contacts: z.record(z.string(), z.string()).default({}),
  /** Why work is stopped. */
  stopped: z.string().min(1).nullable().default(null),
})

export type LineRequest = z.output<typeof requestSchema>

export interface ReadRequest {
  readonly request: PolicyRequest
  readonly labels: RequestLabels
  readonly grants: readonly Grant[]
  readonly addressBook: readonly string[]
  /** As the line tells of it; see `withGuardrails`. */
  readonly surroundings: {
    readonly contacts: Readonly<Record<string, string>>
    readonly now?: number
    readonly operatorSeen?: number | null
  }
}

/**
 * @param now milliseconds since 1970: for grants that end, where the line does not say when it is asked
 * @throws INPUT_INVALID naming each mistake by its path
 */
export function readRequestLine(line: string, now: number): ReadRequest {
  const checked = requestSchema.safeParse(parsed(line))
  if (checked.success) return asRequest(checked.data, now)
  const problems = checked.error.issues
    .flatMap((issue) => plainIssues(issue))
    .map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`)
  throw new HoldfastError('INPUT_INVALID', problems.join('; '), { details: { problems } })
}

function parsed(line: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(line, withoutProto)
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    const why = cause instanceof RangeError ? 'It is nested too deep' : 'It is no JSON'
    throw new HoldfastError('INPUT_INVALID', `${why}: ${(cause as Error).message}`, { cause })
  }
  const name = repeatedField(line)
  if (name === null) return value
  throw new HoldfastError('INPUT_INVALID', `The field ${name} stands twice in one object`)
}

/** Whoever checks fields passes over one of this name in silence, and it would be decided without its label. */
function withoutProto(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  throw new HoldfastError('INPUT_INVALID', 'A field is named __proto__, which is not taken as a name')
}

/**
 * @param today as `now` of `readRequestLine`
 * @param declared how a connector declares it, for what the line does not say. Default: nobody does
 */
export function asRequest(line: LineRequest, today: number, declared?: DeclaredManifest): ReadRequest {
  const { operation, manifest, arguments: given, context, grants, addressBook, contacts, ...rest } = line
  const { now, operatorSeen, ...more } = rest
  const { effect: said = 'irreversible', hosts = [], carries } = { ...declared, ...manifest }
  const { criticalArguments = said === 'read' ? [] : ['*'] } = { ...declared, ...manifest }
  const effect = said === 'reversible' && manifest.undo === false ? 'irreversible' : said
  const entries = Object.entries(given)
  return {
    request: {
      operation,
      manifest: { effect, hosts, criticalArguments, ...(carries === undefined ? {} : { carries }) },
      isModelCall: operation.startsWith('model.'),
      arguments: Object.fromEntries(
        entries.map(([name, { value }]): [string, Json] => [name, toJson(value)]),
      ),
      rates: [],
      objections: [],
      externalSince: null,
      now: now ?? today,
      ...more,
    },
    labels: {
      context,
      arguments: Object.fromEntries(
        entries.flatMap(([name, argument]) => (argument.label === undefined ? [] : [[name, argument.label]])),
      ),
    },
    grants: grants.map((one) => ({ ...one, givenAt: one.givenAt ?? now ?? today }) as Grant),
    addressBook: addressBook.map((address) => address.trim().toLowerCase()),
    surroundings: {
      contacts,
      ...(now === undefined ? {} : { now }),
      ...(operatorSeen === undefined ? {} : { operatorSeen }),
    },
  }
}

/** With what the gate would bring for these guardrails; what was not told is not in the way. */
export function withGuardrails(read: ReadRequest, policy: PolicySettings): PolicyRequest {
  const { request, surroundings } = read
  const { now, operatorSeen, contacts } = surroundings
  if (request.isModelCall) return request
  const guardrails = guardrailsOf(policy)
  const known = { ...NOTHING_KNOWN, contactsIn: (text: string) => contactsOf(contacts, text) }
  const outgoing = lookThrough(request, guardrails, known)
  if (!isOutward(request.manifest.effect)) return { ...request, outgoing }
  return {
    ...request,
    outgoing,
    quietUntil: now === undefined ? null : quietUntil(guardrails, now),
    awaySince: operatorSeen === undefined ? null : awaySince(policy, operatorSeen, now ?? Infinity),
  }
}

function contactsOf(contacts: Readonly<Record<string, string>>, text: string): Contact[] {
  const there = Object.entries(contacts).filter(([value]) => text.toLowerCase().includes(value.toLowerCase()))
  return there.map(([value, customer]) => {
    return { what: value.includes('@') ? 'the mail address' : 'the phone number', value, customer }
  })
}

/** Where no list of a policy applies: all that the line names counts as allowed, its hosts as well. */
export function openPolicy({ request }: ReadRequest): PolicySettings {
  return {
    operations: { allow: ['*'], deny: [], review: [] },
    egress: { allow: request.manifest.hosts.map((host) => host.toLowerCase()) },
    // Secrets only: the rest is the operator's to set.
    guardrails: { ...GUARDRAILS, personalData: { ...GUARDRAILS.personalData, answer: 'off' } },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
}
