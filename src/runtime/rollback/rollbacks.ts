/** Starts rollbacks: on the operator's word, and with the end of a run whose workflow wants it. */

import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { Journal } from '../../kernel/journal.ts'
import { labelOf } from '../../kernel/journal-label.ts'
import { OWNER } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { RunStatus } from '../run-index.ts'
import type { Runtime } from '../runtime.ts'
import { type Deeds, deedsOf } from './deeds.ts'
import { isRollback, ROLLBACK, rollbackId } from './rollback-id.ts'

export class Rollbacks {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    const beside = runtime.besideEnd
    runtime.besideEnd = (journal, end) => [...beside(journal, end), ...this.#besideEnd(journal, end)]
  }

  /** What a rollback of the run would undo now. @throws RUN_NOT_FOUND */
  plan(run: string): Deeds {
    this.#statusOf(run)
    return deedsOf(this.#runtime.log, this.#runtime.gate, run)
  }

  /**
   * Starts it, unless it was started before; a stalled run is cancelled first, so that it does not go on
   * afterwards. Resolves with the rollback's id, once that is durable.
   * @throws RUN_NOT_FOUND, RUN_UNDER_WAY, INPUT_INVALID for a rollback itself, and what `plan` throws
   */
  async start(run: string): Promise<string> {
    const { log } = this.#runtime
    const status = this.#statusOf(run)
    const id = rollbackId(run)
    if (isRollback(run)) throw notOf(run)
    if (log.versionOf(runStream(id)) > 0) return id
    this.plan(run)
    if (status === 'stalled') {
      await this.#runtime.cancel(run, { actor: 'operator', label: OWNER, reason: 'to be rolled back' })
      if (log.versionOf(runStream(id)) > 0) return id
    } else if (!ENDED.has(status)) throw underWay(run, status)
    const input = { run }
    const part = this.#runtime.startPart({
      run: id,
      workflow: ROLLBACK,
      input,
      actor: 'operator',
      label: OWNER,
    })
    const stream = runStream(run)
    try {
      // On condition that it is not reopened meanwhile.
      await log.append([part, { stream, expectedVersion: log.versionOf(stream), events: [] }])
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT') throw error
      return await this.start(run)
    }
    return id
  }

  #statusOf(run: string): RunStatus {
    const { tables } = this.#runtime.log
    const row = tables.get<{ status: RunStatus }>('SELECT status FROM runs WHERE id = ?', run)
    if (row !== undefined) return row.status
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }

  /** With `compensate: 'on-failure'`, in the commit of the end. */
  #besideEnd(journal: Journal, { kind }: NewEvent): StreamAppend[] {
    const { run, start } = journal
    if ((kind !== 'run.failed' && kind !== 'run.cancelled') || start === null) return []
    const id = rollbackId(run)
    if (!this.#isWanted(start.workflow, start.workflowVersion) || !hasActed(journal)) return []
    if (this.#runtime.log.versionOf(runStream(id)) > 0) return []
    const label = labelOf(journal)
    const { customer } = start
    const input = { run }
    return [
      this.#runtime.startPart({ run: id, workflow: ROLLBACK, input, customer, actor: 'runtime', label }),
    ]
  }

  #isWanted(workflow: string, version: number): boolean {
    try {
      return this.#runtime.workflow(workflow, version).compensate === 'on-failure'
    } catch {
      return false
    }
  }
}

const ENDED: ReadonlySet<RunStatus> = new Set<RunStatus>(['completed', 'failed', 'cancelled', 'continued'])

function hasActed(journal: Journal): boolean {
  return [...journal.entries.values()].some(({ type }) => type === 'effect' || type === 'child')
}

function underWay(run: string, status: RunStatus): HoldfastError {
  return new HoldfastError('RUN_UNDER_WAY', `Run ${run} is ${status}`, { details: { run, status } })
}

function notOf(run: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `${run} is a rollback: it can't be rolled back itself`, {
    details: { run },
    fix: 'Start the work anew instead.',
  })
}
