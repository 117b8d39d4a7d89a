/** Holds a bounded run to its deadline and its number of operations. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Bounds } from '../../kernel/workflow.ts'
import type { Clock } from '../../ports/clock.ts'

export class RunLimits {
  readonly #bounds: Bounds
  readonly #run: string
  readonly #onPassed: (error: HoldfastError) => void
  readonly #callOff: () => void
  #asked = 0

  /** `started` in milliseconds since 1970. `onPassed` is called when a bound is passed. */
  constructor(
    bounds: Bounds,
    run: { readonly id: string; readonly started: number },
    clock: Clock,
    onPassed: (error: HoldfastError) => void,
  ) {
    this.#bounds = bounds
    this.#run = run.id
    this.#onPassed = onPassed
    const { deadlineMs } = bounds
    const leftMs = Math.min(deadlineMs, Math.max(0, run.started + deadlineMs - clock.now()))
    this.#callOff = clock.after(leftMs, () =>
      onPassed(
        new HoldfastError('PIPELINE_DEADLINE', `${run.id} took longer than ${deadlineMs} ms`, {
          details: { run: run.id, deadlineMs },
        }),
      ),
    )
  }

  /** Counts an operation; false when it is one too many. */
  admits(name: string): boolean {
    const { maxSteps } = this.#bounds
    this.#asked += 1
    if (this.#asked <= maxSteps) return true
    this.#onPassed(
      new HoldfastError(
        'PIPELINE_STEP_LIMIT',
        `${this.#run} asks for "${name}" after ${maxSteps} operations`,
        {
          details: { run: this.#run, name, maxSteps },
        },
      ),
    )
    return false
  }

  lift(): void {
    this.#callOff()
  }
}
