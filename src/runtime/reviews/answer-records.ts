/** Every answer as it counts: who, when, by which way, and how much was changed. It outlives what was proposed. */

import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { atMost } from '../../kernel/limit.ts'
import type { ReviewVerdict, Risk } from '../../kernel/review.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Tables, TablesReader } from '../../ports/projection.ts'

export const ANSWER_TABLE = 'reviews_answers'

export const ANSWER_SCHEMA = `
    CREATE TABLE reviews_answers (
      position INTEGER PRIMARY KEY, review TEXT NOT NULL, run TEXT NOT NULL, time INTEGER NOT NULL,
      actor TEXT NOT NULL, content TEXT NOT NULL
    ) STRICT;
    CREATE INDEX reviews_answers_by_review ON reviews_answers (review);`

/** What an answer tells whoever counts answers: names, ids and numbers, none of what was proposed. */
const KEPT = [
  'review',
  'verdict',
  'way',
  'workflow',
  'action',
  'segment',
  'customer',
  'confidence',
  'risk',
  'edits',
  'distance',
  'alternative',
  'seen',
  'waitedMs',
  'operatorMs',
  'delegation',
  'batch',
] as const

/** What stays of the body of a `review.answered`. */
export function keptOfAnswer(body: JsonObject): JsonObject {
  const there = KEPT.filter((field) => body[field] !== undefined)
  return Object.fromEntries(there.map((field) => [field, body[field] ?? null]))
}

/** Folds a `review.answered`, whole or what is kept of it. */
export function insertAnswer(
  { stream, time, position, actor }: StoredEvent,
  body: JsonObject,
  tables: Tables,
): void {
  const { review, ...content } = keptOfAnswer(body)
  tables.run(
    'INSERT INTO reviews_answers (position, review, run, time, actor, content) VALUES (?, ?, ?, ?, ?, ?)',
    position,
    String(review),
    runOf(stream),
    time,
    actor,
    JSON.stringify(content),
  )
}

/** An answer as it counts; without what was proposed, which may be erased by then. */
export interface AnswerRecord {
  readonly review: string
  readonly run: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** Who: `operator`, `rule:d-…`, `runtime`. */
  readonly actor: string
  readonly verdict: ReviewVerdict
  /** How it came: `cli`, `program` …; `rule`; `expiry`. */
  readonly way: string
  readonly workflow: string
  readonly action: string
  readonly segment: string | null
  readonly customer: string | null
  readonly confidence: number
  /** Effect class of what it leads to; null where that is not known. */
  readonly risk: Risk['effect'] | null
  /** Of each field that was changed, how much: above 0 to 1. */
  readonly edits: Readonly<Record<string, number>>
  /** 0 to 1: the mean over all fields. */
  readonly distance: number
  /** Number of the alternative that was chosen; null for none. */
  readonly alternative: number | null
  /** Whether exactly this had been shown whole before. */
  readonly seen: boolean
  /** From the question to the answer. */
  readonly waitedMs: number
  /** How long the operator looked at it; null when it was never shown. */
  readonly operatorMs: number | null
  /** The delegation by which a rule answered, or that was given with the answer. */
  readonly delegation: string | null
  /** Shared by all that were answered with one word. */
  readonly batch: string | null
}

/** Answers, the newest first. `since`: milliseconds since 1970. */
export function listAnswers(
  tables: TablesReader,
  { since = 0, limit = Number.POSITIVE_INFINITY }: { readonly since?: number; readonly limit?: number } = {},
): AnswerRecord[] {
  return tables
    .all<{ review: string; run: string; time: number; actor: string; content: string }>(
      `SELECT review, run, time, actor, content FROM reviews_answers WHERE time >= ?
       ORDER BY position DESC LIMIT ?`,
      since,
      atMost(limit),
    )
    .map(toAnswer)
}

/** The answer to one review; undefined while there is none. */
export function answerOf(tables: TablesReader, review: string): AnswerRecord | undefined {
  const row = tables.get<Parameters<typeof toAnswer>[0]>(
    'SELECT review, run, time, actor, content FROM reviews_answers WHERE review = ?',
    review,
  )
  return row && toAnswer(row)
}

function toAnswer(row: {
  review: string
  run: string
  time: number
  actor: string
  content: string
}): AnswerRecord {
  const { content, ...rest } = row
  return { ...NOTHING, ...rest, ...JSON.parse(content) }
}

/** What is not on record of an answer. */
const NOTHING = {
  segment: null,
  customer: null,
  risk: null,
  edits: {},
  distance: 0,
  alternative: null,
  seen: false,
  operatorMs: null,
  delegation: null,
  batch: null,
}
