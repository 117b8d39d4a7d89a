/** Texts that recur in every event (kinds, actors, labels), kept once and known by a number. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { SqliteTables } from './database.ts'

/** Kept in memory; all are forgotten when there are more, as labels of many mails would make. */
const CACHED_WORDS = 10_000

export class Words {
  readonly #tables: SqliteTables
  readonly #ids = new Map<string, number>()
  readonly #texts = new Map<number, string>()

  constructor(tables: SqliteTables) {
    this.#tables = tables
  }

  /** The number of a text, which is given one if it has none yet. */
  id(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const row = this.#tables.get<{ id: number }>('SELECT id FROM words WHERE text = ?', text)
    return this.#remember(row?.id ?? this.#create(text), text)
  }

  /** @throws LOG_CORRUPT when no text has that number */
  text(id: number): string {
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const row = this.#tables.get<{ text: string }>('SELECT text FROM words WHERE id = ?', id)
    if (row === undefined) {
      throw new HoldfastError('LOG_CORRUPT', `Word ${id} of the log is missing`, { details: { word: id } })
    }
    this.#remember(id, row.text)
    return row.text
  }

  #create(text: string): number {
    return Number(this.#tables.prepare('INSERT INTO words (text) VALUES (?)').run(text).lastInsertRowid)
  }

  #remember(id: number, text: string): number {
    if (this.#ids.size >= CACHED_WORDS) this.forget()
    this.#ids.set(text, id)
    this.#texts.set(id, text)
    return id
  }

  /** Also after a transaction that was rolled back: its words have no number. */
  forget(): void {
    this.#ids.clear()
    this.#texts.clear()
  }
}
