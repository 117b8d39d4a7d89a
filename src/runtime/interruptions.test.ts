/**
 * However a run is interrupted (it leaves the process at each wait, the process is closed, or dies at an
 * append), it gives the same output, does each effect once, and has the same on record; also one that fails and
 * is retried once the cause is mended.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { openSqliteEventLog } from '../adapters/sqlite/event-log.ts'
import { LOG_FILE } from '../adapters/sqlite/place.ts'
import { newId } from '../adapters/system/ids.ts'
import { parseFlags } from '../apps/config/flags-file.ts'
import { turn, turns } from '../apps/testing/place.ts'
import { FlagBook, type FlagSource } from '../flags/flag-book.ts'
import { flagIndex } from '../flags/flag-index.ts'
import { HoldfastError, isHoldfastError } from '../kernel/errors.ts'
import { foldJournal } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { budgetIndex } from '../policy/budget-index.ts'
import { budgets } from '../policy/budget-list.ts'
import { createGate } from '../policy/gate.ts'
import type { Clock } from '../ports/clock.ts'
import { type Connector, defineConnector } from '../ports/connector.ts'
import type { BudgetRule } from '../ports/policy-settings.ts'
import { ManualClock } from '../ports/testing/manual-clock.ts'
import { type Death, MortalLog } from '../ports/testing/mortal-log.ts'
import { Agents } from './agents/agents.ts'
import { Holdfast } from './holdfast.ts'
import { RUNTIME_PROJECTIONS } from './projections.ts'
import { Runtime } from './runtime.ts'
import { chainFlow, flaws, type Tree, treeFlow } from './testing/tree.ts'

/** Trees to try; more of them by RUNS=1000. */
const RUNS = Number(process.env.RUNS ?? 25)
const MOST_ALARMS = 500

// -- the world and the processes in it ----------------------------------------------------------------

/** Another version at each look, which says the same. */
function changingFlags(): FlagSource {
  let looks = 0
  return {
    read: () => {
      looks += 1
      const variants = { none: 0, one: 1, two: 2 }
      const share = { type: 'number', variants, default: 'none', rules: [{ split: { one: 30, two: 30 } }] }
      const other = { type: 'number', variants, default: 'two', description: `look ${looks}` }
      return JSON.stringify({ version: 1, flags: { share, other } })
    },
    parse: parseFlags,
  }
}

class World {
  readonly dir: string
  readonly clock = new ManualClock()
  readonly flags = changingFlags()
  /** Key of an effect → how often it was done. */
  readonly done = new Map<string, number>()
  readonly #met = new Set<string>()

  constructor(root: string, template: string) {
    this.dir = mkdtempSync(join(root, 'world-'))
    copyFileSync(template, join(this.dir, LOG_FILE))
  }

  /** The connector of one process: a dead one touches nothing. */
  connector(isDead: () => boolean): Connector {
    return defineConnector({
      name: 'world',
      operations: {
        touch: {
          manifest: { effect: 'external', idempotency: 'none' },
          input: z.object({ path: z.string(), first: z.string() }),
          output: z.string(),
          perform: async ({ path, first }, { idempotencyKey: key }) => {
            if (isDead()) return await new Promise<string>(() => {})
            const manner = this.#met.has(key) ? 'ok' : first
            this.#met.add(key)
            if (manner === 'unavailable') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed')
            if (manner === 'dropped') throw new Error('the line broke before')
            this.done.set(key, (this.done.get(key) ?? 0) + 1)
            if (manner === 'lost') throw new Error('the line broke after')
            return path
          },
          lookup: async ({ path }, { idempotencyKey: key }) =>
            this.done.has(key) ? { found: 'yes', output: path } : { found: 'no' },
        },
        mark: {
          manifest: { effect: 'reversible', criticalArguments: ['path'] },
          input: z.any(),
          output: z.any(),
          perform: async () => null,
          undo: async () => {},
        },
      },
    })
  }

  close(): void {
    rmSync(this.dir, { recursive: true })
  }
}

const OF_ALL = {
  agents: ['*'],
  each: 'all',
  per: null,
  reserve: null,
  argument: null,
  atLimit: 'ask',
} as const
/** There is room in them for everything: they are to hold nothing in the end, and to know of all that was done. */
const BUDGETS: readonly BudgetRule[] = [
  { ...OF_ALL, name: 'money', operations: ['world.*'], unit: 'usd', limit: 1e9, reserve: 1 },
  { ...OF_ALL, name: 'calls', operations: ['*'], unit: 'calls', limit: 1e9 },
  { ...OF_ALL, name: 'time', operations: ['*'], unit: 'minutes', per: 'day', limit: 1e12 },
]

class Process {
  readonly log: MortalLog
  readonly hf: Holdfast
  readonly #alarms = new Set<() => void>()

  constructor(world: World, options: { residentRuns: number; death: Death | null }) {
    const clock = this.#clockOf(world.clock)
    const projections = [...RUNTIME_PROJECTIONS, budgetIndex, flagIndex]
    this.log = new MortalLog(openSqliteEventLog({ dir: world.dir, clock, projections }), options.death)
    const gate = createGate({
      connectors: [world.connector(() => this.log.isDead)],
      models: [],
      settings: () => ({
        operations: { allow: ['*'], deny: [], review: [] },
        egress: { allow: [] },
        budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
        budgets: BUDGETS,
      }),
      tables: this.log.tables,
      onCommit: (listener) => this.log.onCommit(listener),
      clock,
    })
    const { residentRuns } = options
    const runtime = new Runtime({
      log: this.log,
      gate,
      flags: new FlagBook({ log: this.log, clock, source: world.flags, customerFacts: () => ({}) }),
      clock,
      workflows: [treeFlow, chainFlow],
      residentRuns,
    })
    this.hf = new Holdfast(runtime, new Agents(runtime, { agents: [] }), newId)
    runtime.recover()
    this.hf.desk.open()
    this.hf.budgetExpiry.open()
  }

  /** The world's clock, whose alarms die with the process. */
  #clockOf(clock: ManualClock): Clock {
    const owned = (callOff: () => void): (() => void) => {
      this.#alarms.add(callOff)
      return callOff
    }
    return {
      now: () => clock.now(),
      wakeAt: (atMs, wake) => owned(clock.wakeAt(atMs, wake)),
      after: (delayMs, wake) => owned(clock.after(delayMs, wake)),
    }
  }

  async bury(): Promise<void> {
    for (const callOff of this.#alarms) callOff()
    await this.log.bury()
  }
}

interface Interruption {
  readonly residentRuns: number
  /** The first processes die so. */
  readonly deaths?: readonly Death[]
  /** The next are closed after so many turns, most of them when time has passed. */
  readonly closes?: readonly number[]
}

interface Told {
  readonly outcome: Json
  /** Run and operation → its outcome, without what may differ. */
  readonly operations: ReadonlyMap<string, Json>
  readonly done: ReadonlyMap<string, number>
}

async function tell(tree: Tree, { residentRuns, deaths = [], closes = [] }: Interruption): Promise<Told> {
  const world = new World(root, template)
  flaws.areMended = false
  try {
    for (const death of deaths) {
      const process = new Process(world, { residentRuns, death })
      await Promise.race([drive(process, tree, world.clock), process.log.died])
      await process.bury()
    }
    for (const count of closes) {
      const process = new Process(world, { residentRuns, death: null })
      const started = start(process, tree).catch(() => {})
      if (count % 3 > 0) {
        await started
        await process.hf.idle()
        world.clock.next()
      }
      await turns(count)
      await process.hf.close()
    }
    const process = new Process(world, { residentRuns, death: null })
    const outcome = await drive(process, tree, world.clock)
    const operations = operationsOf(process.log)
    process.log.verify()
    assert.deepEqual(process.log.rebuild({ replace: false }).differing, [])
    checkBudgets(process, world)
    await process.hf.close()
    return { outcome, operations, done: world.done }
  } finally {
    world.close()
  }
}

function checkBudgets({ hf }: Process, world: World): void {
  assert.deepEqual(hf.runtime.gate.reservations(), [])
  const states = budgets(hf, { all: true })
  for (const { budget, reserved } of states) assert.equal(reserved, 0, budget)
  const settled = (name: string): number => states.find(({ budget }) => budget === name)?.settled ?? 0
  assert.ok(settled('money') >= world.done.size && settled('calls') >= settled('money'))
}

async function start({ hf }: Process, tree: Tree): Promise<void> {
  await hf.start(treeFlow, { tree, path: 'o' }, { id: 'r' })
}

const OPEN = "SELECT id FROM runs WHERE status NOT IN ('completed', 'failed', 'cancelled', 'continued')"

/** Whether the run has failed and goes on now, once. */
async function isRetried({ hf, log }: Process): Promise<boolean> {
  if (hf.run('r').status() !== 'failed') return false
  const events = log.readStream('run/r')
  const isRefused = ({ body }: { body: JsonObject | null }): boolean =>
    (body?.error as JsonObject | undefined)?.code !== 'FLAW'
  if (events.some(({ kind }) => kind === 'run.reopened') || events.slice(-1).some(isRefused)) return false
  // Nothing of it runs any more.
  flaws.areMended = true
  await Promise.race([hf.deadLetters.retry('r'), log.died])
  return true
}

/** Starts the run, or goes on with it, and lets time pass until it has ended, and what it spawned too. */
async function drive(process: Process, tree: Tree, clock: ManualClock): Promise<Json> {
  await start(process, tree)
  for (let alarms = 0; alarms < MOST_ALARMS; alarms += 1) {
    await process.hf.idle()
    if (process.log.isDead) return null
    if (await isRetried(process)) continue
    const open = process.log.tables.get<{ id: string }>(OPEN)
    if (open === undefined) return await outcomeOf(process.hf.run<Json>('r').result())
    assert.ok(clock.next(), `${open.id} waits for nothing`)
    await turn()
  }
  return assert.fail(`${MOST_ALARMS} alarms, and no end`)
}

async function outcomeOf(result: Promise<Json>): Promise<Json> {
  return await result.catch((error) => (isHoldfastError(error) ? { failed: error.code } : assert.fail(error)))
}

/** What is on record of each operation of each run; what was abandoned by a race or an error is left out. */
function operationsOf(log: MortalLog): Map<string, Json> {
  const operations = new Map<string, Json>()
  for (const { id } of log.tables.all<{ id: string }>('SELECT id FROM runs ORDER BY id')) {
    const events = log.readStream(`run/${id}`)
    const journal = foldJournal(id, events)
    assert.equal(journal.stalled, null)
    assert.ok(events.filter(({ kind }) => kind === 'run.reopened').length <= 1, 'reopened once')
    for (const { name, type, settled, code } of journal.entries.values()) {
      if (/\.[rt]/.test(id) || /\.[rt]/.test(name)) continue
      operations.set(`${id}: ${name}`, { type, code, outcome: plain(settled?.outcome as unknown as Json) })
    }
  }
  return operations
}

/** Without the places and times of events, which depend on what else was written and tried. */
function plain(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(plain)
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null
  const marks = ['position', 'time', 'parks', 'wakes', 'waitedMs']
  const fields = Object.entries(value as JsonObject).filter(([key]) => !marks.includes(key))
  return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]))
}

// -- all trees ----------------------------------------------------------------------------------------

let root = ''
let template = ''

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-interruptions-'))
  const dir = join(root, 'template')
  mkdirSync(dir)
  const projections = [...RUNTIME_PROJECTIONS, budgetIndex, flagIndex]
  const log = openSqliteEventLog({ dir, clock: new ManualClock(), projections })
  await log.close()
  template = join(dir, LOG_FILE)
})
after(() => rmSync(root, { recursive: true, force: true }))

const ms = fc.integer({ min: 1, max: 1_000_000 })
const quick: fc.Arbitrary<Tree> = fc.oneof(
  fc.record({ type: fc.constant('step'), value: fc.nat(9), failures: fc.nat(2) }),
  fc.record({ type: fc.constant('act'), first: fc.constantFrom('ok', 'unavailable', 'dropped', 'lost') }),
  fc.record({ type: fc.constant('decide'), answer: fc.nat(9) }),
  fc.record({ type: fc.constant('loop'), times: fc.integer({ min: 2, max: 4 }) }),
  fc.constant<Tree>({ type: 'draw' }),
  fc.record({ type: fc.constant('flag'), flag: fc.constantFrom('share', 'other', 'unknown') }),
  fc.record({ type: fc.constant('flaw'), value: fc.nat(9) }),
) as fc.Arbitrary<Tree>
const slow: fc.Arbitrary<Tree> = fc.oneof(
  fc.record({ type: fc.constant('sleep'), ms }),
  fc.record({ type: fc.constant('wait'), ms }),
  fc.record({ type: fc.constant('ask'), ms, onExpiry: fc.constantFrom('approve', 'reject') }),
) as fc.Arbitrary<Tree>
const meeting = fc.record({
  type: fc.constant('meet'),
  events: fc.integer({ min: 1, max: 3 }),
  afterMs: ms,
  patienceMs: ms,
}) as fc.Arbitrary<Tree>
const oops = fc.record({
  type: fc.constant('oops'),
  code: fc.constantFrom('LOST', 'SOLD_OUT'),
}) as fc.Arbitrary<Tree>
const several = { minLength: 2, maxLength: 3 }
const some = { minLength: 1, maxLength: 4 }
const limit = fc.integer({ min: 1, max: 3 })

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: quick, weight: 4 },
    { arbitrary: slow, weight: 2 },
    { arbitrary: meeting, weight: 2 },
    { arbitrary: fc.record({ type: fc.constant('seq'), trees: fc.array(tie('tree'), several) }), weight: 3 },
    { arbitrary: fc.record({ type: fc.constant('all'), trees: fc.array(tie('tree'), several) }), weight: 3 },
    { arbitrary: fc.record({ type: fc.constant('call'), tree: tie('tree') }), weight: 2 },
    { arbitrary: fc.record({ type: fc.constant('spawn'), tree: tie('tree') }), weight: 1 },
    { arbitrary: fc.record({ type: fc.constant('chain'), times: fc.nat(2), tree: tie('tree') }), weight: 1 },
    {
      arbitrary: fc.record({ type: fc.constant('each'), trees: fc.array(tie('tree'), several), limit }),
      weight: 2,
    },
    { arbitrary: fc.record({ type: fc.constant('nodes'), trees: fc.array(tie('tree'), some) }), weight: 2 },
    { arbitrary: fc.record({ type: fc.constant('first'), trees: fc.array(slow, several) }), weight: 2 },
    { arbitrary: fc.record({ type: fc.constant('try'), tree: fc.oneof(tie('tree'), oops) }), weight: 1 },
    { arbitrary: fc.record({ type: fc.constant('race'), trees: fc.array(slow, several) }), weight: 2 },
    { arbitrary: oops, weight: 1 },
  ) as fc.Arbitrary<Tree>,
}))

const death = fc.record({
  atAppend: fc.integer({ min: 1, max: 12 }),
  when: fc.constantFrom('before', 'after'),
})
const interruption: fc.Arbitrary<Interruption> = fc.oneof(
  fc.record({ residentRuns: fc.constantFrom(0, 1) }),
  fc.record({
    residentRuns: fc.constantFrom(0, 500),
    deaths: fc.array(death, { minLength: 1, maxLength: 8 }),
  }),
  fc.record({
    residentRuns: fc.constantFrom(0, 500),
    closes: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
  }),
) as fc.Arbitrary<Interruption>

test('a run gives the same, whatever interrupts it', async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.array(interruption, { minLength: 2, maxLength: 4 }),
      async (one, interruptions) => {
        const calm = await tell(one, { residentRuns: 500 })
        for (const interruption of interruptions) {
          const told = await tell(one, interruption)
          if (isFailure(calm.outcome) && isFailure(told.outcome)) {
            // Of two that fail side by side the first one counts, and which that is may be another each time.
            const { failed } = told.outcome as { readonly failed: string }
            assert.ok(failuresIn(one, calm.outcome).has(failed), `${failed}, not one of those that may be`)
          } else assert.deepEqual(told.outcome, calm.outcome)
          for (const [key, times] of told.done) assert.equal(times, 1, `${key} was done ${times} times`)
          if (isFailure(calm.outcome)) continue
          assert.deepEqual(told.operations, calm.operations)
          assert.deepEqual(new Set(told.done.keys()), new Set(calm.done.keys()))
        }
      },
    ),
    { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(RUNS * 1_000)] },
  )
})

function isFailure(outcome: Json): boolean {
  return typeof outcome === 'object' && outcome !== null && 'failed' in outcome
}

/** Codes that a tree can fail with; that of the calm outcome where it throws none itself. */
function failuresIn(tree: Tree, outcome: Json): ReadonlySet<string> {
  const codes = [...JSON.stringify(tree).matchAll(/"code":"(\w+)"/g)].map(([, code = '']) => code)
  return new Set([...codes, (outcome as { readonly failed: string }).failed])
}
