/** What a run has cost so far, folded from its events. */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'

export interface RunCost {
  readonly modelCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Millionths of a US dollar, of the calls whose price is known. */
  readonly priceMicros: number
  /** Calls whose price is not known. */
  readonly unpricedCalls: number
  /** Times that the operator was asked, and times that there was an answer. */
  readonly reviews: number
  readonly answers: number
  /** How long the operator looked at what was asked, as far as it is known. */
  readonly operatorMs: number
}

export function runCost(events: readonly StoredEvent[]): RunCost {
  const bodies = (kind: string) => events.filter((event) => event.kind === kind).map(({ body }) => body ?? {})
  const calls = bodies('model.called')
  const answers = bodies('review.answered')
  return {
    modelCalls: calls.length,
    inputTokens: sum(calls, 'inputTokens'),
    outputTokens: sum(calls, 'outputTokens'),
    priceMicros: sum(calls, 'priceMicros'),
    unpricedCalls: calls.filter(({ priceMicros }) => typeof priceMicros !== 'number').length,
    reviews: bodies('review.requested').length,
    answers: answers.length,
    operatorMs: sum(answers, 'operatorMs'),
  }
}

function sum(bodies: readonly JsonObject[], field: string): number {
  return bodies.reduce((total, body) => total + Number(body[field] ?? 0), 0)
}
