/**
 * Dead letters: what has failed for good and waits for the operator. A failed run is retried in place, or
 * discarded: then it stays failed and asks for attention no longer. Events that agents and triggers have set
 * aside are listed with them, and retried by their own commands.
 */

import type { ErrorRecord } from '../../kernel/errors.ts'
import { isHoldfastError } from '../../kernel/errors.ts'
import { OWNER } from '../../kernel/label.ts'
import { atMost } from '../../kernel/limit.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { allSetAside } from '../agents/lists.ts'
import { isErased } from '../run-errors.ts'
import type { Runtime } from '../runtime.ts'
import { setAsideOf } from '../triggers/trigger-index.ts'
import { DeadLetterAlerts } from './dead-letter-alerts.ts'
import { assertFailed, planRetry, type Retried, type RetryOptions, rowOf } from './plan.ts'

export interface DeadRun {
  readonly run: string
  readonly workflow: string
  /** Milliseconds since 1970 of its last failure, and of its first. */
  readonly time: number
  readonly since: number
  /** How often it has failed: once more than it was retried. */
  readonly failures: number
  /** null once it was erased. */
  readonly error: ErrorRecord | null
}

export interface DeadEvent {
  /** Whose: the name of an agent or trigger. */
  readonly by: string
  readonly kind: 'agent' | 'trigger'
  /** Of the instance; null for a trigger. */
  readonly key: string | null
  readonly position: number
  readonly time: number
  readonly error: ErrorRecord
}

export interface DeadLetterList {
  /** The oldest first. */
  readonly runs: readonly DeadRun[]
  /** How many runs there are, listed or not. */
  readonly count: number
  readonly events: readonly DeadEvent[]
}

export interface DeadLetterFilter {
  /** Only runs of this workflow, and no events. */
  readonly workflow?: string
  /** Runs and events at most, each; default 1,000. */
  readonly limit?: number
}

export class DeadLetters {
  readonly #runtime: Runtime
  readonly #alerts: DeadLetterAlerts

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#alerts = new DeadLetterAlerts(runtime.log)
  }

  /** Begins to keep the alerts, those of before included. */
  open(): void {
    this.#alerts.open()
  }

  list(filter: DeadLetterFilter = {}): DeadLetterList {
    const { log } = this.#runtime
    const { workflow } = filter
    const limit = atMost(filter.limit ?? 1_000)
    const runs = deadRows(log.tables, workflow, limit).map(({ position, ...row }) => {
      const error = log.event(position)?.body?.error
      return { ...row, error: (error as unknown as ErrorRecord | undefined) ?? null }
    })
    const events = workflow === undefined ? deadEvents(log.tables).slice(0, limit) : []
    return { runs, count: countDead(log.tables, workflow), events }
  }

  /**
   * Reopens a failed run: it goes on where it failed, or from a named operation on. Its limits hold for it, so it
   * may have to wait in the queue. Durable once this resolves.
   * @throws RUN_NOT_FOUND, RUN_UNDER_WAY, RUN_NOT_FAILED, RUN_ROLLED_BACK, RUN_FAILURE_TAKEN, RETRY_REPEATS,
   * INPUT_INVALID, WORKFLOW_UNKNOWN, BODY_ERASED
   */
  async retry(run: string, options: RetryOptions = {}): Promise<Retried> {
    for (;;) {
      const { retried, parts } = await planRetry(this.#runtime, run, options)
      // Retention may have been there while it was planned, and leaves the versions of their streams as they are.
      for (const one of [run, ...retried.children]) assertKept(this.#runtime, one)
      if (await this.#append(parts)) return retried
    }
  }

  /**
   * Settles a failed run without doing anything: it leaves the dead letters. Discarding twice is discarding once.
   * Durable once this resolves. @throws RUN_NOT_FOUND, RUN_UNDER_WAY, RUN_NOT_FAILED
   */
  async discard(run: string, reason: string): Promise<void> {
    const { log } = this.#runtime
    for (;;) {
      assertFailed(rowOf(this.#runtime, run))
      const stream = runStream(run)
      const version = log.versionOf(stream)
      if (log.readStream(stream, version).some(({ kind }) => kind === 'run.discarded')) return
      const event = { kind: 'run.discarded', body: { reason }, actor: 'operator', label: OWNER }
      if (await this.#append([{ stream, expectedVersion: version, events: [event] }])) return
    }
  }

  /** false when one of the runs has moved on meanwhile. */
  async #append(parts: Parameters<Runtime['log']['append']>[0]): Promise<boolean> {
    try {
      await this.#runtime.log.append(parts)
      return true
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'LOG_CONFLICT') return false
      throw error
    }
  }

  /** Resolves when every alert is as it should be; with whether one had to be changed. */
  async idle(): Promise<boolean> {
    return await this.#alerts.idle()
  }

  async close(): Promise<void> {
    await this.#alerts.close()
  }
}

/** @throws BODY_ERASED */
function assertKept({ log }: Pick<Runtime, 'log'>, run: string): void {
  if (log.tables.get('SELECT 1 FROM runs_erased WHERE run = ?', run) !== undefined) throw isErased(run)
}

type DeadRow = Omit<DeadRun, 'error'> & { readonly position: number }

function deadRows(tables: TablesReader, workflow: string | undefined, limit: number): DeadRow[] {
  const rows = tables.all<DeadRow & Record<string, never>>(
    `SELECT run, workflow, time, since, failures, position FROM runs_dead
     WHERE retried = 0 ${workflow === undefined ? '' : 'AND workflow = ?2'} ORDER BY position LIMIT ?1`,
    limit,
    ...(workflow === undefined ? [] : [workflow]),
  )
  return rows.map((row) => ({ ...row }))
}

/** Failed runs that wait for the operator, of one workflow or of all. */
export function countDead(tables: TablesReader, workflow?: string): number {
  const counted = tables.get<{ n: number }>(
    `SELECT count(*) AS n FROM runs_dead WHERE retried = 0 ${workflow === undefined ? '' : 'AND workflow = ?'}`,
    ...(workflow === undefined ? [] : [workflow]),
  )
  return counted?.n ?? 0
}

/** What agents and triggers have set aside, the oldest first. */
function deadEvents(tables: TablesReader): DeadEvent[] {
  const byAgents = allSetAside(tables).map(({ agent, key, position, time, error }) => ({
    by: agent,
    kind: 'agent' as const,
    key,
    position,
    time,
    error,
  }))
  const byTriggers = setAsideOf(tables).map(({ trigger, position, time, error }) => ({
    by: trigger,
    kind: 'trigger' as const,
    key: null,
    position,
    time,
    error,
  }))
  return [...byAgents, ...byTriggers].sort((a, b) => a.position - b.position)
}
