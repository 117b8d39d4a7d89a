/**
 * The times of a schedule start just the runs that its policy says: what is put on record is compared with what
 * follows from the time at which it was asked for, reckoned without cron.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RHYTHMS, type Rhythm } from '../starters.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

/** As the runtime's: a time is missed when it is further back. */
const LATE_MS = 60_000

interface State {
  doneUpTo: number
  isPaused: boolean
  /** Of the append that is being looked at, what is still to come. */
  expected: string[]
  asked: Asked | undefined
}

export class ScheduleTimes implements Invariant {
  readonly #states = new Map<string, State>()
  /** Runs that were fired, and those that were started. */
  readonly #fired = new Set<string>()
  readonly #started = new Set<string>()

  see(event: StoredEvent, asked: Asked | undefined): void {
    const run = runOf(event)
    if (run?.startsWith('schedule/') && event.kind === 'run.started') this.#started.add(run)
    if (!event.stream.startsWith('schedule/')) return
    const name = event.stream.slice('schedule/'.length)
    const state = this.#stateOf(name)
    if (state.asked !== asked) this.#assertComplete(name, state)
    switch (event.kind) {
      case 'schedule.set':
        state.doneUpTo = Number(event.body?.from)
        return
      case 'schedule.paused':
        state.isPaused = true
        return
      case 'schedule.resumed':
        state.isPaused = false
        state.doneUpTo = Math.max(state.doneUpTo, event.time)
        return
    }
    if (event.kind === 'schedule.fired') this.#fired.add(String(event.body?.run))
    if (event.body?.by !== 'operator') this.#seeTime(name, state, event, asked)
  }

  #stateOf(name: string): State {
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const state: State = { doneUpTo: 0, isPaused: false, expected: [], asked: undefined }
    this.#states.set(name, state)
    return state
  }

  #seeTime(name: string, state: State, event: StoredEvent, asked: Asked | undefined): void {
    const { kind, body, position } = event
    const rhythm = RHYTHMS[name]
    if (rhythm === undefined || asked === undefined)
      throw new Violation('schedule-times', `nobody has asked for event ${position} of ${name}`)
    if (state.asked !== asked) {
      state.asked = asked
      state.expected = state.isPaused ? [] : expectedOf(rhythm, state.doneUpTo, asked.now)
    }
    const isFired = kind === 'schedule.fired'
    const seen = isFired ? `fired ${Number(body?.at)}` : `missed ${body?.count} up to ${Number(body?.to)}`
    const expected = state.expected.shift()
    if (seen !== expected)
      throw new Violation('schedule-times', `${name}: ${seen} instead of ${expected ?? 'nothing'}`)
    state.doneUpTo = Math.max(state.doneUpTo, Number(isFired ? body?.at : body?.to))
  }

  #assertComplete(name: string, { expected }: State): void {
    if (expected.length > 0)
      throw new Violation('schedule-times', `${name}: nothing came of ${expected.join(', ')}`)
  }

  /** Names of the schedules whose times up to now are not done with. */
  behind(now: number): string[] {
    return [...this.#states].flatMap(([name, { doneUpTo, isPaused }]) => {
      const rhythm = RHYTHMS[name]
      return !isPaused && rhythm !== undefined && timesOf(rhythm, doneUpTo, now).length > 0 ? [name] : []
    })
  }

  end(): void {
    for (const [name, state] of this.#states) this.#assertComplete(name, state)
    for (const run of this.#fired)
      if (!this.#started.has(run))
        throw new Violation('schedule-times', `${run} was fired, and never started`)
    for (const run of this.#started)
      if (!this.#fired.has(run)) throw new Violation('schedule-times', `${run} was started by no time`)
  }
}

function timesOf({ everyMs, offsetMs }: Rhythm, from: number, to: number): number[] {
  const times: number[] = []
  const first = Math.floor((from - offsetMs) / everyMs) + 1
  for (let at = first * everyMs + offsetMs; at <= to; at += everyMs) times.push(at)
  return times
}

function expectedOf(rhythm: Rhythm, from: number, now: number): string[] {
  const due = timesOf(rhythm, from, now)
  const late = due.filter((at) => at < now - LATE_MS)
  const onTime = due.slice(late.length)
  const again = { skip: 0, once: onTime.length > 0 ? 0 : 1, all: late.length }[rhythm.missed]
  const passedOver = late.slice(0, Math.max(0, late.length - again))
  const to = passedOver.at(-1)
  return [
    ...(to === undefined ? [] : [`missed ${passedOver.length} up to ${to}`]),
    ...[...late.slice(passedOver.length), ...onTime].map((at) => `fired ${at}`),
  ]
}
