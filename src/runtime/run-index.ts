/**
 * The projection that the runtime and the operator's lists read: every run with its status, the timers
 * that are set, the waits that are open, and the published events that waits may look back at.
 *
 * `waiting` means: nothing of the run is under way in any process. It is set by the last event of an
 * activation, which carries `parks: true`, and taken back by the first of the next, which carries
 * `wakes: true`; a run that is found `running` after a crash was cut off.
 *
 * Why: docs/decisions/0005-parked-runs-and-their-marks.md
 */

import { readParent } from '../kernel/children.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS, type RunStatus } from '../kernel/journal.ts'
import type { JsonObject } from '../kernel/json.ts'
import { RUN_KINDS } from '../kernel/run-kinds.ts'
import { runOf } from '../kernel/run-stream.ts'
import { placeFromJson, type QueuePlace } from '../kernel/scheduling.ts'
import type { Projection, Tables, TablesReader } from '../ports/projection.ts'
import { DEAD_SCHEMA, forgetDead, noteDead, noteGoodEnd, noteReopened } from './reopening/dead-rows.ts'
import { runErasure } from './retention/run-erasure.ts'
import { dequeue, enqueue, noteRate, QUEUE_SCHEMA, QUEUE_TABLES } from './scheduler/queue-rows.ts'

export type { RunStatus }

export const runIndex: Projection = {
  name: 'runs',
  version: 14,
  tables: ['runs', 'runs_timers', 'runs_waits', 'runs_erased', 'runs_dead', ...QUEUE_TABLES],
  schema: `
    CREATE TABLE runs (
      position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, version INTEGER NOT NULL,
      status TEXT NOT NULL, customer TEXT, parent TEXT, parent_name TEXT, parent_mode TEXT,
      on_parent_close TEXT, chain TEXT, started INTEGER NOT NULL, updated INTEGER NOT NULL, error_code TEXT, slot TEXT,
      awaited INTEGER NOT NULL DEFAULT 0, reopened INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX runs_by_status ON runs (status);
    CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
    CREATE INDEX runs_bound ON runs (status) WHERE on_parent_close = 'cancel';
    CREATE INDEX runs_by_chain ON runs (chain) WHERE chain IS NOT NULL;
    CREATE INDEX runs_by_slot ON runs (slot, status) WHERE slot IS NOT NULL;
    CREATE TABLE runs_timers (
      run TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, since INTEGER NOT NULL,
      PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_timers_by_time ON runs_timers (at);
    CREATE TABLE runs_waits (
      run TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, after INTEGER NOT NULL,
      since INTEGER NOT NULL, PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_waits_by_key ON runs_waits (kind, key);
    CREATE TABLE runs_erased (
      run TEXT PRIMARY KEY, position INTEGER NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;${DEAD_SCHEMA}${QUEUE_SCHEMA}`,
  kinds: [...RUN_KINDS, 'run.discarded', 'agent.set-aside', 'bodies.erased'],
  apply(event, tables) {
    if (event.kind === 'run.started') insertRun(event, tables)
    else if (event.kind === 'bodies.erased') noteErased(event, tables)
    else if (event.kind === 'agent.set-aside') forgetDead(event.correlation ?? '', tables)
    else if (event.kind === 'run.discarded') forgetDead(runOf(event.stream), tables)
    else {
      const run = runOf(event.stream)
      if (event.kind === 'run.reopened') reopenRun(event, run, tables)
      noteQueue(event, run, tables)
      noteTimersAndWaits(event, run, tables)
      noteStatus(event, run, tables)
    }
  },
  erasure: runErasure,
}

function insertRun(event: StoredEvent, tables: Tables): void {
  const body = event.body ?? {}
  const parent = readParent(body)
  const chain = body.chain as JsonObject | undefined
  const queue = body.queue === undefined ? null : placeFromJson(body.queue as JsonObject)
  const run = runOf(event.stream)
  tables.run(
    `INSERT INTO runs (id, workflow, version, status, customer, parent, parent_name, parent_mode,
       on_parent_close, chain, started, updated, position, slot, awaited, reopened)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    run,
    String(body.workflow ?? ''),
    Number(body.version ?? 0),
    queue === null ? 'running' : 'queued',
    (body.customer as string | null) ?? null,
    parent?.run ?? null,
    parent?.name ?? null,
    parent?.mode ?? null,
    parent?.onParentClose ?? null,
    chain === undefined ? null : String(chain.first),
    event.time,
    event.time,
    event.position,
    queue?.slot?.key ?? null,
    body.awaited === true ? 1 : 0,
  )
  if (queue !== null) queueRun(event, run, queue, tables)
}

/** What it waited for when it ended comes back, as the event says; so does its place. */
function reopenRun(event: StoredEvent, run: string, tables: Tables): void {
  const { body } = event
  noteReopened(event, run, tables)
  for (const { name, at, type, since } of (body?.timers ?? []) as unknown as Omit<Timer, 'run'>[]) {
    setTimer(tables, { run, name, at, type, since })
  }
  for (const wait of (body?.waits ?? []) as JsonObject[]) insertWait(tables, run, wait, Number(wait.since))
  if (body?.queue === undefined) return
  const { slot } = placeFromJson(body.queue as JsonObject)
  tables.run('UPDATE runs SET slot = ? WHERE id = ?', slot?.key ?? null, run)
  enqueue(event, run, String(body.workflow), tables)
}

function queueRun(event: StoredEvent, run: string, { notBefore }: QueuePlace, tables: Tables): void {
  if (notBefore === null) enqueue(event, run, String(event.body?.workflow), tables)
  else setTimer(tables, { run, name: 'start', at: notBefore, type: 'start', since: event.time })
}

function noteQueue(event: StoredEvent, run: string, tables: Tables): void {
  if (event.kind === 'run.queued') {
    clearTimer(tables, run, 'start')
    if (event.body !== null) enqueue(event, run, String(event.body.workflow), tables)
  } else if (event.kind === 'run.admitted') {
    dequeue(run, tables)
    noteRate(event, run, tables)
  } else if (event.kind === 'run.cancelled') dequeue(run, tables)
}

function noteErased({ position, time, actor, body }: StoredEvent, tables: Tables): void {
  for (const run of (body?.runs ?? []) as string[]) {
    forgetDead(run, tables)
    tables.run(
      'INSERT INTO runs_erased (run, position, time, actor, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      run,
      position,
      time,
      actor,
      String(body?.reason ?? ''),
    )
  }
}

function noteTimersAndWaits({ kind, time, body: given }: StoredEvent, run: string, tables: Tables): void {
  if (given === null && (kind === 'timer.set' || kind === 'wait.started')) return
  const body = given ?? {}
  const name = String(body.name ?? '')
  switch (kind) {
    case 'timer.set':
      setTimer(tables, { run, name, at: Number(body.at), type: 'timer', since: time })
      return
    case 'wait.started':
      insertWait(tables, run, body, time)
      if (typeof body.deadline === 'number')
        setTimer(tables, { run, name, at: body.deadline, type: 'deadline', since: time })
      return
    case 'attempt.failed':
      if (typeof body.retryAt === 'number')
        setTimer(tables, { run, name, at: body.retryAt, type: 'retry', since: time })
      return
    case 'wait.ended':
      closeWait(tables, run, name)
      noteReceived(tables, run, body.event as JsonObject | null)
      return
    case 'wait.abandoned':
      closeWait(tables, run, name)
      noteReturned(tables, run, body)
      return
    case 'effect.held':
      if (typeof body.until === 'number')
        setTimer(tables, { run, name, at: body.until, type: 'held', since: time })
      else clearTimer(tables, run, name)
      return
    case 'timer.fired':
    case 'timer.abandoned':
    case 'effect.intended':
    case 'effect.succeeded':
    case 'effect.failed':
    case 'undo.held':
    case 'undo.intended':
    case 'undo.succeeded':
    case 'undo.failed':
    case 'step.failed':
      clearTimer(tables, run, name)
      return
    case 'step.completed':
      if (Number(body.attempts) > 1) clearTimer(tables, run, name)
  }
}

function insertWait(tables: Tables, run: string, wait: JsonObject, since: number): void {
  tables.run(
    'INSERT INTO runs_waits (run, name, kind, key, after, since) VALUES (?, ?, ?, ?, ?, ?)',
    run,
    String(wait.name),
    String(wait.kind),
    String(wait.key),
    Number(wait.after),
    since,
  )
}

function closeWait(tables: Tables, run: string, name: string): void {
  tables.run('DELETE FROM runs_waits WHERE run = ? AND name = ?', run, name)
  clearTimer(tables, run, name)
}

/** The other waits for the same look behind it. */
function noteReceived(tables: Tables, run: string, event: JsonObject | null | undefined): void {
  if (event == null) return
  const { kind, key, position } = event
  tables.run(
    'UPDATE runs_waits SET after = max(after, ?) WHERE run = ? AND kind = ? AND key = ?',
    Number(position),
    run,
    String(kind),
    String(key),
  )
}

/** The other waits for the same may receive it. */
function noteReturned(tables: Tables, run: string, { kind, key, returned }: JsonObject): void {
  if (typeof returned !== 'number') return
  tables.run(
    'UPDATE runs_waits SET after = min(after, ?) WHERE run = ? AND kind = ? AND key = ?',
    returned - 1,
    run,
    String(kind),
    String(key),
  )
}

interface Timer {
  readonly run: string
  readonly name: string
  readonly at: number
  readonly type: 'timer' | 'deadline' | 'retry' | 'held' | 'start'
  readonly since: number
}

function setTimer(tables: Tables, { run, name, at, type, since }: Timer): void {
  tables.run(
    `INSERT INTO runs_timers (run, name, at, type, since) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET at = excluded.at, type = excluded.type, since = excluded.since`,
    run,
    name,
    at,
    type,
    since,
  )
}

function clearTimer(tables: Tables, run: string, name: string): void {
  tables.run('DELETE FROM runs_timers WHERE run = ? AND name = ?', run, name)
}

function noteStatus(event: StoredEvent, run: string, tables: Tables): void {
  const status = statusAfter(event)
  if (status === 'failed') noteDead(event, run, tables)
  if (status === null) return
  const error = event.body?.error as JsonObject | undefined
  tables.run(
    'UPDATE runs SET status = ?, updated = ?, error_code = ? WHERE id = ?',
    status,
    event.time,
    typeof error?.code === 'string' ? error.code : null,
    run,
  )
  if (status === 'continued') tables.run('UPDATE runs SET chain = coalesce(chain, id) WHERE id = ?', run)
  if (RUN_ENDS.has(event.kind)) {
    tables.run('DELETE FROM runs_timers WHERE run = ?', run)
    tables.run('DELETE FROM runs_waits WHERE run = ?', run)
    if (status !== 'failed') noteGoodEnd(run, tables)
  }
}

function statusAfter({ kind, body }: StoredEvent): RunStatus | null {
  switch (kind) {
    case 'run.completed':
      return 'completed'
    case 'run.failed':
      return 'failed'
    case 'run.cancelled':
      return 'cancelled'
    case 'run.continued':
      return 'continued'
    case 'run.stalled':
      return 'stalled'
    case 'run.parked':
      return 'waiting'
    case 'run.admitted':
      return 'running'
    case 'run.reopened':
      return body?.queue === undefined ? 'running' : 'queued'
    default:
      if (body?.parks === true) return 'waiting'
      return body?.wakes === true ? 'running' : null
  }
}

/** Whether it waits for its turn. */
export function isQueuedRun(tables: TablesReader, run: string): boolean {
  return tables.get("SELECT 1 FROM runs WHERE id = ? AND status = 'queued'", run) !== undefined
}

/** What others wait for of a run: its parent, and its place in the queue. */
export function bondRow(
  tables: TablesReader,
  run: string,
):
  | {
      readonly parent: string | null
      readonly parent_name: string | null
      readonly parent_mode: string | null
      readonly slot: string | null
    }
  | undefined {
  return tables.get('SELECT parent, parent_name, parent_mode, slot FROM runs WHERE id = ?', run)
}
