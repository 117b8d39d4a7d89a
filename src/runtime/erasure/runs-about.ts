/** The runs that are about somebody: by their customer, or by what they began with, with all that came of them. */

import { ATTENTION_CHECK, sourceOfItem } from '../../kernel/attention.ts'
import { RUN_ENDS } from '../../kernel/journal.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import type { Sight, Subject } from './subject.ts'

export interface RunsAbout {
  readonly all: ReadonlySet<string>
  /** Those that have not ended. */
  readonly open: readonly string[]
}

/** A run without a customer is about them if it began with something that is. */
export function runsAbout(log: EventLog, subject: Subject, sight: Sight): RunsAbout {
  const { tables } = log
  const waiting = [
    ...(subject.customer === null
      ? []
      : ids(tables, 'SELECT id FROM runs WHERE customer = ?', subject.customer)),
    ...ids(tables, 'SELECT id FROM runs WHERE customer IS NULL').filter((run) => beganWith(log, run, sight)),
  ]
  const items = itemsBySource(log)
  const all = new Set<string>()
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    if (all.has(run)) continue
    all.add(run)
    waiting.push(...cameOf(tables, run, subject.customer), ...(items.get(run) ?? []))
  }
  return { all, open: [...all].filter((run) => isOpen(tables, run)) }
}

function beganWith(log: EventLog, run: string, sight: Sight): boolean {
  if (sight.isNamed(run)) return true
  const body = log.readStream(runStream(run), 1, 1)[0]?.body ?? null
  return body !== null && sight.isAbout(JSON.stringify(body))
}

/** Known-bad items, by the run whose proposal they are made of. */
function itemsBySource(log: EventLog): ReadonlyMap<string, string[]> {
  const items = ids(log.tables, 'SELECT id FROM runs WHERE workflow = ?', ATTENTION_CHECK)
  return Map.groupBy(items, (item) => sourceOfItem(log.readStream(runStream(item), 1, 1)[0]?.body ?? {}))
}

/** Children that are not about another customer, the runs of its chain, its forks, and its rollback. */
function cameOf(tables: TablesReader, run: string, customer: string | null): string[] {
  return [
    ...ids(
      tables,
      'SELECT id FROM runs WHERE parent = ? AND coalesce(customer, ?) = ?',
      run,
      customer ?? '',
      customer ?? '',
    ),
    ...ids(tables, 'SELECT id FROM runs WHERE chain = ?', run),
    ...ids(
      tables,
      'SELECT l.id FROM runs r JOIN runs l ON l.chain = r.chain OR l.id = r.chain WHERE r.id = ?',
      run,
    ),
    ...ids(tables, 'SELECT run AS id FROM forks WHERE source = ?', run),
    ...ids(tables, 'SELECT id FROM runs WHERE id = ?', `rollback/${run}`),
  ]
}

export function isOpen(tables: TablesReader, run: string): boolean {
  const status = tables.get<{ status: string }>('SELECT status FROM runs WHERE id = ?', run)?.status
  return status !== undefined && !RUN_ENDS.has(`run.${status}`)
}

function ids(tables: TablesReader, sql: string, ...values: readonly string[]): string[] {
  return tables.all<{ id: string }>(sql, ...values).map(({ id }) => id)
}
