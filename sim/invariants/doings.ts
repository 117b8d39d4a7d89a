/** What agents have done, one entry an event, so that any window of it can be added up as it stood at any time. */
import { hash } from 'node:crypto'
import type { Sample } from '../../src/autonomy/anomalies/baseline.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { AnomalySettings, Measure } from '../../src/ports/anomalies.ts'
import { LOG_ID } from '../store.ts'
import { runOf, Violation } from './invariant.ts'

export const HOUR = 3_600_000
/** Of fewer runs in a window nobody says how many of them fail, or how long they work. */
const LEAST_RUNS = 5

/** What is not said is 0. */
interface Done {
  readonly position: number
  readonly number: number
  readonly era: number
  readonly run?: { readonly failed: boolean; readonly pace: number }
  readonly cost?: number
  readonly effect?: { readonly recipients: number; readonly isOwn: boolean }
}

interface Run {
  readonly agent: string
  since: number | null
  busy: number
  isOver: boolean
}

export class Doings {
  readonly #settings: AnomalySettings
  readonly #runs = new Map<string, Run>()
  readonly #done = new Map<string, Done[]>()
  /** Agent → positions of the lifts. */
  readonly #lifts = new Map<string, number[]>()
  readonly #amounts = new Map<string, { readonly position: number; readonly value: number }[]>()
  /** Hash of agent and address → where it was new; that may have been erased. */
  readonly #known = new Map<string, number>()
  readonly #awaited = new Set<string>()
  /** Those of whom it was erased that they are known, perhaps between a decision and its record. */
  readonly #forgotten = new Set<string>()

  constructor(settings: AnomalySettings) {
    this.#settings = settings
  }

  get agents(): Iterable<string> {
    return this.#done.keys()
  }

  agentOf(run: string): string {
    return this.#runs.get(run)?.agent ?? ''
  }

  see(event: StoredEvent): void {
    const { kind, body, time, position } = event
    const id = runOf(event)
    if (kind === 'anomaly.lifted') {
      const agent = String(body?.agent)
      this.#lifts.set(agent, [...(this.#lifts.get(agent) ?? []), position])
    } else if (kind === 'bodies.erased') this.#forget(new Set(body?.positions as number[]))
    else if (id === null) return
    else if (kind === 'run.started' && body !== null) {
      const since = body.queue === undefined ? time : null
      this.#runs.set(id, { agent: String(body.workflow), since, busy: 0, isOver: false })
    }
    const run = this.#runs.get(id ?? '')
    if (run === undefined || run.isOver) return
    if (kind === 'run.admitted' || body?.wakes === true) run.since = time
    const cost = kind === 'model.called' ? Number(body?.priceMicros ?? 0) : 0
    if (cost > 0) this.#add(run.agent, position, time, { cost })
    if (kind === 'run.parked' || kind === 'run.stalled' || body?.parks === true || RUN_ENDS.has(kind)) {
      run.busy += Math.max(0, time - (run.since ?? time))
      run.since = null
    }
    if (!RUN_ENDS.has(kind)) return
    run.isOver = true
    const pace = Math.round(16 * Math.log2(1 + run.busy))
    this.#add(run.agent, position, time, { run: { failed: kind === 'run.failed', pace } })
  }

  /** An effect that was allowed at that position; its window. @throws Violation */
  note(
    position: number,
    agent: string,
    { hour, own, amounts = {}, recipients = [] }: JsonObject,
    input: JsonObject,
  ): number {
    const addresses = Object.values(input).filter((one) => typeof one === 'string' && !/\s/.test(one))
    const fresh = this.#noteAddressed(
      position,
      new Set(addresses.map((one) => hashOf(`${agent} ${one}`))),
      recipients as string[],
    )
    for (const [what, value] of Object.entries(amounts as object)) {
      const kind = `${agent} ${what}`
      this.#amounts.set(kind, [...(this.#amounts.get(kind) ?? []), { position, value }])
    }
    const effect = { recipients: fresh, isOwn: own === true }
    return this.#add(agent, position, Number(hour) * HOUR, { effect })
  }

  /** Who is not said to be new is known, or is addressed by an effect that was allowed before, and is on its way. */
  #noteAddressed(position: number, addressed: ReadonlySet<string>, fresh: readonly string[]): number {
    for (const one of fresh) {
      if (!addressed.has(one) || this.#known.has(one))
        throw new Violation('anomalies-told', `${one} is said to be new at ${position}`)
      this.#known.set(one, position)
      this.#awaited.delete(one)
    }
    for (const one of addressed)
      if (!this.#known.has(one) && !this.#forgotten.has(one)) this.#awaited.add(one)
    return fresh.length
  }

  /** What was on its way never comes. */
  lost(): void {
    this.#awaited.clear()
  }

  end(): void {
    for (const one of this.#awaited) throw new Violation('anomalies-told', `${one} was never said to be new`)
  }

  #add(agent: string, position: number, time: number, what: Partial<Done>): number {
    const number = Math.floor(time / this.#settings.windowMs)
    const one = { position, number, era: this.eraOf(agent), ...what }
    const done = this.#done.get(agent)
    if (done === undefined) this.#done.set(agent, [one])
    else done.push(one)
    return number
  }

  /** Who is known no longer is new again. */
  #forget(erased: ReadonlySet<number>): void {
    for (const [who, position] of this.#known) {
      if (!erased.has(position)) continue
      this.#known.delete(who)
      this.#forgotten.add(who)
    }
  }

  // -- added up ------------------------------------------------------------------------------------

  eraOf(agent: string, head = Number.POSITIVE_INFINITY): number {
    return (this.#lifts.get(agent) ?? []).filter((position) => position <= head).length
  }

  /** Of the window, since the last lift, as the log stood; null where nothing can be said. */
  soFar(agent: string, measure: Measure, number: number, head = Number.POSITIVE_INFINITY): Sample | null {
    const era = this.eraOf(agent, head)
    return sampleOf(
      measure,
      this.#upTo(agent, head).filter((one) => one.number === number && one.era === era),
      false,
    )
  }

  /** What was done of it between two positions, in whatever era. */
  between(agent: string, measure: Measure, number: number, after: number, before: number): number {
    const some = this.#upTo(agent, before).filter((one) => one.number === number && one.position > after)
    return sampleOf(measure, some, false)?.value ?? 0
  }

  /** The latest windows before that one in which there was something. */
  before(agent: string, measure: Measure, number: number, head: number): Sample[] {
    const windows = Map.groupBy(
      this.#upTo(agent, head).filter((one) => one.number < number),
      (one) => one.number,
    )
    const latest = [...windows].sort(([a], [b]) => b - a).slice(0, this.#settings.history)
    return latest.flatMap(([, done]) => sampleOf(measure, done, true) ?? [])
  }

  /** The latest of one operation and argument. */
  amounts(agent: string, what: string, head: number): Sample[] {
    const all = (this.#amounts.get(`${agent} ${what}`) ?? []).filter(({ position }) => position <= head)
    return all.slice(-this.#settings.history).map(({ value }) => ({ value, of: 1 }))
  }

  /** Of the last run that ended or cost something, where none is later by the clock; null for none. */
  lastWindow(agent: string): number | null {
    const done = this.#done.get(agent) ?? []
    const last = done.findLast(({ effect }) => effect === undefined)?.number ?? null
    return done.some(({ number }) => number > (last ?? 0)) ? null : last
  }

  #upTo(agent: string, head: number): Done[] {
    return (this.#done.get(agent) ?? []).filter(({ position }) => position <= head)
  }
}

function hashOf(text: string): string {
  return hash('sha256', `${LOG_ID} ${text}`, 'hex').slice(0, 12)
}

/** @param withOwn whether what the operator has approved counts, as it does for the past */
function sampleOf(measure: Measure, done: readonly Done[], withOwn: boolean): Sample | null {
  const runs = done.flatMap(({ run }) => run ?? [])
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
  const effects = done.flatMap(({ effect }) =>
    effect === undefined || (effect.isOwn && !withOwn) ? [] : effect,
  )
  switch (measure) {
    case 'failures': {
      const failed = runs.filter((run) => run.failed).length
      return runs.length < LEAST_RUNS ? null : { value: failed, of: runs.length }
    }
    case 'duration': {
      const mean = sum(runs.map(({ pace }) => pace)) / runs.length
      return runs.length < LEAST_RUNS ? null : { value: Math.round(2 ** (mean / 16) - 1), of: 1 }
    }
    case 'runs':
      return { value: runs.length, of: 1 }
    case 'cost':
      return { value: sum(done.map(({ cost = 0 }) => cost)), of: 1 }
    case 'effects':
      return { value: effects.length, of: 1 }
    default:
      return { value: sum(effects.map(({ recipients }) => recipients)), of: 1 }
  }
}
