/**
 * Of no budget more is settled and reserved than its limit, but for what is on record as beyond it: what something
 * really cost, and what the operator allowed. Runs that have ended have nothing reserved.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Closed, Hold } from '../../src/kernel/reservation.ts'
import { budgetRules } from '../../src/policy/budgets.ts'
import type { BudgetRule, PolicySettings } from '../../src/ports/policy-settings.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

/** What went beyond a limit by right, and when that was put on record. */
interface Beyond {
  readonly amount: number
  readonly time: number
  readonly jumps: number
  readonly asked: Asked | undefined
}

interface Taken {
  reserved: number
  settled: number
  readonly beyond: Beyond[]
}

/** What the operator is asked about an operation is named after it. */
const APPROVAL = / \(approval[^()]*\)$/
const YES: ReadonlySet<string> = new Set(['approved', 'edited'])

export class Budgets implements Invariant {
  readonly #rules: ReadonlyMap<string, BudgetRule>
  readonly #taken = new Map<string, Taken>()
  /** By run, then by name of the operation. */
  readonly #open = new Map<string, Map<string, readonly Hold[]>>()
  /** Given back because they were too old: their outcome may still come. */
  readonly #expired = new Set<string>()
  /** Run and operation of which the operator said yes, or a rule or a deadline in the operator's place. */
  readonly #allowed = new Set<string>()

  constructor(settings: PolicySettings) {
    this.#rules = new Map(budgetRules(settings).map((rule) => [rule.name, rule]))
  }

  see(event: StoredEvent, asked: Asked | undefined): void {
    const run = runOf(event)
    const { kind, body } = event
    if (run === null || this.#rules.size === 0) return
    if (RUN_ENDS.has(kind)) this.#end(run)
    if (body === null) return
    if (kind === 'review.answered' && YES.has(String(body.verdict)))
      this.#allowed.add(`${run}\n${String(body.name).replace(APPROVAL, '')}`)
    else if (kind === 'budget.reserved') this.#reserve(run, event, body, asked)
    else if (kind.startsWith('budget.')) this.#close(run, event, body, asked)
  }

  end(): void {
    for (const run of this.#open.keys()) this.#end(run)
  }

  /** What is closed with the end stands before it. */
  #end(run: string): void {
    const open = [...(this.#open.get(run)?.keys() ?? [])]
    if (open.length > 0)
      throw new Violation('reserved-no-longer', `${run} has ended, and ${open.join(', ')} is reserved`)
  }

  #reserve(run: string, event: StoredEvent, body: JsonObject, asked: Asked | undefined): void {
    const name = String(body.for)
    const own = this.#open.get(run) ?? new Map<string, readonly Hold[]>()
    if (own.has(name)) throw new Violation('reserved-no-longer', `${name} of ${run} is reserved twice`)
    const holds = body.holds as unknown as readonly Hold[]
    this.#open.set(run, own.set(name, holds))
    for (const hold of holds) {
      const rule = this.#rules.get(hold.budget)
      const taken = this.#of(hold)
      taken.reserved += hold.amount
      if (rule === undefined) throw new Violation('budgets', `there is no budget ${hold.budget}`)
      const isAllowed = rule.atLimit === 'ask' && this.#allowed.has(`${run}\n${name}`)
      if (isAllowed) taken.beyond.push(beyond(hold.amount, event, asked))
      else this.#check(rule, hold, taken, asked)
    }
  }

  /** What was beyond the limit before anybody asked for this, was known then, and counts. */
  #check(rule: BudgetRule, { of, period }: Hold, taken: Taken, asked: Asked | undefined): void {
    const unknown = taken.beyond.filter(
      (one) =>
        asked === undefined || one.asked === asked || (one.jumps === asked.jumps && one.time >= asked.now),
    )
    const room = rule.limit + unknown.reduce((sum, { amount }) => sum + amount, 0)
    const sum = taken.reserved + taken.settled
    if (sum > room)
      throw new Violation('budgets', `${rule.name} ${of} ${period} has ${sum} taken, the limit is ${room}`)
  }

  #close(run: string, event: StoredEvent, body: JsonObject, asked: Asked | undefined): void {
    const name = `${run}\n${String(body.for)}`
    const own = this.#open.get(run)
    const holds = own?.get(String(body.for))
    if (holds === undefined && !this.#expired.delete(name))
      throw new Violation('reserved-no-longer', `${event.kind} of ${name}, which reserves nothing`)
    own?.delete(String(body.for))
    if (body.late === true) this.#expired.add(name)
    for (const { reserved, settled, ...place } of body.amounts as unknown as readonly Closed[]) {
      const held = holds?.find(({ budget }) => budget === place.budget)?.amount ?? 0
      if (reserved !== held)
        throw new Violation('reserved-no-longer', `${name} gives back ${reserved} instead of ${held}`)
      const taken = this.#of(place)
      taken.reserved -= reserved
      taken.settled += settled
      if (settled > reserved) taken.beyond.push(beyond(settled - reserved, event, asked))
    }
  }

  #of({ budget, of, period }: Omit<Hold, 'amount'>): Taken {
    const place = `${budget}\n${of}\n${period}`
    const taken = this.#taken.get(place) ?? { reserved: 0, settled: 0, beyond: [] }
    this.#taken.set(place, taken)
    return taken
  }
}

function beyond(amount: number, { time }: StoredEvent, asked: Asked | undefined): Beyond {
  return { amount, time, jumps: asked?.jumpsAtCommit ?? Number.NaN, asked }
}
