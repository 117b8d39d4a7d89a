/**
 * However events come in and wherever the process dies or is closed, each instance ends in the state that a
 * plain fold over its events, in the order of the log, gives; what failed is set aside once.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import { newId } from '../../adapters/system/ids.ts'
import { turns } from '../../apps/testing/place.ts'
import { defineAgent, handlingWorkflow } from '../../kernel/agent.ts'
import { budgetIndex } from '../../policy/budget-index.ts'
import { createGate } from '../../policy/gate.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { type Death, MortalLog } from '../../ports/testing/mortal-log.ts'
import { Holdfast } from '../holdfast.ts'
import { RUNTIME_PROJECTIONS } from '../projections.ts'
import { Runtime } from '../runtime.ts'
import { Agents } from './agents.ts'

/** Stories to try; more of them by RUNS=1000. */
const RUNS = Number(process.env.RUNS ?? 40)
const MOST_ALARMS = 500

type How = 'add' | 'step' | 'sleep' | 'fail'

interface Said {
  readonly key: string
  readonly how: How
  /** Published together with the one before. */
  readonly together: boolean
}

interface Story {
  readonly said: readonly Said[]
  readonly deaths: readonly Death[]
  /** Turns after which a process is closed in order. */
  readonly closes: readonly number[]
  readonly residentInstances: number
}

const FACTOR: Readonly<Record<How, number>> = { add: 1, step: 1_000, sleep: 1_000_000, fail: 0 }

const teller = defineAgent<{ told: number[] }>({
  name: 'teller',
  version: 1,
  on: ['said'],
  state: z.object({ told: z.array(z.number()) }),
  initial: { told: [] },
  snapshot: { everyEvents: 3 },
  async handle(ctx, { data }, { told }) {
    const { how, n } = data as { how: How; n: number }
    if (how === 'fail') throw new Error(`no ${n}`)
    if (how === 'sleep') await ctx.sleep('1m')
    const number = how === 'step' ? await ctx.step('tell', () => n) : n
    return { told: [...told, number * FACTOR[how]] }
  },
})

class Process {
  readonly log: MortalLog
  readonly hf: Holdfast
  readonly opened: Promise<void>
  readonly #alarms = new Set<() => void>()

  constructor(dir: string, world: ManualClock, death: Death | null, residentInstances: number) {
    const clock = this.#clockOf(world)
    const projections = [...RUNTIME_PROJECTIONS, budgetIndex]
    this.log = new MortalLog(openSqliteEventLog({ dir, clock, projections }), death)
    const settings = () => ({
      operations: { allow: ['*'], deny: [], review: [] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    })
    const gate = createGate({ connectors: [], models: [], settings, tables: this.log.tables, clock })
    const runtime = new Runtime({ log: this.log, gate, clock, workflows: [handlingWorkflow(teller)] })
    const agents = new Agents(runtime, { agents: [teller], residentInstances })
    this.hf = new Holdfast(runtime, agents, newId)
    this.opened = agents.open().then(() => runtime.recover())
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

  /** Says all of it, what was said before not again. */
  async say(said: readonly Said[]): Promise<void> {
    await this.opened
    const saying: Promise<unknown>[] = []
    for (const [n, { key, how, together }] of said.entries()) {
      if (!together) await Promise.all(saying.splice(0))
      saying.push(this.hf.emit({ id: `e${n}`, kind: 'said', key, data: { how, n: n + 1 } }))
    }
    await Promise.all(saying)
  }

  async bury(): Promise<void> {
    for (const callOff of this.#alarms) callOff()
    await this.log.bury()
  }
}

async function drive(process: Process, said: readonly Said[], clock: ManualClock): Promise<void> {
  await process.say(said)
  for (let alarms = 0; alarms < MOST_ALARMS; alarms += 1) {
    await process.hf.idle()
    if (process.log.isDead || !clock.next()) return
    await turns(3)
  }
  assert.fail(`${MOST_ALARMS} alarms, and no end`)
}

async function tell({ said, deaths, closes, residentInstances }: Story): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-agents-'))
  const clock = new ManualClock()
  try {
    for (const death of deaths) {
      const process = new Process(dir, clock, death, residentInstances)
      await Promise.race([drive(process, said, clock), process.log.died])
      await process.bury()
    }
    for (const count of closes) {
      const process = new Process(dir, clock, null, residentInstances)
      const saying = process.say(said).catch(() => {})
      await turns(count)
      if (count % 2 === 0) clock.next()
      await process.hf.close()
      await saying
    }
    const process = new Process(dir, clock, null, residentInstances)
    await drive(process, said, clock)
    await assertTold(process, said)
    await process.hf.close()
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function assertTold({ hf, log }: Process, said: readonly Said[]): Promise<void> {
  const inOrder = [...log.read()].filter(({ kind }) => kind === 'event.published')
  assert.equal(inOrder.length, said.length, 'each event once')
  const fails: number[] = []
  for (const key of new Set(said.map((one) => one.key))) {
    const expected: number[] = []
    for (const { body, position } of inOrder) {
      if (body?.key !== key) continue
      const { how, n } = body.data as { how: How; n: number }
      if (how === 'fail') fails.push(position)
      else expected.push(n * FACTOR[how])
    }
    assert.deepEqual((await hf.agent(teller, key).query()).told, expected, `instance ${key}`)
    assert.equal(hf.agent(teller, key).status().handled, expected.length)
  }
  const aside = hf.agent(teller).setAside()
  assert.deepEqual(aside.map(({ position }) => position).sort(), fails.sort())
  assert.equal([...log.read()].filter(({ kind }) => kind === 'agent.set-aside').length, fails.length)
  assert.deepEqual([hf.agent(teller).status().pending, hf.agent(teller).status().underWay], [0, 0])
  assertSnapshots(log, said)
  log.verify()
  assert.deepEqual(log.rebuild({ replace: false }).differing, [])
}

/** No instance is read from further back than the rule allows. */
function assertSnapshots(log: EventLog, said: readonly Said[]): void {
  for (const { key, whole } of log.tables.all<{ key: string; whole: number }>(
    'SELECT key, whole FROM agents_instances',
  )) {
    const handled = log
      .readStream(`agent/teller/${key}`, whole)
      .filter(({ kind }) => kind === 'agent.handled')
    assert.ok(handled.length <= 3 || said.length < 3, `${key} is read from ${handled.length} events`)
  }
}

const said: fc.Arbitrary<readonly Said[]> = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    how: fc.constantFrom<How>('add', 'add', 'add', 'step', 'sleep', 'fail'),
    together: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

const death: fc.Arbitrary<Death> = fc.record({
  atAppend: fc.integer({ min: 1, max: 30 }),
  when: fc.constantFrom('before' as const, 'after' as const),
})

test('any order of events, deaths and closings gives the states of a plain fold', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        said,
        deaths: fc.array(death, { maxLength: 3 }),
        closes: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 2 }),
        residentInstances: fc.constantFrom(0, 1, 100),
      }),
      tell,
    ),
    { numRuns: RUNS },
  )
})

test('a death at each append, before it and after it, changes nothing', async () => {
  const story: Story = {
    said: [
      { key: 'a', how: 'add', together: false },
      { key: 'a', how: 'step', together: true },
      { key: 'b', how: 'sleep', together: true },
      { key: 'a', how: 'fail', together: false },
      { key: 'b', how: 'add', together: true },
      { key: 'a', how: 'add', together: false },
    ],
    deaths: [],
    closes: [],
    residentInstances: 100,
  }
  for (let atAppend = 1; atAppend <= 24; atAppend += 1) {
    for (const when of ['before', 'after'] as const) await tell({ ...story, deaths: [{ atAppend, when }] })
  }
})
