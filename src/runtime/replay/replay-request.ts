/**
 * What an operation asks for, as plain data, in two readings that must agree: `requestOf` reads it from the
 * code of the workflow, `requestOnRecord` from the log. A step has none: it is known by its name and code.
 */

import { bondOf } from '../../kernel/children.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { askedIn } from '../effects/effect-records.ts'
import type { Operation } from '../operations.ts'
import { publicationId } from '../perform/perform.ts'
import { askedOf } from '../perform/perform-decision.ts'
import { askedFlag } from '../perform/perform-flag.ts'
import { reviewFields } from '../perform/perform-review.ts'

/** @param run id of the run that asks */
export function requestOf(operation: Operation, run: string): Json {
  switch (operation.type) {
    case 'step':
      return null
    case 'effect':
    case 'undo':
      return { operation: operation.operation, input: operation.input }
    case 'decision':
      return askedOf(operation.name, operation.question)
    case 'flag':
      return askedFlag(operation)
    case 'review':
      return reviewFields(operation.name, operation.proposal)
    case 'timer':
      return { ms: operation.ms }
    case 'wait':
      return { kind: operation.kind, key: operation.key, timeoutMs: operation.timeoutMs }
    case 'publication':
      return { ...operation.event, id: publicationId(run, operation.name, operation.event) }
    case 'child':
      return {
        workflow: operation.workflow.name,
        version: operation.workflow.version,
        input: operation.input,
        mode: operation.mode,
        onParentClose: operation.onParentClose,
        id: operation.id,
      }
  }
}

export interface RequestReader {
  /** The body of the first event of a stream. */
  first(stream: string): JsonObject
}

/** Of a review: what the code says, not what is worked out from it. */
const ASKED = [
  'action',
  'summary',
  'reason',
  'confidence',
  'proposal',
  'evidence',
  'warnings',
  'options',
] as const

/** undefined for an event that does not say what was asked for. */
export function requestOnRecord({ kind, body }: StoredEvent, reader: RequestReader): Json | undefined {
  if (body === null) return undefined
  switch (kind) {
    case 'effect.intended':
    case 'undo.intended':
      return pick(askedIn(body), 'operation', 'input')
    case 'effect.unknown':
      // Without an intent before it, in a restored log, it says itself what was asked for.
      return body.input === undefined ? undefined : pick(askedIn(body), 'operation', 'input')
    case 'policy.decided':
      return refusedEffect(body)
    case 'decision.made':
    case 'decision.failed':
    case 'flag.evaluated':
      return body.asked
    case 'review.requested':
      return pick(body, ...ASKED)
    case 'timer.set':
      return pick(body, 'ms')
    case 'wait.started':
      return pick(body, 'kind', 'key', 'timeoutMs')
    case 'publication.made':
      return pick(reader.first(`event/${body.id}`), 'id', 'kind', 'key', 'data')
    case 'child.started':
      return {
        ...pick(reader.first(runStream(String(body.run))), 'workflow', 'version', 'input'),
        ...bondOf(body),
        id: body.id ?? null,
      }
    default:
      return undefined
  }
}

/** An effect that was not allowed (yet) has no intent; what it was to do is with the policy's word. */
function refusedEffect(body: JsonObject): Json | undefined {
  const { type, operation, input } = body.request as JsonObject
  return (type === 'effect' || type === 'undo') && input !== undefined
    ? { operation: operation ?? null, input }
    : undefined
}

function pick(body: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.map((field) => [field, body[field] ?? null]))
}
