/** Everybody who asks something of the simulated process: starts, events, answers, cancellations. */
import { isHoldfastError } from '../src/kernel/errors.ts'
import { lastOfChain } from '../src/runtime/life/run-chain.ts'
import type { Chance } from './chance.ts'
import { HOW, KEYS } from './collector.ts'
import { courier } from './courier.ts'
import { answerFor } from './operator.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { PARCEL, type Parcel, POISON } from './starters.ts'
import { pathsOf } from './tree.ts'

/** Codes that an answer, a start or a cancellation may rightly be refused with. */
export const REFUSALS: ReadonlySet<string> = new Set([
  'LOG_WRITE_FAILED',
  'LOG_EPOCH_STALE',
  'LOG_CONFLICT',
  'REVIEW_ENDED',
  'REVIEW_NOT_FOUND',
  'REVIEW_NOT_DELEGABLE',
  'REVIEW_BATCH_REFUSED',
  'REVIEW_STALE',
  'RUN_ENDED',
  'RUN_NOT_FOUND',
  'HOLDFAST_CLOSED',
  'LOST',
  'LOG_CLOSED',
  'CONNECTOR_REFUSED',
  'PIPELINE_DEADLINE',
  'RUN_CANCELLED',
  'RUN_UNDER_WAY',
  'SCHEDULE_UNKNOWN',
  'EVENT_NOT_SET_ASIDE',
  'RUN_NOT_FAILED',
  'RUN_ROLLED_BACK',
  'RUN_FAILURE_TAKEN',
  'RETRY_REPEATS',
  'POLICY_DENIED',
  'WORK_STOPPED',
  'CUSTOMER_BUSY',
  'AUTONOMY_ABOVE_CEILING',
  'AUTONOMY_NOT_OFFERED',
  'ANOMALY_NOT_FOUND',
  'INPUT_INVALID',
  POISON,
])

/** Codes that may be met with once something was erased. */
const OF_ERASED: ReadonlySet<string> = new Set(['BODY_ERASED', 'RUN_ID_CONFLICT'])

/** What a caller was told, and how to see whether it is so. */
export interface Told {
  readonly what: string
  readonly holds: (process: SimProcess) => boolean
}

export class Callers {
  readonly told: Told[] = []
  readonly cancelled = new Set<string>()
  readonly #around: Simulation
  readonly #chance: Chance
  readonly #started = new Set<string>()
  #ticks = 0
  #calls = 0
  #parcels = 0
  #crowded = 0
  #rolledBack = 0
  readonly #emitted: { id: string; key: string }[] = []
  /** Names of the waits without end that were given their event at last. */
  readonly #fed = new Set<string>()

  constructor(around: Simulation, chance: Chance) {
    this.#around = around
    this.#chance = chance
  }

  startAgain(): void {
    if (this.#started.size > 0) this.start(this.#chance.whole(0, this.#started.size - 1))
  }

  /** Asks for something; what was answered must be so for ever. */
  ask(what: string, asked: (process: SimProcess) => Promise<Told['holds']>): void {
    const { process } = this.#around
    asked(process)
      .then((holds) => {
        if (process.isDead) return
        this.#around.trace(() => `  told: ${what}`)
        this.told.push({ what, holds })
      })
      .catch((error) => {
        const code = isHoldfastError(error) ? error.code : String(error.code ?? '')
        this.#around.trace(() => `  refused: ${what}: ${code} ${error}`)
        this.#around.tally.add(`refused: ${code}`)
        const isErased = this.#around.watch.erasures.positions.size > 0 && OF_ERASED.has(code)
        if (!process.isDead && !REFUSALS.has(code) && !isErased) this.#around.break('no-stray-errors', error)
      })
  }

  start(index: number): void {
    const planned = this.#around.plan.runs[index]
    if (planned === undefined) return
    const { id, tree, flavour, key, left, priority, delayMs } = planned
    const input = { tree, path: id, key, left }
    const options = { id, priority, ...(delayMs === null ? {} : { delay: delayMs }) }
    this.#started.add(id)
    this.ask(`start of ${id}`, async ({ hf, runtime }) => {
      const handle = await hf.start(runtime.workflows.get(flavour, 1), input, options)
      handle.result().then(
        (value) =>
          this.told.push({ what: `result of ${id}`, holds: (now) => endsWith(now, id, { output: value }) }),
        () => {},
      )
      return (now) => now.log.versionOf(`run/${id}`) > 0
    })
  }

  /** Several runs with one key at once, of which some are more urgent. */
  crowd(): void {
    for (let n = this.#chance.whole(2, 5); n > 0; n -= 1) {
      this.#crowded += 1
      const id = `crowd-${this.#crowded}`
      const tree = { type: 'sleep', ms: 1_000 } as const
      const priority = this.#chance.pick([0, 5, 9])
      const flavour = this.#chance.pick(['tree', 'narrow', 'narrow'] as const)
      this.ask(`start of ${id}`, async ({ hf, runtime }) => {
        const input = { tree, path: id, key: 'x', left: 0 }
        await hf.start(runtime.workflows.get(flavour, 1), input, { id, priority })
        return ({ log }) => log.versionOf(`run/${id}`) > 0
      })
    }
  }

  emit(): void {
    const keys = this.#around.plan.runs.flatMap(({ id, tree }) => pathsOf(tree, id, 'hear'))
    const [first, ...rest] = keys
    if (first === undefined) return
    const key = this.#chance.pick([first, ...rest])
    const id = `${key}/${this.#emitted.length}`
    this.#emitted.push({ id, key })
    this.publish(id, key)
  }

  emitAgain(): void {
    const known = this.#emitted[this.#chance.whole(0, Math.max(0, this.#emitted.length - 1))]
    if (known !== undefined) this.publish(known.id, known.key)
  }

  /** Tells the agent something. */
  tick(): void {
    this.#ticks += 1
    const how = this.#chance.pick(HOW)
    this.#around.tally.add(`tick: ${how}`)
    this.publish(`tick/${this.#ticks}`, this.#chance.pick(KEYS), 'tick', { how })
  }

  /** Calls a pipeline, for the first time or again. */
  call(): void {
    const again = this.#calls > 0 && this.#chance.happens(0.2)
    if (!again) this.#calls += 1
    const n = again ? this.#chance.whole(1, this.#calls) : this.#calls
    const key = KEYS[n % KEYS.length] ?? KEYS[0]
    const errand = { n, key, fails: n % 4 === 0, acts: n % 3 === 0 }
    this.#around.tally.add('pipeline: called')
    this.ask(`call ${n}`, async ({ hf }) => {
      const output = await hf.call(courier, errand, { id: `courier-${n}` })
      return (now) => endsWith(now, `courier-${n}`, { output })
    })
  }

  publish(id: string, key: string, kind = 'news', data: unknown = null): void {
    this.ask(`event ${id}`, async ({ hf }) => {
      await hf.emit({ kind, key, id, data })
      return (now) => now.log.versionOf(`event/${id}`) === 1
    })
  }

  /** Answers a waiting review, perhaps twice at once. */
  answer(times = 1): void {
    const { hf } = this.#around.process
    const waiting = hf.reviews()
    const [first, ...rest] = waiting
    if (first === undefined) return
    const review = this.#chance.pick([first, ...rest])
    for (let i = 0; i < times; i += 1) {
      const answer = answerFor(review, this.#around.world, this.#chance, this.#around.levels.good)
      this.#around.tally.add(`answer: ${review.action} ${answer.verdict}`)
      this.ask(`${answer.verdict} to ${review.id}`, async (process) => {
        await process.hf.answer(review.id, answer)
        return (now) => isAnswered(now, review.id, answer.verdict)
      })
    }
  }

  anyRun(): string | null {
    const runs = this.#around.process.log.tables.all<{ id: string }>(
      "SELECT id FROM runs WHERE id NOT LIKE 'agent/%' ORDER BY id",
    )
    return runs[this.#chance.whole(0, Math.max(0, runs.length - 1))]?.id ?? null
  }

  cancelAny(): void {
    const run = this.anyRun()
    if (run !== null) this.cancel(run)
  }

  rollBack(run = this.anyRun()): void {
    if (run === null) return
    this.#around.tally.add('rollback asked for')
    this.ask(`rollback of ${run}`, async ({ hf }) => {
      const { id } = await hf.rollback(run)
      return ({ log }) => log.versionOf(`run/${id}`) > 0
    })
  }

  /** When all has ended: runs that were called, and then those that called them. False when nothing is left. */
  rollBackFamilies(): boolean {
    const { plan, process } = this.#around
    if (plan.deeds['roll back'] === 0 || this.#rolledBack === 2) return false
    this.#rolledBack += 1
    const what = this.#rolledBack === 1 ? 'id' : 'parent'
    const families = process.log.tables.all<{ run: string }>(
      `SELECT ${what} AS run FROM runs WHERE parent_mode = 'call' AND workflow = 'tree' ORDER BY position LIMIT 2`,
    )
    for (const run of new Set(families.map((family) => family.run))) this.rollBack(run)
    return families.length > 0
  }

  parcel(): void {
    this.#parcels += 1
    const parcel: Parcel = { skipped: this.#chance.happens(0.15), poison: this.#chance.happens(0.15) }
    const key = this.#chance.pick(['a', 'b'])
    this.publish(`parcel/${this.#parcels}`, key, PARCEL, parcel)
  }

  /** Has the triggers try again what they have set aside: one, or all. */
  retry(all = false): boolean {
    const { hf } = this.#around.process
    const aside = hf.triggers
      .list()
      .flatMap(({ name, setAside }) => setAside.map((one) => ({ ...one, name })))
    const one = aside[this.#chance.whole(0, Math.max(0, aside.length - 1))]
    for (const { name, position } of all ? aside : one === undefined ? [] : [one]) {
      this.#around.tally.add('trigger: tried again')
      this.ask(`retry of ${position} by ${name}`, async (process) => {
        await process.hf.triggers.retry(name, position)
        return (now) => {
          const trigger = now.hf.triggers.list().find((known) => known.name === name)
          return trigger?.setAside.every((known) => known.position !== position) ?? false
        }
      })
    }
    return aside.length > 0
  }

  schedule(deed: 'pause' | 'resume' | 'fire'): void {
    const names = this.#around.plan.schedules
    const name = names[this.#chance.whole(0, Math.max(0, names.length - 1))]
    if (name !== undefined) this.changeSchedule(deed, name)
  }

  changeSchedule(deed: 'pause' | 'resume' | 'fire', name: string): void {
    this.#around.tally.add(`schedule: ${deed}`)
    this.ask(`${deed} of schedule ${name}`, async ({ hf }) => {
      if (deed === 'fire') {
        const { run } = await hf.schedules.run(name)
        return ({ log }) => log.versionOf(`run/${run}`) > 0
      }
      await hf.schedules[deed](name)
      return () => true
    })
  }

  cancel(run: string): void {
    this.cancelled.add(run)
    this.#around.tally.add('cancel')
    this.ask(`cancellation of ${run}`, async ({ hf }) => {
      await hf.cancel(run)
      return ({ log }) => {
        const last = lastOfChain(log.tables, run)
        const sql = 'SELECT status FROM runs WHERE id = ?'
        return log.tables.get<{ status: string }>(sql, last)?.status === 'cancelled'
      }
    })
  }

  /** Publishes what somebody waits for without end. */
  feed(): boolean {
    const waits = this.#around.process.log.tables
      .all<{ name: string; key: string }>(
        `SELECT name, key FROM runs_waits w WHERE kind = 'news'
           AND NOT EXISTS (SELECT 1 FROM runs_timers t WHERE t.run = w.run AND t.name = w.name) ORDER BY key`,
      )
      .filter(({ name }) => !this.#fed.has(name))
    for (const { name, key } of waits) {
      this.#fed.add(name)
      const id = `${key}/${this.#emitted.length}`
      this.#emitted.push({ id, key })
      this.publish(id, key)
    }
    return waits.length > 0
  }
}

function endsWith({ runtime, log }: SimProcess, given: string, part: { output: unknown }): boolean {
  const run = lastOfChain(log.tables, given)
  const last = runtime.lastEvent(run)
  if (last?.body === null) return isErased(log, run)
  return JSON.stringify(last?.body.output) === JSON.stringify(part.output)
}

function isErased({ tables }: SimProcess['log'], run: string): boolean {
  return tables.get('SELECT 1 FROM runs_erased WHERE run = ?', run) !== undefined
}

/** Of a review that went with its run, nothing is left. */
export function isAnswered({ log }: SimProcess, review: string, verdict: string): boolean {
  const sql = 'SELECT status FROM reviews WHERE id = ?'
  const row = log.tables.get<{ status: string }>(sql, review)
  if (row !== undefined) return row.status === verdict
  const answer = log.tables.get<{ run: string }>('SELECT run FROM reviews_answers WHERE review = ?', review)
  return answer !== undefined && isErased(log, answer.run)
}
