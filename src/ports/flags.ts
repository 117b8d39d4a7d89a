/**
 * Feature flags as the rest of the system asks for them. The answers come from a set of rules with a version; the
 * set in force is read from the operator's file, and a change of it is on record before it is gone by.
 */
import type { FlagReason, FlagSubject, FlagValue } from '../kernel/flag.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { StreamAppend } from './event-log.ts'

/** What is known of a customer, or said by whoever asks: `country`, `domain`, `since` … */
export type Facts = Readonly<Record<string, FactValue>>
export type FactValue = string | number | boolean | readonly string[]

export interface FlagQuestion {
  readonly flag: string
  /** What the code goes by where there is no answer; its type is the one that is asked for. */
  readonly fallback: FlagValue
  /** Id of a customer. */
  readonly customer: string | null
  /** What a share goes by; null: a rule with a share can't answer. */
  readonly key: string | null
  /** Milliseconds since 1970. */
  readonly time: number
  /** Taken in place of what is on record of the customer, or beside it. */
  readonly facts?: Facts
}

export interface FlagAnswer {
  readonly value: FlagValue
  /** null where the fallback is the answer. */
  readonly variant: string | null
  readonly reason: FlagReason
  /** The segment of the rule that answered. */
  readonly segment: string | null
  /** Hash of the text of the rules; null where there are none. */
  readonly version: string | null
  /** With the reason ERROR. Codes are those of OpenFeature. */
  readonly error: { readonly code: FlagErrorCode; readonly message: string } | null
}

export type FlagErrorCode = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'TARGETING_KEY_MISSING' | 'PARSE_ERROR'

/** One version of all flags. Its answers follow from it, the question, and what is known of the customer. */
export interface FlagRules {
  readonly version: string | null
  has(flag: string): boolean
  answer(question: FlagQuestion): FlagAnswer
}

export interface Flags {
  /** The rules in force, after a look at where they come from. A broken file changes nothing. */
  current(): Promise<FlagRules>
  /**
   * What a flag says outside of a run, put on record unless it said the same of this key before. For host programs and
   * for whatever else goes by flags; in a workflow use `ctx.flag`.
   */
  evaluate(
    flag: string,
    fallback: FlagValue,
    subject?: FlagSubject & { readonly facts?: Facts },
  ): Promise<FlagAnswer>
  /** At once, by the version that was looked at last; null where there is no such flag. Whoever asks puts it on record. */
  answerNow(flag: string, fallback: FlagValue, customer: string | null): FlagAnswer | null
  /** Names of the segments that a customer is in, in the order of the rules; by what is known now. */
  segmentsOf(customer: string): readonly string[]
  /** Puts an evaluation outside of a run on record: nothing when the last one of this key said the same. */
  record(question: FlagQuestion, answer: FlagAnswer): readonly StreamAppend[]
}

/** An answer as it stands on record: what went wrong is told as a problem, for the operation itself has not failed. */
export function answerBody({ error, ...answer }: FlagAnswer): JsonObject {
  return { ...answer, ...(error === null ? {} : { problem: { ...error } }) }
}

export const NO_RULES: FlagRules = {
  version: null,
  has: () => false,
  answer: ({ flag, fallback }) => unanswered(fallback, null, 'FLAG_NOT_FOUND', `There is no flag ${flag}`),
}

export const NO_FLAGS: Flags = {
  current: async () => NO_RULES,
  evaluate: async (flag, fallback) => NO_RULES.answer({ flag, fallback, customer: null, key: null, time: 0 }),
  answerNow: () => null,
  segmentsOf: () => [],
  record: () => [],
}

export function unanswered(
  fallback: FlagValue,
  version: string | null,
  code: FlagErrorCode,
  message: string,
): FlagAnswer {
  return { value: fallback, variant: null, reason: 'ERROR', segment: null, version, error: { code, message } }
}
