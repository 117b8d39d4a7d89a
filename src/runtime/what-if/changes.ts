/** What a what-if finds, and how it is added up. */
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Verdict } from '../../ports/gate.ts'

export interface DecisionView {
  readonly answer: Json
  /** 0 to 1. */
  readonly confidence: number
  readonly tier: 'rules' | 'model'
}

export interface DecisionChange {
  readonly name: string
  /** null: it was not asked then. */
  readonly before: DecisionView | null
  readonly after: DecisionView
  /** A model answered then and would now be asked another question: `after` is what it said then. */
  readonly isOtherQuestion: boolean
}

export interface ProposalChange {
  readonly name: string
  readonly action: string
  /** null: nothing was proposed then, or would be now. */
  readonly before: JsonObject | null
  readonly after: JsonObject | null
  /** What the operator said to the one of then; null while it was not answered, or there was none. */
  readonly verdict: 'approved' | 'edited' | 'rejected' | 'responded' | null
  /** What was done in the end: the proposal as approved or edited. */
  readonly approved: JsonObject | null
  /** Whether the new one is nearer to what the operator made of the old one. */
  readonly closer: Closer
}

export type Closer = 'closer' | 'further' | 'as close' | 'cannot tell'

export interface EffectChange {
  readonly name: string
  readonly type: 'effect' | 'publication' | 'child'
  readonly change: 'added' | 'dropped' | 'changed'
  /** What was asked for: operation and input of an effect … */
  readonly before: Json
  readonly after: Json
}

export interface PolicyChange {
  readonly name: string
  readonly operation: string
  readonly before: Pick<Verdict, 'answer' | 'rule'>
  readonly after: Verdict
}

export interface FlagView {
  readonly value: Json
  /** null where the default of the code was the answer. */
  readonly variant: string | null
  readonly reason: string
  readonly segment: string | null
}

export interface FlagChange {
  readonly name: string
  readonly flag: string
  /** null: it was not asked for then. */
  readonly before: FlagView | null
  readonly after: FlagView
}

export interface EndChange {
  readonly before: Json
  readonly after: Json
}

export interface Cost {
  readonly modelCalls: number
  /** Millionths of a US dollar, of the calls whose price is known. */
  readonly priceMicros: number
  /** Calls whose price is not known. */
  readonly unpricedCalls: number
}

export const NO_COST: Cost = { modelCalls: 0, priceMicros: 0, unpricedCalls: 0 }

export function addCosts(a: Cost, b: Cost): Cost {
  return {
    modelCalls: a.modelCalls + b.modelCalls,
    priceMicros: a.priceMicros + b.priceMicros,
    unpricedCalls: a.unpricedCalls + b.unpricedCalls,
  }
}

export interface WhatIfRun {
  readonly run: string
  readonly workflow: string
  /** On record, and of the code that was tried. */
  readonly version: number
  readonly triedVersion: number | null
  readonly decisions: readonly DecisionChange[]
  readonly proposals: readonly ProposalChange[]
  readonly effects: readonly EffectChange[]
  readonly policy: readonly PolicyChange[]
  readonly flags: readonly FlagChange[]
  /** Names of pure steps that give something else. */
  readonly steps: readonly string[]
  readonly end: EndChange | null
  readonly cost: { readonly before: Cost; readonly after: Cost }
  /** Where the record has no answer any more, and what the code asks for there; null when it came to its end. */
  readonly stopped: { readonly at: string | null; readonly why: string } | null
}

export interface WhatIfReport {
  readonly runs: number
  /** Runs in which nothing changes, as far as they could be followed. */
  readonly same: number
  readonly changed: number
  /** Runs that could not be followed to an end, changed or not. */
  readonly stopped: number
  readonly decisions: number
  readonly proposals: Readonly<Record<Closer, number>>
  readonly effects: Readonly<Record<EffectChange['change'], number>>
  readonly policy: number
  readonly flags: number
  readonly ends: number
  readonly cost: { readonly before: Cost; readonly after: Cost }
  /** Those that change, or could not be followed although they had ended; the first 1,000. */
  readonly details: readonly WhatIfRun[]
}

export function isChanged(run: WhatIfRun): boolean {
  const { decisions, proposals, effects, policy, flags, steps, end } = run
  return [decisions, proposals, effects, policy, flags, steps].some((list) => list.length > 0) || end !== null
}

const MOST_DETAILS = 1_000

export class WhatIfTally {
  readonly #details: WhatIfRun[] = []
  readonly #counts = { runs: 0, same: 0, changed: 0, stopped: 0, decisions: 0, policy: 0, flags: 0, ends: 0 }
  readonly #proposals = { closer: 0, further: 0, 'as close': 0, 'cannot tell': 0 }
  readonly #effects = { added: 0, dropped: 0, changed: 0 }
  #before = NO_COST
  #after = NO_COST

  add(run: WhatIfRun): void {
    const counts = this.#counts
    const changes = isChanged(run)
    counts.runs += 1
    counts[changes ? 'changed' : 'same'] += 1
    counts.stopped += run.stopped === null ? 0 : 1
    counts.decisions += run.decisions.length
    counts.policy += run.policy.length
    counts.flags += run.flags.length
    counts.ends += run.end === null ? 0 : 1
    for (const { closer } of run.proposals) this.#proposals[closer] += 1
    for (const { change } of run.effects) this.#effects[change] += 1
    this.#before = addCosts(this.#before, run.cost.before)
    this.#after = addCosts(this.#after, run.cost.after)
    if ((changes || run.stopped !== null) && this.#details.length < MOST_DETAILS) this.#details.push(run)
  }

  report(): WhatIfReport {
    const cost = { before: this.#before, after: this.#after }
    const [proposals, effects] = [this.#proposals, this.#effects]
    return { ...this.#counts, proposals, effects, cost, details: this.#details }
  }
}
