/** One model of the portfolio: asked a question with a schema, it gives a typed answer and what it cost. */
import type { Json, JsonObject } from '../kernel/json.ts'

export interface ModelQuestion {
  /** The owner's instruction. Never holds outside content. */
  readonly instruction: string
  /** Outside content to look at, by name; handed over as quoted data, never as instruction. */
  readonly material: JsonObject
  /** JSON Schema (draft 2020-12) of the answer. */
  readonly answerSchema: JsonObject
  /** Most tokens of the answer, default 1,000. */
  readonly maxOutputTokens?: number
}

export interface ModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Price in millionths of a US dollar; null when no price is known for the model. */
  readonly priceMicros: number | null
  readonly latencyMs: number
}

export interface ModelAnswer {
  /** Fits no schema yet: the caller validates. */
  readonly answer: Json
  readonly usage: ModelUsage
}

export interface Model {
  /** `openai`, `anthropic`, `ollama`. */
  readonly provider: string
  readonly model: string
  /** Host it talks to, for the egress allow-list. */
  readonly host: string
  /** @throws MODEL_UNAVAILABLE with details.usage when tokens were spent all the same. */
  ask(question: ModelQuestion, options: { signal: AbortSignal }): Promise<ModelAnswer>
}
