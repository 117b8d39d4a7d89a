/**
 * What the operator should know of and act on, told once however often it happens: raised, and cleared when
 * it is over. Each has a stream of its own, `alert/<alert>/<subject>`.
 */
import { SYSTEM } from '../kernel/label.ts'
import type { StreamAppend } from '../ports/event-log.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'

export interface Alert {
  /** What kind of trouble: `connector-down`. */
  readonly alert: string
  /** Whose: the name of a connector. */
  readonly subject: string
  /** One sentence for the operator. */
  readonly message: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** Of how many it tells now: failed runs, say. 1 for most. */
  readonly count: number
}

/** There are dead letters of a workflow, its subject. */
export const RUNS_FAILED = 'runs-failed'

export const alertIndex: Projection = {
  name: 'alerts',
  version: 1,
  tables: ['alerts'],
  schema: `
    CREATE TABLE alerts (
      alert TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL,
      position INTEGER NOT NULL, PRIMARY KEY (alert, subject)
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['alert.raised', 'alert.cleared'],
  apply({ kind, body, time, position }, tables) {
    if (body === null) return
    const [alert, subject] = [String(body.alert), String(body.subject)]
    if (kind === 'alert.cleared') {
      tables.run('DELETE FROM alerts WHERE alert = ? AND subject = ?', alert, subject)
      return
    }
    tables.run(
      `INSERT INTO alerts (alert, subject, message, since, position) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET message = excluded.message`,
      alert,
      subject,
      String(body.message),
      time,
      position,
    )
  },
}

/** What is raised now, the oldest first. */
export function raisedAlerts(tables: TablesReader): Alert[] {
  return tables
    .all<Omit<Alert, 'count'> & { [field: string]: never }>(
      'SELECT alert, subject, message, since FROM alerts ORDER BY position',
    )
    .map((row) => (row.alert === RUNS_FAILED ? withCount(row, tables) : { ...row, count: 1 }))
}

/** However many fail, it is raised once: how many they are by now is in the tables. */
function withCount(row: Omit<Alert, 'count'>, tables: TablesReader): Alert {
  const { subject } = row
  const counted = tables.get<{ dead: number; retried: number }>(
    'SELECT count(*) FILTER (WHERE retried = 0) AS dead, count(*) AS retried FROM runs_dead WHERE workflow = ?',
    subject,
  )
  const dead = counted?.dead ?? 0
  const retried = (counted?.retried ?? 0) - dead
  const runs = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'}`
  const under = retried === 0 ? '' : `${runs(retried)} of ${subject} ${retried === 1 ? 'is' : 'are'} retried`
  if (dead === 0) return { ...row, message: `${under}.`, count: retried }
  const message = `${runs(dead)} of ${subject} failed and ${dead === 1 ? 'waits' : 'wait'} for your word`
  return { ...row, message: `${message}${under && `; ${under}`}: \`holdfast dead-letters\``, count: dead }
}

/** Of what is raised, those of one alert. */
export function subjectsOf(tables: TablesReader, alert: string): string[] {
  return tables
    .all<{ subject: string }>('SELECT subject FROM alerts WHERE alert = ?', alert)
    .map(({ subject }) => subject)
}

export function isRaised(tables: TablesReader, alert: string, subject: string): boolean {
  return tables.get('SELECT 1 FROM alerts WHERE alert = ? AND subject = ?', alert, subject) !== undefined
}

/** To be appended together with what gives rise to it. */
export function raiseAlert(alert: string, subject: string, message: string): StreamAppend {
  return alertPart('alert.raised', alert, subject, { message })
}

export function clearAlert(alert: string, subject: string): StreamAppend {
  return alertPart('alert.cleared', alert, subject, {})
}

function alertPart(
  kind: string,
  alert: string,
  subject: string,
  more: { readonly message?: string },
): StreamAppend {
  const body = { alert, subject, ...more }
  return {
    stream: `alert/${alert}/${subject}`,
    expectedVersion: 'any',
    events: [{ kind, body, actor: 'runtime', label: SYSTEM }],
  }
}
