/** What a flag says, and why: pure, so that the same question always has the same answer. */
import { flagType } from '../kernel/flag.ts'
import { type Facts, type FlagAnswer, type FlagQuestion, unanswered } from '../ports/flags.ts'
import type { FlagDefinition, FlagFile, Rule } from './definitions.ts'
import { placeOf, shareAt } from './place.ts'
import { type ConditionResult, conditionResults, isIn } from './segments.ts'

/** A question with all that is known of whom it is about. */
export interface FullQuestion extends FlagQuestion {
  readonly facts: Facts
}

export function evaluate(file: FlagFile, version: string, question: FullQuestion): FlagAnswer {
  const { flag, fallback, key } = question
  const definition = Object.hasOwn(file.flags, flag) ? file.flags[flag] : undefined
  if (definition === undefined) {
    return unanswered(fallback, version, 'FLAG_NOT_FOUND', `There is no flag ${flag}`)
  }
  const type = flagType(flag, fallback)
  if (definition.type !== type) {
    const message = `Flag ${flag} is a ${definition.type}, and the code asks for a ${type}`
    return unanswered(fallback, version, 'TYPE_MISMATCH', message)
  }
  const serve = (variant: string, reason: FlagAnswer['reason'], segment: string | null): FlagAnswer => ({
    value: definition.variants[variant] ?? fallback,
    variant,
    reason,
    segment,
    version,
    error: null,
  })
  if (!definition.enabled) return serve(definition.off, 'DISABLED', null)
  for (const rule of definition.rules) {
    if (!isMeant(file, rule, question)) continue
    if (rule.serve !== null) return serve(rule.serve, 'TARGETING_MATCH', rule.segment)
    if (key === null) {
      const message = `Flag ${flag} goes by shares, and nothing says whose share is asked for`
      return unanswered(fallback, version, 'TARGETING_KEY_MISSING', message)
    }
    const variant = shareAt(rule.split ?? {}, placeOf(flag, key))
    if (variant !== null) return serve(variant, 'SPLIT', rule.segment)
  }
  return serve(definition.default, definition.rules.length === 0 ? 'STATIC' : 'DEFAULT', null)
}

function isMeant({ segments }: FlagFile, { segment }: Rule, { facts, time }: FullQuestion): boolean {
  const known = segment === null ? null : segments[segment]
  return known === null || (known !== undefined && isIn(known, facts, time))
}

export interface RuleResult extends Rule {
  /** `answers`: it gives the answer; `beyond`: the place is beyond its shares; `other`: not of its segment; `later`: not come to. */
  readonly result: 'answers' | 'beyond' | 'other' | 'later'
  readonly conditions: readonly ConditionResult[]
}

export interface FlagExplanation {
  readonly flag: string
  readonly enabled: boolean
  readonly answer: FlagAnswer
  /** What the shares go by, and the place of it, 0 to 100; null without a key. */
  readonly key: string | null
  readonly place: number | null
  readonly facts: Facts
  readonly rules: readonly RuleResult[]
}

/** Which rule gives what, and why the ones before it do not. */
export function explainFlag(
  file: FlagFile,
  version: string,
  definition: FlagDefinition,
  question: FullQuestion,
): FlagExplanation {
  const { flag, key, facts, time } = question
  const answer = evaluate(file, version, question)
  const place = key === null ? null : placeOf(flag, key)
  let isOver = !definition.enabled
  const rules = definition.rules.map((rule): RuleResult => {
    const segment = rule.segment === null ? undefined : file.segments[rule.segment]
    const conditions = segment === undefined ? [] : conditionResults(segment, facts, time)
    if (isOver) return { ...rule, result: 'later', conditions }
    if (!isMeant(file, rule, question)) return { ...rule, result: 'other', conditions }
    const isBeyond = rule.split !== null && place !== null && shareAt(rule.split, place) === null
    if (isBeyond) return { ...rule, result: 'beyond', conditions }
    isOver = true
    return { ...rule, result: 'answers', conditions }
  })
  return { flag, enabled: definition.enabled, answer, key, place, facts, rules }
}
