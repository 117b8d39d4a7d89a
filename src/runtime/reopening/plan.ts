/**
 * Whether a failed run may be reopened, and what goes on record for it: one `run.reopened` in its stream, and in
 * those of the children that failed in it or were cancelled with it, in one commit. The commit is on condition
 * that none of the runs has moved on and none is being rolled back, so that of two who want something else of
 * a run one gets it, and after a crash it is reopened wholly or not at all.
 */

import { AGENT_STREAM } from '../../kernel/agent.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import { applyToJournal, foldJournal } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER } from '../../kernel/label.ts'
import type { Reopening } from '../../kernel/reopening.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { lastOfChain } from '../life/run-chain.ts'
import { type RunRecord, readRecord } from '../replay/replay-record.ts'
import { rollbackId } from '../rollback/rollback-id.ts'
import type { RunStatus } from '../run-index.ts'
import type { Runtime } from '../runtime.ts'
import { comingBack } from './comebacks.ts'
import { reopeningOf } from './point.ts'

export interface RetryOptions {
  /** Name of the operation from which on all is done again. Default: where the run failed. */
  readonly from?: string
}

export interface Retried {
  readonly run: string
  /** The operation that it goes on from; null where its code failed by itself. */
  readonly from: string | null
  /** Names of what is done again. */
  readonly again: readonly string[]
  /** Children that go on with it, and theirs. */
  readonly children: readonly string[]
}

export type ReopeningHost = Pick<Runtime, 'log' | 'workflows' | 'reopenedPlace' | 'childrenClosed'>

interface Row {
  readonly id: string
  readonly status: RunStatus
  readonly parent: string | null
  readonly parent_name: string | null
  readonly parent_mode: string | null
  readonly awaited: number
}

/**
 * @throws RUN_NOT_FOUND, RUN_UNDER_WAY, RUN_NOT_FAILED, RUN_ROLLED_BACK, RUN_FAILURE_TAKEN, RETRY_REPEATS,
 * INPUT_INVALID, WORKFLOW_UNKNOWN, BODY_ERASED
 */
export async function planRetry(
  host: ReopeningHost,
  given: string,
  { from }: RetryOptions,
): Promise<{ readonly retried: Retried; readonly parts: readonly StreamAppend[] }> {
  const run = lastOfChain(host.log.tables, given)
  assertFailed(rowOf(host, run))
  assertNobodyHasIt(host, run)
  const plan = new Plan(host)
  const reopening = await plan.reopen(run, from)
  plan.assertNoRollback(run)
  const [, ...children] = plan.runs
  const again = reopening.voided
  return { retried: { run, from: reopening.from, again, children }, parts: plan.parts() }
}

/** @throws RUN_NOT_FOUND, RUN_UNDER_WAY, RUN_NOT_FAILED */
export function assertFailed({ id: run, status }: Pick<Row, 'id' | 'status'>): void {
  if (status === 'failed') return
  const details = { run, status }
  if (['queued', 'running', 'waiting', 'stalled'].includes(status)) {
    const fix = `Wait for its end; see what it does with \`holdfast why ${run}\`.`
    throw new HoldfastError('RUN_UNDER_WAY', `Run ${run} is ${status}`, { details, fix })
  }
  throw new HoldfastError('RUN_NOT_FAILED', `Run ${run} is ${status}`, { details })
}

/** @throws RUN_NOT_FOUND */
export function rowOf({ log }: Pick<ReopeningHost, 'log'>, run: string): Row {
  const row = log.tables.get<Row & Record<string, never>>(
    'SELECT id, status, parent, parent_name, parent_mode, awaited FROM runs WHERE id = ?',
    run,
  )
  if (row !== undefined) return row
  throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
}

/** The caller, the parent or the agent that it ran for has gone on with its failure. @throws RUN_FAILURE_TAKEN */
function assertNobodyHasIt(host: ReopeningHost, run: string): void {
  const { parent, parent_name: name, parent_mode: mode, awaited } = rowOf(host, run)
  if (awaited === 1) throw taken(run, 'its caller', 'Call the pipeline again, with another id.')
  const [started] = host.log.readStream(runStream(run))
  if (started?.actor.startsWith('agent:') && run.startsWith(AGENT_STREAM)) {
    const agent = started.actor.slice('agent:'.length)
    const fix = `Have the event handled again: \`holdfast agent show ${agent}\` lists it, \`holdfast agent retry\` does it.`
    throw taken(run, `the agent ${agent}, which has set the event aside,`, fix)
  }
  if (parent === null || mode !== 'call') return
  const journal = foldJournal(parent, host.log.readStream(runStream(parent)))
  const isOver = journal.end !== null && journal.entries.get(name ?? '')?.settled == null
  if (isOver) return
  const hasFailed = journal.end?.status === 'failed'
  const fix = hasFailed ? `Retry the parent: \`holdfast run retry ${parent}\`.` : 'Start the work anew.'
  throw taken(run, `its parent ${parent}`, fix)
}

function taken(run: string, by: string, fix: string): HoldfastError {
  const message = `Run ${run} can't be reopened by itself: ${by} has its failure`
  return new HoldfastError('RUN_FAILURE_TAKEN', message, { details: { run }, fix })
}

class Plan {
  readonly #host: ReopeningHost
  readonly #own = new Map<string, StreamAppend>()
  readonly #sights = new Map<string, StreamAppend>()

  constructor(host: ReopeningHost) {
    this.#host = host
  }

  get runs(): readonly string[] {
    return [...this.#own.keys()]
  }

  parts(): StreamAppend[] {
    return [...this.#own.values(), ...this.#sights.values()]
  }

  /** The run itself or a run above it whose effects are taken back, this one's with them. @throws RUN_ROLLED_BACK */
  assertNoRollback(run: string): void {
    for (let one: string | null = run; one !== null; ) {
      const id = rollbackId(one)
      if (this.#host.log.versionOf(runStream(id)) > 0) {
        const message = `What run ${one} did is taken back by ${id}`
        throw new HoldfastError('RUN_ROLLED_BACK', message, { details: { run, rollback: id } })
      }
      this.#sights.set(id, { stream: runStream(id), expectedVersion: 0, events: [] })
      const { parent, parent_mode: mode } = rowOf(this.#host, one)
      one = mode === 'call' ? parent : null
    }
  }

  async reopen(run: string, from: string | undefined): Promise<Reopening> {
    const { log } = this.#host
    // What is cancelled with it is over before it comes back.
    await this.#host.childrenClosed(run)
    const record = readRecord(log, run)
    const events = log.readStream(runStream(run))
    const reopening = reopeningOf(record, events, from)
    this.assertNoRollback(run)
    this.#own.set(run, this.#part(record, events, reopening))
    for (const child of childrenOf(record, reopening)) await this.#reopenChild(run, child)
    return reopening
  }

  async #reopenChild(parent: string, { run: given, isVoided, isAwaited }: Child): Promise<void> {
    const { log } = this.#host
    const run = lastOfChain(log.tables, given)
    const { status } = rowOf(this.#host, run)
    const end = log.readStream(runStream(run)).findLast(({ kind }) => kind === `run.${status}`)
    const endedWithParent = status === 'cancelled' && end?.actor === 'runtime'
    if ((status === 'failed' && isAwaited) || endedWithParent) await this.reopen(run, undefined)
    else if (isVoided) throw childIsOver(parent, run, status)
  }

  #part({ run, start }: RunRecord, events: readonly StoredEvent[], reopening: Reopening): StreamAppend {
    const version = events.length
    const queue = this.#host.reopenedPlace(start, events)
    const { workflow } = start
    const body: JsonObject = { workflow, ...reopening, ...(queue === undefined ? {} : { queue }) }
    const event = { kind: 'run.reopened', actor: 'operator', label: OWNER }
    const journal = foldJournal(run, events)
    applyToJournal(journal, { ...event, body, version: version + 1, time: 0 })
    const whole = { ...event, body: { ...body, ...comingBack(journal, events) } }
    return { stream: runStream(run), expectedVersion: version, events: [whole] }
  }
}

interface Child {
  readonly run: string
  /** Its failure is voided in its parent. */
  readonly isVoided: boolean
  /** Its parent waits for its end, or will. */
  readonly isAwaited: boolean
}

/** Those whose failure is voided, and those that had not ended when their parent did, as far as it knows. */
function childrenOf({ operations }: RunRecord, { voided }: Reopening): Child[] {
  return [...operations.values()].flatMap(({ type, name, child: run, settled }) => {
    if (type !== 'child' || run === null) return []
    const isVoided = voided.includes(name)
    const isSpawned = settled?.event.kind === 'child.started'
    const isAwaited = isVoided || settled === null
    return isAwaited || isSpawned ? [{ run, isVoided, isAwaited }] : []
  })
}

function childIsOver(run: string, child: string, status: RunStatus): HoldfastError {
  return new HoldfastError(
    'RETRY_REPEATS',
    `Run ${run} can't be retried: its child ${child} is ${status} and does not come back`,
    { details: { run, child, status } },
  )
}
