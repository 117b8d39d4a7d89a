/** The body of `review.answered`: the answer, what it is bound to, and what it tells whoever learns from answers. */
import type { JsonObject } from '../../kernel/json.ts'
import { editOf } from '../../kernel/review.ts'
import type { Answer, Word } from '../answer.ts'
import { proposalHash } from '../perform/perform-review.ts'
import type { lastLook, Review } from './review-index.ts'

export interface Said {
  /** How the answer came: `cli`, `program` …; `rule`; `expiry`. */
  readonly way: string
  readonly now: number
  readonly look: ReturnType<typeof lastLook>
  /** Instruction and reason, the delegation, the batch. */
  readonly more: JsonObject
}

type Asked = Pick<
  Review,
  | 'name'
  | 'id'
  | 'hash'
  | 'workflow'
  | 'action'
  | 'segment'
  | 'customer'
  | 'confidence'
  | 'risk'
  | 'proposal'
  | 'requested'
>

export function answerBody(asked: Asked, { verdict, value, alternative }: Word, said: Said): JsonObject {
  const { way, now, look, more } = said
  return {
    name: asked.name,
    review: asked.id,
    verdict,
    value,
    instruction: null,
    reason: null,
    shown: asked.hash,
    approved: proposalHash(value),
    way,
    workflow: asked.workflow,
    action: asked.action,
    segment: asked.segment,
    customer: asked.customer,
    confidence: asked.confidence,
    risk: asked.risk?.effect ?? null,
    ...(verdict === 'edited' ? editOf(asked.proposal, value) : { edits: {}, distance: 0 }),
    alternative,
    seen: look.hash === asked.hash,
    waitedMs: Math.max(0, now - asked.requested),
    operatorMs: look.ms,
    ...more,
  }
}

/** The word of a rule or of a deadline: it changes nothing. */
export function asProposed({ proposal }: Review, verdict: 'approved' | 'rejected'): Word {
  return { verdict, value: proposal, alternative: null }
}

export function saidIn(answer: Omit<Answer, 'hash'>): JsonObject {
  return { instruction: answer.instruction ?? null, reason: answer.reason ?? null }
}
