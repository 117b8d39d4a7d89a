/** Does an operation that the journal holds no outcome of; each kind in its own way. */

import type { HoldfastError } from '../../kernel/errors.ts'
import { nextFor } from '../../kernel/event-waits.ts'
import { waitsSince } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Operation, OperationOf, Publication } from '../operations.ts'
import { isRollback } from '../rollback/rollback-id.ts'
import type { Execution } from '../run/execution.ts'
import { externalSince } from '../run/external-since.ts'
import { idTaken } from '../run-errors.ts'
import { performDecision } from './perform-decision.ts'
import { performEffect } from './perform-effect.ts'
import { performFlag } from './perform-flag.ts'
import { requestReview } from './perform-review.ts'
import { performStep } from './perform-step.ts'
import { conflictOf, eventStream, type PublishedEvent, publish } from './publish.ts'

/** @throws what `refusalOf` says */
export function performOperation(execution: Execution, operation: Operation): void {
  const { run, host } = execution
  const refusal = refusalOf({ run, host, held: heldBy(execution) }, operation)
  if (refusal !== null && !onRecord(execution, operation.name)) throw refusal
  switch (operation.type) {
    case 'step':
      performStep(execution, operation)
      break
    case 'effect':
    case 'undo':
      performEffect(execution, operation)
      break
    case 'decision':
      performDecision(execution, operation)
      break
    case 'flag':
      performFlag(execution, operation)
      break
    case 'review':
      if (!onRecord(execution, operation.name)) requestReview(execution, operation)
      break
    case 'timer':
      setTimer(execution, operation)
      break
    case 'wait':
      startWait(execution, operation)
      break
    case 'publication':
      makePublication(execution, operation)
      break
    case 'child':
      startChild(execution, operation)
      break
  }
}

/**
 * Why an operation that is not on record can't be begun, now or on a replay: the id of the event or of the
 * child run is taken by another, on record or among what a pipeline hands over at its end.
 */
export function refusalOf(
  { run, host, held, before = Number.POSITIVE_INFINITY }: Asking,
  operation: Operation,
): HoldfastError | null {
  if (operation.type === 'publication') {
    const event = published(run.id, operation)
    return conflictOf(host.log, event, held.get(eventStream(event.id)), before)
  }
  if (operation.type !== 'child') return null
  const child = childId(run.id, operation)
  const stream = runStream(child)
  const isFree = !isTaken(host.log, stream, before) && held.get(stream) === undefined
  return isFree ? null : idTaken(child, `"${operation.name}"`)
}

function isTaken(log: EventLog, stream: string, before: number): boolean {
  if (log.versionOf(stream) === 0) return false
  return before === Number.POSITIVE_INFINITY || (log.readStream(stream, 1, 1)[0]?.position ?? 0) < before
}

interface Asking {
  readonly run: { readonly id: string }
  readonly host: { readonly log: EventLog }
  readonly held: Held
  /** Position up to which the log is looked at. Default: all of it. */
  readonly before?: number
}

/** What a pipeline has handed over so far, and is not on record before its end: the first event of each stream. */
export type Held = Pick<ReadonlyMap<string, JsonObject>, 'get'>

function heldBy({ records: { writer } }: Execution): Held {
  return { get: (stream) => writer.firstHeld(stream)?.body }
}

function published(run: string, { name, event }: OperationOf<'publication'>): PublishedEvent {
  return { ...event, id: publicationId(run, name, event) }
}

export function publicationId(run: string, name: string, { id }: Publication): string {
  return (id ?? `${run}/${name}`).toWellFormed()
}

export function childId(run: string, { name, id }: OperationOf<'child'>): string {
  return (id ?? `${run}/${name}`).toWellFormed()
}

function onRecord(execution: Execution, name: string): boolean {
  return execution.journal.entries.get(name)?.opened != null
}

function setTimer(execution: Execution, { name, ms }: OperationOf<'timer'>): void {
  if (onRecord(execution, name)) return
  const at = execution.host.clock.now() + ms
  execution.open(execution.event('timer.set', { name, at, ms }))
}

function startWait(execution: Execution, { name, kind, key, timeoutMs }: OperationOf<'wait'>): void {
  if (onRecord(execution, name)) return
  const deadline = timeoutMs === null ? null : execution.host.clock.now() + timeoutMs
  const next = nextFor(execution.journal.eventWaits, { kind, key }, waitsSince(execution.journal))
  const after = next.position === null ? next.after : next.position - 1
  execution.open(execution.event('wait.started', { name, kind, key, deadline, timeoutMs, after }))
}

/**
 * What the code is given for something handed over that is not on record, since the run has not completed; put
 * among what it held.
 */
export function handedOver(run: string, operation: Operation, held: Map<string, JsonObject>): Json {
  if (operation.type === 'child') {
    const child = childId(run, operation)
    held.set(runStream(child), {})
    return child
  }
  if (operation.type !== 'publication') return null
  const { id, kind, key, data } = published(run, operation)
  held.set(eventStream(id), { id, kind, key, data })
  return { name: operation.name, id }
}

/** The event and the record of it are one commit: published exactly once. */
function makePublication(execution: Execution, operation: OperationOf<'publication'>): void {
  const since = execution.label.trust === 'external' ? externalSince(execution) : null
  const event = { ...published(execution.run.id, operation), externalSince: since }
  const { name } = operation
  const held = heldBy(execution).get(eventStream(event.id))
  const others = publish(execution.host.log, event, execution.actor, execution.label, held)
  execution.handOver(execution.event('publication.made', { name, id: event.id }), others)
}

function startChild(execution: Execution, child: OperationOf<'child'>): void {
  const { name, workflow, mode, onParentClose, id } = child
  if (onRecord(execution, name)) return
  const run = childId(execution.run.id, child)
  const body = { name, run, workflow: workflow.name, mode, onParentClose, ...(id === null ? {} : { id }) }
  const started = execution.event('child.started', body)
  const part = execution.host.childStart(run, child, execution)
  if (mode === 'spawn') execution.handOver(started, [part])
  else {
    void execution.working(async () => {
      // What is just being done is to be undone as well.
      if (isRollback(run)) await execution.activity.effectsOver()
      await execution.append([started], [part])
    })
  }
}
