/** Everything that a parked run can wait for: one entry for each kind, in the order in which they are told. */
import { effectOfReview } from '../../kernel/effect-review.ts'
import type { ErrorRecord } from '../../kernel/errors.ts'
import type { JournalEntry } from '../../kernel/journal.ts'
import { EFFECT_RETRY } from '../../kernel/retry-policy.ts'
import type { Explanation, Reason } from './explanation.ts'
import { type Facts, lastOf, positionsOf } from './facts.ts'

type Wait = (facts: Facts) => readonly Reason[]

/** To be extended by whatever else a run may wait for. */
const WAITS: readonly Wait[] = [answers, events, timers, attempts, quietHours, connectors, stops, children]

export function waitsOf(facts: Facts): Reason[] {
  return WAITS.flatMap((wait) => wait(facts))
}

/** With what most reasons have not. */
export function reason(parts: Pick<Reason, 'kind' | 'words' | 'since' | 'next'> & Partial<Reason>): Reason {
  return { until: null, command: null, error: null, positions: [], because: null, ...parts }
}

function answers(facts: Facts): Reason[] {
  const rows = facts.tables.all<AskedRow>(
    `SELECT id, name, content ->> '$.summary' AS summary, requested, deadline, overdue, snoozed,
       content ->> '$.action' AS action, content ->> '$.onExpiry' AS onExpiry
     FROM reviews WHERE run = ? AND status = 'waiting' ORDER BY position`,
    facts.run.id,
  )
  return rows.map((row) => {
    const { id, name, summary, requested: since } = row
    const effect = effectOfReview(name)
    const isEffects = effect !== null && facts.journal.entries.get(effect)?.type === 'effect'
    const isModels = effect !== null && row.action.startsWith('model.')
    const off = row.snoozed === null ? '' : ', which you have put off'
    return reason({
      kind: 'review',
      words: `your answer to ${id}${summary ? `: ${summary}` : ''}${off}`,
      since,
      until: row.overdue === 0 && row.deadline !== null ? row.deadline : row.snoozed,
      next: isEffects
        ? `The effect "${effect}" waits for it: it is done, or left, by what you say.`
        : isModels
          ? `The decision "${effect}" waits for it: the model is asked, or the rules decide, by what you say.`
          : nextOf(row),
      command: `review ${id}`,
      positions: positionsOf(facts, name, 'review.requested'),
    })
  })
}

interface AskedRow {
  id: string
  name: string
  summary: string | null
  action: string
  requested: number
  deadline: number | null
  overdue: number
  snoozed: number | null
  onExpiry: string
}

function nextOf({ deadline, overdue, snoozed, onExpiry }: AskedRow): string {
  if (deadline !== null && overdue === 0) {
    if (onExpiry === 'reject')
      return 'The run goes on with what you say; if you say nothing, it is rejected then.'
    if (onExpiry === 'approve') {
      return 'The run goes on with what you say; if you say nothing, it is approved then, if it can be undone.'
    }
    return 'The run goes on with what you say; if you say nothing, you are told then, and it goes on waiting.'
  }
  const late = overdue === 1 ? 'Its deadline has passed. ' : ''
  const back = snoozed === null ? '' : ' It is back in the inbox then.'
  return `${late}The run goes on with what you say; until then nothing happens.${back}`
}

function events(facts: Facts): Reason[] {
  const rows = facts.tables.all<{
    name: string
    kind: string
    key: string
    since: number
    until: number | null
  }>(
    `SELECT w.name, w.kind, w.key, w.since, t.at AS until FROM runs_waits w
     LEFT JOIN runs_timers t ON t.run = w.run AND t.name = w.name
     WHERE w.run = ? ORDER BY w.since, w.name`,
    facts.run.id,
  )
  return rows.map(({ name, kind, key, since, until }) =>
    reason({
      kind: 'event',
      words: `the event "${kind}"${key && ` for ${key}`}`,
      since,
      until,
      next:
        until === null
          ? 'The run goes on when one is published; it has no time limit.'
          : 'The run goes on when one is published, or else then, without it.',
      positions: positionsOf(facts, name, 'wait.started'),
    }),
  )
}

function timers(facts: Facts): Reason[] {
  const rows = facts.tables.all<{ name: string; since: number; at: number }>(
    "SELECT name, since, at FROM runs_timers WHERE run = ? AND type = 'timer' ORDER BY at, name",
    facts.run.id,
  )
  return rows.map(({ name, since, at: until }) =>
    reason({
      kind: 'timer',
      words: `the timer "${name}"`,
      since,
      until,
      next: 'The run goes on then.',
      positions: positionsOf(facts, name, 'timer.set'),
    }),
  )
}

/** Steps and effects that have failed, or whose outcome could not be found out, and are tried again. */
function attempts(facts: Facts): Reason[] {
  const rows = facts.tables.all<{ name: string; since: number; at: number }>(
    "SELECT name, since, at FROM runs_timers WHERE run = ? AND type = 'retry' ORDER BY at, name",
    facts.run.id,
  )
  return rows.map(({ name, since, at: until }) => {
    const failed = lastOf(facts, name, 'attempt.failed')
    const entry = facts.journal.entries.get(name)
    const isLookup = failed?.body?.during === 'lookup'
    return reason({
      kind: 'attempt',
      words: isLookup
        ? `the next look at what became of the effect "${name}"`
        : `attempt ${attemptOf(entry, failed?.body?.of)} of the ${entry?.type ?? 'step'} "${name}"`,
      since,
      until,
      next: isLookup
        ? 'The outside system is asked again then; when it can not tell in the end, you are asked.'
        : 'It is tried again then.',
      error: (failed?.body?.error as unknown as ErrorRecord | undefined) ?? null,
      positions: failed === undefined ? [] : [failed.position],
    })
  })
}

/** `2 of 5`. Effects all have the same number of attempts; of a step it is on record. */
function attemptOf(entry: JournalEntry | undefined, of: unknown): string {
  const most = typeof of === 'number' ? of : entry?.type === 'effect' ? EFFECT_RETRY.attempts : null
  return `${(entry?.failedAttempts ?? 0) + 1}${most === null ? '' : ` of ${most}`}`
}

/** Effects that wait until a connector that is down has come back. */
function connectors(facts: Facts): Reason[] {
  const rows = facts.tables.all<{
    connector: string
    name: string
    since: number
    until: number | null
    code: string
    message: string
  }>(
    `SELECT h.connector, h.name, h.since, b.until, b.code, b.message FROM breakers_held h
     JOIN breakers b ON b.connector = h.connector WHERE h.run = ? ORDER BY h.position`,
    facts.run.id,
  )
  return rows.map(({ connector, name, since, until, code, message }) =>
    reason({
      kind: 'connector',
      words: `the connector ${connector}, which is down, for the effect "${name}"`,
      since,
      until,
      next: 'One effect of all that wait tries it then; when it goes well, the others follow.',
      command: 'breakers',
      error: { code, message },
      positions: positionsOf(facts, name, 'effect.held'),
    }),
  )
}

/** Effects that leave, while the policy has them wait for a time of the day. */
function quietHours(facts: Facts): Reason[] {
  const rows = facts.tables.all<{ name: string; since: number; at: number }>(
    "SELECT name, since, at FROM runs_timers WHERE run = ? AND type = 'held' ORDER BY at, name",
    facts.run.id,
  )
  return rows.map(({ name, since, at: until }) =>
    reason({
      kind: 'quiet',
      words: `the end of the quiet hours, for the effect "${name}"`,
      since,
      until,
      next: 'The policy is asked again then, and the effect is done if it allows it.',
      positions: positionsOf(facts, name, 'effect.held'),
    }),
  )
}

/** What would reach outside, while work is stopped. */
function stops(facts: Facts): Reason[] {
  const rows = facts.tables.all<{ name: string; since: number }>(
    'SELECT name, since FROM held WHERE run = ? ORDER BY position',
    facts.run.id,
  )
  return rows.map(({ name, since }) => {
    const type = facts.journal.entries.get(name)?.type ?? 'effect'
    return reason({
      kind: 'stop',
      words: `the end of the stop, for the ${type} "${name}"`,
      since,
      next: 'You have stopped all work; it goes on when you say so.',
      command: 'resume',
      positions: positionsOf(facts, name, `${type}.held`),
    })
  })
}

function children(facts: Facts): Reason[] {
  const rows = facts.tables.all<{ id: string; name: string; started: number }>(
    `SELECT id, parent_name AS name, started FROM runs
     WHERE parent = ? AND parent_mode = 'call' AND status IN ('queued', 'running', 'waiting', 'stalled') ORDER BY position`,
    facts.run.id,
  )
  return rows
    .filter(({ name }) => facts.journal.entries.get(name)?.settled === null)
    .map(({ id, name, started }) => {
      const because = facts.explain(id)
      return reason({
        kind: 'child',
        words: `its child run ${id}`,
        since: started,
        until: lastEnd(because),
        next: 'The run goes on when the child has ended.',
        command: `why ${id}`,
        positions: positionsOf(facts, name, 'child.started'),
        because,
      })
    })
}

function lastEnd(because: Explanation | null): number | null {
  const [only, ...others] = because?.reasons ?? []
  return only !== undefined && others.length === 0 ? only.until : null
}
