/** The first event of a run. */

import type { Parent } from '../../kernel/children.ts'
import { type Duration, durationMs } from '../../kernel/duration.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { type Label, SYSTEM } from '../../kernel/label.ts'
import type { PlaceOptions } from '../../kernel/scheduling.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'
import { checkedText } from '../checked-id.ts'
import { shortHash } from '../replay/hashes.ts'

export interface StartOptions {
  /** The run's id; starting twice with one id and the same input is one run. Default: a new UUIDv7. */
  readonly id?: string
  /** The customer it is about. */
  readonly customer?: string
  /** Where its input comes from. Default: made by the system. */
  readonly label?: Label
  /** Whole number, higher goes first; default that of the workflow. */
  readonly priority?: number
  /** It does not begin before: a durable timer. Milliseconds since 1970, or a date. */
  readonly notBefore?: number | Date
  /** As `notBefore`, counted from now. */
  readonly delay?: Duration
}

/** Priority and time: default those of the workflow, and at once. */
export interface RunToStart extends PlaceOptions {
  readonly run: string
  readonly workflow: AnyWorkflow
  readonly input: Json
  readonly customer?: string | null
  readonly actor?: string
  readonly label?: Label
  readonly parent?: Parent
  /** Whether whoever starts it waits for its end, and has its failure. Default false. */
  readonly awaited?: boolean
  /** Position of the first thing from outside that whoever starts it has read; null for none. */
  readonly externalSince?: number | null
}

/** `queue` is its place there; undefined for a run that begins at once. */
export function runStarted(logId: string, start: RunToStart, queue?: JsonObject): NewEvent {
  const { run, workflow, input, customer, parent, actor, label, awaited, externalSince = null } = start
  const seed = shortHash(`${logId}\n${run}`, 16)
  const of = { workflow: workflow.name, version: workflow.version, input, seed }
  const more = {
    ...(queue === undefined ? {} : { queue }),
    ...(awaited === true ? { awaited } : {}),
    ...(externalSince === null ? {} : { externalSince }),
  }
  const body = { ...of, customer: customer ?? null, parent: parentBody(parent), ...more }
  return { kind: 'run.started', actor: actor ?? 'operator', label: label ?? SYSTEM, body }
}

/** In the order of its fields, whoever gives it. */
function parentBody(parent: Parent | undefined): JsonObject | null {
  if (parent === undefined) return null
  const { run, name, mode, onParentClose } = parent
  return { run, name, mode, onParentClose }
}

/** What a host program asks for. @throws INPUT_INVALID */
export function startOf(
  run: string,
  workflow: AnyWorkflow,
  input: Json,
  options: StartOptions,
  now: number,
): RunToStart {
  const { customer: given, label = SYSTEM, priority } = options
  const customer = given == null ? null : checkedText(given, 'a customer')
  return { run, workflow, input, customer, label, priority, notBefore: beginOf(options, now) }
}

/** After it there is no date: ECMAScript, time values. */
const LAST_DATE_MS = 8.64e15

/** When a run may begin, if not at once. @throws INPUT_INVALID */
function beginOf({ notBefore, delay }: StartOptions, now: number): number | undefined {
  const at = delay === undefined ? notBefore : now + durationMs(delay)
  if (at === undefined) return undefined
  const ms = Math.ceil(Number(at))
  if (Math.abs(ms) <= LAST_DATE_MS && (notBefore === undefined || delay === undefined)) return ms
  throw new HoldfastError('INPUT_INVALID', `A run can't begin at ${String(notBefore)}, ${String(delay)}`, {
    fix: 'Give either `notBefore`, a date, or `delay`, a length of time.',
  })
}
