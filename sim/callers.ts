/** Everybody who asks something of the simulated process: starts, events, answers, cancellations. */
import { isHoldfastError } from '../src/kernel/errors.ts'
import type { Chance } from './chance.ts'
import { HOW, KEYS } from './collector.ts'
import { courier } from './courier.ts'
import { answerFor } from './operator.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { pathsOf } from './tree.ts'

/** Codes that an answer, a start or a cancellation may rightly be refused with. */
export const REFUSALS: ReadonlySet<string> = new Set([
  'LOG_WRITE_FAILED',
  'LOG_EPOCH_STALE',
  'LOG_CONFLICT',
  'REVIEW_ENDED',
  'REVIEW_NOT_FOUND',
  'RUN_ENDED',
  'RUN_NOT_FOUND',
  'HOLDFAST_CLOSED',
  'LOST',
  'PIPELINE_DEADLINE',
])

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
  #ask(what: string, asked: (process: SimProcess) => Promise<Told['holds']>): void {
    const { process } = this.#around
    asked(process)
      .then((holds) => {
        if (process.isDead) return
        this.#around.trace(() => `  told: ${what}`)
        this.told.push({ what, holds })
      })
      .catch((error) => {
        const code = isHoldfastError(error) ? error.code : ''
        this.#around.trace(() => `  refused: ${what}: ${code} ${error}`)
        this.#around.tally.add(`refused: ${code}`)
        if (!process.isDead && !REFUSALS.has(code)) this.#around.break('no-stray-errors', error)
      })
  }

  start(index: number): void {
    const planned = this.#around.plan.runs[index]
    if (planned === undefined) return
    const { id, tree } = planned
    this.#started.add(id)
    this.#ask(`start of ${id}`, async ({ hf, runtime }) => {
      const workflow = runtime.workflows.get('tree', 1)
      const handle = await hf.start(workflow, { tree, path: id }, { id })
      handle.result().then(
        (value) =>
          this.told.push({ what: `result of ${id}`, holds: (now) => endsWith(now, id, { output: value }) }),
        () => {},
      )
      return (now) => now.log.versionOf(`run/${id}`) > 0
    })
  }

  emit(): void {
    const keys = this.#around.plan.runs.flatMap(({ id, tree }) => pathsOf(tree, id, 'hear'))
    const [first, ...rest] = keys
    if (first === undefined) return
    const key = this.#chance.pick([first, ...rest])
    const id = `${key}/${this.#emitted.length}`
    this.#emitted.push({ id, key })
    this.#publish(id, key)
  }

  emitAgain(): void {
    const known = this.#emitted[this.#chance.whole(0, Math.max(0, this.#emitted.length - 1))]
    if (known !== undefined) this.#publish(known.id, known.key)
  }

  /** Tells the agent something. */
  tick(): void {
    this.#ticks += 1
    const how = this.#chance.pick(HOW)
    this.#around.tally.add(`tick: ${how}`)
    this.#publish(`tick/${this.#ticks}`, this.#chance.pick(KEYS), 'tick', { how })
  }

  /** Calls a pipeline, for the first time or again. */
  call(): void {
    const again = this.#calls > 0 && this.#chance.happens(0.2)
    if (!again) this.#calls += 1
    const n = again ? this.#chance.whole(1, this.#calls) : this.#calls
    const key = KEYS[n % KEYS.length] ?? KEYS[0]
    const errand = { n, key, fails: n % 4 === 0, acts: n % 3 === 0 }
    this.#around.tally.add('pipeline: called')
    this.#ask(`call ${n}`, async ({ hf }) => {
      const output = await hf.call(courier, errand, { id: `courier-${n}` })
      return (now) => endsWith(now, `courier-${n}`, { output })
    })
  }

  #publish(id: string, key: string, kind = 'news', data: unknown = null): void {
    this.#ask(`event ${id}`, async ({ hf }) => {
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
      const answer = answerFor(review, this.#around.world, this.#chance)
      this.#around.tally.add(`answer: ${review.action} ${answer.verdict}`)
      this.#ask(`${answer.verdict} to ${review.id}`, async (process) => {
        await process.hf.answer(review.id, answer)
        return ({ log }) =>
          log.tables.get<{ status: string }>('SELECT status FROM reviews WHERE id = ?', review.id)?.status ===
          answer.verdict
      })
    }
  }

  cancelChild(): void {
    const children = this.#around.process.log.tables.all<{ id: string }>(
      'SELECT id FROM runs WHERE parent IS NOT NULL ORDER BY id',
    )
    const child = children[this.#chance.whole(0, Math.max(0, children.length - 1))]
    if (child !== undefined) this.cancel(child.id)
  }

  cancel(run: string): void {
    this.cancelled.add(run)
    this.#around.tally.add('cancel')
    this.#ask(`cancellation of ${run}`, async ({ hf }) => {
      await hf.cancel(run)
      return ({ log }) =>
        log.tables.get<{ status: string }>('SELECT status FROM runs WHERE id = ?', run)?.status ===
        'cancelled'
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
      this.#publish(id, key)
    }
    return waits.length > 0
  }
}

function endsWith({ runtime }: SimProcess, run: string, part: { output: unknown }): boolean {
  return JSON.stringify(runtime.lastEvent(run)?.body?.output) === JSON.stringify(part.output)
}
