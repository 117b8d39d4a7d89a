/**
 * An item that is known to be bad is an approved proposal with one field made wrong, one at a time. It does nothing,
 * whatever is answered, is answered by the operator alone, says nothing for or against a level, and is told once, as
 * caught or as missed.
 */
import { isDeepStrictEqual } from 'node:util'
import { ATTENTION_CHECK } from '../../src/kernel/attention.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

/** All that the run of an item may have on record, beside its end. */
const DOES: ReadonlySet<string> = new Set([
  'run.started',
  'run.admitted',
  'run.parked',
  'run.stalled',
  'review.requested',
  'review.answered',
])
const SHOWN = ['action', 'summary', 'reason', 'confidence', 'evidence', 'warnings'] as const

/** A proposal of a run, as it was asked for. */
interface Proposed {
  readonly run: string
  readonly body: JsonObject
  /** Where it was asked for, and approved. */
  readonly positions: number[]
  isApproved: boolean
}

interface Item {
  readonly proposal: JsonObject
  readonly wrong: string
  review: string | null
  /** What the answer makes of it; null before that. */
  isCaught: boolean | null
  isOpen: boolean
}

/** What `hf.autonomy.vigilance()` should say. */
export interface Told {
  readonly caught: number
  readonly missed: readonly string[]
}

export class Items implements Invariant {
  /** By review; without those that were erased. */
  readonly #proposed = new Map<string, Proposed>()
  readonly #customers = new Map<string, unknown>()
  /** By run. */
  readonly #items = new Map<string, Item>()
  readonly #told = new Map<string, boolean>()

  get told(): Told {
    const missed = [...this.#told].flatMap(([review, isCaught]) => (isCaught ? [] : [review]))
    return { caught: this.#told.size - missed.length, missed }
  }

  see(event: StoredEvent): void {
    const { kind, body, position } = event
    if (body === null) return
    if (kind === 'bodies.erased') {
      const erased = new Set(body.positions as number[])
      for (const [review, { positions }] of this.#proposed)
        if (positions.some((one) => erased.has(one))) this.#proposed.delete(review)
      return
    }
    const run = runOf(event)
    if (kind === 'run.started' && run !== null) {
      this.#customers.set(run, body.customer ?? null)
      if (body.workflow === ATTENTION_CHECK) this.#begin(run, body)
    }
    const item = this.#items.get(run ?? '')
    if (item !== undefined) this.#go(item, event, body)
    else if (kind === 'review.requested') {
      const proposed = { run: run ?? '', body, positions: [position], isApproved: false }
      this.#proposed.set(String(body.review), proposed)
    } else if (kind === 'review.answered') this.#answer(event, body)
    else if (kind === 'autonomy.compared' && this.#told.has(String(body.review)))
      throw new Violation('items-no-label', `${body.review} is compared, and is a known-bad item`)
  }

  end(): void {
    for (const [run, { isOpen }] of this.#items)
      if (isOpen) throw new Violation('items-told', `${run} was neither caught nor missed`)
  }

  #answer({ actor, position }: StoredEvent, { review, verdict }: JsonObject): void {
    const proposed = this.#proposed.get(String(review))
    if (proposed === undefined) return
    proposed.isApproved = actor === 'operator' && verdict === 'approved'
    proposed.positions.push(position)
  }

  #begin(run: string, { input, customer }: JsonObject): void {
    for (const [other, { isOpen }] of this.#items)
      if (isOpen) throw new Violation('items-made', `${run} is put beside ${other}, which waits`)
    const { source, shown, proposal, wrong } = input as Record<string, JsonObject & string>
    if (source === undefined || proposal === undefined || wrong === undefined)
      throw new Violation('items-made', `${run} does not say what it is made of`)
    const isOf = (one: Proposed): boolean =>
      one.run === source &&
      one.isApproved &&
      SHOWN.every((field) => isDeepStrictEqual(one.body[field], shown?.[field])) &&
      isDeepStrictEqual({ ...(one.body.proposal as JsonObject), [wrong]: proposal[wrong] }, proposal)
    if (![...this.#proposed.values()].some(isOf))
      throw new Violation(
        'items-made',
        `${run} is made of nothing in ${source} that was approved and is there`,
      )
    if (this.#customers.get(source) !== (customer ?? null))
      throw new Violation('items-made', `${run} is about ${customer}, and ${source} is not`)
    this.#items.set(run, { proposal, wrong, review: null, isCaught: null, isOpen: true })
  }

  #go(item: Item, event: StoredEvent, body: JsonObject): void {
    const { kind, stream } = event
    if (RUN_ENDS.has(kind)) {
      item.isOpen = false
      if (kind === 'run.completed') this.#tell(item, stream, body)
    } else if (!DOES.has(kind)) throw new Violation('items-do-nothing', `${kind} in ${stream}`)
    else if (kind === 'review.requested') {
      if (!isDeepStrictEqual(body.autonomy, { rule: 'attention' }))
        throw new Violation('items-no-label', `${stream} is put as ${JSON.stringify(body.autonomy)}`)
      item.review = String(body.review)
    } else if (kind === 'review.answered') {
      if (event.actor !== 'operator')
        throw new Violation('items-told', `${body.review} is answered by ${event.actor}, way ${body.way}`)
      const { verdict, value } = body as { verdict: string; value: JsonObject }
      const isLeft = isDeepStrictEqual(value[item.wrong], item.proposal[item.wrong])
      item.isCaught = verdict !== 'approved' && (verdict !== 'edited' || !isLeft)
    }
  }

  #tell({ review, isCaught }: Item, stream: string, { output }: JsonObject): void {
    const { caught } = output as { caught: boolean }
    if (caught !== isCaught || review === null)
      throw new Violation('items-told', `${stream} says caught: ${caught}, by its answer it is ${isCaught}`)
    if (this.#told.has(review)) throw new Violation('items-told', `${review} is told twice`)
    this.#told.set(review, isCaught)
  }
}
