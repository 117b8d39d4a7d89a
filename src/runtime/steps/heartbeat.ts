/**
 * The heartbeat of one attempt: it is lost when the function says nothing for a whole period. What it tells is
 * put on record at most once in half a period, and only when it is new; the latest is kept for that moment, or
 * for the failure of the attempt. A process that dies so loses what was told in the last half of a period.
 */
import { HoldfastError } from '../../kernel/errors.ts'
import { canonicalJson, type Json, toJson } from '../../kernel/json.ts'
import type { OperationOf } from '../operations.ts'
import type { TimeLimit } from '../perform/time-limits.ts'
import type { Execution } from '../run/execution.ts'

export class Heartbeat {
  readonly #execution: Execution
  readonly #name: string
  readonly #attempt: number
  readonly #periodMs: number
  #onLost: (error: Error) => void = () => {}
  #callOffLoss = (): void => {}
  #callOffRest = (): void => {}
  #isResting = false
  #isOver = false
  /** Told, and not on record yet; undefined for nothing. */
  #told: Json | undefined

  constructor(execution: Execution, { name }: OperationOf<'step'>, attempt: number, periodMs: number) {
    this.#execution = execution
    this.#name = name
    this.#attempt = attempt
    this.#periodMs = periodMs
  }

  readonly limit: TimeLimit = (pass) => {
    this.#onLost = pass
    this.#watch()
    return () => this.#end()
  }

  /** @throws VALUE_NOT_JSON for details that can't be put on record */
  beat(details?: unknown): void {
    if (this.#isOver) return
    this.#watch()
    if (details === undefined) return
    this.#told = toJson(details, `details of step ${this.#name}`)
    if (!this.#isResting) this.#record()
  }

  /** Puts on record what is not there yet. */
  keep(): void {
    this.#record()
  }

  #watch(): void {
    this.#callOffLoss()
    this.#callOffLoss = this.#execution.host.clock.after(this.#periodMs, () => this.#onLost(this.#lost()))
  }

  #record(): void {
    const details = this.#told
    this.#told = undefined
    if (details === undefined || this.#isKnown(details)) return
    const body = { name: this.#name, attempt: this.#attempt, details }
    this.#execution.record([this.#execution.event('step.beat', body)])
    if (!this.#isOver) this.#rest()
  }

  #rest(): void {
    this.#isResting = true
    this.#callOffRest = this.#execution.host.clock.after(this.#periodMs / 2, () => {
      this.#isResting = false
      this.#record()
    })
  }

  #isKnown(details: Json): boolean {
    const known = this.#execution.journal.entries.get(this.#name)?.opened?.details
    return known !== undefined && canonicalJson(known) === canonicalJson(details)
  }

  #end(): void {
    this.#isOver = true
    this.#callOffLoss()
    this.#callOffRest()
  }

  #lost(): HoldfastError {
    const { run } = this.#execution
    return new HoldfastError(
      'STEP_HEARTBEAT_LOST',
      `Attempt ${this.#attempt} of step ${this.#name} gave no heartbeat for ${this.#periodMs} ms`,
      {
        details: { run: run.id, step: this.#name, attempt: this.#attempt, heartbeatMs: this.#periodMs },
      },
    )
  }
}
