/**
 * Reservations that are too old. What they hold of a budget is given back by an event in the stream of their run, so
 * that the run knows of it: should its outcome come later all the same, what was taken counts then.
 *
 * A crash before that event leaves the reservation as it stands; opening the workspace looks again.
 */

import { isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { expiredBody } from '../../kernel/reservation.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { Standing } from '../../ports/gate.ts'
import type { Runtime } from '../runtime.ts'

type Host = Pick<Runtime, 'log' | 'clock' | 'gate' | 'resident'>

const AGAIN_MS = 1_000

export class BudgetExpiry {
  readonly #host: Host
  #isOpen = false
  /** Whether an alarm is set. */
  #isAlarmed = false
  #callOff: () => void = () => {}
  #work: Promise<void> = Promise.resolve()
  #works = 0

  constructor(host: Host) {
    this.#host = host
    host.gate.onReserved(() => this.#wakeAt(host.clock.now() + host.gate.reservationAgeMs()))
  }

  /** From now on what is too old expires; what became so meanwhile does now. */
  open(): void {
    this.#isOpen = true
    this.#look()
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#callOff()
    await this.#work
  }

  /** Resolves when what is too old has expired; with whether anything had. */
  async idle(): Promise<boolean> {
    const worked = this.#works > 0
    await this.#work
    return worked
  }

  #wakeAt(at: number): void {
    if (!this.#isOpen || this.#isAlarmed) return
    this.#isAlarmed = true
    this.#callOff = this.#host.clock.wakeAt(at, () => {
      this.#isAlarmed = false
      this.#look()
    })
  }

  #look(): void {
    if (!this.#isOpen) return
    const { clock, gate } = this.#host
    const ageMs = gate.reservationAgeMs()
    const [oldest] = gate.reservations()
    if (oldest === undefined) return
    if (oldest.since + ageMs > clock.now()) {
      this.#wakeAt(oldest.since + ageMs)
      return
    }
    this.#works += 1
    this.#work = this.#expire(clock.now() - ageMs).then((isDone) => {
      this.#works -= 1
      if (isDone) this.#look()
      else this.#wakeAt(clock.now() + AGAIN_MS)
    })
  }

  /** All of before at once, by what is on record at this moment. false when some are to be looked at again. */
  async #expire(before: number): Promise<boolean> {
    const byRun = Map.groupBy(this.#host.gate.reservations(before), ({ run }) => run)
    const done = await Promise.all([...byRun].map(([run, own]) => this.#expireOf(run, own, before)))
    return done.every(Boolean)
  }

  async #expireOf(run: string, old: readonly Standing[], before: number): Promise<boolean> {
    const { log } = this.#host
    const execution = this.#host.resident(run)
    try {
      if (execution !== undefined && !execution.ended) {
        const { records } = execution
        // One may have been closed, and made anew, on the way to the disk.
        const there = old.flatMap(({ for: name }) => records.writer.reserved(name) ?? [])
        await records.write(there.filter(({ since }) => since <= before).map(expired))
      } else {
        const stream = runStream(run)
        await log.append([{ stream, expectedVersion: log.versionOf(stream), events: old.map(expired) }])
      }
      return true
    } catch (error) {
      if (!isHoldfastError(error)) throw error
      return false
    }
  }
}

function expired(reservation: Parameters<typeof expiredBody>[0]): NewEvent {
  return { kind: 'budget.expired', actor: 'runtime', label: SYSTEM, body: expiredBody(reservation) }
}
