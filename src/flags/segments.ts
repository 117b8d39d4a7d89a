/** Whether somebody belongs to a segment. A condition on what is not known does not hold. */
import { durationMs } from '../kernel/duration.ts'
import type { FlagValue } from '../kernel/flag.ts'
import type { Facts, FactValue } from '../ports/flags.ts'
import type { Condition, Segment } from './definitions.ts'

export interface ConditionResult extends Condition {
  readonly holds: boolean
  /** What is known of the field; null for nothing. */
  readonly known: FactValue | null
}

/** @param time milliseconds since 1970, by which ages are told */
export function isIn(segment: Segment, facts: Facts, time: number): boolean {
  const holds = (condition: Condition): boolean => holdsFor(condition, facts, time)
  return segment.match === 'any' ? segment.where.some(holds) : segment.where.every(holds)
}

export function conditionResults({ where }: Segment, facts: Facts, time: number): ConditionResult[] {
  return where.map((condition) => ({
    ...condition,
    holds: holdsFor(condition, facts, time),
    known: factOf(condition, facts) ?? null,
  }))
}

function factOf({ field }: Condition, facts: Facts): FactValue | undefined {
  return Object.hasOwn(facts, field) ? facts[field] : undefined
}

function holdsFor(condition: Condition, facts: Facts, time: number): boolean {
  const { operator, value } = condition
  const fact = factOf(condition, facts)
  const isKnown = fact !== undefined && fact !== '' && !(Array.isArray(fact) && fact.length === 0)
  if (operator === 'known') return isKnown === (value === true)
  if (!isKnown) return false
  const facets: readonly FlagValue[] = Array.isArray(fact) ? fact : [fact as FlagValue]
  const listed: readonly FlagValue[] = Array.isArray(value) ? value : [value as FlagValue]
  switch (operator) {
    case 'is':
    case 'in':
      return facets.some((one) => listed.some((wanted) => same(one, wanted)))
    case 'is-not':
    case 'not-in':
      return !facets.some((one) => listed.some((unwanted) => same(one, unwanted)))
    case 'contains':
      return facets.some((one) => text(one).includes(text(listed[0])))
    case 'starts-with':
      return facets.some((one) => text(one).startsWith(text(listed[0])))
    case 'ends-with':
      return facets.some((one) => text(one).endsWith(text(listed[0])))
    case 'at-least':
      return facets.some((one) => Number(one) >= Number(value))
    case 'at-most':
      return facets.some((one) => Number(one) <= Number(value))
    case 'before':
      return facets.some((one) => timeOf(one) < timeOf(listed[0]))
    case 'after':
      return facets.some((one) => timeOf(one) >= timeOf(listed[0]))
    case 'older-than':
      return facets.some((one) => time - timeOf(one) > durationMs(text(listed[0])))
    case 'newer-than':
      return facets.some((one) => time - timeOf(one) <= durationMs(text(listed[0])))
  }
}

/** Capitals do not count: `SE` is `se`. */
function same(one: FlagValue, other: FlagValue): boolean {
  return one === other || text(one) === text(other)
}

function text(value: FlagValue | undefined): string {
  return String(value ?? '').toLowerCase()
}

/** Milliseconds since 1970, given so or as a date of ISO 8601; NaN, of which nothing holds, for anything else. */
export function timeOf(value: FlagValue | undefined): number {
  return typeof value === 'number' ? value : Date.parse(String(value))
}
