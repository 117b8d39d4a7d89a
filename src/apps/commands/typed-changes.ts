/** Changes of fields as they are typed: `amount=80`, and `input.to=ada@ek.example` for a part of one. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { typed } from '../../kernel/review.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'

/** By the kinds of the fields; a part of a field stays of the sort that it is. @throws INPUT_INVALID */
export function typedChanges(review: Review, sets: readonly (readonly [string, string])[]): JsonObject {
  const changes: Record<string, Json> = {}
  for (const [path, text] of sets) {
    const [name = '', ...parts] = Object.hasOwn(review.proposal, path) ? [path] : path.split('.')
    const kind = review.fields.find((field) => field.name === name)?.kind ?? 'text'
    const present = changes[name] ?? review.proposal[name] ?? null
    changes[name] = parts.length === 0 ? typed(kind, text) : withPart(review, path, present, parts, text)
  }
  return changes
}

function withPart(review: Review, path: string, value: Json, parts: readonly string[], text: string): Json {
  const [part = '', ...rest] = parts
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
    throw new HoldfastError('INPUT_INVALID', `Review ${review.id} has no ${path}`, {
      details: { review: review.id, path },
      fix: 'Nothing was answered. Name a field, or a part of one that is there.',
    })
  }
  const inner = (value as JsonObject)[part] ?? null
  const isText = rest.length === 0 && typeof inner === 'string'
  const changed =
    rest.length > 0 ? withPart(review, path, inner, rest, text) : isText ? text : typed('json', text)
  if (Array.isArray(value)) return value.with(Number(part), changed)
  return { ...(value as JsonObject), [part]: changed }
}
