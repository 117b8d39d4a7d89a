/**
 * However a process dies, an automatic answer is given once and what follows from it is done once; an offer is made
 * once and taken once, and a demotion is in force and told once.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { test } from 'node:test'
import { openSqliteEventLog } from '../adapters/sqlite/event-log.ts'
import { newId } from '../adapters/system/ids.ts'
import { letterbox, offerWorkflow, REMIT } from '../apps/testing/offers.ts'
import { isHoldfastError } from '../kernel/errors.ts'
import { budgetIndex } from '../policy/budget-index.ts'
import { createGate } from '../policy/gate.ts'
import { ManualClock } from '../ports/testing/manual-clock.ts'
import { type Death, MortalLog } from '../ports/testing/mortal-log.ts'
import { Agents } from '../runtime/agents/agents.ts'
import { clearAlert, isRaised, raiseAlert, raisedAlerts } from '../runtime/alert-index.ts'
import type { Answer } from '../runtime/answer.ts'
import { Holdfast } from '../runtime/holdfast.ts'
import { RUNTIME_PROJECTIONS } from '../runtime/projections.ts'
import { Runtime } from '../runtime/runtime.ts'
import { anomalyIndex } from './anomalies/anomaly-index.ts'
import { AutonomyByEvidence } from './autonomy.ts'
import { autonomyIndex } from './autonomy-index.ts'
import { AUTONOMY_DEFAULTS } from './settings.ts'

const NEVER = 1e-9
/** Three answers earn a level, two or three lose it. */
const LOOSE = { tolerance: 0.75, edit: 0.2 }
const SETTINGS = {
  ...AUTONOMY_DEFAULTS,
  tiers: { low: LOOSE, medium: LOOSE, high: LOOSE },
  falseAlarmEvery: 3,
  audits: { sampled: 1, auto: NEVER },
}
const offer = offerWorkflow()

interface World {
  readonly dir: string
  readonly clock: ManualClock
  readonly posted: string[]
}

class Process {
  readonly log: MortalLog
  readonly hf: Holdfast
  #appends = 0

  constructor({ dir, clock, posted }: World, death: Death | null) {
    const projections = [...RUNTIME_PROJECTIONS, budgetIndex, autonomyIndex, anomalyIndex]
    const log = new MortalLog(openSqliteEventLog({ dir, clock, projections }), death)
    const append = log.append.bind(log)
    log.append = async (...given) => {
      this.#appends += 1
      return await append(...given)
    }
    this.log = log
    const gate = createGate({
      connectors: [letterbox(posted)],
      models: [],
      settings: () => ({
        operations: { allow: ['*'], deny: [], review: [] },
        egress: { allow: [] },
        budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
      }),
      tables: log.tables,
      clock,
    })
    const autonomy = new AutonomyByEvidence({
      log,
      clock,
      settings: () => SETTINGS,
      manifestOf: (operation) => gate.manifestOf(operation),
      alerts: { raise: raiseAlert, clear: clearAlert, isRaised: (...of) => isRaised(log.tables, ...of) },
      start: async () => {},
    })
    const runtime = new Runtime({ log, gate, autonomy, clock, workflows: [offer] })
    this.hf = new Holdfast(runtime, new Agents(runtime, { agents: [] }), newId)
  }

  get appends(): number {
    return this.#appends
  }

  async open(): Promise<void> {
    await this.hf.autonomy.open()
    this.hf.runtime.recover()
    await this.hf.idle()
  }

  /** As often as the process dies, the run is one; its review is answered when it waits. */
  async run(id: string, answer: Answer): Promise<void> {
    const handle = await this.hf.start(offer, {} as never, { id })
    await this.hf.idle()
    const review = this.hf.reviews().find(({ run }) => run === id)
    if (review !== undefined) await this.hf.answer(review.id, answer).catch(ignoreEnded)
    await this.hf.idle()
    if (!this.log.isDead) assert.equal(handle.status(), 'completed')
  }
}

function ignoreEnded(error: unknown): void {
  if (!isHoldfastError(error) || error.code !== 'REVIEW_ENDED') throw error
}

/** A promotion is earned, and another; an answer is given automatically; then audits go wrong. */
async function story(process: Process): Promise<void> {
  const { hf, log } = process
  const level = () => hf.autonomy.standing(REMIT).level
  await process.open()
  if (await isPast(log, 'autonomy.demoted')) return
  for (let i = 0; i < 8 && level() === 'review' && !log.isDead; i += 1) {
    if (hf.autonomy.standing(REMIT).next.offered) await hf.autonomy.accept(REMIT)
    else await process.run(`review-${i}`, { verdict: 'approved' })
  }
  if (level() === 'sampled' && !(await isPast(log, 'autonomy.level-set'))) {
    await hf.autonomy.set(REMIT, { level: 'auto' })
  }
  await process.run('automatic', { verdict: 'rejected', reason: 'nobody is to be asked' })
  if (level() === 'auto') await hf.autonomy.set(REMIT, { level: 'sampled' })
  for (let i = 0; i < 12 && level() === 'sampled' && !log.isDead; i += 1) {
    await process.run(`audit-${i}`, { verdict: 'rejected' })
  }
  await hf.idle()
}

async function isPast(log: MortalLog, kind: string): Promise<boolean> {
  return kindsOf(log).includes(kind)
}

function kindsOf(log: MortalLog): string[] {
  return log.readStream('autonomy/offer/send-offer/all').map((event) => event.kind)
}

const WAYS = ['before', 'after'] as const

async function tell(death: Death | null): Promise<{ readonly appends: number }> {
  const world = {
    dir: mkdtempSync(join(tmpdir(), 'autonomy-')),
    clock: new ManualClock(),
    posted: [] as string[],
  }
  try {
    if (death !== null) {
      const mortal = new Process(world, death)
      await Promise.race([story(mortal), mortal.log.died])
      await mortal.log.bury()
    }
    const process = new Process(world, null)
    await story(process)
    const { log, hf } = process
    const answers = log.readStream('run/automatic').filter(({ kind }) => kind === 'review.answered')
    assert.deepEqual(
      answers.map(({ body }) => [body?.by, body?.verdict]),
      [['autonomy', 'approved']],
    )
    const sent = log.readStream('run/automatic').filter(({ kind }) => kind === 'effect.succeeded')
    assert.equal(sent.length, 1)
    const kinds = kindsOf(log)
    const count = (kind: string) => kinds.filter((one) => one === kind).length
    assert.deepEqual(
      ['autonomy.promotion-offered', 'autonomy.promoted', 'autonomy.demoted'].map(count),
      [1, 1, 1],
      kinds.join(),
    )
    assert.equal(raisedAlerts(log.tables).length, 1)
    const { level, by, answers: given } = hf.autonomy.standing(REMIT)
    assert.deepEqual([level, by, given.automatic], ['review', 'demotion', 1])
    assert.equal(world.posted.length, given.approved + 1)
    log.verify()
    assert.deepEqual(log.rebuild({ replace: false }).differing, [])
    const { appends } = process
    await hf.close()
    return { appends }
  } finally {
    rmSync(world.dir, { recursive: true })
  }
}

/** Every append before and after with EVERY=1; else each in one of the two ways, by turns. */
test('a process that dies at any append leaves one answer, one offer, one demotion', async () => {
  const { appends } = await tell(null)
  for (let atAppend = 1; atAppend <= appends; atAppend += 1) {
    const ways = env.EVERY ? WAYS : WAYS.slice(atAppend % 2, (atAppend % 2) + 1)
    for (const when of ways) await tell({ atAppend, when })
  }
})

test('a level that has drifted is not in force from the very answer on, before its demotion is on record', async () => {
  const world = { dir: mkdtempSync(join(tmpdir(), 'autonomy-')), clock: new ManualClock(), posted: [] }
  try {
    const process = new Process(world, null)
    await process.open()
    await process.hf.autonomy.set(REMIT, { level: 'sampled', ceiling: 'auto' })
    // From here on nothing that autonomy asks to be recorded gets to the disk.
    const append = process.log.append.bind(process.log)
    process.log.append = async (parts, ...rest) => {
      if (parts.some(({ stream }) => stream.startsWith('autonomy/'))) throw new Error('not now')
      return await append(parts, ...rest)
    }
    for (let i = 0; i < 12 && process.hf.autonomy.standing(REMIT).level === 'sampled'; i += 1) {
      await process.run(`audit-${i}`, { verdict: 'rejected' })
    }
    assert.equal(kindsOf(process.log).includes('autonomy.demoted'), false)
    assert.equal(process.hf.autonomy.standing(REMIT).level, 'review')
    await process.hf.start(offer, {} as never, { id: 'next' })
    await process.hf.idle()
    assert.equal(process.hf.reviews()[0]?.autonomy?.rule, 'review')
    await process.hf.close()

    const next = new Process(world, null)
    await next.open()
    assert.equal(kindsOf(next.log).at(-1), 'autonomy.demoted')
    await next.hf.close()
  } finally {
    rmSync(world.dir, { recursive: true })
  }
})
