/**
 * The switch over file and log.
 *
 *     stop     file written, durable ─▶ `work.stopped` on record       in force from the first on
 *     resume   `work.resumed` on record ─▶ file removed                lifted from the first on
 *
 * A crash in between leaves a file whose stop is not on record, which the next look at it puts there; or one whose
 * stop was lifted, which the next look removes. A file that somebody deletes lifts nothing. An order to resume in the
 * file is how a process is reached that answers no commands; it counts once that process has put it on record.
 */
import type { NewEvent } from '../../kernel/event.ts'
import { OWNER } from '../../kernel/label.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import {
  RESUMED,
  STOPPED,
  type Stop,
  type StopFile,
  type StopOrder,
  type StopSwitch,
  whyStopped,
} from '../../ports/stop-switch.ts'
import { isLifted, STOP_STREAM, stopsInForce } from './stop-index.ts'

export interface FileStopSwitchOptions {
  readonly log: EventLog
  readonly file: StopFile
  readonly clock: Pick<Clock, 'now'>
  /** Makes the ids of stops. */
  readonly newId: () => string
  /** What stands in the operator's sight while work is stopped. */
  readonly alert: { raise(message: string): StreamAppend; clear(): StreamAppend }
}

export class FileStopSwitch implements StopSwitch {
  readonly #log: EventLog
  readonly #file: StopFile
  readonly #clock: Pick<Clock, 'now'>
  readonly #newId: () => string
  readonly #alert: FileStopSwitchOptions['alert']
  #inForce: readonly Stop[]
  readonly #stopListening: () => void
  #stopWatching: () => void = () => {}
  /** The looks at the file, one after the other. */
  #looks: Promise<void> = Promise.resolve()
  #isLooking = false
  #isClosed = false

  constructor({ log, file, clock, newId, alert }: FileStopSwitchOptions) {
    this.#log = log
    this.#file = file
    this.#clock = clock
    this.#newId = newId
    this.#alert = alert
    this.#inForce = stopsInForce(log.tables)
    this.#stopListening = log.onCommit((events) => {
      if (events.some(({ kind }) => kind === STOPPED || kind === RESUMED))
        this.#inForce = stopsInForce(log.tables)
    })
  }

  /** Puts on record what stands in the file, now and whenever it changes. @throws LOG_WRITE_FAILED */
  async open(): Promise<void> {
    await this.look()
    this.#stopWatching = this.#file.watch(() => this.#lookSoon())
  }

  current(): Stop | null {
    const [first] = this.#inForce
    const ordered = this.#file.read()
    if (ordered === null) return first ?? null
    this.#lookSoon()
    if (first !== undefined) return first
    if (ordered.order === 'resume' || isLifted(this.#log.tables, ordered.id) === true) return null
    return stopOf(ordered)
  }

  async stop(reason = ''): Promise<Stop> {
    const known = this.current()
    const stop = known ?? { id: this.#newId(), since: this.#clock.now(), reason }
    if (known === null) {
      await this.#file.write({ order: 'stop', id: stop.id, at: stop.since, reason })
    }
    // Somebody may have written an order to resume over it: then both are on record, one after the other.
    await this.#inTurn(() => this.#keep(stop))
    await this.look()
    return stop
  }

  async resume(): Promise<readonly Stop[]> {
    await this.look()
    const lifted = this.#inForce
    await this.#inTurn(() => this.#lift())
    return lifted
  }

  /** Brings log and file together. */
  async look(): Promise<void> {
    await this.#inTurn(() => this.#reconcile())
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#looks.then(work)
    this.#looks = done.catch(() => {})
    await done
  }

  async close(): Promise<void> {
    this.#stopWatching()
    this.#stopListening()
    await this.#looks
    this.#isClosed = true
  }

  /** What can't be put on record now is looked at again with the next thing that is to be done. */
  #lookSoon(): void {
    if (this.#isLooking || this.#isClosed) return
    this.#isLooking = true
    const over = (): void => {
      this.#isLooking = false
    }
    this.look().then(over, over)
  }

  async #reconcile(): Promise<void> {
    const ordered = this.#isClosed ? null : this.#file.read()
    if (ordered === null) return
    if (ordered.order === 'resume') return await this.#lift()
    const lifted = isLifted(this.#log.tables, ordered.id)
    if (lifted === true) await this.#file.remove()
    else await this.#keep(stopOf(ordered))
  }

  async #keep(stop: Stop): Promise<void> {
    if (isLifted(this.#log.tables, stop.id) !== undefined) return
    await this.#record(STOPPED, { ...stop }, this.#alert.raise(sentence(stop)))
  }

  /** A stop that was ordered meanwhile stays. */
  async #lift(): Promise<void> {
    const stops = this.#inForce.map(({ id }) => id)
    if (stops.length > 0) await this.#record(RESUMED, { stops }, this.#alert.clear())
    const left = this.#file.read()
    const isOver = left?.order === 'resume' || (left !== null && stops.includes(left.id))
    if (isOver) await this.#file.remove()
  }

  async #record(kind: string, body: NewEvent['body'], alert: StreamAppend): Promise<void> {
    const event = { kind, actor: 'operator', label: OWNER, body }
    await this.#log.append([{ stream: STOP_STREAM, expectedVersion: 'any', events: [event] }, alert])
  }
}

function sentence(stop: Stop): string {
  const why = whyStopped(stop) ?? ''
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`
}

function stopOf({ id, at, reason }: StopOrder): Stop {
  return { id, since: at, reason }
}
