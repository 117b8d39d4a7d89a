/**
 * Starts runs at the times of the schedules.
 *
 * Promises: each time of a schedule starts one run, `schedule/<name>/<time>`, or is passed over for a reason on
 * record; `schedule.fired` and the run's start are one commit, so a crash leaves both or neither. Times are done
 * with in order: a clock that is set back repeats none of them, and the schedule goes on when it has come that
 * far again; one that jumps ahead makes the times in between missed ones.
 *
 * A time is missed when it is more than a minute ago: what becomes of it says the schedule's `missed`. Times while
 * a schedule is paused or its workflow is switched off by a flag, and times before it was first set or its times
 * were changed, are never made up for.
 *
 * Why: docs/decisions/0032-schedules-and-triggers.md
 */

import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { type Label, OWNER, SYSTEM } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { clearAlert, isRaised, raiseAlert } from '../alert-index.ts'
import { assertOn, type Switched, switchOf } from '../life/switches.ts'
import { recordJson } from '../run-errors.ts'
import type { Runtime } from '../runtime.ts'
import { CronTimes } from './cron-times.ts'
import type { AnySchedule, MissedPolicy } from './schedule.ts'
import { SCHEDULE_STREAM, SCHEDULES_BY_NAME, type ScheduleRow } from './schedule-index.ts'

export interface ScheduleState {
  readonly name: string
  readonly cron: string
  readonly timeZone: string
  readonly workflow: string
  readonly missed: MissedPolicy
  /** `absent`: on record, but not defined in this process. */
  readonly status: 'active' | 'paused' | 'absent'
  /** The next times, milliseconds since 1970; none while it is not active. */
  readonly next: readonly number[]
  readonly lastRun: string | null
  readonly lastAt: number | null
  readonly fired: number
}

type Host = Pick<Runtime, 'log' | 'clock' | 'workflows' | 'startPart' | 'flags'>

/** A time is missed when it is further back than this. */
const LATE_MS = 60_000
/** Most missed times that are made up for one by one. */
const MOST_MISSED = 1_000
const SHOWN_TIMES = 3
const WRITE_RETRY_MS = 1_000
const BY_OPERATOR = { actor: 'operator', label: OWNER }

export class Schedules {
  readonly #host: Host
  readonly #schedules: ReadonlyMap<string, { readonly schedule: AnySchedule; readonly times: CronTimes }>
  readonly #alarms = new Map<string, () => void>()
  #isOpen = false

  /** @throws INPUT_INVALID for two of one name, WORKFLOW_UNKNOWN */
  constructor(host: Host, schedules: readonly AnySchedule[]) {
    this.#host = host
    for (const { workflow } of schedules) host.workflows.get(workflow.name, workflow.version)
    this.#schedules = new Map(
      schedules.map((schedule) => [
        schedule.name,
        { schedule, times: new CronTimes(schedule.cron, schedule.timeZone ?? 'UTC') },
      ]),
    )
    if (this.#schedules.size < schedules.length)
      throw new HoldfastError('INPUT_INVALID', 'Two schedules have one name', {
        details: { names: schedules.map(({ name }) => name) },
      })
  }

  /** Puts on record what is new, makes up for what was missed, and goes on from there. */
  async open(): Promise<void> {
    this.#isOpen = true
    for (const name of this.#schedules.keys()) {
      await this.#set(name)
      await this.#turn(name)
    }
  }

  close(): void {
    this.#isOpen = false
    for (const callOff of this.#alarms.values()) callOff()
    this.#alarms.clear()
  }

  list(): ScheduleState[] {
    return this.#host.log.tables.all<ScheduleRow>(SCHEDULES_BY_NAME).map((row) => this.#state(row))
  }

  /** No run is started until it is resumed; what falls in between is not made up for. @throws SCHEDULE_UNKNOWN */
  async pause(name: string): Promise<ScheduleState> {
    if (this.#row(name).paused === 0) await this.#append(name, [event('schedule.paused', {}, BY_OPERATOR)])
    this.#alarms.get(name)?.()
    return this.#state(this.#row(name))
  }

  /** @throws SCHEDULE_UNKNOWN */
  async resume(name: string): Promise<ScheduleState> {
    if (this.#row(name).paused === 1) await this.#append(name, [event('schedule.resumed', {}, BY_OPERATOR)])
    this.#setAlarm(name)
    return this.#state(this.#row(name))
  }

  /** Starts a run now, beside those of its times. @throws SCHEDULE_UNKNOWN, FLAG_OFF, or what its `input` throws */
  async run(name: string): Promise<{ readonly run: string }> {
    this.#row(name)
    const known = this.#schedules.get(name)
    if (known === undefined) throw unknown(name, [...this.#schedules.keys()])
    await assertOn(this.#host, workflowOf(known.schedule))
    const at = this.#host.clock.now()
    const run = runId(name, at)
    const started = this.#start(known.schedule, run, at, inputOf(known.schedule, at))
    await this.#append(name, [event('schedule.fired', { at, run, by: 'operator' }, BY_OPERATOR)], [started])
    return { run }
  }

  #row(name: string): ScheduleRow {
    const rows = this.#host.log.tables.all<ScheduleRow>(SCHEDULES_BY_NAME)
    const row = rows.find((one) => one.name === name)
    if (row !== undefined) return row
    throw unknown(
      name,
      rows.map((one) => one.name),
    )
  }

  #state(row: ScheduleRow): ScheduleState {
    const { name, cron, time_zone: timeZone, workflow, last_run: lastRun, last_at: lastAt, fired } = row
    const times = this.#schedules.get(name)?.times
    const status = times === undefined ? 'absent' : row.paused === 1 ? 'paused' : 'active'
    const next: number[] = []
    for (let at: number | null = row.done_up_to; status === 'active' && next.length < SHOWN_TIMES; ) {
      at = times?.next(at) ?? null
      if (at === null) break
      next.push(at)
    }
    const missed = row.missed as MissedPolicy
    return { name, cron, timeZone, workflow, missed, status, next, lastRun, lastAt, fired }
  }

  // -- the times ---------------------------------------------------------------------------------

  async #set(name: string): Promise<void> {
    const schedule = this.#schedules.get(name)?.schedule
    if (schedule === undefined) return
    const { cron, timeZone = 'UTC', missed = 'once' } = schedule
    const now = this.#host.clock.now()
    const row = this.list().find((one) => one.name === name)
    const sameTimes = row?.cron === cron && row.timeZone === timeZone
    if (sameTimes && row.workflow === schedule.workflow.name && row.missed === missed) return
    const from = sameTimes ? this.#row(name).done_up_to : now
    const body = { cron, timeZone, workflow: schedule.workflow.name, missed, from }
    await this.#append(name, [event('schedule.set', body)])
  }

  /** Fires what is due, or passes it over, in one commit; then sets the alarm. */
  async #turn(name: string): Promise<void> {
    const known = this.#schedules.get(name)
    if (known === undefined || !this.#isOpen) return
    try {
      if (this.#due(name).due.length > 0) await this.#fire(known.schedule)
      this.#setAlarm(name)
    } catch {
      // The store refuses for now, or the operator was quicker: from what is on record then.
      if (this.#isOpen) this.#later(name, (again) => this.#host.clock.after(WRITE_RETRY_MS, again))
    }
  }

  #due(name: string): { readonly due: readonly number[]; readonly from: number; readonly now: number } {
    const { paused, done_up_to: from } = this.#row(name)
    const now = this.#host.clock.now()
    const due = paused === 1 ? [] : (this.#schedules.get(name)?.times.last(MOST_MISSED + 1, from, now) ?? [])
    return { due, from, now }
  }

  async #fire(schedule: AnySchedule): Promise<void> {
    const { name, missed = 'once' } = schedule
    const { off, parts: starts } = await switchOf(this.#host, workflowOf(schedule))
    const { due, from, now } = this.#due(name)
    if (due.length === 0) return
    const events: NewEvent[] = []
    if (off !== null) {
      const count = due.length > MOST_MISSED ? null : due.length
      events.push(
        event('schedule.missed', {
          from,
          to: due.at(-1) ?? from,
          count,
          error: recordJson(toErrorRecord(off)),
        }),
      )
      return await this.#append(name, events, starts)
    }
    const late = due.filter((at) => at < now - LATE_MS)
    const kept = late.slice(late.length - madeUpFor(missed, late.length, due.length > late.length))
    const passedOver = late.slice(0, late.length - kept.length)
    const to = passedOver.at(-1)
    if (to !== undefined) {
      const count = late.length > MOST_MISSED ? null : passedOver.length
      events.push(event('schedule.missed', { from, to, count }))
    }
    const parts = [...starts]
    for (const at of [...kept, ...due.slice(late.length)]) this.#fireAt(schedule, at, events, parts)
    await this.#append(name, events, parts)
  }

  #fireAt(schedule: AnySchedule, at: number, events: NewEvent[], starts: StreamAppend[]): void {
    const run = runId(schedule.name, at)
    try {
      const input = inputOf(schedule, at)
      // A time that came once before, under an earlier definition, has had its run.
      if (this.#host.log.versionOf(runStream(run)) === 0) starts.push(this.#start(schedule, run, at, input))
      events.push(event('schedule.fired', { at, run }))
      if (isRaised(this.#host.log.tables, 'schedule', schedule.name))
        starts.push(clearAlert('schedule', schedule.name))
    } catch (error) {
      events.push(
        event('schedule.missed', { from: at, to: at, count: 1, error: recordJson(toErrorRecord(error)) }),
      )
      const message = `No run at ${new Date(at).toISOString()}: ${toErrorRecord(error).message}`
      starts.push(raiseAlert('schedule', schedule.name, message))
    }
  }

  #start({ workflow, name }: AnySchedule, run: string, at: number, input: Json): StreamAppend {
    const label: Label = SYSTEM
    const actor = `schedule:${name}`
    const part = this.#host.startPart({ run, workflow, input, actor, label })
    const events = part.events.map((one) => ({ ...one, body: { ...one.body, scheduled: { name, at } } }))
    return { ...part, events }
  }

  async #append(
    name: string,
    events: readonly NewEvent[],
    others: readonly StreamAppend[] = [],
  ): Promise<void> {
    const { log } = this.#host
    const stream = SCHEDULE_STREAM + name
    await log.append([{ stream, expectedVersion: log.versionOf(stream), events }, ...others])
  }

  #setAlarm(name: string): void {
    if (!this.#isOpen) return
    const row = this.#row(name)
    const next = row.paused === 1 ? null : (this.#schedules.get(name)?.times.next(row.done_up_to) ?? null)
    if (next !== null) this.#later(name, (again) => this.#host.clock.wakeAt(next, again))
  }

  #later(name: string, wake: (again: () => void) => () => void): void {
    this.#alarms.get(name)?.()
    this.#alarms.set(
      name,
      wake(() => void this.#turn(name)),
    )
  }
}

function workflowOf({ workflow }: AnySchedule): Switched {
  return { what: 'workflow', name: workflow.name, customer: null }
}

/** How many of the missed times, the latest, get their run: with `once`, one that is on time makes up for all. */
function madeUpFor(missed: MissedPolicy, late: number, hasOneOnTime: boolean): number {
  if (missed === 'all') return Math.min(late, MOST_MISSED)
  return missed === 'once' && late > 0 && !hasOneOnTime ? 1 : 0
}

function event(kind: string, body: JsonObject, by = { actor: 'scheduler', label: SYSTEM }): NewEvent {
  return { kind, body, ...by }
}

function runId(name: string, at: number): string {
  return `${SCHEDULE_STREAM}${name}/${new Date(at).toISOString()}`
}

function inputOf(schedule: AnySchedule, at: number): Json {
  return toJson(schedule.input(at), `input of schedule ${schedule.name}`)
}

function unknown(name: string, known: readonly string[]): HoldfastError {
  const there =
    known.length === 0 ? 'there is none' : `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
  return new HoldfastError('SCHEDULE_UNKNOWN', `There is no schedule ${name}; ${there}`, {
    details: { name, known },
  })
}
