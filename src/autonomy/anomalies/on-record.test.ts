/** What is held against an agent is what is on record, whatever happens on the way there. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { letterbox } from '../../apps/testing/offers.ts'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { Finding } from '../../ports/anomalies.ts'
import type { AnomalyDesk } from './desk.ts'

const FINDING: Finding = {
  measure: 'effects',
  what: null,
  severity: 'quarantine',
  seen: 9,
  of: 1,
  expected: 1,
  limit: 9,
  excess: 5,
  samples: 14,
}
const DAY_MS = 86_400_000
const REMIT = { agent: 'letters', action: 'send', segment: 'all' }

async function opened(t: TestContext, options?: PlaceOptions): Promise<{ place: Place; desk: AnomalyDesk }> {
  const place = await openPlace(t, options)
  return { place, desk: place.hf.autonomy.anomalies as AnomalyDesk }
}

function find(desk: AnomalyDesk, day: number, agent = 'letters'): void {
  desk.found(agent, FINDING, String(day), { from: day * DAY_MS, to: (day + 1) * DAY_MS })
}

/** The next append with an event of that kind is refused. */
function refuse({ hf: { log } }: Place, kind: string): void {
  const append = log.append.bind(log)
  log.append = async (...given) => {
    if (!given[0].some(({ events }) => events.some((one) => one.kind === kind))) return await append(...given)
    log.append = append
    throw new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
  }
}

test('what the log has refused holds, and is on record with the next commit', async (t) => {
  const { place, desk } = await opened(t)
  refuse(place, 'anomaly.found')
  find(desk, 1)
  await place.hf.idle()
  assert.deepEqual([desk.quarantined(), desk.list()], [['letters'], []])
  await place.hf.emit({ kind: 'any', key: 'x', data: null })
  await place.hf.idle()
  assert.deepEqual(
    desk.list().map(({ agent, seen }) => [agent, seen]),
    [['letters', 9]],
  )
  await desk.lift('letters')
  assert.deepEqual([desk.quarantined(), place.hf.alerts()], [[], []])
})

test('a level that the log would not lower is lowered with the next commit', async (t) => {
  const { place, desk } = await opened(t)
  await place.hf.autonomy.set(REMIT, { level: 'auto', ceiling: 'auto' })
  refuse(place, 'autonomy.demoted')
  find(desk, 1)
  await place.hf.idle()
  await place.hf.emit({ kind: 'any', key: 'x', data: null })
  await place.hf.idle()
  assert.equal(place.hf.autonomy.standing(REMIT).level, 'review')
})

test('a level that the operator sets after that stays, though its lowering was due before', async (t) => {
  const { place, desk } = await opened(t)
  const { log, autonomy } = place.hf
  await autonomy.set(REMIT, { level: 'auto', ceiling: 'auto' })
  const append = log.append.bind(log)
  const { promise: isFree, resolve: free } = Promise.withResolvers<void>()
  let isFull = true
  log.append = async (...given) => {
    const kinds = given[0].flatMap(({ events }) => events.map(({ kind }) => kind))
    if (isFull && kinds.includes('autonomy.demoted'))
      throw new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
    if (kinds.includes('autonomy.level-set')) await isFree
    return await append(...given)
  }
  find(desk, 1)
  await place.hf.idle()
  assert.equal(autonomy.standing(REMIT).level, 'auto')
  place.clock.advance(DAY_MS)
  const set = autonomy.set(REMIT, { level: 'sampled' })
  await place.hf.emit({ kind: 'any', key: 'x', data: null })
  await turns(5)
  isFull = false
  await desk.lift('letters')
  free()
  await set
  await place.hf.idle()
  assert.equal(autonomy.standing(REMIT).level, 'sampled')
})

test('what is decided in one window and on record in the next is part of the past', async (t) => {
  const { place, desk } = await opened(t)
  const { settings, baselines } = desk
  const day = Math.floor(place.clock.now() / DAY_MS)
  const samples = () => baselines.of('letters', 'effects', day, settings).samples
  assert.equal(samples(), 0)
  const body = { answer: 'allow', counted: { agent: 'letters', hour: day * 24 - 1 } }
  const events = [{ kind: 'policy.decided', actor: 'test', label: SYSTEM, body }]
  await place.hf.log.append([{ stream: 'run/1', expectedVersion: 'any', events }])
  assert.equal(samples(), 1)
})

test('what was allowed and is given up before it is on record counts for nothing', async (t) => {
  const { place } = await opened(t, { connectors: [letterbox([])] })
  const { gate } = place.hf.runtime
  const counted = (run: string, name = 'send') =>
    gate.decideEffect({
      run,
      name,
      workflow: 'letters',
      customer: null,
      operation: 'post.send',
      input: { to: 'ada@hall.example' },
      label: SYSTEM,
      approvedBy: null,
    }).verdict.counted?.recipients
  const [fresh] = (counted('one') ?? []) as string[]
  assert.ok(fresh)
  assert.equal(counted('two'), undefined, 'the first is on its way')
  place.clock.advance(3 * DAY_MS)
  counted('two')
  assert.equal(counted('two'), undefined, 'also in another window')
  gate.forgo('one', 'other')
  assert.equal(counted('two'), undefined)
  gate.forgo('one', 'send')
  assert.deepEqual(counted('two'), [fresh])
  gate.forgo('two')
  assert.deepEqual(counted('three'), [fresh])
})

test('so it is with an agent that has a key: it is in quarantine as long as an anomaly holds', async (t) => {
  const writer = defineAgent({
    name: 'writer',
    version: 1,
    on: ['order'],
    state: z.any(),
    initial: null,
    handle: () => null,
  })
  const { place, desk } = await opened(t, { agents: [writer] })
  const lifecycle = () => place.hf.agent(writer).status().lifecycle
  find(desk, 1, 'agent:writer')
  await place.hf.idle()
  const lifting = desk.lift('agent:writer')
  find(desk, 2, 'agent:writer')
  await lifting
  await place.hf.idle()
  assert.equal(lifecycle(), 'quarantined')
  desk.found('agent:writer', { ...FINDING, severity: 'lower' }, '3', { from: null, to: null })
  await desk.lift('agent:writer')
  assert.equal(lifecycle(), 'enabled')
  desk.found('agent:writer', { ...FINDING, severity: 'lower' }, '4', { from: null, to: null })
  await place.hf.idle()
  find(desk, 5, 'agent:writer')
  await desk.lift('agent:writer')
  await place.hf.idle()
  assert.deepEqual([lifecycle(), desk.list()], ['enabled', []])
})

test('what is found while an earlier anomaly is being lifted holds', async (t) => {
  const { place, desk } = await opened(t)
  find(desk, 1)
  await place.hf.idle()
  const lifting = desk.lift('letters')
  find(desk, 2)
  await lifting
  await place.hf.idle()
  assert.deepEqual([desk.quarantined(), desk.list().length], [['letters'], 1])
  await place.reopen()
  assert.deepEqual(place.hf.autonomy.anomalies.quarantined(), ['letters'])
})
