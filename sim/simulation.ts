/**
 * One seed: a workload, an outside world and a series of faults drawn from it, on the real runtime and the real
 * log. Everything is driven from here, turn by turn; no real time passes and nothing outside is touched, so
 * the same seed leaves the same events.
 */
import { hash } from 'node:crypto'
import { isHoldfastError } from '../src/kernel/errors.ts'
import type { StoredEvent } from '../src/kernel/event.ts'
import { armCrashPoints, CRASH_POINTS, type CrashPoint } from '../src/ports/crash-points.ts'
import type { StreamAppend } from '../src/ports/event-log.ts'
import { ManualClock } from '../src/ports/testing/manual-clock.ts'
import { AnomalyDesk } from './anomalies.ts'
import { AskedFor } from './asked.ts'
import { Callers, REFUSALS } from './callers.ts'
import { untilOver } from './calm.ts'
import { Chance } from './chance.ts'
import { DeadLetterDesk } from './dead-letters.ts'
import { ASKED, isAsking } from './deeds.ts'
import { Desk } from './desk.ts'
import { checkEnd, checkLog } from './ending.ts'
import { FlagDesk } from './flags.ts'
import { Violation } from './invariants/invariant.ts'
import { LevelDesk } from './levels.ts'
import { emptyMirror } from './mirror.ts'
import { People } from './people.ts'
import { type Deed, drawPlan, type Plan } from './plan.ts'
import { SimProcess, type Wiring } from './process.ts'
import { Stopping } from './stopping.ts'
import { emptyStore, forgetStore } from './store.ts'
import { Tally } from './tally.ts'
import { countTurns, fromFirstTurn, settle, turn } from './turns.ts'
import { textOf, Watch } from './watch.ts'
import { World } from './world.ts'

export interface Outcome {
  readonly seed: number
  /** SHA-256 over all events: the same for the same seed. */
  readonly hash: string
  readonly events: number
  /** The first that was noticed. */
  readonly violation: { readonly invariant: string; readonly message: string } | null
  readonly counts: Readonly<Record<string, number>>
}

export interface SimulationOptions {
  /** Told of every deed and every event. */
  readonly trace?: (line: string) => void
  readonly wiring?: Wiring
}

export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  countTurns()
  await settle()
  await fromFirstTurn()
  const simulation = new Simulation(seed, options)
  return await simulation.run()
}

export class Simulation {
  readonly seed: number
  readonly plan: Plan
  readonly clock = new ManualClock()
  readonly tally = new Tally()
  readonly world: World
  readonly watch: Watch
  readonly callers: Callers
  readonly deadLetters: DeadLetterDesk
  readonly desk: Desk
  readonly operator: Stopping
  readonly people: People
  readonly levels: LevelDesk
  readonly anomalies: AnomalyDesk
  readonly flags: FlagDesk
  /** Paths of what was mended: it fails no more. */
  readonly mended = new Set<string>()
  /** Position → text of an acknowledged event; looked for after each crash. */
  readonly acknowledged = new Map<number, string>()
  /** Whether an old process ever went on beside a new one. */
  hadZombie = false
  readonly #options: SimulationOptions
  readonly #store = emptyStore()
  readonly #mirror = emptyMirror()
  readonly #chance: Chance
  #process: SimProcess | null = null
  #zombies: SimProcess[] = []
  /** Up to where the former process had committed, though it may not have been told yet. */
  #takenOverAt = 0
  #commitsToLive: { left: number; when: 'die before' | 'die after' } | null = null
  #pointsToLive: { left: number; point: CrashPoint } | null = null
  #isDiskFull = false
  #isDiskSlow = false
  #calm = false
  readonly asked = new AskedFor(this.clock)
  #isMended = false
  #isOpening = false
  /** What went wrong outside the driver's own calls. */
  #broken: Violation | null = null

  constructor(seed: number, options: SimulationOptions) {
    this.seed = seed
    this.#options = options
    const chance = new Chance(String(seed))
    this.#chance = chance.part('driver')
    this.plan = drawPlan(chance.part('plan'))
    this.world = new World(this.clock, chance.part('world'), this.tally)
    this.world.faults = this.plan.networkFaults
    this.watch = new Watch(this.plan)
    this.callers = new Callers(this, this.#chance)
    this.deadLetters = new DeadLetterDesk(this, this.callers, this.#chance)
    this.desk = new Desk(this, this.callers, this.#chance)
    this.operator = new Stopping(this, this.callers, this.#chance)
    this.levels = new LevelDesk(this, this.callers, chance.part('levels'))
    this.anomalies = new AnomalyDesk(this, this.callers, chance.part('anomaly desk'))
    this.flags = new FlagDesk(this, this.callers, chance.part('flags'))
    this.people = new People(this, this.callers, chance.part('people'))
  }

  async run(): Promise<Outcome> {
    let violation: Violation | null = null
    const onStray = (error: unknown): void => this.break('no-stray-errors', error)
    process.on('unhandledRejection', onStray).on('uncaughtException', onStray)
    armCrashPoints((point) => this.#reach(point))
    try {
      await this.#live()
      await this.#recoverAll()
      await checkEnd(this)
    } catch (error) {
      violation = error instanceof Violation ? error : new Violation('no-stray-errors', String(error))
      if (!(error instanceof Violation)) this.trace(() => String((error as Error).stack))
    } finally {
      for (const one of [...this.#zombies, this.#process]) one?.die()
      armCrashPoints(null)
      await settle()
      process.off('unhandledRejection', onStray).off('uncaughtException', onStray)
      if (violation !== null) forgetStore()
    }
    return {
      seed: this.seed,
      hash: hash('sha256', this.watch.texts.join('\n'), 'hex'),
      events: this.watch.position,
      violation: violation && { invariant: violation.invariant, message: violation.message },
      counts: this.tally.counts,
    }
  }

  trace(line: () => string): void {
    this.#options.trace?.(line())
  }

  /** The living process; opened first, if there is none. */
  get process(): SimProcess {
    if (this.#process === null || this.#process.isDead) this.#open()
    return this.#process as SimProcess
  }

  // -- the life ----------------------------------------------------------------------------------

  async #live(): Promise<void> {
    for (let step = 0; step < this.plan.steps; step += 1) {
      const deed = this.#chance.weighted(this.plan.deeds)
      this.trace(() => `${step} ${deed}${this.#process?.isDead ? ' (dead)' : ''}`)
      await this.#do(deed)
      this.look()
    }
  }

  async #do(deed: Deed): Promise<void> {
    if (isAsking(deed)) return ASKED[deed](this, this.#chance)
    switch (deed) {
      case 'turns':
        for (let n = this.#chance.whole(1, 12); n > 0; n -= 1) await turn()
        this.asked.turned()
        return
      case 'settle':
        return await this.settle()
      case 'pass':
        this.clock.next()
        this.asked.timePassed()
        return
      case 'mend':
        this.#isMended = true
        return
      case 'die':
        return this.#die('at any moment')
      case 'die at commit':
        this.#commitsToLive = {
          left: this.#chance.whole(1, 4),
          when: this.#chance.pick(['die before', 'die after']),
        }
        return
      case 'die at point':
        this.#pointsToLive = { left: this.#chance.whole(1, 2), point: this.#chance.pick([...CRASH_POINTS]) }
        return
      case 'fill disk':
        this.#isDiskFull = !this.#isDiskFull
        if (this.#process !== null) this.#process.disk.full = this.#isDiskFull
        return
      case 'slow disk':
        this.#isDiskSlow = !this.#isDiskSlow
        this.tally.add('disk: slow or quick again')
        return
      case 'close':
        return await this.#close()
      case 'zombie':
        return this.#replace()
      case 'check':
        if (this.#process !== null && !this.#process.isDead) checkLog(this, this.#process)
    }
  }

  jump(ms: number): void {
    this.clock.set(this.clock.now() + ms)
    this.asked.jumped()
  }

  async settle(): Promise<void> {
    if (!(await settle())) throw new Violation('comes-to-rest', 'the event loop turns and turns')
    this.asked.turned()
  }

  /** The invariants of every step. @throws Violation */
  look(): void {
    if (this.#broken !== null) throw this.#broken
    for (const event of this.unseen()) {
      this.trace(() => `    ${textOf(event)}`)
      this.watch.see(event, this.asked.take(event))
      this.#mirror.see(event, this.#store.database)
    }
    for (const { path, operation, keys, times } of this.world.done.values()) {
      if (keys.size > 1)
        throw new Violation('one-key', `${operation} ${path} was asked for with ${keys.size} keys`)
      if (times > 1 && !this.hadZombie && operation !== 'natural' && operation !== 'read') {
        throw new Violation('effect-once', `${operation} ${path} was done ${times} times`)
      }
    }
  }

  /** What is on record, and nobody has looked at. */
  unseen(): Iterable<StoredEvent> {
    const reader = this.#process
    const isMore = reader !== null && this.#store.head !== this.watch.position
    return isMore ? reader.log.read(this.watch.position) : []
  }

  /** Names of the tables that are not what the log says. */
  drifted(): string[] {
    return this.#mirror.differing(this.#store.database)
  }

  /** What the store holds, page by page. */
  bytes(): Buffer {
    return Buffer.from(this.#store.database.serialize())
  }

  break(invariant: string, error: unknown): void {
    this.trace(() => `stray: ${error instanceof Error ? error.stack : String(error)}`)
    const message = error instanceof Error ? error.message : String(error)
    this.#broken ??= error instanceof Violation ? error : new Violation(invariant, message)
  }

  // -- processes ---------------------------------------------------------------------------------

  #open(): void {
    this.look()
    this.watch.opened()
    this.asked.forget()
    this.#commitsToLive = null
    this.#pointsToLive = null
    this.#isDiskFull = false
    this.tally.add('process: opened')
    this.#isOpening = true
    this.#process = new SimProcess({
      store: this.#store,
      clock: this.clock,
      world: this.world,
      chance: this.#chance.part(`process ${this.tally.of('process: opened')}`),
      tally: this.tally,
      settings: this.plan.settings,
      autonomy: this.plan.autonomy,
      wiring: this.#options.wiring ?? {},
      limits: this.plan.limits,
      atCommit: (one) => this.#atCommit(one),
      statementFails: () =>
        !this.#calm && !this.#isOpening && this.#chance.happens(this.plan.statementFaults),
      slowMs: () => (this.#isDiskSlow ? this.#chance.whole(0, 3_000) : 0),
      acknowledge: (one, events) => this.#acknowledge(one, events),
      look: () => this.look(),
      ask: (one, parts) => this.#ask(one, parts),
      flags: this.flags.source,
      stopFile: this.operator.file,
      begins: (what) => this.operator.begins(what),
      schedules: this.plan.schedules,
      triggers: this.plan.triggers,
      isMended: (path) => (path === undefined ? this.#isMended : this.mended.has(path)),
      tell: (invariant, wrong) => this.break(invariant, wrong),
    })
    this.#isOpening = false
    this.look()
    checkLog(this, this.#process, 'tables')
  }

  #die(when: string): void {
    if (this.#process === null || this.#process.isDead) return
    this.tally.add(`process: died ${when}`)
    this.trace(() => `  died ${when}`)
    this.#process.die()
  }

  #atCommit(one: SimProcess): 'ok' | 'die before' | 'die after' {
    if (one !== this.#process || this.#commitsToLive === null) return 'ok'
    this.#commitsToLive.left -= 1
    if (this.#commitsToLive.left > 0) return 'ok'
    const { when } = this.#commitsToLive
    this.#commitsToLive = null
    this.tally.add(`process: ${when === 'die before' ? 'died before' : 'died after'} a commit`)
    this.trace(() => `  will ${when} the commit`)
    return when
  }

  #reach(point: CrashPoint): void {
    this.tally.add(`reached: ${point}`)
    if (this.#pointsToLive?.point !== point) return
    this.#pointsToLive.left -= 1
    if (this.#pointsToLive.left > 0) return
    this.#pointsToLive = null
    this.#die(`at ${point}`)
  }

  #acknowledge(one: SimProcess, events: readonly StoredEvent[]): void {
    if (this.#zombies.includes(one) && events.some(({ position }) => position > this.#takenOverAt)) {
      this.break('stale-epoch', `a former process appended ${events.map(({ kind }) => kind).join(', ')}`)
    }
    for (const event of events) this.acknowledged.set(event.position, textOf(event))
  }

  #ask(one: SimProcess, parts: readonly StreamAppend[]): () => void {
    if (this.#zombies.includes(one)) return () => {}
    const refused = this.asked.note(parts, one.log.head().position)
    return () => {
      refused()
      this.watch.refused()
    }
  }

  /** A new process opens while the old one goes on. */
  #replace(): void {
    if (this.#process === null || this.#process.isDead) return
    this.tally.add('process: zombie')
    this.hadZombie = true
    for (const one of this.#zombies) one.die()
    this.#zombies = [this.#process]
    this.#takenOverAt = this.#process.log.head().position
    this.#process = null
    this.#open()
    // What the former process has committed may be found only now.
    this.watch.refused()
  }

  async #close(): Promise<void> {
    const closing = this.#process
    if (closing === null || closing.isDead) return
    this.tally.add('process: closed')
    let isClosed = false
    const done = (): void => {
      isClosed = true
    }
    closing.hf.close({ graceMs: this.#chance.pick([0, 100, 10_000]) }).then(done, (error) => {
      const isRefusal = isHoldfastError(error) && REFUSALS.has(error.code)
      if (!isRefusal && !closing.isDead) this.break('closes', error)
      done()
    })
    for (let alarms = 0; ; alarms += 1) {
      await this.settle()
      if (isClosed || closing.isDead) break
      if (alarms > 200 || !this.clock.next()) throw new Violation('closes', 'the process does not close')
    }
    closing.die()
  }

  // -- the end -----------------------------------------------------------------------------------

  /** All faults are over: whatever was begun must come to its end. */
  async #recoverAll(): Promise<void> {
    this.trace(() => 'all faults are over')
    this.#calm = true
    this.world.faults = 0
    for (const one of this.#zombies) one.die()
    this.#isDiskFull = false
    this.#isDiskSlow = false
    this.#commitsToLive = null
    this.#pointsToLive = null
    this.process.disk.full = false
    this.#isMended = true
    await untilOver(this)
  }
}
