/** Does an operation that the journal holds no outcome of; each kind in its own way. */

import { HoldfastError } from '../kernel/errors.ts'
import { receivedUpTo } from '../kernel/journal.ts'
import { canonicalJson, type Json, type JsonObject, toJson } from '../kernel/json.ts'
import type { Proposal } from '../kernel/workflow.ts'
import type { Execution } from './execution.ts'
import { sha256, shortHash } from './hashes.ts'
import type { Operation, OperationOf } from './operations.ts'
import { performDecision } from './perform-decision.ts'
import { performEffect } from './perform-effect.ts'
import { performStep } from './perform-step.ts'
import { publish } from './publish.ts'
import { runStream } from './run-index.ts'

export function performOperation(execution: Execution, operation: Operation): void {
  switch (operation.type) {
    case 'step':
      performStep(execution, operation)
      break
    case 'effect':
      performEffect(execution, operation)
      break
    case 'decision':
      performDecision(execution, operation)
      break
    case 'review':
      requestReview(execution, operation)
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
  const after = receivedUpTo(execution.journal, kind, key)
  execution.open(execution.event('wait.started', { name, kind, key, deadline, timeoutMs, after }))
}

function requestReview(execution: Execution, { name, proposal }: OperationOf<'review'>): void {
  if (onRecord(execution, name)) return
  const fields = reviewFields(name, proposal)
  const review = reviewId(execution.run.id, name)
  const { customer } = execution.run
  const hash = proposalHash(fields.proposal ?? null)
  execution.open(execution.event('review.requested', { name, review, customer, ...fields, hash }))
}

/** What the operator is shown, as it is put on record. */
export function reviewFields(name: string, proposal: Proposal): JsonObject {
  const { action, summary, reason, confidence } = proposal
  return {
    action,
    summary,
    reason,
    confidence,
    proposal: toJson(proposal.proposal, `proposal of ${name}`),
    evidence: toJson(proposal.evidence ?? [], `evidence of ${name}`),
    warnings: toJson(proposal.warnings ?? [], `warnings of ${name}`),
  }
}

/** The id of a review follows from its run and name, so that asking again asks the same. */
export function reviewId(run: string, name: string): string {
  return `r-${shortHash(`${run}\n${name}`, 8)}`
}

export function proposalHash(proposal: Json): string {
  return sha256(canonicalJson(proposal))
}

/**
 * The event and the record of it are one commit: published exactly once.
 * @throws EVENT_ID_CONFLICT
 */
function makePublication(execution: Execution, { name, event }: OperationOf<'publication'>): void {
  const id = (event.id ?? `${execution.run.id}/${name}`).toWellFormed()
  const others = publish(execution.host.log, { ...event, id }, execution.actor, execution.label)
  void execution.working(async () => {
    await execution.append([execution.event('publication.made', { name, id })], others)
  })
}

/** @throws RUN_ID_CONFLICT when a run that is not this child has its id */
function startChild(execution: Execution, { name, workflow, input }: OperationOf<'child'>): void {
  if (onRecord(execution, name)) return
  const run = `${execution.run.id}/${name}`.toWellFormed()
  if (execution.host.log.versionOf(runStream(run)) > 0) {
    throw new HoldfastError('RUN_ID_CONFLICT', `"${name}" would be run ${run}, which was started otherwise`, {
      details: { run },
    })
  }
  void execution.working(async () => {
    const started = execution.event('child.started', { name, run, workflow: workflow.name })
    await execution.append([started], [execution.host.childStart(run, workflow, input, execution, name)])
  })
}
