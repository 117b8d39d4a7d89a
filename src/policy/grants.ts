/**
 * Grants: the owner's word given beforehand, as events (`grant.given`, `grant.revoked`) that can be seen and taken
 * back at any time. A grant holds for runs that had read nothing from outside when it was given.
 */
import { hash } from 'node:crypto'
import { HoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { type Json, type JsonObject, toJson } from '../kernel/json.ts'
import { OWNER } from '../kernel/label.ts'
import type { ArgumentConstraint } from '../kernel/scope.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Gate } from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { GrantLimits } from '../ports/policy-settings.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'
import { firstMatch } from './patterns.ts'

export interface NewGrant {
  /** The full name of one operation: `smtp.send`. */
  readonly operation: string
  /** Name of a workflow or an agent; default any. */
  readonly agent?: string
  readonly customer?: string
  readonly segment?: string
  /** What arguments must be; one that is not named may be anything. */
  readonly arguments?: Readonly<Record<string, ArgumentConstraint>>
  /** Milliseconds since 1970; default: until it is revoked. */
  readonly expiresAt?: number
  /** Why, for the record. */
  readonly reason?: string
  /** The review from which it was given, if it was. */
  readonly review?: string
  /** Given twice with one id and the same scope, it is one grant. Default: a new one. */
  readonly id?: string
}

/** As the operator sees it. */
export interface ListedGrant extends Grant {
  readonly reason: string | null
  readonly review: string | null
  readonly givenBy: string
  /** Milliseconds since 1970; null while it is not revoked. */
  readonly revokedAt: number | null
  readonly revokedBecause: string | null
}

/** What of an open workspace the grants need. */
export interface GrantHost {
  readonly log: EventLog
  readonly runtime: { readonly clock: Pick<Clock, 'now'>; readonly gate: Pick<Gate, 'policy'> }
}

/**
 * The owner's word given beforehand: from now on, runs that have read nothing from outside yet may do this alone.
 * Durable once this resolves.
 * @throws INPUT_INVALID; GRANT_REFUSED when the policy allows no such grant; GRANT_CONFLICT when the id is another's
 */
export async function grant({ log, runtime }: GrantHost, given: NewGrant): Promise<ListedGrant> {
  const scope = checkedScope(given, runtime.clock.now(), runtime.gate.policy().grants)
  const id = checkedId(given.id ?? `g-${digestOf([log.id, log.head().hash, scope])}`)
  const known = grantOf(log.tables, id)
  if (known !== undefined) {
    if (sameScope(known, scope) && known.revokedAt === null) return known
    throw new HoldfastError('GRANT_CONFLICT', `There is a grant ${id} of ${known.operation} already`, {
      details: { grant: id, operation: known.operation },
    })
  }
  const body: JsonObject = { grant: id, ...scope, reason: given.reason ?? null, review: given.review ?? null }
  const event = { kind: 'grant.given', actor: 'operator', label: OWNER, body }
  await log.append([{ stream: grantStream(id), expectedVersion: 0, events: [event] }])
  return grantOf(log.tables, id) as ListedGrant
}

/** Takes a grant back, from the next decision on; false when it was already. @throws GRANT_UNKNOWN */
export async function revokeGrant(
  { log }: Pick<GrantHost, 'log'>,
  id: string,
  reason: string | null = null,
): Promise<boolean> {
  const known = grantOf(log.tables, id)
  if (known === undefined) {
    throw new HoldfastError('GRANT_UNKNOWN', `There is no grant ${id}`, { details: { grant: id } })
  }
  if (known.revokedAt !== null) return false
  const event = { kind: 'grant.revoked', actor: 'operator', label: OWNER, body: { grant: id, reason } }
  await log.append([{ stream: grantStream(id), expectedVersion: 1, events: [event] }])
  return true
}

/** All grants that were ever given, the newest first. */
export function grants({ log }: Pick<GrantHost, 'log'>): ListedGrant[] {
  return log.tables.all<GrantRow>('SELECT * FROM grants ORDER BY position DESC').map(listed)
}

function digestOf(of: Json): string {
  return hash('sha256', JSON.stringify(of), 'hex').slice(0, 8)
}

function grantStream(id: string): string {
  return `grant/${id}`
}

type Scope = Omit<Grant, 'id' | 'givenAt' | 'position'>

/** @throws INPUT_INVALID */
function checkedId(id: string): string {
  if (/^g-[a-zA-Z0-9-]{1,64}$/.test(id)) return id
  throw new HoldfastError('INPUT_INVALID', `${JSON.stringify(id)} can't be the id of a grant`, {
    details: { grant: id },
    fix: 'Begin it with g-, and go on with letters, digits and hyphens.',
  })
}

function checkedScope(given: NewGrant, now: number, limits: GrantLimits | undefined): Scope & JsonObject {
  const { operation, agent = null, customer = null, segment = null, expiresAt = null } = given
  if (!/^[a-z][a-z0-9-]*\.[^\s*]+$/.test(operation)) {
    throw new HoldfastError('INPUT_INVALID', `No grant can be given of ${JSON.stringify(operation)}`, {
      details: { operation },
      fix: 'Name one operation in full, such as smtp.send.',
    })
  }
  if (expiresAt !== null && !(expiresAt > now)) {
    throw new HoldfastError('INPUT_INVALID', `The grant of ${operation} would have expired already`, {
      details: { operation, expiresAt },
    })
  }
  const never = limits && firstMatch(operation, limits.never)
  if (never !== undefined) {
    throw new HoldfastError('GRANT_REFUSED', `${operation} is never granted, by ${never} of grants.never`, {
      details: { operation },
    })
  }
  const constraints = toJson(given.arguments ?? {}, 'arguments of the grant')
  const scope = { operation, agent, customer, segment, arguments: constraints, expiresAt }
  return scope as unknown as Scope & JsonObject
}

function sameScope(known: Grant, scope: Scope): boolean {
  const of = ({ operation, agent, customer, segment, arguments: given, expiresAt }: Scope): string =>
    JSON.stringify([operation, agent, customer, segment, given, expiresAt])
  return of(known) === of(scope)
}

// -- the projection ---------------------------------------------------------------------------------------

export const grantsProjection: Projection = {
  name: 'grants',
  version: 1,
  tables: ['grants'],
  schema: `
    CREATE TABLE grants (
      id TEXT PRIMARY KEY, operation TEXT NOT NULL, scope TEXT NOT NULL, reason TEXT, review TEXT,
      given_by TEXT NOT NULL, given_at INTEGER NOT NULL, position INTEGER NOT NULL, expires_at INTEGER,
      revoked_at INTEGER, revoked_because TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_by_operation ON grants (operation, position);`,
  kinds: ['grant.given', 'grant.revoked'],
  apply({ kind, body, actor, time, position }: StoredEvent, tables) {
    if (body === null) return
    const id = String(body.grant)
    if (kind === 'grant.revoked') {
      const why = body.reason === null ? null : String(body.reason)
      tables.run('UPDATE grants SET revoked_at = ?, revoked_because = ? WHERE id = ?', time, why, id)
      return
    }
    const { operation, agent, customer, segment, arguments: given, expiresAt, reason, review } = body
    tables.run(
      'INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)',
      id,
      String(operation),
      JSON.stringify({ agent, customer, segment, arguments: given }),
      reason === null ? null : String(reason),
      review === null ? null : String(review),
      actor,
      time,
      position,
      expiresAt === null ? null : Number(expiresAt),
    )
  },
}

interface GrantRow {
  id: string
  operation: string
  scope: string
  reason: string | null
  review: string | null
  given_by: string
  given_at: number
  position: number
  expires_at: number | null
  revoked_at: number | null
  revoked_because: string | null
}

/** Those of an operation that are not revoked, the oldest first; whether one has expired is the policy's to say. */
export function grantsFor(tables: TablesReader, operation: string): readonly Grant[] {
  return tables
    .all<GrantRow>(
      'SELECT * FROM grants WHERE operation = ? AND revoked_at IS NULL ORDER BY position',
      operation,
    )
    .map(listed)
}

function grantOf(tables: TablesReader, id: string): ListedGrant | undefined {
  const row = tables.get<GrantRow>('SELECT * FROM grants WHERE id = ?', id)
  return row && listed(row)
}

function listed(row: GrantRow): ListedGrant {
  const scope = JSON.parse(row.scope) as Pick<Grant, 'agent' | 'customer' | 'segment' | 'arguments'>
  return {
    id: row.id,
    operation: row.operation,
    ...scope,
    expiresAt: row.expires_at,
    givenAt: row.given_at,
    position: row.position,
    reason: row.reason,
    review: row.review,
    givenBy: row.given_by,
    revokedAt: row.revoked_at,
    revokedBecause: row.revoked_because,
  }
}
