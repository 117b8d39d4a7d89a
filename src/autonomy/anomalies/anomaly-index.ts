/**
 * The projection of anomalies: by agent and hour what was done and what it cost, whom an agent has addressed, which
 * amounts it has handled, and what was found. Whole numbers but for amounts, which are as they were given.
 *
 * An *era* of an agent begins with the operator's word that it is well: the history goes on, and what is counted
 * against it begins anew. How long a run has worked is the time between its marks, so that waiting is no part of it.
 */

import type { StoredEvent } from '../../kernel/event.ts'
import { RUN_ENDS } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { whole } from '../../kernel/reservation.ts'
import { RUN_KINDS } from '../../kernel/run-kinds.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, Tables } from '../../ports/projection.ts'

export const HOUR_MS = 3_600_000
/** Of a doubling: how finely the length of a run's work is kept. */
export const PACE = 16

/** An hour's cost goes no further, a million dollars: those of all hours add up to a number that can be read. */
const FULL = 1_000_000_000_000

/** What of an effect that was allowed is on record to be counted, in `policy.decided`. */
export interface Counted {
  readonly agent: string
  /** Hours since 1970: at midnight the record may be an hour later than the decision. */
  readonly hour: number
  /** Hashes of those whom the agent had not addressed before; left out for none. */
  readonly recipients?: readonly string[]
  /** How many they were, where the hashes are erased. */
  readonly new?: number
  /** Whether the operator has approved it, so that it says nothing about what the agent does by itself. */
  readonly own?: true
  /** By operation and argument. */
  readonly amounts?: Readonly<Record<string, number>>
}

export const anomalyIndex: Projection = {
  name: 'anomalies',
  version: 3,
  tables: [
    'anomalies',
    'anomalies_eras',
    'anomalies_runs',
    'anomalies_hours',
    'anomalies_recipients',
    'anomalies_amounts',
  ],
  schema: `
    CREATE TABLE anomalies (
      id TEXT PRIMARY KEY, agent TEXT NOT NULL, severity TEXT NOT NULL, content TEXT NOT NULL, time INTEGER NOT NULL,
      position INTEGER NOT NULL, lifted_at INTEGER, lifted_because TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX anomalies_by_agent ON anomalies (agent, position);
    CREATE TABLE anomalies_eras (agent TEXT PRIMARY KEY, era INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE anomalies_runs (
      run TEXT PRIMARY KEY, agent TEXT NOT NULL, since INTEGER, busy INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE anomalies_hours (
      agent TEXT NOT NULL, hour INTEGER NOT NULL, era INTEGER NOT NULL, runs INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0, pace INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0,
      effects INTEGER NOT NULL DEFAULT 0, recipients INTEGER NOT NULL DEFAULT 0,
      own_effects INTEGER NOT NULL DEFAULT 0, own_recipients INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (agent, hour, era)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE anomalies_recipients (
      agent TEXT NOT NULL, recipient TEXT NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (agent, recipient, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX anomalies_recipients_by_position ON anomalies_recipients (position);
    CREATE TABLE anomalies_amounts (
      agent TEXT NOT NULL, what TEXT NOT NULL, position INTEGER NOT NULL, value REAL NOT NULL,
      PRIMARY KEY (agent, what, position)
    ) STRICT, WITHOUT ROWID;`,
  kinds: [...RUN_KINDS, 'anomaly.found', 'anomaly.lifted'],
  apply(event, tables) {
    const { kind, body } = event
    if (kind === 'run.started') begin(event, tables)
    else if (RUN_ENDS.has(kind)) end(event, tables)
    else if (kind === 'run.admitted') go(event, tables)
    else if (kind === 'run.parked' || kind === 'run.stalled') rest(event, tables)
    else if (body === null) return
    else if (kind === 'anomaly.found') noteFound(event, body, tables)
    else if (kind === 'anomaly.lifted') noteLifted(event, body, tables)
    else {
      if (kind === 'model.called') noteCost(event, body, tables)
      else if (body.counted !== undefined) noteEffect(event, body.counted as unknown as Counted, tables)
      if (body.wakes === true) go(event, tables)
      if (body.parks === true) rest(event, tables)
    }
  },
  erasure: { keep, forget },
}

// -- runs -------------------------------------------------------------------------------------------

function begin({ stream, body, time }: StoredEvent, tables: Tables): void {
  if (body === null) return
  tables.run(
    'INSERT INTO anomalies_runs VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
    runOf(stream),
    String(body.workflow ?? ''),
    body.queue === undefined ? time : null,
  )
}

function go({ stream, time }: StoredEvent, tables: Tables): void {
  tables.run('UPDATE anomalies_runs SET since = ? WHERE run = ?', time, runOf(stream))
}

function rest({ stream, time }: StoredEvent, tables: Tables): void {
  tables.run(
    'UPDATE anomalies_runs SET busy = busy + max(0, ?1 - since), since = NULL WHERE run = ?2 AND since IS NOT NULL',
    time,
    runOf(stream),
  )
}

interface RunRow {
  readonly agent: string
  readonly since: number | null
  readonly busy: number
}

function end({ kind, stream, time }: StoredEvent, tables: Tables): void {
  const id = runOf(stream)
  // Not by RETURNING, which takes as long as both of them and more.
  const run = tables.get<RunRow>('SELECT agent, since, busy FROM anomalies_runs WHERE run = ?', id)
  if (run === undefined) return
  tables.run('DELETE FROM anomalies_runs WHERE run = ?', id)
  const busy = run.busy + Math.max(0, time - (run.since ?? time))
  add(tables, run.agent, hourOf(time), {
    runs: 1,
    failures: kind === 'run.failed' ? 1 : 0,
    pace: Math.round(PACE * Math.log2(1 + busy)),
  })
}

function noteCost({ stream, time }: StoredEvent, { priceMicros }: JsonObject, tables: Tables): void {
  const cost = whole(priceMicros)
  if (cost === 0) return
  const run = tables.get<RunRow>('SELECT agent FROM anomalies_runs WHERE run = ?', runOf(stream))
  if (run !== undefined) add(tables, run.agent, hourOf(time), { cost })
}

// -- effects ----------------------------------------------------------------------------------------

function noteEffect({ position }: StoredEvent, counted: Counted, tables: Tables): void {
  const { agent, hour, recipients = [], amounts = {}, own } = counted
  const added = counted.new ?? recipients.length
  const approved = own === true ? { own_effects: 1, own_recipients: added } : {}
  add(tables, agent, hour, { effects: 1, recipients: added, ...approved })
  for (const recipient of recipients) {
    tables.run(
      'INSERT INTO anomalies_recipients VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      agent,
      recipient,
      position,
    )
  }
  for (const [what, value] of Object.entries(amounts)) {
    tables.run('INSERT INTO anomalies_amounts VALUES (?, ?, ?, ?)', agent, what, position, value)
  }
}

interface Added {
  readonly runs?: number
  readonly failures?: number
  readonly pace?: number
  readonly cost?: number
  readonly effects?: number
  readonly recipients?: number
  readonly own_effects?: number
  readonly own_recipients?: number
}

function add(tables: Tables, agent: string, hour: number, added: Added): void {
  const { runs = 0, failures = 0, pace = 0, cost = 0, effects = 0, recipients = 0 } = added
  tables.run(
    `INSERT INTO anomalies_hours
     VALUES (?1, ?2, coalesce((SELECT era FROM anomalies_eras WHERE agent = ?1), 0), ?3, ?4, ?5, min(?6, ${FULL}), ?7, ?8, ?9, ?10)
     ON CONFLICT DO UPDATE SET runs = runs + ?3, failures = failures + ?4, pace = pace + ?5, cost = min(cost + ?6, ${FULL}),
       effects = effects + ?7, recipients = recipients + ?8, own_effects = own_effects + ?9,
       own_recipients = own_recipients + ?10`,
    agent,
    hour,
    runs,
    failures,
    pace,
    cost,
    effects,
    recipients,
    added.own_effects ?? 0,
    added.own_recipients ?? 0,
  )
}

export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS)
}

// -- what was found ---------------------------------------------------------------------------------

function noteFound({ time, position }: StoredEvent, body: JsonObject, tables: Tables): void {
  const { anomaly, agent, severity, ...content } = body
  tables.run(
    'INSERT INTO anomalies VALUES (?, ?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING',
    String(anomaly),
    String(agent),
    String(severity),
    JSON.stringify(content),
    time,
    position,
  )
}

function noteLifted({ time }: StoredEvent, { agent, reason }: JsonObject, tables: Tables): void {
  tables.run(
    'UPDATE anomalies SET lifted_at = ?, lifted_because = ? WHERE agent = ? AND lifted_at IS NULL',
    time,
    String(reason ?? ''),
    String(agent),
  )
  tables.run(
    'INSERT INTO anomalies_eras VALUES (?, 1) ON CONFLICT DO UPDATE SET era = era + 1',
    String(agent),
  )
}

// -- erasure ----------------------------------------------------------------------------------------

/** Numbers stay, and names of agents; whom it was about does not. */
function keep({ kind, body }: StoredEvent): JsonObject | null {
  if (body === null || RUN_ENDS.has(kind)) return null
  if (kind === 'run.started') {
    return { workflow: body.workflow ?? '', ...(body.queue === undefined ? {} : { queue: true }) }
  }
  if (kind.startsWith('anomaly.')) return body
  const { parks, wakes, counted, priceMicros } = body
  const kept = {
    ...(parks === true ? { parks } : {}),
    ...(wakes === true ? { wakes } : {}),
    ...(kind === 'model.called' ? { priceMicros: priceMicros ?? null } : {}),
    ...(counted === undefined ? {} : { counted: withoutRecipients(counted as unknown as Counted) }),
  }
  return Object.keys(kept).length === 0 ? null : kept
}

function withoutRecipients({ recipients, ...counted }: Counted): JsonObject {
  const added = counted.new ?? recipients?.length ?? 0
  return { ...counted, ...(added === 0 ? {} : { new: added }) }
}

/** Who is known no longer is new again. */
function forget({ kind, position }: StoredEvent, tables: Tables): boolean {
  if (kind === 'policy.decided') tables.run('DELETE FROM anomalies_recipients WHERE position = ?', position)
  return true
}
