/**
 * One process of the simulation: the real log, gate, runtime and projections over the database, the world
 * and the clock that outlive it. When it dies, nothing of it goes on: its alarms are gone, its appends and
 * its requests reach nobody, and nothing that it waits for ever comes.
 */
import type { DatabaseSync } from 'node:sqlite'
import { openSqliteEventLog } from '../src/adapters/sqlite/event-log.ts'
import { attentionCheck, type CheckInput } from '../src/autonomy/attention.ts'
import { AutonomyByEvidence } from '../src/autonomy/autonomy.ts'
import { FlagBook, type FlagSource } from '../src/flags/flag-book.ts'
import { handlingWorkflow } from '../src/kernel/agent.ts'
import { isHoldfastError } from '../src/kernel/errors.ts'
import type { StoredEvent } from '../src/kernel/event.ts'
import { createGate } from '../src/policy/gate.ts'
import { FileStopSwitch } from '../src/policy/stopping/stop-switch.ts'
import type { EffectWatch } from '../src/ports/anomalies.ts'
import type { Autonomy } from '../src/ports/autonomy.ts'
import type { AutonomySettings } from '../src/ports/autonomy-settings.ts'
import type { Clock } from '../src/ports/clock.ts'
import type { EventLog, StreamAppend } from '../src/ports/event-log.ts'
import type { Flags } from '../src/ports/flags.ts'
import type { Gate } from '../src/ports/gate.ts'
import type { PolicySettings } from '../src/ports/policy-settings.ts'
import type { Projection } from '../src/ports/projection.ts'
import { whyStopped } from '../src/ports/stop-switch.ts'
import type { ManualClock } from '../src/ports/testing/manual-clock.ts'
import { Agents } from '../src/runtime/agents/agents.ts'
import { quarantineParts } from '../src/runtime/agents/quarantine.ts'
import { clearAlert, isRaised, raiseAlert } from '../src/runtime/alert-index.ts'
import { Holdfast } from '../src/runtime/holdfast.ts'
import { Runtime } from '../src/runtime/runtime.ts'
import type { AnyTrigger } from '../src/runtime/triggers/trigger.ts'
import type { Chance } from './chance.ts'
import { collector } from './collector.ts'
import { worldConnector } from './connector.ts'
import { courier } from './courier.ts'
import { type DiskFaults, faultyDatabase } from './disk.ts'
import { simLog } from './log.ts'
import { simModel } from './model.ts'
import { PROJECTIONS } from './projections.ts'
import { STARTED, schedulesOf, triggersOf } from './starters.ts'
import type { SimStopFile } from './stop-file.ts'
import type { Store } from './store.ts'
import type { Tally } from './tally.ts'
import { type Tell, treeWorkflows } from './workflow.ts'
import type { World } from './world.ts'

/** Parts put in place of the real ones, to see that the invariants notice. All default to what is given. */
export interface Wiring {
  readonly database?: (database: DatabaseSync) => DatabaseSync
  readonly log?: (log: EventLog) => EventLog
  readonly gate?: (gate: Gate) => Gate
  readonly clock?: (clock: Clock) => Clock
  readonly settings?: (settings: PolicySettings) => PolicySettings
  readonly projections?: () => readonly Projection[]
  /** Default true. */
  readonly recovers?: boolean
  readonly triggers?: (triggers: readonly AnyTrigger[]) => readonly AnyTrigger[]
  /** Why nothing may reach outside. */
  readonly stopped?: (why: () => string | null) => () => string | null
  readonly autonomy?: (autonomy: Autonomy) => Autonomy
  /** What looks at effects while the policy decides. */
  readonly watch?: (watch: EffectWatch) => EffectWatch
  readonly flags?: (flags: Flags) => Flags
  /** Given the runtime as it is made. */
  readonly runtime?: (runtime: Runtime) => void
}

export interface Surroundings {
  readonly store: Store
  readonly clock: ManualClock
  readonly world: World
  readonly chance: Chance
  readonly tally: Tally
  readonly settings: PolicySettings
  readonly autonomy: AutonomySettings | null
  readonly wiring: Wiring
  readonly limits: { readonly activeRuns: number; readonly residentRuns: number }
  /** What the disk does to this process at its next commit. */
  readonly atCommit: (process: SimProcess) => 'ok' | 'die before' | 'die after'
  readonly statementFails: () => boolean
  readonly slowMs: () => number
  readonly acknowledge: (process: SimProcess, events: readonly StoredEvent[]) => void
  /** At what is on record, before some of it is erased. */
  readonly look: () => void
  readonly ask: (process: SimProcess, parts: readonly StreamAppend[]) => () => void
  readonly flags: FlagSource
  readonly stopFile: SimStopFile
  /** Told of whatever begins to reach outside. */
  readonly begins: (what: string) => void
  /** Names of the schedules and of the triggers. */
  readonly schedules: readonly string[]
  readonly triggers: readonly string[]
  /** Of the triggers, and of what a run does at that path. */
  readonly isMended: (path?: string) => boolean
  readonly tell: Tell
}

const WORK_STOPPED = 'work-stopped'

/** Codes with which opening fails, so that a program would end; or it was asked to close meanwhile. */
const GIVES_UP: ReadonlySet<string> = new Set(['LOG_WRITE_FAILED', 'LOG_EPOCH_STALE', 'LOG_CLOSED'])

export class SimProcess {
  readonly hf: Holdfast
  readonly runtime: Runtime
  readonly log: EventLog
  readonly disk: DiskFaults
  readonly #alarms = new Set<() => void>()
  readonly #handDown: () => void
  #isDead = false

  constructor(around: Surroundings) {
    const { store, world, chance, tally, wiring } = around
    const settings = (wiring.settings ?? same)(around.settings)
    const clock = (wiring.clock ?? same)(this.#clockOf(around.clock))
    const isDead = (): boolean => this.#isDead
    this.disk = {
      full: false,
      statementFails: around.statementFails,
      atCommit: () => around.atCommit(this),
      isDead,
      die: () => this.die(),
    }
    const projections = wiring.projections?.() ?? PROJECTIONS
    const faulty = faultyDatabase(store.database, store.statements, this.disk, tally)
    this.#handDown = faulty.handDown
    const own = (wiring.database ?? same)(faulty.database)
    this.log = simLog((wiring.log ?? same)(openSqliteEventLog({ database: own, clock, projections })), {
      isDead,
      slowMs: around.slowMs,
      after: (ms, wake) => clock.after(ms, wake),
      look: around.look,
      acknowledge: (events) => around.acknowledge(this, events),
      ask: (parts) => around.ask(this, parts),
    })
    const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))
    const faults = (): number => world.faults
    let ids = 0
    const name = chance.whole(0, 2 ** 31)
    const newId = (): string => `id-${name}-${++ids}`
    const raise = (message: string): StreamAppend => raiseAlert(WORK_STOPPED, '', message)
    const work = new FileStopSwitch({
      log: this.log,
      file: around.stopFile.seenBy(clock, isDead),
      clock,
      newId,
      alert: { raise, clear: () => clearAlert(WORK_STOPPED, '') },
    })
    const { begins } = around
    const gate = createGate({
      stopped: (wiring.stopped ?? same)(() => whyStopped(work.current())),
      connectors: [worldConnector(world, isDead, begins)],
      models: [simModel({ chance, tally, isDead, faults, pause, begins })],
      settings: () => settings,
      tables: this.log.tables,
      onCommit: (listener) => this.log.onCommit(listener),
      ...(around.autonomy === null ? {} : { watch: () => watch as EffectWatch }),
      clock,
    })
    const autonomy = around.autonomy === null ? null : this.#autonomyOver(gate, clock, around.autonomy)
    const watch = autonomy && (wiring.watch ?? same)(autonomy.watch)
    this.runtime = new Runtime({
      log: this.log,
      gate: (wiring.gate ?? same)(gate),
      clock,
      workflows: [
        ...treeWorkflows(pause, around.tell, around.isMended),
        ...STARTED,
        handlingWorkflow(collector),
        courier,
        attentionCheck,
      ],
      flags: (wiring.flags ?? same)(
        new FlagBook({ log: this.log, clock, source: around.flags, customerFacts: () => ({}) }),
      ),
      ...around.limits,
      ...(autonomy === null ? {} : { autonomy: (wiring.autonomy ?? same)(autonomy) }),
    })
    wiring.runtime?.(this.runtime)
    const agents = new Agents(this.runtime, { agents: [collector], residentInstances: chance.pick([1, 100]) })
    this.hf = new Holdfast(this.runtime, agents, newId, {
      work,
      schedules: schedulesOf(around.schedules),
      triggers: (wiring.triggers ?? same)(triggersOf(around.triggers, () => around.isMended())),
    })
    if (wiring.recovers !== false) void this.#recover(agents, work)
  }

  /** A process that can't write when it opens gives up, as a program would. */
  async #recover(agents: Agents, work: FileStopSwitch): Promise<void> {
    try {
      await work.open()
      await this.runtime.autonomy?.open()
      await agents.open()
      this.runtime.recover()
      this.hf.desk.open()
      this.hf.deadLetters.open()
      this.hf.budgetExpiry.open()
      await this.hf.schedules.open()
      await this.hf.triggers.open()
    } catch (error) {
      if (!isHoldfastError(error) || !GIVES_UP.has(error.code)) throw error
      this.die()
    }
  }

  #autonomyOver(gate: Gate, clock: Clock, settings: AutonomySettings): AutonomyByEvidence {
    return new AutonomyByEvidence({
      log: this.log,
      clock,
      settings: () => settings,
      manifestOf: (operation) => gate.manifestOf(operation),
      alerts: { raise: raiseAlert, clear: clearAlert, isRaised: (...of) => isRaised(this.log.tables, ...of) },
      lifecycle: (...change) => quarantineParts(this.log.tables, ...change),
      start: async ({ run, input, customer, label }) => {
        const about = customer === null ? {} : { customer }
        await this.hf.start(attentionCheck, input as unknown as CheckInput, { id: run, label, ...about })
      },
    })
  }

  get isDead(): boolean {
    return this.#isDead
  }

  die(): void {
    this.#isDead = true
    for (const callOff of this.#alarms) callOff()
    this.#alarms.clear()
    this.#handDown()
  }

  /** The clock of the world, with alarms that die with the process. */
  #clockOf(clock: ManualClock): Clock {
    const own = (set: (wake: () => void) => () => void, wake: () => void): (() => void) => {
      if (this.#isDead) return () => {}
      const callOff = set(() => {
        this.#alarms.delete(callOff)
        wake()
      })
      this.#alarms.add(callOff)
      return () => {
        this.#alarms.delete(callOff)
        callOff()
      }
    }
    return {
      now: () => clock.now(),
      wakeAt: (atMs, wake) => own((alarm) => clock.wakeAt(atMs, alarm), wake),
      after: (delayMs, wake) => own((alarm) => clock.after(delayMs, alarm), wake),
    }
  }
}

function same<T>(part: T): T {
  return part
}
