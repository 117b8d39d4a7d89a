/** When a run that lost its execution, to a failed append or because it stalled, starts over from its journal. */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Clock } from '../../ports/clock.ts'

/** Until a write is tried again that the store refused. */
export const WRITE_RETRY_MS = 1_000
/** A stalled run is tried again: the file that was broken may have been mended meanwhile. */
const STALL_RETRY_MS = 30_000
/** What no waiting helps against: these runs go on in a process with the right code, or in the log's present one. */
const NEEDS_OTHER_PROCESS = new Set(['JOURNAL_DIVERGED', 'WORKFLOW_UNKNOWN', 'LOG_EPOCH_STALE'])

export class Comebacks {
  readonly #clock: Clock
  readonly #again: (run: string) => void
  /** Calls off the return of a run. */
  readonly #planned = new Map<string, () => void>()

  constructor(clock: Clock, again: (run: string) => void) {
    this.#clock = clock
    this.#again = again
  }

  lost(run: string, error: unknown): void {
    const code = isHoldfastError(error) ? error.code : ''
    if (NEEDS_OTHER_PROCESS.has(code)) return
    this.#planned.get(run)?.()
    if (code === 'LOG_CONFLICT') this.#bring(run)
    else {
      const delayMs = code === 'LOG_WRITE_FAILED' ? WRITE_RETRY_MS : STALL_RETRY_MS
      this.#planned.set(
        run,
        this.#clock.after(delayMs, () => this.#bring(run)),
      )
    }
  }

  #bring(run: string): void {
    this.#planned.delete(run)
    this.#again(run)
  }

  stop(): void {
    for (const callOff of this.#planned.values()) callOff()
  }
}
