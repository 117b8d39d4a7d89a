/**
 * What-if: the code of today, and if given another policy or other flags, over runs of the past. Nothing is done, nothing is asked
 * of anybody, nothing is recorded; what would be different is reported, for each run and in sum, and compared with
 * what the operator decided then.
 *
 * Why: docs/decisions/0034-what-if.md
 */

import { isHoldfastError } from '../../kernel/errors.ts'
import { atMost } from '../../kernel/limit.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { FlagRules, Flags } from '../../ports/flags.ts'
import type { Gate, Judge } from '../../ports/gate.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { WorkflowRegistry } from '../life/workflow-registry.ts'
import { NO_COST, type WhatIfReport, type WhatIfRun, WhatIfTally } from './changes.ts'
import { PastRun } from './past-run.ts'
import { Retrial } from './retrial.ts'

export interface WhatIfOptions {
  /** Ids. Default: the newest, by what follows. */
  readonly runs?: readonly string[]
  /** Only runs of this name. */
  readonly workflow?: string
  /** Only runs that began at this time or later; milliseconds since 1970. */
  readonly since?: number
  /** At most so many, the newest first; default 1,000. */
  readonly limit?: number
  /** The code to try; a run is tried on the highest version of its workflow. Default: what is registered. */
  readonly workflows?: readonly AnyWorkflow[]
  /** Default: the one in force. */
  readonly policy?: PolicySettings
  /** Flags to try. Default: those in force. */
  readonly flags?: FlagRules
  /** Told of each run: of all of them, however many there are. */
  readonly onRun?: (run: WhatIfRun) => void
  /** Stops between two runs; the report is then of those that were tried. */
  readonly signal?: AbortSignal
}

const LIMIT = 1_000

interface Place {
  readonly log: EventLog
  readonly runtime: { readonly workflows: WorkflowRegistry; readonly gate: Gate; readonly flags: Flags }
}

/** @throws RUN_NOT_FOUND for an id that there is not */
export async function whatIf({ log, runtime }: Place, options: WhatIfOptions = {}): Promise<WhatIfReport> {
  const workflows = options.workflows ? new WorkflowRegistry(options.workflows) : runtime.workflows
  const judge = runtime.gate.judge(options.policy)
  const flags = options.flags ?? (await runtime.flags.current())
  const tally = new WhatIfTally()
  for (const run of options.runs ?? chosen(log, options)) {
    if (options.signal?.aborted) break
    const tried = await tryRun(log, workflows, { judge, flags }, run)
    tally.add(tried)
    options.onRun?.(tried)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return tally.report()
}

function chosen({ tables }: EventLog, { workflow, since = 0, limit = LIMIT }: WhatIfOptions): string[] {
  return tables
    .all<{ id: string }>(
      `SELECT id FROM runs WHERE started >= ?1 AND (?2 IS NULL OR workflow = ?2)
       ORDER BY position DESC LIMIT ?3`,
      since,
      workflow ?? null,
      atMost(limit),
    )
    .map(({ id }) => id)
}

async function tryRun(
  log: EventLog,
  workflows: WorkflowRegistry,
  by: { readonly judge: Judge; readonly flags: FlagRules },
  run: string,
): Promise<WhatIfRun> {
  try {
    const past = new PastRun(log, run)
    const workflow = workflows.newest(past.record.start.workflow)
    return await new Retrial(past, by, log.id).follow(workflow)
  } catch (error) {
    if (!isHoldfastError(error) || error.code === 'RUN_NOT_FOUND') throw error
    return untried(log, run, error.message)
  }
}

/** Its workflow is not there, or its record is not whole. */
function untried({ tables }: EventLog, run: string, why: string): WhatIfRun {
  const row = tables.get<{ workflow: string; version: number }>(
    'SELECT workflow, version FROM runs WHERE id = ?',
    run,
  )
  return {
    run,
    workflow: row?.workflow ?? '',
    version: row?.version ?? 0,
    triedVersion: null,
    decisions: [],
    proposals: [],
    effects: [],
    policy: [],
    flags: [],
    steps: [],
    end: null,
    cost: { before: NO_COST, after: NO_COST },
    stopped: { at: null, why },
  }
}
