/** The invariants that hold after every step: what each event of the log may be, given those before it. */

import type { StoredEvent } from '../src/kernel/event.ts'
import { RUN_ENDS } from '../src/kernel/journal.ts'
import type { JsonObject } from '../src/kernel/json.ts'
import { encodeLabel } from '../src/kernel/label.ts'
import { runOf } from '../src/kernel/run-stream.ts'
import type { Tick } from './collector.ts'
import { AnomaliesTold } from './invariants/anomalies.ts'
import { Budgets } from './invariants/budgets.ts'
import { Erasures } from './invariants/erasures.ts'
import { Families } from './invariants/families.ts'
import { FlagAnswers } from './invariants/flags.ts'
import { type Asked, type Invariant, Violation } from './invariants/invariant.ts'
import { Items } from './invariants/items.ts'
import { Levels } from './invariants/levels.ts'
import { Limits } from './invariants/limits.ts'
import { Persons } from './invariants/persons.ts'
import { QueueOrder } from './invariants/queue-order.ts'
import { Reopenings } from './invariants/reopenings.ts'
import { Reviews } from './invariants/reviews.ts'
import { Rollbacks } from './invariants/rollbacks.ts'
import { ScheduleTimes } from './invariants/schedules.ts'
import { Stops } from './invariants/stops.ts'
import { TriggeredOnce } from './invariants/triggers.ts'
import type { Plan } from './plan.ts'

/** Kinds that give an operation its outcome: one for each, however often it is attempted. */
const OUTCOMES: ReadonlySet<string> = new Set([
  'step.completed',
  'step.failed',
  'effect.succeeded',
  'effect.failed',
  'decision.made',
  'decision.failed',
  'flag.evaluated',
  'review.answered',
  'timer.fired',
  'wait.ended',
  'publication.made',
  'child.ended',
  'undo.succeeded',
  'undo.failed',
])

export class Watch {
  /** All events, by position less one, as text. */
  readonly #texts: string[] = []
  readonly #versions = new Map<string, number>()
  readonly #ended = new Set<string>()
  readonly #settled = new Set<string>()
  readonly #answered = new Set<string>()
  /** Run and kind and key → positions of the events received, by the waits that did so. */
  readonly #received = new Map<string, Map<string, number>>()
  readonly #waits = new Map<string, string>()
  readonly #callsByDay = new Map<number, number>()
  readonly #callsPerDay: number | null
  /** By run and name: the day on which a model call was allowed. */
  readonly #allowed = new Map<string, number>()
  /** Run and effect of which it is on record that nobody knew how they ended. */
  readonly #unknown = new Set<string>()
  #ticks: Tick[] = []
  readonly schedules = new ScheduleTimes()
  readonly families = new Families()
  readonly reopenings = new Reopenings()
  readonly erasures = new Erasures()
  readonly persons = new Persons()
  readonly order = new QueueOrder()
  readonly stops = new Stops()
  readonly items = new Items()
  readonly levels: Levels | null
  readonly anomalies: AnomaliesTold | null
  readonly #invariants: Invariant[] = [
    this.persons,
    new Limits(),
    this.schedules,
    new TriggeredOnce(),
    this.families,
    new Rollbacks(),
    this.reopenings,
    new Reviews(),
    new FlagAnswers(),
    this.erasures,
    this.order,
    this.stops,
  ]

  constructor({ settings, autonomy }: Pick<Plan, 'settings' | 'autonomy'>) {
    const { modelCallsPerDay, atLimit } = settings.budget
    // Asked, the operator may say yes, and the count tells nothing.
    this.#callsPerDay = atLimit === 'deny' ? modelCallsPerDay : null
    this.#invariants.push(new Budgets(settings))
    this.levels = autonomy === null ? null : new Levels(autonomy)
    this.anomalies = autonomy === null ? null : new AnomaliesTold(autonomy.anomalies)
    if (this.levels !== null) this.#invariants.push(this.levels, this.items)
    if (this.anomalies !== null) this.#invariants.push(this.anomalies)
  }

  get position(): number {
    return this.#texts.length
  }

  get texts(): readonly string[] {
    return this.#texts
  }

  /** A process begins: of what was on its way to the log, nothing more comes. */
  opened(): void {
    this.order.opened()
    this.anomalies?.unsure(false)
  }

  /** Something may never come, or come later, though it was asked for. */
  refused(): void {
    this.order.unsure()
    this.anomalies?.unsure(true)
  }

  isUnknown(run: string, effect: string): boolean {
    return this.#unknown.has(`${run}\n${effect}`)
  }

  /** Takes the next event of the log, and how it was when it was asked for. @throws Violation */
  see(event: StoredEvent, asked: Asked | undefined): void {
    const { position, stream, version, kind } = event
    if (position !== this.position + 1) throw new Violation('gapless', `${position} follows ${this.position}`)
    this.#texts.push(textOf(event))
    const before = this.#versions.get(stream) ?? 0
    if (version !== before + 1)
      throw new Violation('gapless', `version ${version} of ${stream} follows ${before}`)
    this.#versions.set(stream, version)
    this.#show(event, asked)
    if (kind === 'event.published' && event.body?.kind === 'tick')
      this.#ticks.push({ ...(event.body as unknown as Tick), position })
    // Retention waits for agents that are on record: what it took before that, nobody can be told.
    if (kind === 'agent.defined' && version === 1)
      this.#ticks = this.#ticks.filter((one) => !this.erasures.positions.has(one.position))
    if (!stream.startsWith('run/')) return
    if (kind === 'run.reopened') this.#seeReopened(event, runOf(stream))
    else if (this.#ended.has(stream) && kind !== 'run.discarded')
      throw new Violation('nothing-after-the-end', `${kind} in ${stream}`)
    if (RUN_ENDS.has(kind)) this.#ended.add(stream)
    this.#seeOperation(event, runOf(stream))
  }

  /** What the agent was told, in the order of the log. */
  get ticks(): readonly Tick[] {
    return this.#ticks
  }

  /** When all that was begun should have come to its end. @throws Violation */
  end(): void {
    for (const invariant of this.#invariants) invariant.end()
  }

  /** Invariants know what was erased by the names that it had. */
  #show(event: StoredEvent, asked: Asked | undefined): void {
    const renamed = this.persons.renames(event)
    const body = event.kind === 'bodies.erased' ? asNamed(event.body, this.persons) : event.body
    for (const invariant of this.#invariants) invariant.see({ ...event, body }, asked)
    if (renamed === null) return
    for (const run of (event.body?.runs ?? []) as string[]) this.erasures.runs.add(run)
    for (const [stream, version] of [...this.#versions]) {
      const now = renamed(stream)
      if (now === stream) continue
      this.#versions.delete(stream)
      this.#versions.set(now, version)
      if (this.#ended.delete(stream)) this.#ended.add(now)
    }
  }

  #seeOperation({ kind, time, position, body }: StoredEvent, run: string): void {
    if (body === null) return
    const name = `${run}\n${String(body.name)}`
    if (OUTCOMES.has(kind)) {
      if (this.#settled.has(name)) throw new Violation('settled-once', `${kind} of ${name} at ${position}`)
      this.#settled.add(name)
    }
    if (kind === 'effect.unknown') this.#unknown.add(name)
    if (kind === 'review.answered') this.#seeAnswer(String(body.review))
    if (kind === 'wait.started')
      this.#waits.set(name, `${firstOf(run)}\n${String(body.kind)}\n${String(body.key)}`)
    if (kind === 'wait.ended' && body.event !== null) {
      this.#seeReceived(name, Number((body.event as { position?: number }).position))
    }
    const request = body.request as { type?: string; day?: number } | undefined
    if (kind === 'policy.decided' && request?.type === 'model' && body.answer === 'allow')
      this.#seeCall(name, request.day ?? Math.floor(time / 86_400_000))
    if (kind === 'budget.released') this.#seeNoCall(`${run}\n${String(body.for)}`)
  }

  #seeAnswer(review: string): void {
    if (this.#answered.has(review)) throw new Violation('review-once', `${review} was answered twice`)
    this.#answered.add(review)
  }

  #seeReceived(name: string, position: number): void {
    const source = this.#waits.get(name) ?? name
    const received = this.#received.get(source) ?? new Map<string, number>()
    const last = Math.max(0, ...received.values())
    if (position <= last)
      throw new Violation('wait-once', `${name} was given event ${position} after ${last}`)
    this.#received.set(source, received.set(name, position))
  }

  /** What is to be done again is settled again, and what its waits had received is there once more. */
  #seeReopened({ stream, body }: StoredEvent, run: string): void {
    this.#ended.delete(stream)
    for (const voided of (body?.voided ?? []) as string[]) {
      const name = `${run}\n${voided}`
      this.#settled.delete(name)
      this.#received.get(this.#waits.get(name) ?? name)?.delete(name)
    }
  }

  /** What was allowed was given back, and not asked. */
  #seeNoCall(name: string): void {
    const day = this.#allowed.get(name)
    if (day === undefined) return
    this.#callsByDay.set(day, (this.#callsByDay.get(day) ?? 0) - 1)
    this.#allowed.delete(name)
  }

  #seeCall(name: string, day: number): void {
    this.#allowed.set(name, day)
    const calls = (this.#callsByDay.get(day) ?? 0) + 1
    this.#callsByDay.set(day, calls)
    if (this.#callsPerDay !== null && calls > this.#callsPerDay) {
      throw new Violation('budget', `${calls} model calls on day ${day}, the limit is ${this.#callsPerDay}`)
    }
  }
}

/** The links of a chain receive as one run. */
function firstOf(run: string): string {
  return run.replace(/~\d+$/, '')
}

function asNamed(body: JsonObject | null, persons: Persons): JsonObject | null {
  if (body === null) return null
  return { ...body, runs: ((body.runs ?? []) as string[]).map((run) => persons.asBefore(run)) }
}

/** All of an event that is the same whenever the same seed is simulated. */
export function textOf(event: StoredEvent): string {
  const { position, stream, version, kind, time, actor, label, body } = event
  return `${position} ${stream}@${version} ${kind} ${time} ${actor} ${encodeLabel(label)} ${JSON.stringify(body, bare)}`
}

/** Without what is hashed with nonces. */
function bare(key: string, value: unknown): unknown {
  return key === 'renamed' ? Object.keys(value as object) : value
}
