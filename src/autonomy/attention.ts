/**
 * Reviewer vigilance: now and then an item that is known to be bad is put among the reviews, to see whether it is
 * noticed. It is an earlier proposal, approved then, with one of the arguments that decide whom or what it touches
 * made wrong: a letter or two of the address swapped, an amount of ten times as much.
 *
 * It can do nothing: its workflow asks for the review, notes whether it was caught, and ends. Approving it is a miss
 * and no more.
 */

import { ATTENTION_CHECK } from '../kernel/attention.ts'
import { canonicalJson, type Json, type JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import { seededRandom } from '../kernel/random.ts'
import type { ReviewOptions } from '../kernel/review.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { Schema, StandardResult } from '../kernel/schema.ts'
import { defineWorkflow, type ReviewAnswer, type Workflow } from '../kernel/workflow.ts'
import type { Remit, Vigilance } from '../ports/autonomy.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { TablesReader } from '../ports/projection.ts'

export interface CheckInput {
  /** The run whose proposal it is made of: what is shown beside it is taken from there. */
  readonly source: string
  /** As in the review that it is made of: what it says of itself, and `calibrated`, what its confidence was worth. */
  readonly shown: Omit<JsonObject, 'proposal'>
  readonly proposal: JsonObject
  /** The field that was made wrong. */
  readonly wrong: string
}

export interface CheckOutput {
  readonly caught: boolean
}

/** The runtime makes these values and nobody else, so nothing is left to check. */
function made<Value>(): Schema<Value> {
  const validate = (value: unknown): StandardResult<Value> => ({ value: value as Value })
  return { '~standard': { version: 1, vendor: 'holdfast', validate } }
}

export const attentionCheck: Workflow<CheckInput, CheckOutput> = defineWorkflow({
  name: ATTENTION_CHECK,
  version: 1,
  input: made<CheckInput>(),
  output: made<CheckOutput>(),
  async run(ctx, { shown, proposal, wrong }) {
    const answer = await ctx.review('look', {
      action: String(shown.action),
      summary: String(shown.summary),
      reason: String(shown.reason),
      confidence: Number(shown.confidence),
      proposal,
      evidence: (shown.evidence ?? []) as readonly Json[],
      warnings: (shown.warnings ?? []) as readonly Json[],
      ...((shown.options ?? {}) as ReviewOptions),
    })
    return { caught: isCaught(answer, proposal, wrong) }
  },
})

/** Not approved as it stands: refused, sent back, or put right in just that field. */
function isCaught({ verdict, value }: ReviewAnswer, proposal: JsonObject, wrong: string): boolean {
  if (verdict === 'approved') return false
  if (verdict !== 'edited') return true
  return canonicalJson(value[wrong] ?? null) !== canonicalJson(proposal[wrong] ?? null)
}

export interface Item {
  readonly input: CheckInput
  readonly customer: string | null
  readonly label: Label
}

const MOST_SOURCES = 20

/**
 * A known-bad item for this remit; null when there is no approved proposal left to make one of.
 * @param criticalOf names of the arguments of an operation that decide whom or what it touches
 */
export function makeItem(
  log: EventLog,
  remit: Remit,
  seed: string,
  criticalOf: (operation: string | null) => readonly string[],
): Item | null {
  const approved = log.tables.all<{ position: number }>(
    `SELECT position FROM autonomy_outcomes WHERE agent = ? AND action = ? AND verdict = 'approved'
     ORDER BY position DESC LIMIT ?`,
    remit.agent,
    remit.action,
    MOST_SOURCES,
  )
  const first = Math.floor(seededRandom(seed, 'source', 0) * approved.length)
  for (let i = 0; i < approved.length; i += 1) {
    const { position } = approved[(first + i) % approved.length] ?? { position: 0 }
    const item = itemOf(log, position, criticalOf)
    if (item !== null) return item
  }
  return null
}

function itemOf(
  log: EventLog,
  answeredAt: number,
  criticalOf: (operation: string | null) => readonly string[],
): Item | null {
  const answered = log.event(answeredAt)
  const events = answered === undefined ? [] : log.readStream(answered.stream)
  const started = events[0]?.body
  const asked = events.find(
    ({ kind, body }) => kind === 'review.requested' && body?.review === answered?.body?.review,
  )
  if (started == null || asked?.body == null) return null
  const { proposal, action, summary, reason, confidence, evidence, warnings } = asked.body
  const { operation, calibrated = null } = (asked.body.autonomy ?? {}) as JsonObject
  // It waits for an answer, however long that takes.
  const { deadlineMs: _, onExpiry: __, ...options } = (asked.body.options ?? {}) as JsonObject
  const spoiled = spoil(proposal as JsonObject, criticalOf(typeof operation === 'string' ? operation : null))
  if (spoiled === null) return null
  const shown = {
    action: action ?? '',
    summary: summary ?? '',
    reason: reason ?? '',
    confidence: confidence ?? 0,
    evidence: evidence ?? [],
    warnings: warnings ?? [],
    calibrated,
    options,
  }
  const source = runOf(asked.stream)
  return {
    input: { source, shown, ...spoiled },
    customer: typeof started.customer === 'string' ? started.customer : null,
    label: asked.label,
  }
}

/**
 * The proposal with the first critical argument made wrong that can be; null when none can.
 * @param critical their names; `*` for all, as of an operation that names none
 */
export function spoil(
  proposal: JsonObject,
  critical: readonly string[],
): { readonly proposal: JsonObject; readonly wrong: string } | null {
  for (const wrong of critical.includes('*') ? Object.keys(proposal) : critical) {
    const value = proposal[wrong]
    const bad = typeof value === 'string' ? misspelt(value) : typeof value === 'number' ? value * 10 : null
    if (bad !== null && bad !== value) return { proposal: { ...proposal, [wrong]: bad }, wrong }
  }
  return null
}

/** Two letters in the middle of its longest word swapped, behind the @ where there is one; null for too short a text. */
export function misspelt(text: string): string | null {
  const from = text.lastIndexOf('@') + 1
  const words = [...text.slice(from).matchAll(/\p{L}{4,}/gu)].toSorted((a, b) => b[0].length - a[0].length)
  for (const { 0: word, index } of words) {
    for (let i = Math.floor(word.length / 2); i > 0; i -= 1) {
      if (word[i] === word[i - 1]) continue
      const swapped = `${word.slice(0, i - 1)}${word[i]}${word[i - 1]}${word.slice(i + 1)}`
      return text.slice(0, from + index) + swapped + text.slice(from + index + word.length)
    }
  }
  return null
}

interface CheckRow {
  readonly review: string
  readonly time: number
  readonly caught: 0 | 1
}

export function vigilanceOf(tables: TablesReader): Vigilance {
  const rows = tables.all<CheckRow>(
    'SELECT review, time, caught FROM autonomy_checks WHERE caught IS NOT NULL ORDER BY time, review',
  )
  const missed = rows.filter(({ caught }) => caught === 0).map(({ review, time }) => ({ review, time }))
  return { checks: rows.length, caught: rows.length - missed.length, missed }
}

/** Whether an answered review was a known-bad item and was caught; null for a real one, or one that is open. */
export function checkedBy(tables: TablesReader, review: string): boolean | null {
  const row = tables.get<{ caught: number | null }>(
    'SELECT caught FROM autonomy_checks WHERE review = ?',
    review,
  )
  return row?.caught == null ? null : row.caught === 1
}
