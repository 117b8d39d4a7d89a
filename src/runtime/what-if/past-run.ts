/** What a past run has on record, in the form in which a what-if asks for it. */

import { approvalName } from '../../kernel/effect-review.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { OWNER } from '../../kernel/label.ts'
import { isOwnersWord, type ReviewVerdict } from '../../kernel/review.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { EffectRequest } from '../../ports/gate.ts'
import { type RecordedOperation, type RunRecord, readRecord } from '../replay/replay-record.ts'
import { addCosts, type Cost, type DecisionView, type FlagView, NO_COST } from './changes.ts'

export class PastRun {
  readonly record: RunRecord
  readonly #byName: ReadonlyMap<string, readonly StoredEvent[]>

  /** @throws RUN_NOT_FOUND, BODY_ERASED */
  constructor(log: EventLog, run: string) {
    this.record = readRecord(log, run)
    this.#byName = Map.groupBy(log.readStream(runStream(run)), ({ body }) => String(body?.name ?? ''))
  }

  operation(name: string): RecordedOperation | undefined {
    return this.record.operations.get(name)
  }

  /** What the code itself asked for. */
  get operations(): readonly RecordedOperation[] {
    return [...this.record.operations.values()].filter(({ isInner }) => !isInner)
  }

  /** The first answer of the policy, and the operation that it was about; null where it was not asked. */
  policyOn(
    name: string,
  ): { readonly answer: string; readonly rule: string; readonly operation: string } | null {
    const body = this.#first(name, 'policy.decided')
    if (body === undefined) return null
    const { operation } = body.request as JsonObject
    return { answer: String(body.answer), rule: String(body.rule), operation: String(operation) }
  }

  /** Id of the review by which the operator approved the effect, and whether the answer was yes. */
  approvalOf(effect: string): { readonly review: string; readonly isGiven: boolean } | null {
    const outcome = this.operation(approvalName(effect))?.settled?.outcome
    if (!outcome?.ok) return null
    const { review, verdict, way } = outcome.value as JsonObject
    return { review: String(review), isGiven: isOwnersWord(verdict as ReviewVerdict, String(way)) }
  }

  /** What models cost for this operation. */
  costOf(name: string): Cost {
    const calls = (this.#byName.get(name) ?? []).filter(({ kind }) => kind === 'model.called')
    return calls.map(({ body }) => costOfCall(body?.priceMicros)).reduce(addCosts, NO_COST)
  }

  get cost(): Cost {
    return [...this.#byName.keys()].map((name) => this.costOf(name)).reduce(addCosts, NO_COST)
  }

  /** What of the effect's input was the owner's own when the policy was asked about it first. */
  toldOn(name: string): Pick<EffectRequest, 'arguments' | 'endorsedBy' | 'externalSince'> {
    const request = (this.#first(name, 'policy.decided')?.request ?? {}) as JsonObject
    const own = (request.own as string[] | undefined) ?? []
    return {
      arguments: Object.fromEntries(own.map((argument) => [argument, OWNER])),
      endorsedBy: (request.endorsedBy as string | undefined) ?? null,
      externalSince: (request.externalSince as number | undefined) ?? null,
    }
  }

  #first(name: string, wanted: string): JsonObject | undefined {
    return this.#byName.get(name)?.find(({ kind }) => kind === wanted)?.body ?? undefined
  }
}

function costOfCall(price: Json | undefined): Cost {
  if (typeof price !== 'number') return { modelCalls: 1, priceMicros: 0, unpricedCalls: 1 }
  return { modelCalls: 1, priceMicros: price, unpricedCalls: 0 }
}

/** null where it is not, or not yet, a decision. */
export function decisionOf(recorded: RecordedOperation | undefined): DecisionView | null {
  const outcome = recorded?.type === 'decision' ? recorded.settled?.outcome : undefined
  if (!outcome?.ok) return null
  const { answer, confidence, provenance } = outcome.value as JsonObject
  const tier = (provenance as JsonObject | undefined)?.tier === 'model' ? 'model' : 'rules'
  return { answer: answer ?? null, confidence: Number(confidence), tier }
}

/** What a flag said then; null where it was not asked for. */
export function flagOf(recorded: RecordedOperation | undefined): FlagView | null {
  const { event, outcome } = recorded?.settled ?? {}
  if (event === undefined || outcome?.ok !== true) return null
  if (event.kind === 'flag.evaluated') return flagView(event.body ?? {})
  // Copied by a fork, which keeps the value only.
  return { value: outcome.value, variant: null, reason: 'STATIC', segment: null }
}

export function flagView({ value, variant, reason, segment }: JsonObject): FlagView {
  const textOf = (one: Json | undefined) => (typeof one === 'string' ? one : null)
  return { value: value ?? null, variant: textOf(variant), reason: String(reason), segment: textOf(segment) }
}
