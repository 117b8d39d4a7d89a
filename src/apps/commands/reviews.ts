/** `reviews`: what was answered, by whom, by which way, how much was changed, and how long it took. */
import { z } from 'zod'
import type { JsonObject } from '../../kernel/json.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { type AnswerRecord, listAnswers } from '../../runtime/reviews/answer-records.ts'
import { logCommand } from './command.ts'

export interface ListedAnswer extends AnswerRecord {
  /** null where it was erased. */
  readonly summary: string | null
}

export interface Audit {
  readonly answers: readonly ListedAnswer[]
  /** Of all that fit, also those beyond the limit. */
  readonly totals: {
    readonly answers: number
    readonly approved: number
    readonly edited: number
    readonly rejected: number
    readonly responded: number
    /** Of these, those that a delegation or a deadline gave. */
    readonly byRule: number
    readonly byExpiry: number
    /** Approved or edited by the operator without having been shown whole. */
    readonly unseen: number
    /** How long the operator looked, as far as it is known. */
    readonly operatorMs: number
  }
}

export const reviews = logCommand({
  name: 'reviews',
  params: z.strictObject({
    /** Milliseconds back from now. */
    withinMs: z.int().min(0).optional(),
    agent: z.string().optional(),
    action: z.string().optional(),
    verdict: z.string().optional(),
    way: z.string().optional(),
    limit: z.int().min(1).max(100_000),
  }),
  async run({ log }, { withinMs, limit, agent, action, verdict, way }): Promise<Audit> {
    const since = withinMs === undefined ? 0 : Date.now() - withinMs
    const all = listAnswers(log.tables, { since }).filter(
      (one) =>
        (agent === undefined || one.workflow === agent) &&
        (action === undefined || one.action === action) &&
        (verdict === undefined || one.verdict === verdict) &&
        (way === undefined || one.way === way),
    )
    return {
      answers: all.slice(0, limit).map((one) => ({ ...one, summary: summaryOf(log, one.review) })),
      totals: totalsOf(all),
    }
  },
})

function summaryOf({ tables }: EventLog, review: string): string | null {
  const sql = "SELECT content ->> '$.summary' AS summary FROM reviews WHERE id = ?"
  return tables.get<{ summary: string | null } & JsonObject>(sql, review)?.summary ?? null
}

function totalsOf(all: readonly AnswerRecord[]): Audit['totals'] {
  const count = (fits: (one: AnswerRecord) => boolean): number => all.filter(fits).length
  const isOwn = ({ way }: AnswerRecord): boolean => way !== 'rule' && way !== 'expiry'
  return {
    answers: all.length,
    approved: count(({ verdict }) => verdict === 'approved'),
    edited: count(({ verdict }) => verdict === 'edited'),
    rejected: count(({ verdict }) => verdict === 'rejected'),
    responded: count(({ verdict }) => verdict === 'responded'),
    byRule: count(({ way }) => way === 'rule'),
    byExpiry: count(({ way }) => way === 'expiry'),
    unseen: count((one) => isOwn(one) && !one.seen && /^(approved|edited)$/.test(one.verdict)),
    operatorMs: all.reduce((sum, { operatorMs }) => sum + (operatorMs ?? 0), 0),
  }
}
