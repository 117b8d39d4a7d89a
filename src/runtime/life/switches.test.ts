import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { FlagDefinitions } from '../../apps/config/flags-file.ts'
import { openPlace, turns } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { defineSchedule } from '../schedules/schedule.ts'
import { defineTrigger } from '../triggers/trigger.ts'

/** On for customers in Sweden only. */
function onlySweden(flag: string): FlagDefinitions {
  return {
    version: 1,
    segments: { sweden: { where: [{ field: 'country', operator: 'is', value: 'SE' }] } },
    flags: { [flag]: { rules: [{ segment: 'sweden', serve: 'on' }] } },
  }
}

const customerFacts = (id: string) => ({ country: id.startsWith('se') ? 'SE' : 'DE' })
const flow = defineWorkflow({
  name: 'greet',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx) => await ctx.step('say', () => 'hello'),
})

test('a workflow that is off for a customer can not be started for them; one that runs goes on', async (t) => {
  const place = await openPlace(t, { workflows: [flow], flags: onlySweden('workflow.greet'), customerFacts })
  const run = await place.hf.start(flow, null, { id: 'a', customer: 'se-1' })
  assert.equal(await run.result(), 'hello')
  await assert.rejects(place.hf.start(flow, null, { id: 'b', customer: 'de-1' }), {
    code: 'FLAG_OFF',
    message: 'The workflow greet is off for de-1: flag workflow.greet says off (DEFAULT)',
  })
  assert.deepEqual(place.kinds('b'), [])
  await place.reopen({ flags: { version: 1, flags: { 'workflow.greet': { enabled: false } } } })
  assert.equal((await place.hf.start(flow, null, { id: 'a', customer: 'se-1' })).id, 'a')
  await assert.rejects(place.hf.start(flow, null, { id: 'c', customer: 'se-1' }), /says off \(DISABLED\)/)
})

test('an agent that is off for a key sets its events aside, untold, and handles them when it is on', async (t) => {
  const counter = defineAgent({
    name: 'counter',
    version: 1,
    on: ['counted'],
    state: z.number(),
    initial: 0,
    handle: async (_, event, state) => state + Number(event.data),
  })
  const place = await openPlace(t, { agents: [counter], flags: onlySweden('agent.counter'), customerFacts })
  for (const key of ['se-1', 'de-1', 'de-1', 'de-2', 'se-1']) {
    await place.hf.emit({ kind: 'counted', key, data: 1 })
  }
  await place.hf.idle()
  const stateOf = async (key: string) => await place.hf.agent(counter, key).query()
  assert.deepEqual([await stateOf('se-1'), await stateOf('de-1')], [2, 0])
  const aside = place.hf.agent(counter, 'de-1').status().setAside
  assert.deepEqual(
    aside.map(({ error }) => error.code),
    ['FLAG_OFF', 'FLAG_OFF'],
  )
  assert.match(
    aside[0]?.error.message ?? '',
    /The agent counter is off for de-1: flag agent.counter says off/,
  )
  assert.deepEqual(place.hf.alerts(), [])
  const [first, second] = aside
  await place.hf.agents.retry('counter', 'de-1', first?.position ?? 0)
  await place.hf.idle()
  assert.equal(place.hf.agent(counter, 'de-1').status().setAside.length, 2, 'still off')
  await place.reopen({ flags: { version: 1 } })
  for (const one of [first, second]) await place.hf.agents.retry('counter', 'de-1', one?.position ?? 0)
  await place.hf.idle()
  assert.equal(await stateOf('de-1'), 2)
  assert.deepEqual(place.hf.agent(counter, 'de-1').status().setAside, [])
})

test('a trigger whose workflow is off sets its event aside, untold, and starts the run when it is on', async (t) => {
  const greeted = defineTrigger({ name: 'greeted', on: 'came', workflow: flow, input: () => null })
  const place = await openPlace(t, {
    workflows: [flow],
    triggers: [greeted],
    flags: onlySweden('workflow.greet'),
    customerFacts,
  })
  for (const key of ['se-1', 'de-1', 'de-1', 'se-2']) await place.hf.emit({ kind: 'came', key })
  await place.hf.idle()
  const [state] = place.hf.triggers.list()
  assert.deepEqual(
    [state?.fired, state?.setAside.map(({ error }) => error.code)],
    [2, ['FLAG_OFF', 'FLAG_OFF']],
  )
  assert.deepEqual(place.hf.alerts(), [])
  const position = state?.setAside[0]?.position ?? 0
  await assert.rejects(place.hf.triggers.retry('greeted', position), { code: 'FLAG_OFF' })
  await place.reopen({ flags: { version: 1 } })
  const { run } = await place.hf.triggers.retry('greeted', position)
  assert.equal(await place.outcome(run ?? ''), 'hello')
})

test('a schedule whose workflow is off passes its times over, untold, and makes up for none', async (t) => {
  const HOUR_MS = 3_600_000
  const hourly = defineSchedule({
    name: 'hourly',
    cron: '0 * * * *',
    workflow: flow,
    input: () => null,
    missed: 'all',
  })
  const off = { version: 1, flags: { 'workflow.greet': { enabled: false } } } as const
  const place = await openPlace(t, { workflows: [flow], schedules: [hourly], flags: off })
  for (let i = 0; i < 2; i += 1) {
    place.clock.advance(HOUR_MS)
    await turns()
  }
  const missed = () =>
    place.hf.log.readStream('schedule/hourly').filter(({ kind }) => kind === 'schedule.missed')
  assert.deepEqual(
    missed().map(({ body }) => (body?.error as { code?: string } | undefined)?.code),
    ['FLAG_OFF', 'FLAG_OFF'],
  )
  assert.deepEqual(place.hf.alerts(), [])
  await assert.rejects(place.hf.schedules.run('hourly'), { code: 'FLAG_OFF' })
  await place.reopen({ flags: { version: 1 } })
  place.clock.advance(HOUR_MS)
  await turns()
  assert.deepEqual([place.hf.schedules.list()[0]?.fired, missed().length], [1, 2])
})
