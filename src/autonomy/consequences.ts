/**
 * What follows from the answers: offers and demotions are put on record as soon as their cause is, and now and then a
 * known-bad item is put among the reviews. What fails here, or is cut off, is found due again by the next answer, or
 * when the log is next opened.
 */
import { ATTENTION_CHECK } from '../kernel/attention.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { seededRandom } from '../kernel/random.ts'
import type { Remit } from '../ports/autonomy.ts'
import type { TablesReader } from '../ports/projection.ts'
import { makeItem } from './attention.ts'
import { allRows, remitOf, rowsOf } from './autonomy-index.ts'
import { type AutonomyOptions, manifestIn } from './options.ts'
import { append, byAutonomy, demote, evidenceOf, missedParts } from './records.ts'
import { dueOf, standingOf } from './standing.ts'
import type { Turns } from './turns.ts'

export class Consequences {
  readonly #options: AutonomyOptions
  readonly #turns: Turns
  readonly #stopListening: () => void
  #isOpen = false

  constructor(options: AutonomyOptions, turns: Turns) {
    this.#options = options
    this.#turns = turns
    this.#stopListening = options.log.onCommit((events) => this.#onCommit(events))
  }

  async open(): Promise<void> {
    this.#isOpen = true
    for (const row of allRows(this.#options.log.tables)) this.#look(row)
    await this.#turns.idle()
  }

  close(): void {
    this.#isOpen = false
    this.#stopListening()
  }

  #onCommit(events: readonly StoredEvent[]): void {
    if (!this.#isOpen) return
    for (const event of events) {
      const remit = this.#concerns(event)
      if (remit !== null) this.#look(remit, event.position)
      if (event.kind === 'review.requested') this.#considerItem(event)
    }
  }

  #concerns({ kind, body, position }: StoredEvent): Remit | null {
    if (body === null) return null
    if (kind.startsWith('autonomy.')) return remitOf(body)
    if (kind === 'review.requested') {
      const ruling = body.autonomy as JsonObject | undefined
      return ruling?.agent === undefined ? null : remitOf(ruling)
    }
    if (kind !== 'review.answered' || body.by === 'autonomy') return null
    const outcome = this.#options.log.tables.get<Remit>(
      `SELECT agent, action, segment FROM autonomy_outcomes WHERE position = ?1
       UNION ALL SELECT agent, action, segment FROM autonomy WHERE missed_at = ?1`,
      position,
    )
    return outcome ?? null
  }

  /** @param position of what it is looked at for */
  #look({ agent, action, segment }: Remit, position = 0): void {
    const remit = { agent, action, segment }
    this.#later(async () => {
      const rows = rowsOf(this.#options.log.tables, remit)
      const settings = this.#options.settings()
      const { row } = rows
      const missed = row === undefined ? [] : missedParts(this.#options, row, row.missed_at === position)
      if (missed.length > 0) await this.#options.log.append(missed)
      const due = dueOf(remit, rows, settings)
      if (due === null) return
      const standing = standingOf(remit, rows, settings)
      if (due.kind === 'autonomy.demoted') return await demote(this.#options, standing, due)
      const to = due.kind === 'autonomy.promotion-offered' ? { to: due.to } : {}
      const body = { ...remit, from: standing.level, ...to, ...evidenceOf(standing) }
      await append(this.#options, remit, [byAutonomy(due.kind, body)])
    })
  }

  /** After a review that the operator is to answer; at most one known-bad item is there at a time. */
  #considerItem({ body, position }: StoredEvent): void {
    const ruling = body?.autonomy as JsonObject | undefined
    const { log, settings, start } = this.#options
    const { rate } = settings().vigilance
    if (ruling?.counts !== true || ruling.by !== 'operator') return
    const seed = `${log.id} ${position}`
    if (seededRandom(seed, 'attention', 0) >= rate) return
    this.#later(async () => {
      if (isItemWaiting(log.tables)) return
      const critical = (operation: string | null) =>
        manifestIn(this.#options, operation)?.criticalArguments ?? []
      const item = makeItem(log, remitOf(ruling), seed, critical)
      if (item === null) return
      const { input, customer, label } = item
      const run = { run: `item-${position}`, workflow: ATTENTION_CHECK, customer, label }
      await start({ ...run, input: input as unknown as JsonObject })
    })
  }

  #later(work: () => Promise<void>): void {
    this.#turns
      .take(async () => {
        if (this.#isOpen) await work()
      })
      .catch(() => {})
  }
}

/** From its start on, and until it ends in whatever way. */
function isItemWaiting(tables: TablesReader): boolean {
  const sql = `SELECT 1 FROM runs WHERE status IN ('queued', 'running', 'waiting', 'stalled') AND workflow = ? LIMIT 1`
  return tables.get(sql, ATTENTION_CHECK) !== undefined
}
