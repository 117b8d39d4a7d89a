/** The file that stops all work, as the simulated disk has it: it outlives the processes, and anybody may write it. */
import type { Clock } from '../src/ports/clock.ts'
import type { StopFile, StopOrder } from '../src/ports/stop-switch.ts'
import { never } from './connector.ts'

/** After which a process is told of a change. */
const NOTICED_MS = 500

export class SimStopFile {
  #order: StopOrder | null = null
  readonly #watchers = new Set<() => void>()

  get order(): StopOrder | null {
    return this.#order
  }

  put(order: StopOrder | null): void {
    this.#order = order
    for (const tell of this.#watchers) tell()
  }

  /** As one process sees it, whose alarms die with it. */
  seenBy(clock: Pick<Clock, 'after'>, isDead: () => boolean): StopFile {
    return {
      read: () => this.#order,
      write: async (order) => (isDead() ? await never() : this.put(order)),
      remove: async () => (isDead() ? await never() : this.put(null)),
      watch: (onChange) => {
        const tell = (): void => {
          if (isDead()) this.#watchers.delete(tell)
          else clock.after(NOTICED_MS, onChange)
        }
        this.#watchers.add(tell)
        return () => void this.#watchers.delete(tell)
      },
    }
  }
}
