/**
 * Fork: a new run that begins with what another had settled when it came to one of its operations, and goes
 * its own way from there: with another result of that operation, with another input of it, or with the code of
 * today. Nothing that was done before is done again; what comes after is new in every way.
 *
 * Copied is what was settled before the operation's first event. Of what was open then:
 *
 * - an effect or a child that had begun, and is over by now, is copied too: it was begun before. One that is
 *   not over, or of which nobody knows, keeps the run from being forked there (FORK_UNSETTLED);
 * - reviews, timers, waits and steps are begun anew, with their whole time. Waits look back to the beginning of
 *   the source for events that no copied wait has received.
 *
 * Approvals of effects are never copied: the policy is asked again for what is done again.
 *
 * Why: docs/decisions/0033-fork.md
 */

import { HANDLING } from '../../kernel/agent.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { ForkPoint } from '../../kernel/fork-point.ts'
import type { OperationType } from '../../kernel/journal.ts'
import { type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { earliest, outsideSince } from '../../kernel/outside.ts'
import { validate } from '../../kernel/schema.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import { isRollback } from '../rollback/rollback-id.ts'
import type { Runtime } from '../runtime.ts'
import { TAKES_INPUT } from './fork-line.ts'
import { type RecordedOperation, type RunRecord, readRecord } from './replay-record.ts'

export interface ForkOptions {
  /** Name of the operation that is the first to go another way. Default: the whole run, and nothing is copied. */
  readonly from?: string
  /** Instead of doing that operation: what the code is to be handed. Not together with `input`. */
  readonly result?: unknown
  /** Of that operation (an effect, a child, a publication, a review's proposal); without `from`, of the run. */
  readonly input?: unknown
  /** The new run's id. Forking twice with one id and the same options is one run. Default: a new UUIDv7. */
  readonly id?: string
}

export interface Fork {
  readonly source: string
  readonly from: string | null
  /** Outcomes that were copied, the amended one not among them. */
  readonly copied: number
  /** Names of what was open at that point and is begun anew. */
  readonly anew: readonly string[]
  readonly amended: 'input' | 'result' | null
}

/** @throws RUN_NOT_FOUND, BODY_ERASED, WORKFLOW_UNKNOWN, INPUT_INVALID, FORK_UNSETTLED */
export async function planFork(
  runtime: Pick<Runtime, 'log' | 'workflows' | 'startPart'>,
  source: string,
  run: string,
  options: ForkOptions,
): Promise<{ readonly fork: Fork; readonly part: StreamAppend }> {
  const record = readRecord(runtime.log, source)
  const { start } = record
  refuseBound(source, start.workflow)
  const workflow = runtime.workflows.get(start.workflow, start.workflowVersion)
  const step = options.from === undefined ? null : stepOf(record, options.from)
  const given = givenOf(options, source, step)
  const input = step === null && given.input !== undefined ? given.input : start.input
  await validate(workflow.input, input, `Input of ${workflow.name}`)
  const copies = step === null ? [] : copiesOf(record, step)
  const { customer, label } = start
  const externalSince = firstExternal(record, copies)
  const part = runtime.startPart({ run, workflow, input, customer, label, externalSince })
  const [started] = part.events as [NewEvent]
  const point = pointOf(record, step, step === null ? undefined : given.input)
  const events = [
    { ...started, body: { ...started.body, forkedFrom: point as unknown as JsonObject } },
    ...(step === null ? [] : patchesOf(record, step)),
    ...copies.map((copy) => copyOf(copy, source)),
    ...(step === null || given.result === undefined ? [] : [amendedOf(step, source, given.result)]),
  ]
  const amended = given.result !== undefined ? 'result' : given.input !== undefined ? 'input' : null
  const from = step?.name ?? null
  const anew = step === null ? [] : anewOf(record, step, copies)
  return { part: { ...part, events }, fork: { source, from, copied: copies.length, anew, amended } }
}

/** Whether this very fork was made before. @throws RUN_ID_CONFLICT */
export function isForked(log: EventLog, { stream, events }: StreamAppend): boolean {
  const known = log.readStream(stream).slice(0, events.length)
  if (known.length === 0) return false
  const text = (bodies: readonly (JsonObject | null)[]): string => JSON.stringify(bodies)
  if (text(known.map(({ body }) => body)) === text(events.map(({ body }) => body))) return true
  throw new HoldfastError('RUN_ID_CONFLICT', `${stream.replace('/', ' ')} was started otherwise`, {
    details: { stream, position: known[0]?.position ?? 0 },
  })
}

/** What a run gives goes where its id says; a fork under another id would give it to nobody. @throws INPUT_INVALID */
function refuseBound(run: string, workflow: string): void {
  const agent = workflow.startsWith(HANDLING) ? workflow.slice(HANDLING.length) : null
  if (agent === null && !isRollback(run)) return
  const message =
    agent === null
      ? `${run} is a rollback: a fork of it would undo the same beside it`
      : `Run ${run} handles an event for the agent ${agent}: the state that a fork of it ends with would not reach the agent`
  throw new HoldfastError('INPUT_INVALID', message, {
    details: { run, workflow },
    fix:
      agent === null
        ? 'Roll the run back again instead: what is undone is not undone twice.'
        : 'Have an event that was set aside handled again with `holdfast agent retry`, or publish it once more; see what other code would do with `holdfast what-if`.',
  })
}

// -- what was asked for -------------------------------------------------------------------------------

/** @throws INPUT_INVALID */
function stepOf({ run, operations }: RunRecord, name: string): RecordedOperation {
  const step = operations.get(name)
  if (step !== undefined && !step.isInner) return step
  const known = [...operations.values()].filter(({ isInner }) => !isInner).map((one) => one.name)
  const why = step === undefined ? 'has no operation' : 'did not itself ask for'
  throw new HoldfastError('INPUT_INVALID', `Run ${run} ${why} ${JSON.stringify(name)}`, {
    details: { run, name, known: known.slice(0, 50) },
    fix: `Fork it from one of ${known.slice(0, 20).join(', ') || 'none: leave out the operation'}.`,
  })
}

interface Given {
  readonly result?: Json
  readonly input?: Json
}

/** @throws INPUT_INVALID */
function givenOf(options: ForkOptions, run: string, step: RecordedOperation | null): Given {
  const { result, input } = options
  if (result !== undefined && input !== undefined) throw invalid(run, 'with another input and another result')
  if (result !== undefined) {
    if (step === null) throw invalid(run, 'with another result, but without saying of which operation')
    return { result: resultFor(step, toJson(result, 'result'), run) }
  }
  if (input === undefined) return {}
  const json = toJson(input, 'input')
  if (step === null) return { input: json }
  if (!TAKES_INPUT.has(step.type)) throw invalid(run, `with another input of the ${step.type} "${step.name}"`)
  if (step.type === 'review' && !isObject(json)) throw invalid(run, 'with a proposal that is no object')
  return { input: json }
}

function invalid(run: string, how: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `Run ${run} can't be forked ${how}`, {
    details: { run },
    fix: 'Give the result of an operation; the input of an effect, a child, a publication or a review; or, without an operation, the input of the run.',
  })
}

/** As the code is handed it. @throws INPUT_INVALID */
function resultFor({ type, name }: RecordedOperation, result: Json, run: string): Json {
  if (type === 'review') {
    if (!isObject(result) || typeof result.verdict !== 'string') {
      throw invalid(run, `with an answer to "${name}" that has no verdict`)
    }
    return { name, value: {}, instruction: null, reason: null, ...result }
  }
  if (type !== 'decision') return result
  if (!isObject(result) || !Object.hasOwn(result, 'answer')) {
    throw invalid(run, `with a decision "${name}" that has no answer`)
  }
  const provenance = { tier: 'rules', source: 'the operator, who forked the run' }
  return { name, confidence: 1, reasons: [], provenance, ...result }
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

// -- what is copied -----------------------------------------------------------------------------------

/** What must not be begun twice. */
const OUTWARD: ReadonlySet<OperationType> = new Set(['effect', 'child'])

/** In the order in which they were settled. @throws FORK_UNSETTLED */
function copiesOf({ run, operations }: RunRecord, step: RecordedOperation): RecordedOperation[] {
  const others = [...operations.values()].filter(
    ({ name, isInner, abandoned }) => !isInner && !abandoned && name !== step.name,
  )
  const begun = others.filter(({ type, position }) => OUTWARD.has(type) && position < step.position)
  const open = begun.filter(({ type, settled, effect }) => settled === null && (type === 'child' || effect))
  if (open.length > 0) {
    const names = open.map(({ type, name }) => `the ${type} "${name}"`)
    throw new HoldfastError(
      'FORK_UNSETTLED',
      `Run ${run} can't be forked from "${step.name}": ${names.join(' and ')} began before, and ${open.length > 1 ? 'their outcomes are' : 'its outcome is'} not known`,
      { details: { run, from: step.name, open: open.map(({ name }) => name) } },
    )
  }
  return others
    .filter(({ settled }) => settled !== null)
    .filter((one) => (one.settled?.event.position ?? 0) < step.position || begun.includes(one))
    .sort((a, b) => (a.settled?.version ?? 0) - (b.settled?.version ?? 0))
}

/** The paths that the source took by `ctx.patched` hold for the fork. */
function patchesOf({ notes }: RunRecord, step: RecordedOperation): NewEvent[] {
  return [...notes.values()]
    .filter(({ kind, position }) => kind === 'patch.noted' && position < step.position)
    .map(({ kind, body }) => ({ kind, body, actor: 'operator', label: SYSTEM }))
}

function anewOf({ operations }: RunRecord, step: RecordedOperation, copies: readonly RecordedOperation[]) {
  return [...operations.values()]
    .filter(({ position, isInner }) => !isInner && position < step.position)
    .filter((one) => !copies.includes(one))
    .map(({ name }) => name)
}

function copyOf({ name, type, code, settled }: RecordedOperation, run: string): NewEvent {
  if (settled === null) throw new HoldfastError('LOG_CORRUPT', `"${name}" of run ${run} has no outcome`)
  const { outcome, label, time, event } = settled
  const of =
    event.kind === 'outcome.copied' ? (event.body?.of as JsonObject) : { run, position: event.position }
  const body = { name, type, outcome: outcome as unknown as JsonObject, of, time }
  const amended = event.body?.amended === true ? { amended: true } : {}
  return {
    kind: 'outcome.copied',
    actor: 'operator',
    label,
    body: { ...body, ...(code && { code }), ...amended },
  }
}

/** What the source had read from outside, the fork has read as early: a grant from between is none for it either. */
function firstExternal({ start }: RunRecord, copies: readonly RecordedOperation[]): number | null {
  const began = start.externalSince ?? (start.label.trust === 'external' ? start.position : null)
  return earliest(
    began,
    ...copies.map(({ settled }) => (settled === null ? null : outsideSince(settled.event))),
  )
}

function amendedOf({ name, type, position, settled }: RecordedOperation, run: string, value: Json): NewEvent {
  const time = settled?.time ?? 0
  const body = { name, type, outcome: { ok: true, value }, of: { run, position }, time, amended: true }
  return { kind: 'outcome.copied', actor: 'operator', label: OWNER, body }
}

/** From the start, nothing is as in the source but what the code is given. */
function pointOf(
  { run, start }: RunRecord,
  step: RecordedOperation | null,
  input: Json | undefined,
): ForkPoint {
  if (step === null) {
    return { run, step: null, position: start.position, started: null, since: null, line: [] }
  }
  return {
    run,
    step: step.name,
    position: step.position,
    started: start.toldTime,
    since: start.fork?.since ?? start.position,
    line: [...(start.fork?.line ?? []), { run, seed: start.seed, until: step.name }],
    ...(input === undefined ? {} : { input }),
  }
}
