/**
 * The projection of agents: each with its lifecycle and how far it has looked at the log, its instances, the
 * events that wait in an instance's mailbox, and those that were set aside.
 *
 * An event beyond an agent's cursor has not been looked at. One before it is handled, set aside, or in the
 * mailbox; handling it, moving the cursor and starting its run are one commit. Positions and runs stand in the
 * headers (`cause`, `correlation`), so that they outlive the erasure of a body.
 *
 * Why: docs/decisions/0021-agents-fold-or-run.md
 */
import { fromStream } from '../../kernel/agent.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Projection, Tables } from '../../ports/projection.ts'

export const agentIndex: Projection = {
  name: 'agents',
  version: 3,
  tables: ['agents', 'agents_instances', 'agents_mailbox', 'agents_set_aside'],
  schema: `
    CREATE TABLE agents (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, kinds TEXT NOT NULL, lifecycle TEXT NOT NULL,
      reason TEXT NOT NULL, lifecycle_by TEXT NOT NULL, since INTEGER NOT NULL, since_position INTEGER NOT NULL,
      cursor INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE agents_instances (
      agent TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, whole INTEGER NOT NULL,
      through INTEGER NOT NULL, handled INTEGER NOT NULL, waiting INTEGER NOT NULL, run TEXT, run_position INTEGER,
      lifecycle TEXT NOT NULL, reason TEXT NOT NULL, lifecycle_by TEXT NOT NULL, updated INTEGER NOT NULL,
      kept_from INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (agent, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX agents_instances_waiting ON agents_instances (agent, key)
      WHERE waiting > 0 AND run IS NULL AND lifecycle = 'enabled';
    CREATE INDEX agents_instances_by_run ON agents_instances (run) WHERE run IS NOT NULL;
    CREATE TABLE agents_mailbox (
      agent TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (agent, key, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE agents_set_aside (
      agent TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, time INTEGER NOT NULL, run TEXT,
      error TEXT NOT NULL, PRIMARY KEY (agent, key, position)
    ) STRICT, WITHOUT ROWID;`,
  kinds: [
    'agent.defined',
    'agent.lifecycle-changed',
    'agent.routed',
    'agent.handled',
    'agent.began',
    'agent.set-aside',
    'agent.retried',
  ],
  apply(event, tables) {
    const { agent, key } = fromStream(event.stream)
    if (key === null) applyToAgent(event, agent, tables)
    else applyToInstance(event, agent, key, tables)
  },
  erasure: {
    /** Where events were put and how far they were handled, not what came of it. */
    keep({ kind, body }) {
      if (body === null || kind === 'agent.defined') return body
      if (kind === 'agent.lifecycle-changed') return { lifecycle: body.lifecycle ?? 'enabled', reason: '' }
      if (kind === 'agent.routed') {
        const misrouted = (body.misrouted as [number][] | undefined)?.map(([position]) => [position, {}])
        return {
          ...(body.queued === undefined ? {} : { queued: body.queued }),
          ...(misrouted ? { misrouted } : {}),
        }
      }
      if (kind !== 'agent.handled') return null
      const { state, patch: _, ...rest } = body
      return state === undefined ? rest : { ...rest, whole: true }
    },
    /** What the others held, reasons and errors, goes by folding anew. */
    forget({ kind, body, stream, version }, tables) {
      if (kind === 'agent.handled') {
        const { agent, key } = fromStream(stream)
        keptFrom(agent, key ?? '', version + 1, tables)
        return true
      }
      const isSame = kind === 'agent.defined' || kind === 'agent.began' || kind === 'agent.retried'
      return isSame || (kind === 'agent.routed' && body?.misrouted === undefined)
    },
  },
}

function applyToAgent(event: StoredEvent, agent: string, tables: Tables): void {
  const { kind, body } = event
  if (kind === 'agent.routed') route(event, agent, tables)
  else if (body === null) return
  else if (kind === 'agent.defined') define(event, agent, body, tables)
  else if (kind === 'agent.lifecycle-changed') {
    const { lifecycle, reason } = body
    tables.run(
      'UPDATE agents SET lifecycle = ?, reason = ?, lifecycle_by = ?, since = ?, since_position = ? WHERE name = ?',
      String(lifecycle),
      String(reason),
      event.actor,
      event.time,
      event.position,
      agent,
    )
    if (lifecycle === 'enabled') tryAgain(agent, tables)
  }
}

function define(event: StoredEvent, agent: string, body: JsonObject, tables: Tables): void {
  tables.run(
    `INSERT INTO agents (name, version, kinds, lifecycle, reason, lifecycle_by, since, since_position, cursor)
     VALUES (?, ?, ?, 'enabled', '', ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET version = excluded.version, kinds = excluded.kinds`,
    agent,
    Number(body.version),
    JSON.stringify(body.on),
    event.actor,
    event.time,
    event.position,
    Number(body.after),
  )
  tryAgain(agent, tables)
}

/** Instances whose state did not fit get another chance: by a new version, or by the operator's word. */
function tryAgain(agent: string, tables: Tables): void {
  tables.run(
    `UPDATE agents_instances SET lifecycle = 'enabled', reason = ''
     WHERE agent = ? AND lifecycle = 'quarantined' AND lifecycle_by = 'runtime'`,
    agent,
  )
}

function route({ cause, body, time }: StoredEvent, agent: string, tables: Tables): void {
  tables.run('UPDATE agents SET cursor = ? WHERE name = ?', Number(cause), agent)
  for (const [key, position] of (body?.queued ?? []) as unknown as [string, number][]) {
    enqueue(agent, key, position, time, tables)
  }
  for (const [position, error] of (body?.misrouted ?? []) as unknown as [number, JsonObject][]) {
    setAside({ agent, key: '', position, time, run: null, error }, tables)
  }
}

function enqueue(agent: string, key: string, position: number, time: number, tables: Tables): void {
  tables.run('INSERT INTO agents_mailbox (agent, key, position) VALUES (?, ?, ?)', agent, key, position)
  touch(agent, key, time, tables)
  tables.run('UPDATE agents_instances SET waiting = waiting + 1 WHERE agent = ? AND key = ?', agent, key)
}

function touch(agent: string, key: string, time: number, tables: Tables): void {
  tables.run(
    `INSERT INTO agents_instances
       (agent, key, version, whole, through, handled, waiting, lifecycle, reason, lifecycle_by, updated)
     VALUES (?, ?, 0, 0, 0, 0, 0, 'enabled', '', '', ?) ON CONFLICT DO NOTHING`,
    agent,
    key,
    time,
  )
}

function applyToInstance(event: StoredEvent, agent: string, key: string, tables: Tables): void {
  if (event.kind === 'agent.handled') {
    handled(event, agent, key, tables)
    return
  }
  const body = event.body ?? {}
  const position = Number(event.cause)
  touch(agent, key, event.time, tables)
  tables.run(
    'UPDATE agents_instances SET version = ?, updated = ? WHERE agent = ? AND key = ?',
    event.version,
    event.time,
    agent,
    key,
  )
  switch (event.kind) {
    case 'agent.began':
      tables.run(
        'UPDATE agents_instances SET run = ?, run_position = ? WHERE agent = ? AND key = ?',
        event.correlation,
        position,
        agent,
        key,
      )
      return
    case 'agent.set-aside': {
      const error = (body.error ?? {}) as JsonObject
      setAside({ agent, key, position, time: event.time, run: event.correlation, error }, tables)
      takeOut(agent, key, position, position, tables)
      tables.run(
        'UPDATE agents_instances SET run = NULL, run_position = NULL, through = max(through, ?) WHERE agent = ? AND key = ?',
        position,
        agent,
        key,
      )
      return
    }
    case 'agent.retried':
      tables.run(
        'DELETE FROM agents_set_aside WHERE agent = ? AND key IN (?, ?) AND position = ?',
        agent,
        key,
        '',
        position,
      )
      enqueue(agent, key, position, event.time, tables)
      return
    case 'agent.lifecycle-changed':
      tables.run(
        'UPDATE agents_instances SET lifecycle = ?, reason = ?, lifecycle_by = ? WHERE agent = ? AND key = ?',
        String(body.lifecycle ?? 'enabled'),
        String(body.reason ?? ''),
        event.actor,
        agent,
        key,
      )
  }
}

/** One upsert for a batch of events; what had waited leaves the mailbox. */
function handled(event: StoredEvent, agent: string, key: string, tables: Tables): void {
  const { version, cause, time, body, correlation: run } = event
  const through = Number(cause)
  // An erased state counts as one that can't be read, until the next whole one.
  const isWhole = body === null || body.state !== undefined || body.whole === true
  tables.run(
    `INSERT INTO agents_instances
       (agent, key, version, whole, through, handled, waiting, lifecycle, reason, lifecycle_by, updated)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 'enabled', '', '', ?7)
     ON CONFLICT DO UPDATE SET version = ?3, through = max(through, ?5), handled = ?6, updated = ?7,
       whole = CASE WHEN ?8 THEN ?3 ELSE whole END`,
    agent,
    key,
    version,
    isWhole ? version : 0,
    through,
    Number(body?.handled ?? 0),
    time,
    isWhole ? 1 : 0,
  )
  if (body?.state === undefined && body?.patch === undefined) keptFrom(agent, key, version + 1, tables)
  if (body === null) takeOut(agent, key, 0, through, tables)
  else if (body.waited === true) takeOut(agent, key, Number(body.from), through, tables)
  if (run === null) return
  tables.run(
    'UPDATE agents_instances SET run = NULL, run_position = NULL WHERE agent = ? AND key = ?',
    agent,
    key,
  )
}

/** States of its past before this version of its stream were erased. */
function keptFrom(agent: string, key: string, version: number, tables: Tables): void {
  tables.run(
    'UPDATE agents_instances SET kept_from = max(kept_from, ?) WHERE agent = ? AND key = ?',
    version,
    agent,
    key,
  )
}

function takeOut(agent: string, key: string, from: number, through: number, tables: Tables): void {
  tables.run(
    'DELETE FROM agents_mailbox WHERE agent = ? AND key = ? AND position BETWEEN ? AND ?',
    agent,
    key,
    from,
    through,
  )
  tables.run(
    `UPDATE agents_instances SET waiting =
       (SELECT count(*) FROM agents_mailbox m WHERE m.agent = agents_instances.agent AND m.key = agents_instances.key)
     WHERE agent = ? AND key = ?`,
    agent,
    key,
  )
}

function setAside(
  event: {
    readonly agent: string
    readonly key: string
    readonly position: number
    readonly time: number
    readonly run: string | null
    readonly error: JsonObject
  },
  tables: Tables,
): void {
  const { agent, key, position, time, run, error } = event
  tables.run(
    `INSERT INTO agents_set_aside (agent, key, position, time, run, error) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET time = excluded.time, run = excluded.run, error = excluded.error`,
    agent,
    key,
    position,
    time,
    run,
    JSON.stringify(error),
  )
}
