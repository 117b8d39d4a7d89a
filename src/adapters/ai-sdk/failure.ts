/** Whatever goes wrong with a model, as one MODEL_UNAVAILABLE that tells the operator what to do. */
import type { APICallError, FinishReason, LanguageModelUsage } from 'ai'
import { HoldfastError } from '../../kernel/errors.ts'
import type { ModelUsage } from '../../ports/model.ts'
import type { ModelEndpoint } from './endpoint.ts'

export interface Failure {
  readonly endpoint: ModelEndpoint
  readonly error: unknown
  readonly aborted: boolean
  /** Whether the answer reached its token limit. */
  readonly cutOff: boolean
  /** What was spent all the same; null when the provider reported nothing. */
  readonly usage: ModelUsage | null
}

/**
 * The thrown error itself is not kept as the cause: it holds the whole request, and may hold the key.
 */
export function modelUnavailable(failure: Failure): HoldfastError {
  const { endpoint, error, aborted, usage } = failure
  const { provider, model, host } = endpoint
  const status = isApiCallError(error) ? (error.statusCode ?? null) : null
  const { what, fix } = describe(failure, status)
  return new HoldfastError('MODEL_UNAVAILABLE', `${provider}:${model} at ${host} ${what}`, {
    details: { provider, model, host, status, aborted, ...(usage === null ? {} : { usage }) },
    ...(fix === undefined ? {} : { fix }),
  })
}

interface Description {
  readonly what: string
  readonly fix?: string
}

function describe({ endpoint, error, aborted, cutOff }: Failure, status: number | null): Description {
  if (aborted) return { what: 'was stopped before it answered' }
  if (cutOff) {
    return { what: 'broke off: its answer is longer than allowed', fix: 'Allow more tokens for the answer.' }
  }
  if (isUnusableAnswer(error)) {
    return {
      what: 'gave an answer that is not the JSON asked for',
      fix: 'Choose a model that supports structured output.',
    }
  }
  const said = safeText(error, endpoint.key)
  if (status === null) return { what: `could not be asked${said}` }
  if (status === 401 || status === 403) {
    return {
      what: `refused the key (HTTP ${status})`,
      fix: 'Set a valid key; what the playbook decides stands.',
    }
  }
  if (status === 404) {
    return {
      what: `knows no such model or path (HTTP 404)${said}`,
      fix: 'Check `models.use` (HOLDFAST_MODEL) and the address; an OpenAI address usually ends in /v1.',
    }
  }
  if (status === 429) return { what: `asks to slow down, or its credit is used up (HTTP 429)${said}` }
  return { what: status < 400 ? `gave no readable reply (HTTP ${status})` : `answered HTTP ${status}${said}` }
}

const SHOWN_CHARACTERS = 200
/** A piece of the key this long is taken for the key. */
const TELLING_CHARACTERS = 6

/** What the error says, in one short line; nothing when any piece of the key is in it. */
function safeText(error: unknown, key: string | null): string {
  const text = error instanceof Error ? error.message.replace(/\s+/g, ' ').trim() : ''
  if (text === '' || (key !== null && holdsPiece(text, key))) return ''
  return `: ${text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}`
}

function holdsPiece(text: string, key: string): boolean {
  const length = Math.min(TELLING_CHARACTERS, key.length)
  for (let at = 0; at + length <= key.length; at++) {
    if (text.includes(key.slice(at, at + length))) return true
  }
  return false
}

// By name, not by class, so that a failure can be told without loading the SDK.
function isApiCallError(error: unknown): error is APICallError {
  return error instanceof Error && error.name === 'AI_APICallError'
}

interface UnusableAnswer extends Error {
  readonly usage?: LanguageModelUsage
  readonly finishReason?: FinishReason
}

function isUnusableAnswer(error: unknown): error is UnusableAnswer {
  return error instanceof Error && /^AI_No(Object|Output)GeneratedError$/.test(error.name)
}

/** What an unusable answer cost and why it ended, where the error tells. */
export function replyOf(error: unknown): Pick<UnusableAnswer, 'usage' | 'finishReason'> {
  return isUnusableAnswer(error) ? error : {}
}
