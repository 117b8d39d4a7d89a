/**
 * Reservations: what a piece of work takes from budgets before it is begun, and what becomes of that.
 *
 *     budget.reserved ─▶ budget.settled    what it took is known, or it may have been taken
 *                     ├▶ budget.released   it was surely not done
 *                     └▶ budget.expired    nobody will say any more: the run ended before it was begun, or it is too old
 *
 * A reservation is named after its operation in the run, which has one at a time. `budget.reserved` is one commit with
 * the decision that allowed the work. What closes it is one commit with the fact that tells the outcome, and follows
 * from that fact alone: whoever writes the fact has it written (`closing`), so that none is forgotten. A crash before a
 * commit leaves nothing of it; after it, the reservation stands until the run is told the outcome, or ends.
 *
 * What may have been taken counts. A call that a crash cut off is settled at what was reserved for it, and a call that
 * was made counts as a call, whatever came of it.
 *
 * Why: docs/decisions/0047-budgets-are-reserved.md
 */
import type { ErrorRecord } from './errors.ts'
import type { NewEvent } from './event.ts'
import { type Journal, RUN_ENDS } from './journal.ts'
import type { Json, JsonObject } from './json.ts'

/** What a budget is counted in: millionths of a US dollar, tokens, calls, milliseconds of the operator's time. */
export type BudgetUnit = 'usd' | 'tokens' | 'calls' | 'minutes'

/** What one piece of work takes from one budget. */
export interface Hold {
  /** Name of the budget. */
  readonly budget: string
  /** The run, agent, customer or operation that it is counted for; '' where it is counted for all together. */
  readonly of: string
  /** UTC: `2026-11-29`, `2026-11`, or '' for a budget that does not begin anew. */
  readonly period: string
  readonly unit: BudgetUnit
  /** A whole number. */
  readonly amount: number
}

export interface Reservation {
  /** Name of the operation in the run. */
  readonly for: string
  /** `smtp.send`, `model.openai`; `review` for the operator's time. */
  readonly operation: string
  readonly holds: readonly Hold[]
  /** Milliseconds since 1970. */
  readonly since: number
  /** Whether it gave its room back because it was too old: what it took in the end still counts. */
  readonly isExpired: boolean
}

/** How a hold ended: `reserved` is given back, `settled` is taken for good. */
export interface Closed extends Omit<Hold, 'amount'> {
  readonly reserved: number
  readonly settled: number
}

type Closing = 'budget.settled' | 'budget.released' | 'budget.expired'

const CLOSINGS: ReadonlySet<string> = new Set(['budget.settled', 'budget.released', 'budget.expired'])

/** The period of a UTC day or month that a time is in. */
export function periodOf(per: 'day' | 'month' | null, timeMs: number): string {
  if (per === null) return ''
  return new Date(timeMs).toISOString().slice(0, per === 'day' ? 10 : 7)
}

/** When a period ends, in milliseconds since 1970; null for one that does not end. */
export function periodEnd(period: string): number | null {
  if (period === '') return null
  const end = new Date(period.length === 10 ? `${period}T00:00:00Z` : `${period}-01T00:00:00Z`)
  if (period.length === 10) end.setUTCDate(end.getUTCDate() + 1)
  else end.setUTCMonth(end.getUTCMonth() + 1)
  return end.getTime()
}

export function reservedBody(name: string, operation: string, holds: readonly Hold[]): JsonObject {
  return { for: name, operation, holds: holds as unknown as Json }
}

/** What a run has reserved and not closed, folded from its stream; most runs have nothing. */
export class OpenReservations {
  readonly #open = new Map<string, Reservation>()

  /** null where there was never one. */
  static of(events: readonly Fact[]): OpenReservations | null {
    let found: OpenReservations | null = null
    for (const event of events) {
      if (!event.kind.startsWith('budget.')) continue
      found ??= new OpenReservations()
      found.apply(event)
    }
    return found
  }

  apply({ kind, body, time = 0 }: Fact): void {
    if (body === null) return
    const name = String(body.for)
    if (kind === 'budget.reserved') {
      const holds = body.holds as unknown as readonly Hold[]
      const operation = String(body.operation)
      this.#open.set(name, { for: name, operation, holds, since: time, isExpired: false })
    } else if (kind === 'budget.expired' && body.late === true) {
      const known = this.#open.get(name)
      if (known !== undefined) this.#open.set(name, { ...known, isExpired: true })
    } else if (CLOSINGS.has(kind)) this.#open.delete(name)
  }

  get(name: string): Reservation | undefined {
    return this.#open.get(name)
  }

  /** Each event with what it closes before it. The journal is as it was before the first of them. */
  withClosings(journal: Journal, events: readonly NewEvent[], time: number): readonly NewEvent[] {
    const all: NewEvent[] = []
    for (const event of events) {
      for (const body of this.#closedBy(journal, event, time)) {
        const closed = { ...event, kind: body.kind, body: body.body }
        this.apply(closed)
        all.push(closed)
      }
      if (event.kind.startsWith('budget.')) this.apply({ ...event, time })
      all.push(event)
    }
    return all
  }

  *#closedBy(journal: Journal, event: NewEvent, time: number): Iterable<{ kind: Closing; body: JsonObject }> {
    if (RUN_ENDS.has(event.kind)) {
      for (const open of [...this.#open.values()]) yield* close(open, atEnd(open, journal), time)
      return
    }
    const open = this.#open.get(String(event.kind === 'budget.reserved' ? event.body.for : event.body.name))
    if (open !== undefined) yield* close(open, outcomeOf(event), time)
  }
}

interface Fact {
  readonly kind: string
  readonly body: JsonObject | null
  /** Milliseconds since 1970. */
  readonly time?: number
}

interface Outcome {
  readonly kind: Closing
  readonly why: string
  /** Of a hold, what it takes for good. */
  readonly takes: (hold: Hold) => number
}

const ALL = ({ amount }: Hold): number => amount
/** Of what was asked for and not done. */
const CALL_ONLY = ({ unit, amount }: Hold): number => (unit === 'calls' ? amount : 0)

/** What this fact says of a reservation of its operation; null for nothing. */
function outcomeOf({ kind, body }: NewEvent): Outcome | null {
  switch (kind) {
    case 'budget.reserved':
    case 'decision.made':
    case 'decision.failed':
      return CUT_OFF
    case 'policy.decided':
      return isAnew(body) ? CUT_OFF : null
    case 'effect.succeeded':
      return settled('done', (hold) => effectTakes(hold, body))
    case 'undo.succeeded':
      return settled('done', ALL)
    case 'effect.failed':
    case 'undo.failed':
      return (body.error as unknown as ErrorRecord).code === 'EFFECT_ABANDONED'
        ? settled('given up, and may have been done', ALL)
        : released('not done')
    case 'attempt.failed':
      return body.stopped === true ? STOPPED : ofAttempt(body)
    case 'decision.held':
      return STOPPED
    case 'model.called':
      return ofModelCall(body)
    case 'review.answered':
      return settled('answered', () => operatorMs(body))
    default:
      return null
  }
}

/** Whether the policy was asked about a model call anew, and nothing was reserved for it this time. */
function isAnew({ request, budgets }: JsonObject): boolean {
  return budgets === undefined && (request as JsonObject | undefined)?.type === 'model'
}

function ofAttempt({ type, during, unclear, notDone, error }: JsonObject): Outcome | null {
  if (during === 'lookup' || (type !== 'effect' && type !== 'undo')) return null
  const isNotDone = notDone === true || (error as { code?: string } | null)?.code === 'CONNECTOR_UNAVAILABLE'
  if (unclear !== true && isNotDone) return released('not done')
  return settled('it may have been done', ALL)
}

function ofModelCall(body: JsonObject): Outcome {
  const { unclear, error, inputTokens, outputTokens, priceMicros } = body
  if (unclear === true) return settled('no answer came, and it may have cost', ALL)
  const isFree = error != null && inputTokens == null && priceMicros == null
  if (isFree) return released('not done')
  return settled('answered', (hold) => modelTakes(hold, { inputTokens, outputTokens, priceMicros }))
}

/** What was reserved, unless the connector says what it really cost. */
function effectTakes({ unit, amount }: Hold, { priceMicros }: JsonObject): number {
  return unit === 'usd' && typeof priceMicros === 'number' ? whole(priceMicros) : amount
}

/** What a model call took of a budget, by what it reports. */
export function modelTakes(
  { unit, amount }: Hold,
  used: { readonly inputTokens?: unknown; readonly outputTokens?: unknown; readonly priceMicros?: unknown },
): number {
  if (unit === 'usd') return whole(used.priceMicros)
  return unit === 'tokens' ? whole(used.inputTokens) + whole(used.outputTokens) : amount
}

/** More than anything takes at once: a billion dollars, in millionths. */
const MOST = 1_000_000_000_000_000

/**
 * What a model reports is not ours to trust: nothing, or a fraction, must not keep the call from its record, and what
 * is out of all bounds counts as the most that there is.
 */
export function whole(reported: unknown): number {
  const number = Math.ceil(Number(reported ?? 0))
  return number > 0 ? Math.min(number, MOST) : 0
}

/** Nobody's time was taken by an answer of a rule or of a deadline. */
function operatorMs({ operatorMs: ms, way }: JsonObject): number {
  return way === 'rule' || way === 'expiry' || way === 'autonomy' ? 0 : whole(ms)
}

/** Work was stopped between the decision and the outside: nothing was called. */
const STOPPED: Outcome = { kind: 'budget.released', why: 'work was stopped before', takes: () => 0 }

/** Of a model call that nobody is told the end of, as it was under way when the process died. */
const CUT_OFF: Outcome = settled('it was cut off, and may have been done', ALL)

/** What was begun, and whose outcome the end of the run leaves open, may have been done. */
function atEnd(open: Reservation, journal: Journal): Outcome | null {
  if (open.isExpired) return null
  const isAsked = journal.entries.get(open.for)?.type === 'review'
  if (isAsked) return { kind: 'budget.expired', why: 'the run ended unanswered', takes: () => 0 }
  return settled('the run ended, and it may have been done', ALL)
}

function settled(why: string, takes: Outcome['takes']): Outcome {
  return { kind: 'budget.settled', why, takes }
}

function released(why: string): Outcome {
  return { kind: 'budget.released', why, takes: CALL_ONLY }
}

function* close(
  open: Reservation,
  outcome: Outcome | null,
  time: number,
): Iterable<{ kind: Closing; body: JsonObject }> {
  if (outcome === null) return
  const amounts = open.holds.flatMap((hold) => closed(hold, open.isExpired, outcome.takes(hold), time))
  const { for: name, operation } = open
  const { kind, why } = outcome
  // A run that is reopened may be answered after all.
  const late = kind === 'budget.expired' ? { late: true } : {}
  yield { kind, body: { for: name, operation, why, ...late, amounts: amounts as unknown as Json } }
}

/** The operator's time counts when it is taken, which may be another day than the one it was reserved of. */
function closed({ amount, ...hold }: Hold, isExpired: boolean, takes: number, time: number): Closed[] {
  const reserved = isExpired ? 0 : amount
  if (hold.unit === 'calls' && isExpired) return [{ ...hold, reserved, settled: 0 }]
  const period = hold.unit === 'minutes' ? periodOf(perOf(hold.period), time) : hold.period
  if (period === hold.period || takes === 0) return [{ ...hold, reserved, settled: takes }]
  return [
    { ...hold, reserved, settled: 0 },
    { ...hold, period, reserved: 0, settled: takes },
  ]
}

function perOf(period: string): 'day' | 'month' | null {
  if (period === '') return null
  return period.length === 10 ? 'day' : 'month'
}

/** For a reservation that is too old: its room is given back, and the calls that were made stay counted. */
export function expiredBody({
  for: name,
  operation,
  holds,
}: Pick<Reservation, 'for' | 'operation' | 'holds'>): JsonObject {
  const amounts = holds.map(({ amount, ...hold }): Closed => {
    return { ...hold, reserved: amount, settled: CALL_ONLY({ ...hold, amount }) }
  })
  return { for: name, operation, why: 'too old', late: true, amounts: amounts as unknown as Json }
}
