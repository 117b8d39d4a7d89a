/** Which reviews are equals: they ask for the same to be done, with other words or for another customer. */
import { canonicalJson, type Json } from '../../kernel/json.ts'
import type { Review } from './review-index.ts'

/** What equals have in common. */
export interface Likeness {
  readonly workflow: string
  readonly action: string
  /** null where the workflow does not say. */
  readonly operation: string | null
  readonly effect: string | null
  readonly segment: string | null
  /** Names and kinds of the fields. */
  readonly fields: readonly { readonly name: string; readonly kind: string }[]
}

export interface Alike {
  readonly like: Likeness
  /** The first is the one that the others are like. */
  readonly reviews: readonly Review[]
  /** Of the same workflow and action, and not among them. */
  readonly left: readonly { readonly id: string; readonly why: string }[]
}

/** Questions about what has happened: each has an answer of its own. */
const ALONE: ReadonlySet<string> = new Set(['settle-unknown', 'settle-rollback'])

export function likenessOf({ workflow, action, risk, segment, fields }: Review): Likeness {
  return {
    workflow,
    action,
    operation: risk?.operation ?? null,
    effect: risk?.effect ?? null,
    segment,
    fields: fields.map(({ name, kind }) => ({ name, kind: kind === 'long-text' ? 'text' : kind })),
  }
}

/** Those that are like the first of them. */
export function alike(first: Review, waiting: readonly Review[]): Alike {
  const like = likenessOf(first)
  const kin = waiting.filter(({ workflow, action }) => workflow === first.workflow && action === first.action)
  const sorted = [first, ...kin.filter(({ id }) => id !== first.id)]
  const reviews = sorted.filter((one) => whyLeft(like, one) === null)
  const left = sorted.flatMap((one) => {
    const why = whyLeft(like, one)
    return why === null ? [] : [{ id: one.id, why }]
  })
  return { like, reviews, left }
}

function whyLeft(like: Likeness, review: Review): string | null {
  if (ALONE.has(review.action)) return 'it asks what has happened'
  if (review.warnings.length > 0) return 'it has a warning'
  const own = likenessOf(review)
  for (const part of ['operation', 'effect', 'segment', 'fields'] as const) {
    if (canonicalJson(own[part] as Json) !== canonicalJson(like[part] as Json)) {
      return part === 'fields' ? 'its fields are others' : `its ${part} is ${String(own[part])}`
    }
  }
  return null
}
