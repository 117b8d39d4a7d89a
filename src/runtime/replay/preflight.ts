/**
 * Preflight: what a change of the code would do to the runs that have not ended, before it is put to work.
 * Every one of them is replayed on the present code, as `verifyRun` does it: nothing is done, nothing is
 * recorded, no run goes on.
 *
 * What a run that goes on is not harmed by does not count against the code: it is given what is on record,
 * whatever a changed step, rule or text would give today. What counts is code that no longer asks for what
 * the run has done or waits for, that asks for something new before it, or that would end the run otherwise.
 *
 * Why: docs/decisions/0022-preflight.md
 */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { WorkflowRegistry } from '../life/workflow-registry.ts'
import type { RunStatus } from '../run-index.ts'
import { type Divergence, type DivergenceKind, same } from './divergence.ts'
import { replay } from './replay.ts'
import { type RecordedOperation, readRecord } from './replay-record.ts'

export interface PreflightOptions {
  /** Told of each run that would break, as it is found: of all of them, however many there are. */
  readonly onBreak?: (found: PreflightBreak) => void
  /** Told after each run how many were replayed so far, of how many. */
  readonly onProgress?: (done: number, all: number) => void
  /** Stops between two runs; the report is then of those that were replayed. */
  readonly signal?: AbortSignal
}

export interface PreflightBreak {
  readonly run: string
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  /** As of a divergence. workflow: this version is not registered. record: the journal can't be read. */
  readonly what: DivergenceKind | 'workflow' | 'record'
  /** Name of the operation; `end` for the end of the run, null where the code could not be run at all. */
  readonly operation: string | null
  /** Of the event that differs; of the start of the run where the code could not be run. */
  readonly position: number
  /** One sentence. */
  readonly explanation: string
  /** What the record has and what the code asks for. */
  readonly divergence: Divergence | null
}

/** Runs that break in the same way at the same place. */
export interface PreflightGroup extends Omit<PreflightBreak, 'run' | 'status' | 'divergence' | 'position'> {
  readonly runs: number
  /** Id of the oldest. */
  readonly example: string
}

export interface PreflightReport {
  readonly checked: number
  readonly safe: number
  /** Of the safe ones, those of which something done would be asked for differently, or give something else, today. */
  readonly changed: number
  readonly broken: number
  /** The most frequent first; at most 1,000. */
  readonly groups: readonly PreflightGroup[]
  /** The first 1,000, the oldest runs of each status first. */
  readonly breaks: readonly PreflightBreak[]
}

const OPEN: readonly RunStatus[] = ['queued', 'running', 'waiting', 'stalled']
const PAGE = 500
const MOST = 1_000

interface Place {
  readonly log: EventLog
  readonly runtime: { readonly workflows: WorkflowRegistry }
}

interface OpenRun {
  id: string
  workflow: string
  version: number
  status: RunStatus
  position: number
}

/** Replays every run that has not ended on the workflows that are registered. Changes nothing. */
export async function preflight(
  { log, runtime }: Place,
  options: PreflightOptions = {},
): Promise<PreflightReport> {
  const tally = new Tally()
  const all = countOpen(log)
  for (const run of openRuns(log)) {
    if (options.signal?.aborted) break
    const { found, isChanged } = await check(log, runtime.workflows, run)
    tally.add(found, isChanged)
    if (found !== null) options.onBreak?.(found)
    options.onProgress?.(tally.checked, Math.max(all, tally.checked))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return tally.report()
}

function countOpen({ tables }: EventLog): number {
  const marks = OPEN.map(() => '?').join(', ')
  return (
    tables.get<{ n: number }>(`SELECT count(*) AS n FROM runs WHERE status IN (${marks})`, ...OPEN)?.n ?? 0
  )
}

/** Page by page: the table may change while one is worked off, and is never held whole. */
function* openRuns(log: EventLog): Generator<OpenRun> {
  const last = log.head().position
  for (const status of OPEN) {
    for (let after = 0; ; ) {
      const page = log.tables.all<OpenRun>(
        `SELECT id, workflow, version, status, position FROM runs
         WHERE status = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?`,
        status,
        after,
        last,
        PAGE,
      )
      yield* page
      if (page.length < PAGE) break
      after = page.at(-1)?.position ?? last
    }
  }
}

async function check(
  log: EventLog,
  workflows: WorkflowRegistry,
  { id: run, position, ...about }: OpenRun,
): Promise<{ found: PreflightBreak | null; isChanged: boolean }> {
  const found = (
    parts: Pick<PreflightBreak, 'what' | 'operation' | 'position' | 'explanation' | 'divergence'>,
  ) => ({
    found: { run, ...about, ...parts },
    isChanged: false,
  })
  try {
    const workflow = workflows.get(about.workflow, about.version)
    const { divergence, changedCode } = await replay(log, readRecord(log, run), workflow, harms)
    if (divergence === null) return { found: null, isChanged: changedCode.length > 0 }
    const { what, name: operation, explanation } = divergence
    return found({ what, operation, position: divergence.position, explanation, divergence })
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    const what = error.code === 'WORKFLOW_UNKNOWN' ? 'workflow' : 'record'
    return found({ what, operation: null, position, explanation: `${error.message}.`, divergence: null })
  }
}

/** Whether the run, when it goes on, would do something else than its record says: see above. */
function harms({ what, recorded, present }: Divergence, { type, settled }: RecordedOperation): boolean {
  if (what === 'code') return false
  if (what === 'result') return type === 'step'
  if (what !== 'input') return true
  if (settled !== null || type === 'timer') return false
  const free = FREE_WHILE_OPEN[type]
  return free === undefined || !same(without(recorded, free), without(present, free))
}

/** What of an open operation holds as it was put on record, whatever the code says today. */
const FREE_WHILE_OPEN: Partial<Record<RecordedOperation['type'], string>> = {
  wait: 'timeoutMs',
  child: 'version',
}

function without(request: Json, field: string): Json {
  const { [field]: _, ...rest } = request as JsonObject
  return rest
}

class Tally {
  checked = 0
  #changed = 0
  #broken = 0
  readonly #breaks: PreflightBreak[] = []
  readonly #groups = new Map<string, PreflightGroup>()

  add(found: PreflightBreak | null, isChanged: boolean): void {
    this.checked += 1
    if (isChanged) this.#changed += 1
    if (found === null) return
    this.#broken += 1
    if (this.#breaks.length < MOST) this.#breaks.push(found)
    const { run, status: _, divergence: __, position: ___, ...alike } = found
    const key = JSON.stringify([alike.workflow, alike.version, alike.what, alike.operation])
    const known = this.#groups.get(key)
    if (known !== undefined) this.#groups.set(key, { ...known, runs: known.runs + 1 })
    else if (this.#groups.size < MOST) this.#groups.set(key, { ...alike, runs: 1, example: run })
  }

  report(): PreflightReport {
    return {
      checked: this.checked,
      safe: this.checked - this.#broken,
      changed: this.#changed,
      broken: this.#broken,
      groups: [...this.#groups.values()].sort((a, b) => b.runs - a.runs),
      breaks: this.#breaks,
    }
  }
}
