/**
 * The owner's own words within a run: what it was given under the owner's label, and what the owner approved.
 * Where all that a run has seen is no longer the owner's, a value that is byte for byte one of these still is.
 *
 * An approved proposal also stands for a grant: once, for one effect, when every critical argument of the effect
 * is in it. A text counts wherever in the approved proposal it stood, unless the proposal has a field of the
 * argument's name: then only there. A number or a switch counts under its own name alone, since numbers are
 * equal by chance; so does what has parts, and only as a whole: of ten for Ada and five for Eve, nothing is said of ten
 * for Eve.
 */
import { effectOfReview } from './effect-review.ts'
import type { Outcome } from './journal.ts'
import { canonicalJson, type Json, type JsonObject } from './json.ts'
import { type Label, OWNER } from './label.ts'
import { isOwnersWord, type ReviewVerdict } from './review.ts'
import { isPlain, subjectsOf } from './subjects.ts'

interface Words {
  /** The review by which they were approved; null for what the run was given. */
  readonly review: string | null
  readonly fields: JsonObject
}

export interface Told {
  /** Labels of the arguments that are the owner's. */
  readonly arguments: Readonly<Record<string, Label>>
  /** Id of the review that stands for a grant; null for none. */
  readonly endorsedBy: string | null
}

export class OwnWords {
  readonly #words = new Map<string, Words>()
  /** By review: the effect that it was used for. */
  readonly #used = new Map<string, string>()

  /** What the run began with. */
  began(input: Json, label: Label): void {
    if (label.trust === 'owner') this.#words.set('', { review: null, fields: fieldsOf(input) })
  }

  /** What the operation `name` ended with. */
  ended(name: string, type: string, outcome: Outcome, label: Label): void {
    if (!outcome.ok) return
    if (type === 'review') this.#answered(name, outcome.value as JsonObject)
    else if (label.trust === 'owner') {
      this.#words.set(`${name}\n`, { review: null, fields: fieldsOf(outcome.value) })
    }
  }

  /** An effect that a review stands for has been decided on. */
  used(review: string, effect: string): void {
    this.#used.set(review, effect)
  }

  /** What of an effect's input is the owner's. `critical` names arguments; `*` for all. */
  of(effect: string, input: JsonObject, critical: readonly string[]): Told {
    const names = Object.keys(input)
    const own = new Map<string, Label>()
    let endorsedBy: string | null = null
    for (const words of this.#words.values()) {
      const found = names.filter((name) => holds(words.fields, name, input))
      for (const name of found) if (!own.has(name)) own.set(name, labelOf(words))
      if (endorsedBy !== null || words.review === null || found.length === 0) continue
      const needed = critical.includes('*') ? names : critical.filter((name) => input[name] != null)
      const isFree = (this.#used.get(words.review) ?? effect) === effect
      if (isFree && needed.length > 0 && needed.every((name) => found.includes(name)))
        endorsedBy = words.review
    }
    return { arguments: Object.fromEntries(own), endorsedBy }
  }

  /** The questions that an effect itself puts are about exactly that effect, and not for another. */
  #answered(name: string, { review, verdict, value, way }: JsonObject): void {
    if (effectOfReview(name) !== null || !isOwnersWord(verdict as ReviewVerdict, String(way ?? ''))) return
    this.#words.set(`${name}\n`, { review: String(review), fields: fieldsOf(value ?? null) })
  }
}

function labelOf({ review }: Words): Label {
  return review === null ? OWNER : { trust: 'owner', sources: [`review:${review}`], readers: null }
}

function fieldsOf(value: Json): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : { '': value }
}

function holds(fields: JsonObject, name: string, input: JsonObject): boolean {
  const value = input[name] ?? null
  const subjects = subjectsOf(value)
  if (subjects.length === 0) return false
  const isNamed = Object.hasOwn(fields, name)
  if (!isPlain(value)) return isNamed && canonicalJson(fields[name] ?? null) === canonicalJson(value)
  const others = Object.keys(fields).filter((field) => !Object.hasOwn(input, field))
  const known = (isNamed ? [name] : others).flatMap((field) => subjectsOf(fields[field] ?? null))
  return subjects.every((subject) => (isNamed || typeof subject === 'string') && known.includes(subject))
}
