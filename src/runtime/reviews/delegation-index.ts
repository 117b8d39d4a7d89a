/** The projection of delegations: each with its scope, how often it was used, and whether it still stands. */

import { type DelegationScope, delegationScopeIn } from '../../kernel/delegation.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

export const DELEGATION_STREAM = 'delegation/'

export interface Delegation extends DelegationScope {
  /** `d-` and 8 hex digits. */
  readonly id: string
  /** The review that it was given with. */
  readonly review: string
  readonly reason: string | null
  /** Milliseconds since 1970. */
  readonly given: number
  /** It speaks for what is asked behind this position. */
  readonly position: number
  readonly revoked: number | null
  readonly used: number
  readonly lastUsed: number | null
}

interface DelegationRow {
  id: string
  position: number
  given: number
  content: string
  revoked: number | null
  used: number
  last_used: number | null
}

export const delegationIndex: Projection = {
  name: 'delegations',
  version: 2,
  tables: ['delegations'],
  schema: `
    CREATE TABLE delegations (
      id TEXT PRIMARY KEY, position INTEGER NOT NULL, given INTEGER NOT NULL, content TEXT NOT NULL,
      revoked INTEGER, used INTEGER NOT NULL, last_used INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delegations_by_position ON delegations (position);`,
  kinds: ['delegation.given', 'delegation.revoked', 'review.answered'],
  apply({ kind, body, time, position }, tables) {
    if (body === null) return
    if (kind === 'delegation.given') {
      const { delegation, review, reason } = body
      const content = { review: review ?? '', reason: reason ?? null, ...delegationScopeIn(body) }
      tables.run(
        'INSERT INTO delegations (id, position, given, content, used) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING',
        String(delegation),
        position,
        time,
        JSON.stringify(content),
      )
    } else if (kind === 'delegation.revoked') {
      tables.run(
        'UPDATE delegations SET revoked = ? WHERE id = ? AND revoked IS NULL',
        time,
        String(body.delegation),
      )
    } else if (body.way === 'rule') {
      tables.run(
        'UPDATE delegations SET used = used + 1, last_used = ? WHERE id = ?',
        time,
        String(body.delegation),
      )
    }
  },
  erasure: {
    keep({ kind, body }) {
      if (body === null || kind !== 'review.answered') return body
      return body.way === 'rule' ? { way: 'rule', delegation: body.delegation ?? null } : null
    },
  },
}

/** In the order in which they were given. */
export function listDelegations(tables: TablesReader): Delegation[] {
  return tables.all<DelegationRow>('SELECT * FROM delegations ORDER BY position').map(toDelegation)
}

/** Those that stand, the oldest first. */
export function standingDelegations(tables: TablesReader): Delegation[] {
  return tables
    .all<DelegationRow>('SELECT * FROM delegations WHERE revoked IS NULL ORDER BY position')
    .map(toDelegation)
}

/** @throws DELEGATION_UNKNOWN */
export function findDelegation(tables: TablesReader, id: string): Delegation {
  const row = tables.get<DelegationRow>('SELECT * FROM delegations WHERE id = ?', id)
  if (row !== undefined) return toDelegation(row)
  const known = listDelegations(tables).map((delegation) => delegation.id)
  throw new HoldfastError('DELEGATION_UNKNOWN', `There is no delegation ${id}`, {
    details: { delegation: id, known },
  })
}

function toDelegation({ content, last_used: lastUsed, ...row }: DelegationRow): Delegation {
  const scope = JSON.parse(content) as DelegationScope & {
    review: string
    reason: string | null
  } & JsonObject
  return { ...scope, ...row, lastUsed }
}
