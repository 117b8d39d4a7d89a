/** What the tables know of an agent, by windows of time. */
import type { AnomalySettings, Measure } from '../../ports/anomalies.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { HOUR_MS, hourOf, PACE } from './anomaly-index.ts'
import type { Sample } from './baseline.ts'

/** What happened in one window, or in the part of it since the operator's last word. */
export interface WindowRow {
  readonly number: number
  readonly runs: number
  readonly failures: number
  readonly pace: number
  readonly cost: number
  readonly effects: number
  readonly recipients: number
  readonly own_effects: number
  readonly own_recipients: number
}

/** Measures that are counted by windows. */
export type WindowMeasure = Exclude<Measure, 'amount'>
export const WINDOW_MEASURES: readonly WindowMeasure[] = [
  'runs',
  'failures',
  'duration',
  'cost',
  'effects',
  'recipients',
]
/** A rate, or a mean, of fewer runs says nothing. */
const LEAST_RUNS = 5

export function hoursOf({ windowMs }: AnomalySettings): number {
  return Math.max(1, Math.round(windowMs / HOUR_MS))
}

/** @param time milliseconds since 1970 */
export function windowAt(time: number, settings: AnomalySettings): number {
  return Math.floor(hourOf(time) / hoursOf(settings))
}

const SUMS = `sum(runs) AS runs, sum(failures) AS failures, sum(pace) AS pace, sum(cost) AS cost,
  sum(effects) AS effects, sum(recipients) AS recipients, sum(own_effects) AS own_effects,
  sum(own_recipients) AS own_recipients`

/** The latest windows before this one in which there was something. A bound number is no integer to SQLite. */
export function windowsBefore(
  tables: TablesReader,
  agent: string,
  number: number,
  settings: AnomalySettings,
): WindowRow[] {
  const hours = hoursOf(settings)
  return tables.all<WindowRow>(
    `SELECT CAST(hour / ?1 AS INTEGER) AS number, ${SUMS} FROM anomalies_hours WHERE agent = ?2 AND hour < ?3
     GROUP BY 1 ORDER BY 1 DESC LIMIT ?4`,
    hours,
    agent,
    number * hours,
    settings.history,
  )
}

/** Since the operator's last word. */
export function windowSoFar(
  tables: TablesReader,
  agent: string,
  number: number,
  settings: AnomalySettings,
): WindowRow {
  const hours = hoursOf(settings)
  const row = tables.get<{ [Field in keyof WindowRow]: number | null }>(
    `SELECT ${SUMS} FROM anomalies_hours WHERE agent = ?1 AND hour >= ?2 AND hour < ?3
       AND era = coalesce((SELECT era FROM anomalies_eras WHERE agent = ?1), 0)`,
    agent,
    number * hours,
    (number + 1) * hours,
  )
  const { runs, failures, pace, cost, effects, recipients } = row ?? {}
  return {
    number,
    runs: runs ?? 0,
    failures: failures ?? 0,
    pace: pace ?? 0,
    cost: cost ?? 0,
    effects: effects ?? 0,
    recipients: recipients ?? 0,
    own_effects: row?.own_effects ?? 0,
    own_recipients: row?.own_recipients ?? 0,
  }
}

/** null where there is too little to say anything. */
export function sampleOf(measure: WindowMeasure, row: WindowRow): Sample | null {
  switch (measure) {
    case 'failures':
      return row.runs < LEAST_RUNS ? null : { value: row.failures, of: row.runs }
    case 'duration':
      return row.runs < LEAST_RUNS
        ? null
        : { value: Math.round(2 ** (row.pace / row.runs / PACE) - 1), of: 1 }
    default:
      return { value: row[measure], of: 1 }
  }
}

/** What the agent has done by itself: the operator's own word is no anomaly. */
export function withoutOwn(row: WindowRow): WindowRow {
  return { ...row, effects: row.effects - row.own_effects, recipients: row.recipients - row.own_recipients }
}

/** The window in which something happened last. */
export function lastWindow(tables: TablesReader, agent: string, settings: AnomalySettings): number {
  const row = tables.get<{ hour: number | null }>(
    'SELECT max(hour) AS hour FROM anomalies_hours WHERE agent = ?',
    agent,
  )
  return Math.floor((row?.hour ?? 0) / hoursOf(settings))
}

/** All agents that have ever done anything. */
export function agentsKnown(tables: TablesReader): string[] {
  const agents: string[] = []
  const next = (after: string) =>
    tables.get<{ agent: string }>(
      'SELECT agent FROM anomalies_hours WHERE agent > ? ORDER BY agent LIMIT 1',
      after,
    )?.agent
  for (let agent = next(''); agent !== undefined; agent = next(agent)) agents.push(agent)
  return agents
}

/** The latest amounts of one kind. */
export function amountsOf(tables: TablesReader, agent: string, what: string, history: number): Sample[] {
  return tables
    .all<{ value: number }>(
      'SELECT value FROM anomalies_amounts WHERE agent = ? AND what = ? ORDER BY position DESC LIMIT ?',
      agent,
      what,
      history,
    )
    .map(({ value }) => ({ value, of: 1 }))
}

export function kindsOfAmounts(tables: TablesReader, agent: string): string[] {
  return tables
    .all<{ what: string }>('SELECT DISTINCT what FROM anomalies_amounts WHERE agent = ? ORDER BY what', agent)
    .map(({ what }) => what)
}
