/** What is to be said of a run in each of its states. */
import { type ErrorRecord, entryOf } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JournalEntry, RunStatus } from '../../kernel/journal.ts'
import { heldUp } from '../queue.ts'
import type { Explanation, Reason } from './explanation.ts'
import { type Facts, positionsOf } from './facts.ts'
import { reason, waitsOf } from './waits.ts'

type Told = Pick<Explanation, 'summary' | 'reasons' | 'error' | 'fix' | 'commands' | 'positions'>

export const STATES: Readonly<Record<RunStatus, (facts: Facts) => Told>> = {
  queued,
  running,
  waiting,
  stalled,
  completed,
  failed,
  cancelled,
  continued,
}

const NOTHING: Omit<Told, 'summary'> = { reasons: [], error: null, fix: null, commands: [], positions: [] }

// -- before the end ---------------------------------------------------------------------------------------

function queued({ tables, run, events, journal }: Facts): Told {
  const held = heldUp(tables, run.id)
  const isReopened = journal.reopened !== null
  const queuedBy = isReopened ? events.findLast(({ kind }) => kind === 'run.reopened') : events[0]
  const positions = positionOf(queuedBy)
  const summary = isReopened
    ? 'It was reopened after it had failed, and waits for its turn.'
    : 'It has not begun: it waits for its turn.'
  if (held === null) return { ...NOTHING, summary, positions }
  const { words, since, until, by } = held
  const next =
    by === 'time'
      ? 'It takes its place in the queue then.'
      : `It ${isReopened ? 'goes on' : 'begins'} when its turn comes; nothing of it is lost.`
  const turn = reason({ kind: 'turn', words, since, until, next, command: 'queue', positions })
  return { ...NOTHING, summary, reasons: [turn], positions }
}

function running(facts: Facts): Told {
  const { asked, events } = facts
  const last = events.at(-1)
  const positions = last === undefined ? [] : [last.position]
  if (asked === undefined) {
    const summary =
      'It was under way when its process ended; it goes on when the workspace is next opened to work.'
    return { ...NOTHING, summary, reasons: underWay(facts, []), commands: ['up'], positions }
  }
  const reasons = [...underWay(facts, asked), ...waitsOf(facts)]
  if (reasons.length === 0) return { ...ownPromise(facts), positions }
  return { ...NOTHING, summary: 'It is under way: something of it is being done.', reasons, positions }
}

/** Code that awaits what is no operation, such as a timer of Node: nobody sees it, and it does not survive a restart. */
function ownPromise({ run }: Facts): Told {
  const summary = 'It waits for something that no operation of its own gives it.'
  const fix = 'If that lasts, look in the code for a promise that is not of ctx, and put it into a step.'
  return { ...NOTHING, summary, fix, commands: [`run show ${run.id}`] }
}

function waiting(facts: Facts): Told {
  const reasons = waitsOf(facts)
  if (reasons.length > 0) {
    const others = reasons.length === 1 ? '' : `, the first of ${reasons.length} things`
    return { ...NOTHING, summary: `It waits for ${reasons[0]?.words}${others}.`, reasons }
  }
  return ownPromise(facts)
}

/** What is being done: effects are on record as soon as they are begun, steps and models only once they are over. */
function underWay(facts: Facts, asked: readonly string[]): Reason[] {
  const { entries } = facts.journal
  const effects = [...entries.values()].filter(({ effect, retryAt }) => effect !== null && retryAt === null)
  const known = new Set(effects.map(({ name }) => name))
  const others = asked.filter((name) => {
    const entry = entries.get(name)
    if (entry === undefined) return true
    return !known.has(name) && (entry.opened === null || entry.type === 'step') && entry.retryAt === null
  })
  const since = facts.events.at(-1)?.time ?? null
  return [
    ...effects.map(({ name, effect, failedAttempts }) =>
      reason({
        kind: 'effect',
        words:
          effect === 'unknown'
            ? `what became of the effect "${name}", which may have been done or not`
            : `the effect "${name}" to be done, attempt ${failedAttempts + 1}`,
        since: facts.events.findLast(({ body }) => body?.name === name)?.time ?? null,
        next: 'Its outcome is put on record, and the run goes on.',
        positions: positionsOf(facts, name, 'effect.intended', 'effect.unknown'),
      }),
    ),
    ...others.map((name) => {
      const attempt = (entries.get(name)?.failedAttempts ?? 0) + 1
      const nth = attempt > 1 ? `, attempt ${attempt}` : ''
      const beat = facts.events.findLast(({ kind, body }) => kind === 'step.beat' && body?.name === name)
      const told = beat === undefined ? '' : `, which last told ${JSON.stringify(beat.body?.details)}`
      const words = `${entries.get(name)?.type ?? 'the operation'} "${name}" to be done${nth}${told}`
      return reason({
        kind: 'step',
        words,
        since,
        until: deadlineOf(entries.get(name)),
        next: 'Its outcome is put on record, and the run goes on.',
        positions: beat === undefined ? [] : [beat.position],
      })
    }),
  ]
}

/** Of a step with a limit for all its attempts. */
function deadlineOf(entry: JournalEntry | undefined): number | null {
  const deadline = entry?.opened?.deadline
  return typeof deadline === 'number' ? deadline : null
}

/** What no waiting helps against: these runs go on when the process is started with the right code. */
const NEEDS_OTHER_CODE = new Set(['JOURNAL_DIVERGED', 'WORKFLOW_UNKNOWN'])

function stalled(facts: Facts): Told {
  const { events, run } = facts
  const stall = events.findLast(({ kind }) => kind === 'run.stalled')
  const error = errorOf(stall)
  const code = error?.code ?? run.errorCode ?? ''
  const needsCode = NEEDS_OTHER_CODE.has(code)
  const next = needsCode
    ? 'It goes on when the workspace is opened with code that fits its journal.'
    : 'It is tried again every half minute, and goes on when this is mended.'
  const words = `a repair: ${withoutStop(error?.message ?? code)}`
  const positions = positionOf(stall)
  const repair = reason({ kind: 'repair', words, since: stall?.time ?? null, next, error, positions })
  const commands = [...(needsCode ? ['preflight'] : []), `run show ${run.id}`]
  const summary = `It can not go on: ${entryOf(code)?.means ?? withoutStop(error?.message ?? code)}`
  return { summary: sentence(summary), reasons: [repair], error, fix: fixOf(error), commands, positions }
}

// -- after the end ----------------------------------------------------------------------------------------

function completed(facts: Facts): Told {
  const end = facts.events.findLast(({ kind }) => kind === 'run.completed')
  const summary = 'It has completed; nothing more happens.'
  return { ...NOTHING, summary, reasons: rollbackOf(facts), positions: positionOf(end) }
}

function failed(facts: Facts): Told {
  const { events, run } = facts
  const end = events.findLast(({ kind }) => kind === 'run.failed')
  const error = errorOf(end)
  const source = sourceOf(facts, error)
  const at = source === undefined ? '' : ` at "${source.body?.name}"`
  const again = source === undefined ? '' : ` --from "${source.body?.name}"`
  const wayOn = isDead(facts)
    ? [`run retry ${run.id}`, `run fork ${run.id}${again}`, `run discard ${run.id}`]
    : [`run fork ${run.id}${again}`]
  const discarded = events.at(-1)?.kind === 'run.discarded' ? ' It was discarded.' : ''
  return {
    summary: `${sentence(`It failed${at}: ${withoutStop(error?.message ?? run.errorCode ?? '')}`)}${discarded}`,
    reasons: rollbackOf(facts),
    error,
    fix: fixOf(error),
    commands: [`run show ${run.id}`, ...wayOn],
    positions: [...positionOf(source), ...positionOf(end)],
  }
}

/** Whether it waits for the operator's word: its failure is nobody else's, and it is not taken back. */
function isDead({ tables, run }: Facts): boolean {
  const sql = `SELECT 1 FROM runs_dead WHERE run = ? AND retried = 0
     AND NOT EXISTS (SELECT 1 FROM runs WHERE id = ?)`
  return tables.get(sql, run.id, `rollback/${run.id}`) !== undefined
}

function cancelled(facts: Facts): Told {
  const { events, run } = facts
  const end = events.findLast(({ kind }) => kind === 'run.cancelled')
  const why = end?.body?.reason ? `: ${end.body.reason}` : ''
  return {
    summary: sentence(`It was cancelled by ${end?.actor ?? 'somebody'}${why}`),
    reasons: rollbackOf(facts),
    error: errorOf(end),
    fix: 'It does not go on. A fork begins where it was, and does again only what comes after.',
    commands: [`run show ${run.id}`, `run fork ${run.id}`],
    positions: positionOf(end),
  }
}

function continued({ events }: Facts): Told {
  const end = events.findLast(({ kind }) => kind === 'run.continued')
  const next = String(end?.body?.next ?? 'another run')
  const summary = `It goes on as ${next}: its workflow has no end, and begins each time with an empty journal.`
  return { ...NOTHING, summary, commands: [`why ${next}`], positions: positionOf(end) }
}

const FAILURES: ReadonlySet<string> = new Set([
  'step.failed',
  'decision.failed',
  'effect.failed',
  'child.ended',
])

/** The operation whose failure became that of the run. */
function sourceOf({ events }: Facts, error: ErrorRecord | null): StoredEvent | undefined {
  if (error === null) return undefined
  return events.findLast(({ kind, body }) => {
    const own = body?.error as unknown as ErrorRecord | undefined
    return FAILURES.has(kind) && own?.code === error.code && own.message === error.message
  })
}

/** The run that takes back what this one did, where there is one. */
function rollbackOf({ tables, run, explain }: Facts): Reason[] {
  const id = `rollback/${run.id}`
  const row = tables.get<{ status: RunStatus; started: number }>(
    'SELECT status, started FROM runs WHERE id = ?',
    id,
  )
  if (row === undefined) return []
  const words = `its rollback ${id}, which is ${row.status}`
  const next = 'What the run did is taken back, the last first.'
  return [
    reason({ kind: 'rollback', words, since: row.started, next, command: `why ${id}`, because: explain(id) }),
  ]
}

// -- words ------------------------------------------------------------------------------------------------

function errorOf(event: StoredEvent | undefined): ErrorRecord | null {
  return (event?.body?.error as unknown as ErrorRecord | undefined) ?? null
}

function fixOf(error: ErrorRecord | null): string | null {
  return error?.fix ?? entryOf(error?.code ?? '')?.fix ?? null
}

function positionOf(event: StoredEvent | undefined): number[] {
  return event === undefined ? [] : [event.position]
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '')
}

function sentence(text: string): string {
  return `${withoutStop(text)}.`
}
