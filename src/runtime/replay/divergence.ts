/** The ways in which code can differ from what a run has on record, each put into words. */
import type { Outcome, RunEnd } from '../../kernel/journal.ts'
import { canonicalJson, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Operation } from '../operations.ts'
import type { RecordedNote, RecordedOperation, RunRecord } from './replay-record.ts'

export type DivergenceKind = 'missing' | 'kind' | 'input' | 'code' | 'result' | 'output' | 'not-reached'

export interface Divergence {
  /** Name of the operation; `end` for the end of the run. */
  readonly name: string
  /**
   * missing: the code asks for something that is not on record. kind: for something of another type.
   * input: with another input. code: the function of a step has changed. result: a pure step, or the rules
   * of a decision, give something else. output: the run ends otherwise. not-reached: the code no longer
   * asks for something that is on record.
   */
  readonly what: DivergenceKind
  readonly recorded: Json
  readonly present: Json
  /** Position of the event that differs; for `missing`, of the last one that the code had seen. */
  readonly position: number
  /** One sentence. */
  readonly explanation: string
}

/** Name of a divergence at the end of a run. */
const END = 'end'

export function missing(operation: Operation, request: Json, position: number): Divergence {
  const explanation = `The code asks for ${spoken(operation)}, which the run has not on record.`
  return { name: operation.name, what: 'missing', recorded: null, present: request, position, explanation }
}

export function otherKind(operation: Operation, recorded: RecordedOperation): Divergence {
  const explanation = `"${operation.name}" is on record as a ${recorded.type}; the code asks for a ${operation.type} of that name.`
  return at(recorded, { what: 'kind', recorded: recorded.type, present: operation.type, explanation })
}

export function otherInput(operation: Operation, recorded: RecordedOperation, request: Json): Divergence {
  const before = recorded.request ?? null
  const where = firstDifference(before, request)
  const explanation = `The code asks for ${spoken(operation)} with another ${where || 'input'} than is on record.`
  return at(recorded, { what: 'input', recorded: before, present: request, explanation })
}

/** The shape of a graph is on record, not only what its nodes asked for. */
export function otherGraph({ body, position }: RecordedNote, present: JsonObject): Divergence {
  const name = String(body.graph)
  const where = firstDifference(body, present)
  const explanation = `The code runs the graph "${name}" with another ${where || 'shape'} than is on record.`
  return { name, what: 'input', recorded: body, present, position, explanation }
}

export function otherCode(recorded: RecordedOperation, present: string): Divergence {
  const explanation = `The code of the step "${recorded.name}" has changed since it ran.`
  return settledAt(recorded, { what: 'code', recorded: recorded.code, present, explanation })
}

export function otherResult(recorded: RecordedOperation, before: Json, present: Json): Divergence {
  const subject = recorded.type === 'decision' ? 'The rules of the decision' : 'The pure step'
  const gives = recorded.type === 'decision' ? 'asked again, give' : 'run again, gives'
  const explanation = `${subject} "${recorded.name}", ${gives} something else than is on record.`
  return settledAt(recorded, { what: 'result', recorded: before, present, explanation })
}

export function noResult(recorded: RecordedOperation): Divergence {
  const explanation = `The pure step "${recorded.name}", run again, does not come to an end.`
  return settledAt(recorded, { what: 'result', recorded: null, present: null, explanation })
}

export function notReached(recorded: RecordedOperation): Divergence {
  const explanation = `The code no longer asks for the ${recorded.type} "${recorded.name}", which is on record.`
  const before = recorded.request ?? recorded.type
  return at(recorded, { what: 'not-reached', recorded: before, present: null, explanation })
}

/** Compares how the code ends the run with how it is on record; null when they are the same. */
export function compareEnds({ end, lastPosition }: RunRecord, code: Outcome): Divergence | null {
  const recorded = endOnRecord(end)
  const present = comparable(code)
  if (same(recorded, present)) return null
  return {
    name: END,
    what: 'output',
    recorded,
    present,
    position: lastPosition,
    explanation: endsIn(end, code),
  }
}

function endsIn(end: RunEnd | null, code: Outcome): string {
  const how = code.ok ? 'completes' : `fails with ${code.error.code}`
  if (end === null) return `The code ${how}, but the run is on record as waiting.`
  if ((end.status === 'completed' || end.status === 'continued') === code.ok) {
    return `The run ends with another ${code.ok ? 'output' : 'error'} than is on record.`
  }
  return `The code ${how}, but the run is on record as ${end.status}.`
}

export function endNotReached({ end, lastPosition }: RunRecord): Divergence {
  const explanation = 'The code waits for something that no operation gives it, and never comes to its end.'
  const recorded = endOnRecord(end)
  return { name: END, what: 'not-reached', recorded, present: null, position: lastPosition, explanation }
}

export function endOnRecord(end: RunEnd | null): Json {
  if (end === null) return null
  if (end.status === 'continued') return comparable(continuedWith(end.input))
  return comparable(
    end.status === 'completed' ? { ok: true, value: end.output } : { ok: false, error: end.error },
  )
}

/** How code ends that goes on as another run: no output can be confused with it. */
export function continuedWith(input: Json): Outcome {
  return { ok: true, value: ['continued with', input] }
}

/** Of an error only the code and the message: its details may hold what no second run can repeat. */
export function comparable(outcome: Outcome): JsonObject {
  if (outcome.ok) return { value: outcome.value }
  return { error: { code: outcome.error.code, message: outcome.error.message } }
}

export function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

type Difference = Pick<Divergence, 'what' | 'recorded' | 'present' | 'explanation'>

function at({ name, position }: RecordedOperation, difference: Difference): Divergence {
  return { name, position, ...difference }
}

function settledAt(recorded: RecordedOperation, difference: Difference): Divergence {
  const { name, position, settled } = recorded
  return { name, position: settled?.event.position ?? position, ...difference }
}

function spoken(operation: Operation): string {
  const of = operation.type === 'effect' ? ` (${operation.operation})` : ''
  return `the ${operation.type} "${operation.name}"${of}`
}

/** Path of the first field, in alphabetical order, that differs between two values; '' for the whole. */
export function firstDifference(a: Json, b: Json): string {
  if (!isObject(a) || !isObject(b)) return ''
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  for (const key of keys) {
    const [left, right] = [a[key], b[key]]
    if (left === undefined || right === undefined) return key
    if (same(left, right)) continue
    const below = firstDifference(left, right)
    return below === '' ? key : `${key}.${below}`
  }
  return ''
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
