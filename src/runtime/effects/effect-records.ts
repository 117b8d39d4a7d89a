/** What an effect is to the parts that carry it out, and how its states are put on record. */
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import { canonicalJson, type Json, type JsonObject } from '../../kernel/json.ts'
import { joinLabels, type Label } from '../../kernel/label.ts'
import { whole } from '../../kernel/reservation.ts'
import type { DeclaredManifest } from '../../ports/connector.ts'
import type { Restore } from '../../ports/restores.ts'
import type { OperationOf } from '../operations.ts'
import { mayBeDoneSince } from '../retention/restored.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'

/** Something to be done to the world, or to be undone. */
export type Effect = OperationOf<'effect' | 'undo'>

/** An intent or a question to the operator holds for exactly one operation and input. */
export function isAbout(recorded: JsonObject, { operation, input }: Effect): boolean {
  return recorded.operation === operation && canonicalJson(recorded.input ?? null) === canonicalJson(input)
}

/** What the code gave, of an intent that may hold what the operator made of it. */
export function askedIn(intent: JsonObject): JsonObject {
  return intent.asked === undefined ? intent : { ...intent, input: intent.asked }
}

/** For an intent: the input, and beside it the one that the code gave where the operator has changed it. */
export function inputOf(effect: Effect): JsonObject {
  const { input } = effect
  return effect.type === 'undo' || effect.asked === undefined ? { input } : { input, asked: effect.asked }
}

export function otherEffect(execution: Execution, effect: Effect, name: string): HoldfastError {
  const run = execution.run.id
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run} asks for ${effect.operation} as "${effect.name}", its journal holds "${name}" for another operation or input`,
    { details: { run, name, operation: effect.operation } },
  )
}

/** Of the present attempt, or the next; 1 for the first. */
export function numberOf(execution: Execution, name: string): number {
  return (execution.journal.entries.get(name)?.failedAttempts ?? 0) + 1
}

export function manifestOf(execution: Execution, effect: Effect): DeclaredManifest {
  return execution.host.gate.manifestOf(effect.operation)
}

/** The code goes on before it is durable. @param cost what the connector says that it was; null where it does not */
export function succeed(
  execution: Execution,
  effect: Effect,
  output: Json,
  via: 'perform' | 'lookup' | 'operator',
  { onDurable = () => {}, cost = null }: { onDurable?: () => void; cost?: number | null } = {},
): void {
  const { type, name, operation } = effect
  const price = cost === null ? {} : { priceMicros: whole(cost) }
  const more =
    type === 'undo' ? { of: (effect.input as unknown as JsonObject).of ?? null } : { output, ...price }
  const label = type === 'undo' ? execution.label : labelOfOutput(execution, effect)
  const succeeded = execution.event(`${type}.succeeded`, { name, operation, ...more, via }, { label })
  execution.record([succeeded], [], onDurable)
}

/**
 * The join of what the run has seen with what the operation gives: words of others come from outside, and private
 * data is for the owner's eyes.
 */
function labelOfOutput(execution: Execution, effect: Effect): Label {
  const { effect: does, gives, dataClass } = manifestOf(execution, effect)
  const label: Label = {
    trust: gives === 'external' ? 'external' : 'owner',
    sources: gives === 'external' ? [effect.operation] : [],
    readers: does === 'read' && dataClass === 'private' ? ['owner'] : null,
  }
  return joinLabels(execution.label, label)
}

/** What an operation throws is as much a word of others as what it gives. */
export function fail(execution: Execution, effect: Effect, error: unknown): void {
  const { type, name, operation } = effect
  const record = toErrorRecord(error)
  const label = NOT_OF_OUTSIDE.has(record.code) ? execution.label : labelOfOutput(execution, effect)
  const failed = { name, operation, error: recordJson(record) }
  execution.record([execution.event(`${type}.failed`, failed, { label })])
}

/** Codes of errors whose words are the policy's or the operator's; a connector's own never have them. */
const NOT_OF_OUTSIDE = new Set(['POLICY_DENIED', 'EFFECT_ABANDONED', 'WORK_STOPPED', 'OPERATION_UNKNOWN'])

/** `more`: what an intent would say, where there is none. */
export async function noteUnknown(
  execution: Execution,
  effect: Effect,
  why: string,
  more: JsonObject = {},
): Promise<void> {
  const { type, name, operation } = effect
  const attempt = numberOf(execution, name)
  await execution.append([execution.event(`${type}.unknown`, { name, operation, why, attempt, ...more })])
}

/** The restore of the log since which it may have been done already. A read or an undo may always be repeated. */
export function doneSince(execution: Execution, effect: Effect): Restore | null {
  if (
    effect.type === 'undo' ||
    execution.host.restored === null ||
    manifestOf(execution, effect).effect === 'read'
  )
    return null
  return mayBeDoneSince(execution, effect.name)
}
