/** From what the gate is asked to what the policy is asked: all that it goes by, as values. */
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import type { DeclaredManifest } from '../ports/connector.ts'
import type { EffectRequest, ModelRequest } from '../ports/gate.ts'
import type { PolicyRequest, RequestLabels } from './request.ts'

/** What the gate knows beside the request. */
export type Surroundings = Pick<
  PolicyRequest,
  | 'budget'
  | 'rates'
  | 'segments'
  | 'objections'
  | 'now'
  | 'stopped'
  | 'outgoing'
  | 'sentToday'
  | 'quietUntil'
  | 'awaySince'
>

export const NO_SURROUNDINGS: Surroundings = { budget: [], rates: [], segments: [], objections: [], now: 0 }

export interface Asked {
  readonly request: PolicyRequest
  readonly labels: RequestLabels
}

/** An undo takes back what was allowed: it counts as reversible, whatever is taken back. */
export function effectAsked(asked: EffectRequest, manifest: DeclaredManifest, around: Surroundings): Asked {
  const { effect, hosts } = manifest
  const criticalArguments = criticalOf(asked.input, manifest)
  return {
    request: {
      operation: asked.operation,
      manifest: { effect: asked.isUndo ? 'reversible' : effect, criticalArguments, hosts },
      isModelCall: false,
      arguments: argumentsOf(asked.input),
      agent: asked.workflow,
      customer: asked.customer,
      approved: asked.approvedBy !== null,
      endorsed: (asked.endorsedBy ?? null) !== null,
      externalSince: asked.externalSince ?? null,
      ...around,
    },
    labels: { context: contextOf(asked.label), arguments: asked.arguments ?? {} },
  }
}

/** What a model is given is what the run has seen; it answers to the run, and to nobody else. */
export function modelAsked(
  asked: ModelRequest,
  operation: string,
  hosts: readonly string[],
  around: Surroundings,
): Asked {
  return {
    request: {
      operation,
      manifest: { effect: 'read', criticalArguments: [], hosts },
      isModelCall: true,
      arguments: {},
      agent: asked.workflow,
      customer: asked.customer ?? null,
      approved: (asked.approvedBy ?? null) !== null,
      endorsed: false,
      externalSince: null,
      ...around,
    },
    labels: { context: contextOf(asked.label), arguments: {} },
  }
}

/** Private data has readers: whoever has read it carries them on. */
function contextOf(label: Label): RequestLabels['context'] {
  return { ...label, readPrivate: label.readers !== null }
}

/** What names of fields say nothing about, such as a list, is critical as a whole where anything is. */
function criticalOf(input: Json, { criticalArguments }: DeclaredManifest): readonly string[] {
  return hasFields(input) || criticalArguments.length === 0 ? criticalArguments : ['*']
}

function hasFields(input: Json): input is JsonObject {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

/** The fields of an input; one that has none is an argument itself. */
export function argumentsOf(input: Json): Readonly<Record<string, Json>> {
  if (hasFields(input)) return input
  return input === null ? {} : { input }
}
