/**
 * When queued appends are committed. Runs that advance side by side are seldom in the same turn of the event
 * loop, yet each commit waits for the disk; so a group is closed by the first turn that brings nothing new.
 * Where one append alone came before, one alone waits no further turn. A steady stream is cut by the bounds,
 * and so is a flood, that the process may answer in between.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { NewBlob, StreamAppend } from '../../ports/event-log.ts'

export interface QueuedAppend {
  readonly parts: readonly StreamAppend[]
  readonly blobs: readonly NewBlob[]
  readonly writers: readonly object[]
  readonly resolve: (events: readonly StoredEvent[]) => void
  readonly reject: (error: unknown) => void
}

const MAX_TURNS = 16
/** A commit takes no more appends when it has so many events, some milliseconds' work. */
const MAX_EVENTS = 1_000

export class AppendQueue {
  readonly #commit: (group: readonly QueuedAppend[]) => void
  #waiting: QueuedAppend[] = []
  #events = 0
  /** Appends that were waiting a turn ago. */
  #seen = 0
  #turns = 0
  #lastTaken = 0
  #scheduled = false

  constructor(commit: (group: readonly QueuedAppend[]) => void) {
    this.#commit = commit
  }

  push(append: QueuedAppend): void {
    this.#waiting.push(append)
    this.#events += eventsOf(append)
    this.#schedule()
  }

  /** Commits all that waits. */
  drain(): void {
    while (this.#waiting.length > 0) this.#commit(this.#take())
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    if (this.#waiting.length === 0) return
    this.#turns += 1
    const isGrowing = this.#waiting.length > this.#seen
    const isAlone = this.#waiting.length === 1 && this.#lastTaken === 1
    if (isGrowing && !isAlone && this.#turns < MAX_TURNS && this.#events < MAX_EVENTS) {
      this.#seen = this.#waiting.length
      this.#schedule()
      return
    }
    const group = this.#take()
    if (this.#waiting.length > 0) this.#schedule()
    this.#commit(group)
  }

  #take(): readonly QueuedAppend[] {
    this.#seen = 0
    this.#turns = 0
    const all = this.#waiting
    let taken = 0
    let events = 0
    while (taken < all.length && (taken === 0 || events < MAX_EVENTS)) {
      events += eventsOf(all[taken])
      taken += 1
    }
    this.#waiting = all.slice(taken)
    this.#events -= events
    this.#lastTaken = taken
    return taken === all.length ? all : all.slice(0, taken)
  }
}

function eventsOf(append: QueuedAppend | undefined): number {
  let events = 0
  for (const part of append?.parts ?? []) events += part.events.length
  return events
}
