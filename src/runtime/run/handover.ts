/** Hands outcomes from the journal to the code of one run, in their order, and knows what the code has seen. */
import { fromErrorRecord } from '../../kernel/errors.ts'
import type { Journal, JournalEntry } from '../../kernel/journal.ts'
import { labelOf } from '../../kernel/journal-label.ts'
import type { Json } from '../../kernel/json.ts'
import { joinLabels, type Label } from '../../kernel/label.ts'
import { OwnWords } from '../../kernel/own-words.ts'
import { Sequencer } from './sequencer.ts'

interface Asker {
  readonly resolve: (value: Json) => void
  readonly reject: (error: unknown) => void
}

interface Asked extends Asker {
  /** The join of all that the code had seen when it asked. */
  readonly label: Label
}

export class Handover {
  readonly #journal: Journal
  readonly #sequencer: Sequencer
  readonly #asked = new Map<string, Asked>()
  /** What of all that the code has seen is the owner's own. */
  readonly ownWords = new OwnWords()
  #label: Label
  #lastSeen: number
  #seenVersion = 0

  /** `onRest` is called when the code has come to rest. */
  constructor(journal: Journal, onRest: () => void) {
    this.#journal = journal
    this.#sequencer = new Sequencer(onRest)
    this.#label = labelOf(journal)
    this.#recall()
    this.#lastSeen = journal.start?.toldTime ?? 0
  }

  /** The join of all that the code has seen. */
  get label(): Label {
    return this.#label
  }

  /** Milliseconds since 1970 of the last thing that the code has seen. */
  get lastSeen(): number {
    return this.#lastSeen
  }

  /** Version of the last outcome that the code has seen; 0 for none. */
  get seenVersion(): number {
    return this.#seenVersion
  }

  /** Whether the code asks for something that it has not been given. */
  get isAsked(): boolean {
    return this.#asked.size > 0
  }

  /** Names of what the code has asked for and not been given. */
  get asked(): readonly string[] {
    return [...this.#asked.keys()]
  }

  asksFor(name: string): boolean {
    return this.#asked.has(name)
  }

  asks(name: string, asker: Asker): void {
    this.#asked.set(name, { ...asker, label: this.#label })
  }

  /** The join of all that the code had seen when it asked for this: what it has seen since has no part in it. */
  labelAt(name: string): Label {
    return this.#journal.entries.get(name)?.openedLabel ?? this.#asked.get(name)?.label ?? this.#label
  }

  /**
   * What could not even be begun, or was given up, is thrown at the code: a replay throws it again.
   * false when nothing of that name is asked for.
   */
  refuse(name: string, error: unknown): boolean {
    const asker = this.#asked.get(name)
    asker?.reject(error)
    return this.#asked.delete(name)
  }

  /** To be called when an outcome is in the journal; given to the code if that asks for it. */
  deliver(name: string, version: number): void {
    if (!this.#asked.has(name)) return
    this.#sequencer.push(version, () => {
      const asker = this.#asked.get(name)
      const settled = this.#journal.entries.get(name)?.settled
      if (!asker || !settled) return
      this.#asked.delete(name)
      this.#label = joinLabels(this.#label, settled.label)
      this.#see(name, settled)
      this.#lastSeen = Math.max(this.#lastSeen, settled.time)
      this.#seenVersion = Math.max(this.#seenVersion, settled.version)
      if (settled.outcome.ok) asker.resolve(settled.outcome.value)
      else asker.reject(fromErrorRecord(settled.outcome.error))
    })
  }

  /** What is on record already. */
  #recall(): void {
    const { start, entries } = this.#journal
    if (start !== null) this.ownWords.began(start.input, start.label)
    for (const { name, type, settled, opened } of entries.values()) {
      if (typeof opened?.endorsedBy === 'string' && type === 'effect') {
        this.ownWords.used(opened.endorsedBy, name)
      }
      if (settled !== null) this.#see(name, settled)
    }
  }

  #see(name: string, { outcome, label }: NonNullable<JournalEntry['settled']>): void {
    const type = this.#journal.entries.get(name)?.type ?? 'step'
    this.ownWords.ended(name, type, outcome, label)
  }

  /** Lets the code run until it rests, unless it is running. */
  begin(): void {
    if (this.#sequencer.idle) this.#sequencer.begin()
  }

  /** Gives nothing more. */
  stop(): void {
    this.#sequencer.stop()
    this.#asked.clear()
  }

  /** Gives nothing more; what is asked for stays asked. */
  halt(): void {
    this.#sequencer.stop()
  }
}
