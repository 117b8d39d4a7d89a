/**
 * The event log as one process sees it: the real one, on a disk that may be slow, for as long as the process
 * lives. What was acknowledged is remembered outside, to be looked for after each crash.
 */
import type { StoredEvent } from '../src/kernel/event.ts'
import type { Erasable, EventLog, StreamAppend } from '../src/ports/event-log.ts'
import { changed } from './changed.ts'
import { never } from './connector.ts'

export interface LogAround {
  readonly isDead: () => boolean
  /** Milliseconds until the disk takes this append. */
  readonly slowMs: () => number
  readonly after: (ms: number, wake: () => void) => void
  readonly acknowledge: (events: readonly StoredEvent[]) => void
  /** To be called before anything is erased. */
  readonly look: () => void
  /** Told of each append before it is tried; what it gives is called when that is refused. */
  readonly ask: (parts: readonly StreamAppend[]) => () => void
}

type Given = Parameters<EventLog['append']>

export function simLog(
  log: EventLog,
  { isDead, slowMs, after, acknowledge, look, ask }: LogAround,
): EventLog {
  /** Appends that the disk has not taken yet, in order. */
  const held: (() => void)[] = []

  /** A slow disk keeps the order: what comes later waits behind. */
  function taken(given: Given): Promise<readonly StoredEvent[]> {
    const ms = slowMs()
    if (ms === 0 && held.length === 0) return log.append(...given)
    return new Promise((resolve, reject) => {
      held.push(() => void log.append(...given).then(resolve, reject))
      after(ms, () => held.shift()?.())
    })
  }

  function takeAll(): void {
    while (held.length > 0) held.shift()?.()
  }

  return changed(log, {
    async append(...given: Given) {
      if (isDead()) return await never()
      const refused = ask(given[0])
      try {
        const events = await taken(given)
        if (isDead()) return await never()
        acknowledge(events)
        return events
      } catch (error) {
        refused()
        if (isDead()) return await never()
        throw error
      }
    },
    onCommit: (listener) =>
      log.onCommit((events) => {
        if (!isDead()) listener(events)
      }),
    /** What was asked for before comes to the disk before. */
    async erase(what, by) {
      if (isDead()) return await never()
      takeAll()
      const seen = (): Erasable => {
        look()
        return typeof what === 'function' ? what() : what
      }
      return await log.erase(seen, by)
    },
    async close() {
      takeAll()
      await log.close()
    },
  })
}
