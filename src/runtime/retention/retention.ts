/**
 * Retention: the bodies of runs that ended long enough ago are erased, by rules of the operator; what a run
 * was, when and how it ended, and the chain stay. Published events, and the states that agents had before their
 * newest snapshots, go by rules of their own. Without a rule everything is kept.
 *
 * A run is erased when it and all its parents have ended, and no rollback of one of them is under way: a parent may
 * still ask what its child gave, and a rollback what was done. What belongs to a run besides its own stream (the mail that it was started for) goes with it.
 *
 * Why: docs/decisions/0026-retention.md
 */

import { RUN_ENDS } from '../../kernel/journal.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { rollbackId } from '../rollback/rollback-id.ts'
import type { RunStatus } from '../run-index.ts'
import { eraseEvents } from './event-retention.ts'
import { eraseStates } from './state-retention.ts'

/** For runs, for published events, or for what an agent's state was. Each looks at the rules of its own sort. */
export type RetentionRule = RunRule | EventRule | StateRule

export interface EventRule {
  /** Kind of published events; `*` for all. */
  readonly events: string
  /** Milliseconds after they were published; null to keep them for good. */
  readonly afterMs: number | null
}

export interface StateRule {
  /** Name of an agent; `*` for all. What its instances' states are now, and since their newest snapshots, stays. */
  readonly agent: string
  /** Milliseconds after an event was handled; null to keep what the state was for good. */
  readonly afterMs: number | null
}

export interface RunRule {
  /** Name of a workflow; `*` for all. */
  readonly workflow: string
  /** How a run ended for the rule to hold for it. */
  readonly status: readonly RunStatus[]
  /** Milliseconds after the end of the run; null to keep it for good. */
  readonly afterMs: number | null
}

export interface RetentionOptions {
  /** The first one that fits a run decides; a run that none fits is kept. */
  readonly rules: readonly RetentionRule[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Streams that go with a run, besides its own. Default none. */
  readonly streamsOf?: (run: { readonly id: string; readonly workflow: string }) => readonly string[]
  /** true: nothing is erased, only counted. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

/** How a sort of rules is carried out: looks at what is due, erases it a few at a time, and counts. */
export interface Erasing {
  readonly now: number
  readonly dryRun: boolean
  readonly signal?: AbortSignal | undefined
}

export interface RetentionReport {
  readonly runs: number
  /** Published events. */
  readonly published: number
  /** Published events that are due, and are kept as somebody may still look at them. */
  readonly held: number
  /** Records of what agents' states were. */
  readonly states: number
  /** Bodies, those of `published` and `states` among them. */
  readonly events: number
  /** Raw mails and their like; 0 in a dry run. */
  readonly blobs: number
  readonly byWorkflow: Readonly<Record<string, number>>
}

export const ENDED = [...RUN_ENDS].map((kind) => kind.slice('run.'.length) as RunStatus)

/** Runs looked at between two turns of the event loop, and runs erased in one commit. */
const RUNS_AT_ONCE = 100

interface Row {
  readonly id: string
  readonly workflow: string
  readonly status: RunStatus
  readonly parent: string | null
  /** When it ended. */
  readonly updated: number
  readonly position: number
}

/** Erases what is due, a hundred runs a commit; appends go on in between. */
export async function retain(log: EventLog, options: RetentionOptions): Promise<RetentionReport> {
  const { now, rules, dryRun = false, signal } = options
  const erasing = { now, dryRun, signal }
  const runs = await retainRuns(log, options)
  const published = await eraseEvents(log, rules.filter(isEventRule), erasing)
  const states = await eraseStates(log, rules.filter(isStateRule), erasing)
  const events = runs.events + published.erased + states
  return { ...runs, events, published: published.erased, held: published.held, states }
}

function isEventRule(rule: RetentionRule): rule is EventRule {
  return 'events' in rule
}

function isStateRule(rule: RetentionRule): rule is StateRule {
  return 'agent' in rule
}

async function retainRuns(
  log: EventLog,
  options: RetentionOptions,
): Promise<Pick<RetentionReport, 'runs' | 'events' | 'blobs' | 'byWorkflow'>> {
  const total = { runs: 0, events: 0, blobs: 0, byWorkflow: {} as Record<string, number> }
  const rules = options.rules.filter((rule) => 'workflow' in rule)
  if (rules.every(({ afterMs }) => afterMs === null)) return total
  for (let after = 0; !options.signal?.aborted; ) {
    const rows = endedRuns(log.tables, after)
    const { due, events, blobs } = await eraseRuns(log, rows, rules, options)
    total.runs += due.length
    total.events += events
    total.blobs += blobs
    for (const { workflow } of due) total.byWorkflow[workflow] = (total.byWorkflow[workflow] ?? 0) + 1
    if (rows.length < RUNS_AT_ONCE) break
    after = rows.at(-1)?.position ?? after
    await new Promise((resolve) => setImmediate(resolve))
  }
  return total
}

function endedRuns(tables: TablesReader, after: number): Row[] {
  return tables.all<Row & Record<string, never>>(
    `SELECT id, workflow, status, parent, updated, position FROM runs
     WHERE position > ? AND status IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM runs_erased WHERE runs_erased.run = runs.id)
     ORDER BY position LIMIT ${RUNS_AT_ONCE}`,
    after,
    JSON.stringify(ENDED),
  )
}

function isDue({ workflow, status, updated }: Row, rules: readonly RunRule[], now: number): boolean {
  const rule = rules.find(
    (one) => (one.workflow === '*' || one.workflow === workflow) && one.status.includes(status),
  )
  return rule !== undefined && rule.afterMs !== null && updated + rule.afterMs <= now
}

/** Whether those above it have ended, and nothing is being undone of what it did: that asks what it was done with. */
function isLeftAlone(tables: TablesReader, { id, parent: above }: Row): boolean {
  if (isBeingUndone(tables, id)) return false
  for (let parent = above; parent !== null; ) {
    const found = tables.get<Pick<Row, 'status' | 'parent'> & Record<string, never>>(
      'SELECT status, parent FROM runs WHERE id = ?',
      parent,
    )
    if (found === undefined) return true
    if (!ENDED.includes(found.status) || isBeingUndone(tables, parent)) return false
    parent = found.parent
  }
  return true
}

function isBeingUndone(tables: TablesReader, run: string): boolean {
  const sql = 'SELECT status FROM runs WHERE id = ?'
  const status = tables.get<{ status: RunStatus }>(sql, rollbackId(run))?.status
  return status !== undefined && !ENDED.includes(status)
}

interface Due {
  readonly due: readonly Row[]
  readonly positions: readonly number[]
}

async function eraseRuns(
  log: EventLog,
  rows: readonly Row[],
  rules: readonly RunRule[],
  { now, streamsOf, dryRun = false }: RetentionOptions,
): Promise<Due & { events: number; blobs: number }> {
  const look = (among: readonly Row[]): Due => {
    const due = among.filter((row) => isDue(row, rules, now) && isLeftAlone(log.tables, row))
    const streams = due.flatMap((run) => [runStream(run.id), ...(streamsOf?.(run) ?? [])])
    const positions = streams
      .flatMap((stream) => log.readStream(stream))
      .flatMap(({ body, position }) => (body === null ? [] : [position]))
    return { due, positions }
  }
  let found = look(rows)
  if (dryRun || found.due.length === 0) return { ...found, events: found.positions.length, blobs: 0 }
  const by = { actor: 'retention', reason: 'kept as long as the policy says' }
  // A run may be on its way back: only once that is on record, it is seen whether it still has ended.
  const report = await log.erase(() => {
    found = look(rows.flatMap(({ id }) => rowOf(log.tables, id) ?? []))
    return { positions: found.positions, runs: found.due.map(({ id }) => id) }
  }, by)
  return { ...found, ...report }
}

function rowOf(tables: TablesReader, run: string): Row | undefined {
  const sql = 'SELECT id, workflow, status, parent, updated, position FROM runs WHERE id = ?'
  return tables.get<Row & Record<string, never>>(sql, run)
}
