/**
 * The projection of autonomy: the level of each remit with what speaks for it, every labelled outcome, and the
 * reviews whose answer is still to come.
 *
 * A count belongs to an *epoch*: it begins anew with every change of level, with a refused offer and with a new
 * version of the workflow, and an answer counts only for the epoch in which its review was asked for. What an answer
 * is measured by, the tolerance and the limit of an edit, stands in the record of its review, so that the fold
 * depends on the log alone.
 */

import type { StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { isOwnersWay } from '../kernel/review.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { Level, Remit, Standing } from '../ports/autonomy.ts'
import type { EffectClass } from '../ports/connector.ts'
import type { Erasure, Projection, Tables, TablesReader } from '../ports/projection.ts'
import { type Drift, driftAfter, NO_DRIFT } from './drift.ts'
import { outcomeOf } from './outcome.ts'
import { ALL } from './remit.ts'
import { isWorse } from './settings.ts'

/** What is known of a remit. */
export interface RemitRow extends Remit {
  /** null until it is set or changed. */
  readonly level: Level | null
  readonly ceiling: Level | null
  /** What the action did when its ceiling was set: something worse is not covered by it. */
  readonly ceiling_for: EffectClass | null
  readonly cause: Standing['by']
  readonly reason: string
  readonly since: number | null
  /** Version of the workflow that earned the level; null for one that was set. */
  readonly earned: number | null
  /** What the action did, at worst, when it was earned: something worse has not earned it. */
  readonly earned_for: EffectClass | null
  /** The latest version that has asked. */
  readonly version: number
  /** The worst that the answers that count are about; of the latest question where none counts yet. */
  readonly effect: EffectClass | null
  readonly reviews: number
  readonly errors: number
  readonly drift: string
  readonly offered: Level | null
  readonly approved: number
  readonly edited: number
  readonly rejected: number
  readonly responded: number
  readonly automatic: number
  /** Audits at this level that nobody has answered: a deadline did. */
  readonly missed: number
  /** Position of the last of them, if none has been answered since. */
  readonly missed_at: number | null
}

/** At these the answers are audits, and are watched for drift. */
const WATCHED = new Set(['sampled', 'auto'])

export const autonomyIndex: Projection = {
  name: 'autonomy',
  version: 3,
  tables: ['autonomy', 'autonomy_open', 'autonomy_outcomes', 'autonomy_checks'],
  schema: `
    CREATE TABLE autonomy (
      agent TEXT NOT NULL, action TEXT NOT NULL, segment TEXT NOT NULL, level TEXT, ceiling TEXT, ceiling_for TEXT,
      cause TEXT NOT NULL DEFAULT 'default', reason TEXT NOT NULL DEFAULT '', since INTEGER,
      earned INTEGER, earned_for TEXT, version INTEGER NOT NULL DEFAULT 0, effect TEXT, effect_epoch INTEGER,
      epoch INTEGER NOT NULL DEFAULT 0,
      reviews INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, drift TEXT NOT NULL DEFAULT '[]',
      offered TEXT, approved INTEGER NOT NULL DEFAULT 0, edited INTEGER NOT NULL DEFAULT 0,
      rejected INTEGER NOT NULL DEFAULT 0, responded INTEGER NOT NULL DEFAULT 0,
      automatic INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0, missed_at INTEGER,
      PRIMARY KEY (agent, action, segment)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE autonomy_open (
      review TEXT PRIMARY KEY, run TEXT NOT NULL, time INTEGER NOT NULL, position INTEGER NOT NULL,
      agent TEXT NOT NULL, action TEXT NOT NULL, segment TEXT NOT NULL, level TEXT NOT NULL,
      counts INTEGER NOT NULL, shadow INTEGER NOT NULL, epoch INTEGER NOT NULL, confidence REAL NOT NULL,
      tolerance REAL NOT NULL, edit REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX autonomy_open_by_run ON autonomy_open (run);
    CREATE TABLE autonomy_outcomes (
      position INTEGER PRIMARY KEY, agent TEXT NOT NULL, action TEXT NOT NULL, segment TEXT NOT NULL,
      review TEXT NOT NULL, time INTEGER NOT NULL, level TEXT NOT NULL, confidence REAL NOT NULL,
      verdict TEXT NOT NULL, edit REAL, error INTEGER NOT NULL, counted INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX autonomy_outcomes_by_action ON autonomy_outcomes (agent, action, position);
    CREATE TABLE autonomy_checks (
      run TEXT PRIMARY KEY, review TEXT NOT NULL, time INTEGER NOT NULL, caught INTEGER
    ) STRICT, WITHOUT ROWID;`,
  kinds: [
    'review.requested',
    'review.answered',
    'autonomy.level-set',
    'autonomy.ceiling-set',
    'autonomy.promotion-offered',
    'autonomy.promoted',
    'autonomy.promotion-declined',
    'autonomy.offer-withdrawn',
    'autonomy.demoted',
    'autonomy.compared',
    ...RUN_ENDS,
    'run.discarded',
  ],
  apply(event, tables) {
    if (RUN_ENDS.has(event.kind) || event.kind === 'run.discarded') closeRun(event, tables)
    else if (event.body === null) return
    else if (event.kind === 'review.requested') noteReview(event, event.body, tables)
    else if (event.kind === 'review.answered') noteAnswer(event, event.body, tables)
    else if (event.kind === 'autonomy.compared') settle(event, event.body, tables)
    else noteChange(event, event.body, tables)
  },
  erasure: { keep: keptOf } satisfies Erasure,
}

/** What was decided and how it came out, not what it was about. */
function keptOf({ kind, body }: StoredEvent): JsonObject | null {
  if (body === null) return null
  if (kind.startsWith('run.')) return isCaught(body) === null ? null : { output: { caught: isCaught(body) } }
  const pick = (...names: readonly string[]): JsonObject =>
    Object.fromEntries(names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])))
  if (kind === 'review.requested') return pick('review', 'confidence', 'autonomy')
  if (kind === 'review.answered') return pick('review', 'verdict', 'edits', 'by', 'way')
  return body
}

export function remitOf({ agent, action, segment }: JsonObject): Remit {
  return { agent: String(agent), action: String(action), segment: String(segment ?? ALL) }
}

function values({ agent, action, segment }: Remit): [string, string, string] {
  return [agent, action, segment]
}

const WHERE = 'WHERE agent = ?1 AND action = ?2 AND segment = ?3'

function addRemit(key: Remit, tables: Tables): void {
  tables.run(
    'INSERT INTO autonomy (agent, action, segment) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ...values(key),
  )
}

/** The count begins anew. */
const ANEW =
  "epoch = epoch + 1, reviews = 0, errors = 0, drift = '[]', offered = NULL, missed = 0, missed_at = NULL"

// -- reviews ----------------------------------------------------------------------------------------

function noteReview({ stream, time, position }: StoredEvent, body: JsonObject, tables: Tables): void {
  const ruling = body.autonomy as JsonObject | null | undefined
  if (ruling == null) return
  if (ruling.rule === 'attention') {
    const run = runOf(stream)
    tables.run('INSERT INTO autonomy_checks VALUES (?, ?, ?, NULL)', run, String(body.review), time)
    return
  }
  const key = remitOf(ruling)
  addRemit(key, tables)
  const version = Number(ruling.version ?? 0)
  tables.run(`UPDATE autonomy SET version = ?4, ${ANEW} ${WHERE} AND version < ?4`, ...values(key), version)
  const row = tables.get<Counted>(
    `SELECT version, epoch, effect, effect_epoch FROM autonomy ${WHERE}`,
    ...values(key),
  )
  const isKept = WATCHED.has(levelSet(key, tables) ?? '') && !WATCHED.has(String(ruling.level))
  const counts = ruling.counts === true && row?.version === version && !isKept
  const bears = counts || ruling.fall === 'effect'
  noteEffect(key, row, { effect: ruling.effect as EffectClass, counts: bears }, tables)
  tables.run(
    `INSERT INTO autonomy_open (review, run, time, position, agent, action, segment, level, counts, shadow, epoch,
       confidence, tolerance, edit)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    String(body.review),
    runOf(stream),
    time,
    position,
    ...values(key),
    String(ruling.level),
    counts ? 1 : 0,
    ruling.rule === 'shadow' ? 1 : 0,
    row?.epoch ?? 0,
    Number(body.confidence ?? 0),
    Number(ruling.tolerance),
    Number(ruling.edit),
  )
}

/** That of its own, else of all: what a flag or the ceiling keeps below it is asked at another level, and does not count. */
function levelSet(key: Remit, tables: Tables): string | null {
  const row = tables.get<{ level: string | null }>(
    `SELECT level FROM autonomy WHERE agent = ?1 AND action = ?2 AND segment IN (?3, '${ALL}') AND level IS NOT NULL
     ORDER BY segment = ?3 DESC LIMIT 1`,
    ...values(key),
  )
  return row?.level ?? null
}

type Counted = Pick<RemitRow, 'version' | 'effect'> & {
  readonly epoch: number
  /** To which the effect belongs; null where no answer that counts is about it. */
  readonly effect_epoch: number | null
}

function noteEffect(
  key: Remit,
  row: Counted | undefined,
  { effect, counts }: { readonly effect: EffectClass; readonly counts: boolean },
  tables: Tables,
): void {
  const known = row !== undefined && row.effect_epoch === row.epoch ? row.effect : null
  if (known !== null && !(counts && isWorse(effect, known))) return
  tables.run(
    `UPDATE autonomy SET effect = ?4, effect_epoch = CASE ?5 WHEN 1 THEN epoch END ${WHERE}`,
    ...values(key),
    effect,
    counts ? 1 : 0,
  )
}

function noteAnswer(event: StoredEvent, body: JsonObject, tables: Tables): void {
  if (isOwnersWay(String(body.way ?? ''))) {
    settle(event, body, tables)
    return
  }
  const review = String(body.review)
  const open = tables.get<OpenRow>('SELECT * FROM autonomy_open WHERE review = ?', review)
  if (open === undefined || open.shadow === 1) return
  tables.run('DELETE FROM autonomy_open WHERE review = ?', review)
  if (body.by === 'autonomy' && body.verdict === 'approved')
    tables.run(`UPDATE autonomy SET automatic = automatic + 1 ${WHERE}`, ...values(open))
  else if (open.counts === 1 && WATCHED.has(open.level)) noteMissed(event, open, tables)
}

/** An audit that a deadline has answered, or, before they were left alone, a delegation: it shows nothing. */
function noteMissed({ position }: StoredEvent, open: OpenRow, tables: Tables): void {
  tables.run(
    `UPDATE autonomy SET missed = missed + 1, missed_at = ?4 ${WHERE} AND epoch = ?5`,
    ...values(open),
    position,
    open.epoch,
  )
}

interface OpenRow extends Remit {
  readonly review: string
  readonly level: string
  readonly counts: number
  readonly shadow: number
  readonly epoch: number
  readonly confidence: number
  readonly tolerance: number
  readonly edit: number
}

/** The operator has said what is right. */
function settle(event: StoredEvent, body: JsonObject, tables: Tables): void {
  const review = String(body.review)
  const open = tables.get<OpenRow>('SELECT * FROM autonomy_open WHERE review = ?', review)
  const outcome = open === undefined ? null : outcomeOf(body, open.edit)
  if (open === undefined || outcome === null) return
  tables.run('DELETE FROM autonomy_open WHERE review = ?', review)
  const { verdict, edit, error } = outcome
  const row = tables.get<{ epoch: number; drift: string }>(
    `SELECT epoch, drift FROM autonomy ${WHERE}`,
    ...values(open),
  )
  const counted = open.counts === 1 && row?.epoch === open.epoch
  const known = { position: event.position, time: event.time, error: error ? 1 : 0, counted: counted ? 1 : 0 }
  tables.run(
    'INSERT INTO autonomy_outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    known.position,
    ...values(open),
    review,
    known.time,
    open.level,
    open.confidence,
    verdict,
    edit,
    known.error,
    known.counted,
  )
  tables.run(`UPDATE autonomy SET ${verdict} = ${verdict} + 1 ${WHERE}`, ...values(open))
  if (!counted) return
  const before = readDrift(row?.drift)
  const drift = WATCHED.has(open.level) ? driftAfter(before, error, open.tolerance) : before
  tables.run(
    `UPDATE autonomy SET reviews = reviews + 1, errors = errors + ?4, drift = ?5, missed_at = NULL ${WHERE}`,
    ...values(open),
    known.error,
    JSON.stringify(drift),
  )
}

export function readDrift(text: string | undefined): Drift {
  const sums = JSON.parse(text ?? '[]') as number[]
  return sums.length === 0 ? NO_DRIFT : sums
}

/** The ends after which a run is not reopened. Of one that is, the reviews come back and are answered. */
const FOR_GOOD = new Set(['run.completed', 'run.continued'])

/** What was not answered never will be; a proposal in shadow is compared later all the same. */
function closeRun({ kind, stream, body }: StoredEvent, tables: Tables): void {
  const run = runOf(stream)
  if (FOR_GOOD.has(kind)) tables.run('DELETE FROM autonomy_open WHERE run = ? AND shadow = 0', run)
  const caught = isCaught(body)
  if (caught !== null) tables.run('UPDATE autonomy_checks SET caught = ? WHERE run = ?', caught ? 1 : 0, run)
}

/** Of the run of a known-bad item, whether it was noticed; null for every other run. */
function isCaught(body: JsonObject | null): boolean | null {
  const output = body?.output as { readonly caught?: Json } | null | undefined
  return typeof output?.caught === 'boolean' ? output.caught : null
}

// -- levels -----------------------------------------------------------------------------------------

function noteChange({ kind, time }: StoredEvent, body: JsonObject, tables: Tables): void {
  const key = remitOf(body)
  addRemit(key, tables)
  const reason = String(body.reason ?? '')
  switch (kind) {
    case 'autonomy.ceiling-set':
      tables.run(
        `UPDATE autonomy SET ceiling = ?4, ceiling_for = ?5 ${WHERE}`,
        ...values(key),
        String(body.ceiling),
        String(body.effect),
      )
      return
    case 'autonomy.promotion-offered':
      tables.run(`UPDATE autonomy SET offered = ?4 ${WHERE}`, ...values(key), String(body.to))
      return
    case 'autonomy.offer-withdrawn':
      tables.run(`UPDATE autonomy SET offered = NULL ${WHERE}`, ...values(key))
      return
    case 'autonomy.promotion-declined':
      tables.run(`UPDATE autonomy SET ${ANEW} ${WHERE}`, ...values(key))
      return
    default: {
      const cause = CAUSES[kind] ?? 'operator'
      tables.run(
        `UPDATE autonomy SET level = ?4, cause = ?5, reason = ?6, since = ?7,
           earned = CASE ?5 WHEN 'promotion' THEN version END,
           earned_for = CASE ?5 WHEN 'promotion' THEN effect END, ${ANEW} ${WHERE}`,
        ...values(key),
        String(body.level ?? body.to),
        cause,
        reason,
        time,
      )
    }
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  'autonomy.promoted': 'promotion',
  'autonomy.demoted': 'demotion',
}

// -- reading ----------------------------------------------------------------------------------------

/** Its own row, and that of the segment `all`: what was set there holds where the segment has nothing of its own. */
export interface Rows {
  readonly row: RemitRow | undefined
  readonly wide: RemitRow | undefined
}

export function rowsOf(tables: TablesReader, remit: Remit): Rows {
  const rowOf = (of: Remit) => tables.get<RemitRow>(`SELECT * FROM autonomy ${WHERE}`, ...values(of))
  return {
    row: rowOf(remit),
    wide: remit.segment === ALL ? undefined : rowOf({ ...remit, segment: ALL }),
  }
}

export function allRows(tables: TablesReader): RemitRow[] {
  return tables.all<RemitRow>('SELECT * FROM autonomy ORDER BY agent, action, segment')
}
