/** Effects about a customer on a day, those included whose decision is still on its way to the log. */
import type { TablesReader } from '../../ports/projection.ts'
import { keyOf, sentOn } from './sent-index.ts'

interface Counted {
  readonly day: number
  readonly customer: string
}

export class SentCounts {
  readonly #tables: TablesReader
  /** By day and customer. */
  readonly #allowed = new Map<string, Set<string>>()
  #day = 0

  constructor(tables: TablesReader) {
    this.#tables = tables
  }

  /** Others than this effect of this run. */
  others({ day, customer }: Counted, run: string, name: string): number {
    const all = new Set([...sentOn(this.#tables, day, customer), ...(this.#of(day, customer) ?? [])])
    all.delete(keyOf(run, name))
    return all.size
  }

  add({ day, customer }: Counted, run: string, name: string): void {
    if (day > this.#day) {
      this.#allowed.clear()
      this.#day = day
    }
    const known = this.#of(day, customer) ?? new Set()
    this.#allowed.set(`${day} ${customer}`, known.add(keyOf(run, name)))
  }

  #of(day: number, customer: string): Set<string> | undefined {
    return this.#allowed.get(`${day} ${customer}`)
  }
}
