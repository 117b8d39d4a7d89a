/** What a run waits for, in plain words: the answer to "why does nothing happen?". */
import { entryOf, HoldfastError } from '../kernel/errors.ts'
import type { RunStatus } from '../kernel/journal.ts'
import type { TablesReader } from '../ports/projection.ts'
import { heldUp } from './queue.ts'

export interface Waiting {
  readonly for: 'answer' | 'event' | 'time' | 'retry' | 'connector' | 'stop' | 'child' | 'repair' | 'turn'
  /** Fits after "waits for": `your answer to r-5f2c81aa: Reply to Ann`. */
  readonly words: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** When it ends by itself at the latest; null when it doesn't. */
  readonly until: number | null
  /** Id of the review or of the child run; null for the others. */
  readonly ref: string | null
}

/**
 * Empty for a run that has ended, or has something under way in this process.
 * @throws RUN_NOT_FOUND
 */
export function waitingFor(tables: TablesReader, run: string): Waiting[] {
  const row = tables.get<RunState>('SELECT status, updated, error_code FROM runs WHERE id = ?', run)
  if (row === undefined) {
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }
  if (row.status === 'queued') return turnOf(tables, run)
  if (row.status === 'stalled') return [repairOf(row)]
  if (row.status !== 'waiting') return []
  return [
    ...answers(tables, run),
    ...events(tables, run),
    ...times(tables, run),
    ...connectors(tables, run),
    ...stops(tables, run),
    ...children(tables, run),
  ]
}

interface RunState {
  status: RunStatus
  updated: number
  error_code: string | null
}

function repairOf({ updated, error_code }: RunState): Waiting {
  const means = entryOf(error_code ?? '')?.means
  const words = `a repair: it stalled with ${error_code}${means ? ` (${withoutStop(means)})` : ''}`
  return { for: 'repair', words, since: updated, until: null, ref: null }
}

/** What it needs to begin. */
function turnOf(tables: TablesReader, run: string): Waiting[] {
  const held = heldUp(tables, run)
  if (held === null) return []
  const { words, since, until } = held
  return [{ for: 'turn', words, since, until, ref: null }]
}

function answers(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{
    id: string
    summary: string | null
    requested: number
    deadline: number | null
    snoozed: number | null
    onExpiry: string
  }>(
    `SELECT id, content ->> '$.summary' AS summary, requested, snoozed, content ->> '$.onExpiry' AS onExpiry,
       CASE overdue WHEN 0 THEN deadline END AS deadline
     FROM reviews WHERE run = ? AND status = 'waiting' ORDER BY position`,
    run,
  )
  return rows.map(({ id, summary, requested, deadline, snoozed, onExpiry }) => {
    const words = `your answer to ${id}${summary ? `: ${summary}` : ''}${snoozed === null ? '' : ' (put off)'}`
    const isEnd = onExpiry === 'reject' || onExpiry === 'approve'
    return { for: 'answer', words, since: requested, until: isEnd ? deadline : null, ref: id }
  })
}

function events(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{ kind: string; key: string; since: number; until: number | null }>(
    `SELECT w.kind, w.key, w.since, t.at AS until FROM runs_waits w
     LEFT JOIN runs_timers t ON t.run = w.run AND t.name = w.name
     WHERE w.run = ? ORDER BY w.since, w.name`,
    run,
  )
  return rows.map(({ kind, key, since, until }) => {
    const words = `the event "${kind}"${key && ` for ${key}`}`
    return { for: 'event', words, since, until, ref: null }
  })
}

function times(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{ name: string; type: string; since: number; at: number }>(
    "SELECT name, type, since, at FROM runs_timers WHERE run = ? AND type <> 'deadline' ORDER BY at, name",
    run,
  )
  return rows.map(({ name, type, since, at: until }) =>
    type === 'retry'
      ? { for: 'retry', words: `the next attempt of "${name}"`, since, until, ref: null }
      : { for: 'time', words: timeWords(type, name), since, until, ref: null },
  )
}

function timeWords(type: string, name: string): string {
  return type === 'held' ? `the end of the quiet hours, for "${name}"` : `the timer "${name}"`
}

/** What would reach outside, while work is stopped. */
function stops(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{ name: string; since: number }>(
    'SELECT name, since FROM held WHERE run = ? ORDER BY position',
    run,
  )
  return rows.map(({ name, since }) => {
    const words = `the end of the stop, for "${name}" (\`holdfast resume\` lifts it)`
    return { for: 'stop', words, since, until: null, ref: null }
  })
}

/** Effects that wait until a connector that is down has come back. */
function connectors(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{ connector: string; since: number; until: number | null; message: string }>(
    `SELECT h.connector, min(h.since) AS since, b.until, b.message FROM breakers_held h
     JOIN breakers b ON b.connector = h.connector WHERE h.run = ? GROUP BY h.connector`,
    run,
  )
  return rows.map(({ connector, since, until, message }) => {
    const words = `the connector ${connector} to come back (it is down: ${message})`
    return { for: 'connector', words, since, until, ref: null }
  })
}

/** A child that waits itself says for what. */
function children(tables: TablesReader, run: string): Waiting[] {
  const rows = tables.all<{ id: string; started: number }>(
    `SELECT id, started FROM runs WHERE parent = ? AND parent_mode = 'call' AND status IN ('queued', 'running', 'waiting', 'stalled')
     ORDER BY position`,
    run,
  )
  return rows.map(({ id, started }) => {
    const [first] = waitingFor(tables, id)
    const words = `its child run ${id}${first ? `, which waits for ${first.words}` : ''}`
    return { for: 'child', words, since: started, until: first?.until ?? null, ref: id }
  })
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
