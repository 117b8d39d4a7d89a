/**
 * The queue of runs: who begins next, and who has to wait for what.
 *
 * A start that names no limits, while nothing waits and there is room, is `running` at once and this file has
 * no part in it. Every other start is put on record as `queued`, with its place; `run.admitted` takes it out
 * of the queue, and the commit of that brings it in. A run that is to begin later is a timer until then;
 * `run.queued` puts it in the queue.
 *
 * In memory there are only lanes that can be served, a bounded number of them, with the first few of their
 * runs: the queue itself is the table `runs_queue`. A lane that is held up leaves; the end of a run with its
 * concurrency key, or the time at which its rate allows another, brings it back. Lanes for which there was no
 * room are found again by going once around the table, page by page.
 *
 * A crash before the commit of `run.admitted` leaves the run queued, after it running: recovery goes on with
 * both. Limits count what the tables say, so they hold across restarts.
 *
 * Why: docs/decisions/0020-the-queue-of-runs.md
 */

import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { foldJournal, RUN_ENDS } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Label, SYSTEM } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { isUnbound, placeFromJson, placeToJson, type QueuePlace } from '../../kernel/scheduling.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { ExecutionHost } from '../run/execution-host.ts'
import { isQueuedRun } from '../run-index.ts'
import { type Lane, Lanes } from './lanes.ts'
import { PAGE } from './pager.ts'
import { laneOf, type QueueRow } from './queue-rows.ts'

export type QueueHost = Pick<ExecutionHost, 'log' | 'clock' | 'besideEnd'>

export interface AroundQueue {
  /** How many more runs can be taken on. */
  room(): number
  /** Nothing is being admitted for now. */
  rested(): void
}

interface By {
  readonly actor: string
  readonly label: Label
  readonly reason: string
}

/** Lanes in memory at most, and runs read ahead of each. */
const MOST_LANES = 1_000
const READ_AHEAD = 20
const WRITE_RETRY_MS = 1_000
const HOLDS_SLOT = "('running', 'waiting', 'stalled')"
const BY_QUEUE = { actor: 'scheduler', label: SYSTEM }

/** What of the limits the batch being put together uses up. */
type Taken = Map<string, number>

export class RunQueue {
  readonly #host: QueueHost
  readonly #around: AroundQueue
  readonly #lanes = new Lanes()
  /** Lanes to look at again when the present batch is on record. */
  readonly #later = new Set<string>()
  /** Starts that went by the queue and are not on record yet. */
  #granted = 0
  /** Runs whose `run.admitted` is on its way to the log. */
  #admitting = 0
  /** The last lane looked at of a round through the table; null when none is under way. */
  #round: string | null = null
  /** Another round is due after this one. */
  #again = false
  #pageScheduled = false
  #alarmAt = Number.POSITIVE_INFINITY
  #cancelAlarm: () => void = () => {}
  #cancelRetry: () => void = () => {}
  #running = false

  constructor(host: QueueHost, around: AroundQueue) {
    this.#host = host
    this.#around = around
  }

  /** Takes up what is queued already. */
  start(): void {
    this.#running = true
    this.#goRound()
  }

  stop(): void {
    this.#running = false
    this.#lanes.clear()
    this.#later.clear()
    this.#cancelAlarm()
    this.#cancelRetry()
  }

  /** Whether something of the queue is about to go on. */
  get busy(): boolean {
    return this.#running && (this.#admitting > 0 || this.#lanes.size > 0 || this.#round !== null)
  }

  /** The place to put on record at a start; undefined for a run that may begin at once. */
  placed(place: QueuePlace): JsonObject | undefined {
    if (isUnbound(place) && !this.busy && this.#around.room() > this.#granted) {
      this.#granted += 1
      return undefined
    }
    return placeToJson(place)
  }

  // -- what the log says -------------------------------------------------------------------------

  /** Starts that were let by are runs now, or never will be. */
  committed(): void {
    this.#granted = 0
  }

  /** A run was put into the queue. */
  onQueued(event: StoredEvent): void {
    if (!this.#running || event.body === null) return
    this.#consider(laneOf(String(event.body.workflow), placeFromJson(event.body.queue as JsonObject)))
  }

  /** A run with this concurrency key has ended. */
  freed(slot: string): void {
    if (!this.#running) return
    let lane = ''
    for (;;) {
      const next = this.#host.log.tables.get<{ lane: string }>(
        'SELECT lane FROM runs_queue WHERE slot = ? AND lane > ? ORDER BY lane LIMIT 1',
        slot,
        lane,
      )
      if (next === undefined) return
      lane = next.lane
      this.#consider(lane)
    }
  }

  #consider(lane: string): void {
    if (this.#lanes.has(lane)) return
    if (this.#admitting === 0) this.#add(lane)
    else if (this.#later.size < MOST_LANES) this.#later.add(lane)
    else this.#goRound()
  }

  #add(name: string): void {
    const rows = this.#read(name, 0)
    const [first] = rows
    if (first === undefined || this.#isHeldUp(first, new Map())) return
    if (this.#lanes.size >= MOST_LANES) {
      const lowest = this.#lanes.lowest()
      this.#goRound()
      if (lowest === undefined || lowest.priority >= first.priority) return
      this.#lanes.delete(lowest.name)
    }
    this.#lanes.add(rows)
  }

  #read(lane: string, offset: number): QueueRow[] {
    return this.#host.log.tables.all<QueueRow>(
      'SELECT * FROM runs_queue WHERE lane = ? ORDER BY position LIMIT ? OFFSET ?',
      lane,
      READ_AHEAD,
      offset,
    )
  }

  // -- all lanes, once around --------------------------------------------------------------------

  #goRound(): void {
    if (this.#round !== null) this.#again = true
    else {
      this.#round = ''
      this.#turnPage()
    }
  }

  /** One page a turn, and only while there is room for the lanes that it finds. */
  #goOnRound(): void {
    if (this.#round === null || this.#pageScheduled || this.#lanes.size > MOST_LANES / 2) return
    this.#pageScheduled = true
    setImmediate(() => {
      this.#pageScheduled = false
      this.#turnPage()
    })
  }

  #turnPage(): void {
    if (!this.#running || this.#round === null || this.#admitting > 0) return
    for (let i = 0; i < PAGE && this.#round !== null && this.#lanes.size < MOST_LANES; i += 1) this.#step()
    this.look()
    this.#goOnRound()
    if (this.#round === null) this.#around.rested()
  }

  #step(): void {
    const next = this.#host.log.tables.get<{ lane: string }>(
      'SELECT lane FROM runs_queue WHERE lane > ? ORDER BY lane LIMIT 1',
      this.#round,
    )
    if (next !== undefined) {
      this.#round = next.lane
      if (!this.#lanes.has(next.lane)) this.#add(next.lane)
    } else {
      this.#round = this.#again ? '' : null
      this.#again = false
    }
  }

  // -- admitting ---------------------------------------------------------------------------------

  /** Admits as many as there is room for; at once when nothing waits. */
  look(): void {
    if (!this.#running || this.#admitting > 0 || this.#lanes.size === 0) return
    const taken: Taken = new Map()
    const batch: QueueRow[] = []
    for (let room = this.#around.room(); batch.length < room; ) {
      const lane = this.#lanes.next()
      const row = lane?.rows[0]
      if (lane === undefined) break
      if (row !== undefined && !this.#isInPlace(row)) {
        this.#renew(lane, taken)
        continue
      }
      if (row === undefined || this.#isHeldUp(row, taken)) this.#lanes.delete(lane.name)
      else batch.push(this.#take(lane, row, taken))
    }
    this.#admitting = batch.length
    for (const row of batch) void this.#admit(row)
  }

  #take(lane: Lane, row: QueueRow, taken: Taken): QueueRow {
    this.#lanes.take(lane)
    for (const key of keysOf(row)) taken.set(key, (taken.get(key) ?? 0) + 1)
    if (lane.rows.length === 0) this.#renew(lane, taken)
    return row
  }

  /** Those that were taken are still in the table. */
  #renew(lane: Lane, taken: Taken): void {
    lane.rows = this.#read(lane.name, taken.get(`lane ${lane.name}`) ?? 0)
    if (lane.rows.length === 0) this.#lanes.delete(lane.name)
  }

  async #admit(row: QueueRow): Promise<void> {
    const { rate, rate_ms: perMs } = row
    const limited = rate === null || perMs === null ? {} : { rate: { key: rate, perMs } }
    const body = { begins: true, ...limited }
    try {
      await this.#append(row.run, 'run.admitted', body)
    } catch {
      if (this.#running) this.#refused(row)
    } finally {
      this.#admitting -= 1
      if (this.#admitting === 0) this.#batchOver()
    }
  }

  /** What was read ahead is not so any more: a run was cancelled. */
  #readAgain(lane: string): void {
    this.#lanes.delete(lane)
    this.#later.add(lane)
  }

  #batchOver(): void {
    const again = [...this.#later]
    this.#later.clear()
    if (!this.#running) return
    for (const lane of again) this.#consider(lane)
    this.look()
    this.#goOnRound()
    this.#around.rested()
  }

  #refused({ run, lane }: QueueRow): void {
    if (!this.#isQueued(run)) {
      this.#readAgain(lane)
      return
    }
    // The store takes nothing for now.
    this.#lanes.delete(lane)
    this.#cancelRetry()
    this.#cancelRetry = this.#host.clock.after(WRITE_RETRY_MS, () => this.#goRound())
  }

  async #append(run: string, kind: string, body: JsonObject, by = BY_QUEUE): Promise<void> {
    const stream = runStream(run)
    const { log } = this.#host
    const event = { kind, body, ...by }
    const beside = RUN_ENDS.has(kind) ? this.#besideEnd(run, event) : []
    await log.append([{ stream, expectedVersion: log.versionOf(stream), events: [event] }, ...beside])
  }

  /** What the end of a run leads to goes with it: an agent whose event it was to handle turns to the next one. */
  #besideEnd(run: string, end: NewEvent): readonly StreamAppend[] {
    return this.#host.besideEnd(foldJournal(run, this.#host.log.readStream(runStream(run))), end)
  }

  /** Whether it still waits where it was read: it may have been cancelled meanwhile, and reopened behind others. */
  #isInPlace({ run, position }: QueueRow): boolean {
    const sql = 'SELECT 1 FROM runs_queue WHERE run = ? AND position = ?'
    return this.#host.log.tables.get(sql, run, position) !== undefined
  }

  #isQueued(run: string): boolean {
    return isQueuedRun(this.#host.log.tables, run)
  }

  // -- what holds a lane up ----------------------------------------------------------------------

  #isHeldUp(row: QueueRow, taken: Taken): boolean {
    const { slot, slot_limit: limit, rate } = row
    if (slot !== null && limit !== null && this.#holders(slot) + (taken.get(`slot ${slot}`) ?? 0) >= limit)
      return true
    if (rate === null) return false
    const at = this.#rateAllowsAt(row, taken.get(`rate ${rate}`) ?? 0)
    if (at === null) return false
    this.#wakeAt(at)
    return true
  }

  #holders(slot: string): number {
    const sql = `SELECT count(*) AS n FROM runs WHERE slot = ? AND status IN ${HOLDS_SLOT}`
    return this.#host.log.tables.get<{ n: number }>(sql, slot)?.n ?? 0
  }

  /** When the rate allows another; null for now. What a clock that was set back has left in the future is passed over. */
  #rateAllowsAt({ rate, rate_limit: limit, rate_ms: perMs }: QueueRow, taken: number): number | null {
    if (rate === null || limit === null || perMs === null) return null
    const now = this.#host.clock.now()
    if (taken >= limit) return now + perMs
    const full = this.#host.log.tables.get<{ at: number }>(
      'SELECT at FROM runs_rates WHERE key = ? AND at > ? AND at <= ? ORDER BY at DESC LIMIT 1 OFFSET ?',
      rate,
      now - perMs,
      now + perMs,
      limit - 1 - taken,
    )
    return full === undefined ? null : full.at + perMs
  }

  /** By the time of day, or when as long has passed: a clock that is set back meanwhile holds nothing up. */
  #wakeAt(at: number): void {
    if (at >= this.#alarmAt) return
    this.#cancelAlarm()
    this.#alarmAt = at
    const wake = (): void => {
      this.#cancelAlarm()
      this.#alarmAt = Number.POSITIVE_INFINITY
      this.#goRound()
    }
    const { clock } = this.#host
    const calledOff = [clock.wakeAt(at, wake), clock.after(at - clock.now(), wake)]
    this.#cancelAlarm = () => {
      for (const callOff of calledOff) callOff()
    }
  }

  // -- runs that begin later, and runs that never begin ------------------------------------------

  /** The time of a run that was to begin later has come. */
  async due(run: string): Promise<void> {
    const [started] = this.#host.log.readStream(runStream(run))
    if (!this.#isQueued(run) || started?.body == null) return
    const { workflow, queue } = started.body
    const place = { ...placeFromJson(queue as JsonObject), notBefore: null }
    await this.#append(run, 'run.queued', { workflow: String(workflow), queue: placeToJson(place) })
  }

  /** Cancels a run that has not been admitted; false when it is not queued. */
  async cancel(run: string, by: By): Promise<boolean> {
    if (!this.#isQueued(run)) return false
    const { actor, label, reason } = by
    const error = { code: 'RUN_CANCELLED', message: `Cancelled${reason && `: ${reason}`}` }
    try {
      await this.#append(run, 'run.cancelled', { reason, error }, { actor, label })
      return true
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'LOG_CONFLICT') return false
      throw error
    }
  }
}

export function isQueued(run: string): HoldfastError {
  return new HoldfastError('RUN_QUEUED', `Run ${run} is queued: it has not begun`, { details: { run } })
}

function keysOf({ lane, slot, rate }: QueueRow): string[] {
  return [
    `lane ${lane}`,
    ...(slot === null ? [] : [`slot ${slot}`]),
    ...(rate === null ? [] : [`rate ${rate}`]),
  ]
}
