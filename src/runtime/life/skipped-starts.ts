/**
 * Runs that would have begun by themselves, and that a flag has kept from it: on record with what they would have
 * begun with, so that they can be begun later, under the same id.
 */
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { outsideSince, sinceBody } from '../../kernel/outside.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'
import { recordJson } from '../run-errors.ts'
import type { Runtime } from '../runtime.ts'
import type { RunToStart } from './run-start.ts'
import { assertOn } from './switches.ts'

const STREAM = 'skipped/'

export interface SkippedStart {
  readonly run: string
  readonly workflow: string
  readonly customer: string | null
  /** Why: which flag says what. */
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly position: number
}

export const skippedIndex: Projection = {
  name: 'skipped',
  version: 1,
  tables: ['skipped'],
  schema: `
    CREATE TABLE skipped (
      run TEXT PRIMARY KEY, workflow TEXT NOT NULL, customer TEXT, reason TEXT NOT NULL, time INTEGER NOT NULL,
      position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['start.skipped', 'start.made-up-for'],
  apply({ kind, stream, body, time, position }, tables) {
    const run = stream.slice(STREAM.length)
    if (kind !== 'start.skipped') {
      tables.run('DELETE FROM skipped WHERE run = ?', run)
      return
    }
    tables.run(
      'INSERT INTO skipped VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      run,
      String(body?.workflow ?? ''),
      (body?.customer as string | undefined) ?? null,
      String((body?.error as JsonObject | undefined)?.message ?? ''),
      time,
      position,
    )
  },
}

/** The newest first. */
export function skippedStarts(tables: TablesReader, limit = 1_000): SkippedStart[] {
  return tables
    .all<SkippedStart>(
      'SELECT run, workflow, customer, reason, time, position FROM skipped ORDER BY position DESC LIMIT ?',
      limit,
    )
    .map((row) => ({ ...row }))
}

/** In place of the `run.started`. */
export function skippedPart(start: RunToStart, off: HoldfastError, actor: string): StreamAppend {
  const { run, workflow, input, customer = null, label, externalSince = null } = start
  const error = recordJson(toErrorRecord(off))
  const body = {
    run,
    workflow: workflow.name,
    version: workflow.version,
    input,
    customer,
    error,
    ...sinceBody(externalSince),
  }
  const events = [{ kind: 'start.skipped', actor, label: label ?? SYSTEM, body }]
  return { stream: STREAM + run, expectedVersion: 0, events }
}

/**
 * Starts what was skipped, now that the flag lets it; durable once this resolves.
 * @throws RUN_NOT_FOUND when none of this id was skipped, FLAG_OFF, WORKFLOW_UNKNOWN, BODY_ERASED
 */
export async function startSkipped(runtime: Runtime, run: string): Promise<void> {
  const { log } = runtime
  const events = log.readStream(STREAM + run)
  const skipped = events.at(-1)
  if (skipped?.kind !== 'start.skipped') {
    throw new HoldfastError('RUN_NOT_FOUND', `No run ${run} was skipped`, {
      details: { run },
      fix: 'List those that were with `holdfast flag skipped`.',
    })
  }
  const start = startOf(runtime, run, skipped)
  const { workflow, customer = null } = start
  await assertOn(runtime, { what: 'workflow', name: workflow.name, customer })
  const event = { kind: 'start.made-up-for', actor: 'operator', label: OWNER, body: { run } }
  await log.append([
    { stream: STREAM + run, expectedVersion: skipped.version, events: [event] },
    runtime.startPart(start),
  ])
}

/** A grant from between is none for it: what it is about had come when it was skipped. */
function startOf(runtime: Runtime, run: string, skipped: StoredEvent): RunToStart {
  const { body, label, actor } = skipped
  if (body === null) throw new HoldfastError('BODY_ERASED', `What ${run} would have begun with was erased`)
  const workflow = runtime.workflows.get(String(body.workflow), Number(body.version))
  const customer = typeof body.customer === 'string' ? body.customer : null
  const externalSince = outsideSince(skipped)
  return { run, workflow, input: body.input as Json, customer, label, actor, externalSince }
}
