/** Published events and past states are erased by rules of their own, and kept as long as somebody needs them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { type Context, defineWorkflow } from '../../kernel/workflow.ts'
import { defineTrigger } from '../triggers/trigger.ts'
import { type RetentionRule, retain } from './retention.ts'

const DAY_MS = 86_400_000
const ALL: RetentionRule = { events: '*', afterMs: DAY_MS }
const SECRET = 'Rosenkohl'

const flow = (name: string, run: (ctx: Context) => Promise<unknown>) =>
  defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
const note = flow('note', async () => null)
const waits = flow('waits', async (ctx) => {
  await ctx.waitFor('go')
  return (await ctx.waitFor('said', { timeout: '1s' }))?.data ?? 'nothing'
})
const counter = defineAgent<{ last: string; pad: string }>({
  name: 'counter',
  version: 1,
  on: ['said'],
  state: z.any(),
  initial: { last: '', pad: 'x'.repeat(2_000) },
  snapshot: { everyEvents: 4 },
  handle: async (ctx, { data }, state) => {
    if (data === 'poison') throw new Error('no')
    if (data === 'slow') await ctx.waitFor('free')
    return { ...state, last: String(data) }
  },
})

async function erased(place: Place, ...rules: RetentionRule[]) {
  place.clock.advance(DAY_MS)
  const dry = await retain(place.hf.log, { rules, now: place.clock.now(), dryRun: true })
  const report = await retain(place.hf.log, { rules, now: place.clock.now() })
  assert.deepEqual({ ...dry, blobs: 0 }, { ...report, blobs: 0 })
  assert.deepEqual(place.hf.log.rebuild({ replace: false }).differing, [])
  place.hf.log.verify()
  return report
}

function bytesHold(place: Place, text: string): boolean {
  return readdirSync(place.dir).some((name) => readFileSync(join(place.dir, name)).includes(text))
}

test('an event that is old enough is gone from the files; a younger one, and one of another kind, stays', async (t) => {
  const place = await openPlace(t)
  const { hf, clock } = place
  await hf.emit({ kind: 'said', id: 'one', key: 'k', data: SECRET })
  await hf.emit({ kind: 'said', key: 'k', data: SECRET })
  await hf.emit({ kind: 'kept', data: 'Kohlrabi' })
  clock.advance(DAY_MS)
  await hf.emit({ kind: 'said', data: 'Kohlrabi' })
  assert.ok(bytesHold(place, SECRET))
  const rules: RetentionRule[] = [{ events: 'kept', afterMs: null }, ALL]
  const early = await retain(hf.log, { rules, now: clock.now() - 1 })
  assert.equal(early.published, 0)
  const report = await retain(hf.log, { rules, now: clock.now() })
  assert.deepEqual([report.published, report.events, report.held, report.runs], [2, 2, 0, 0])
  assert.ok(!bytesHold(place, SECRET))
  assert.ok(bytesHold(place, 'Kohlrabi'))
  assert.equal((await retain(hf.log, { rules, now: clock.now() })).published, 0, 'once')
  await hf.emit({ kind: 'said', id: 'one', key: 'k', data: SECRET })
  assert.equal(hf.log.readStream('event/one').length, 1, 'its id stays taken')
})

test('is kept while a run that began before may look back at it, if its kind is waited for', async (t) => {
  const place = await openPlace(t, { workflows: [waits] })
  const { hf } = place
  await hf.emit({ kind: 'said', data: 'before' })
  await hf.start(waits, null, { id: 'first' })
  await hf.emit({ kind: 'go' })
  await hf.idle()
  await hf.start(waits, null, { id: 'r' })
  await hf.emit({ kind: 'said', data: 'since' })
  await hf.emit({ kind: 'unheard', data: 'since' })
  await hf.idle()
  const report = await erased(place, ALL)
  assert.equal(report.held, 1)
  const left = hf.log.tables.all<{ kind: string }>('SELECT kind FROM published').map(({ kind }) => kind)
  assert.deepEqual(left, ['said'])
  await hf.emit({ kind: 'go' })
  assert.equal(await place.outcome('r'), 'since')
  assert.equal((await erased(place, ALL)).held, 0)
})

test('a wait passes over an event that is gone', async (t) => {
  const place = await openPlace(t, { workflows: [waits] })
  const { hf } = place
  await hf.start(waits, null, { id: 'r' })
  await hf.emit({ kind: 'said', data: 'gone' })
  await hf.idle()
  assert.equal((await erased(place, ALL)).published, 1, 'nobody has waited for that kind yet')
  await hf.emit({ kind: 'go' })
  assert.equal(await place.outcome('r'), 'nothing')
})

test('is kept while an agent that takes it has not come so far, or has it in a mailbox or set aside', async (t) => {
  const place = await openPlace(t, { agents: [counter] })
  const { hf } = place
  for (const data of ['poison', 'slow', 'waits']) await hf.emit({ kind: 'said', key: 'k', data })
  await hf.idle()
  assert.deepEqual([(await erased(place, ALL)).held, hf.agent('counter', 'k').status().pending], [3, 2])
  await hf.emit({ kind: 'free' })
  await hf.idle()
  assert.equal((await erased(place, ALL)).held, 1, 'that which was set aside')
  await hf.agent('counter').pause()
  await hf.emit({ kind: 'said', key: 'other', data: 'unseen' })
  await place.reopen({ agents: [] })
  await place.hf.idle()
  assert.equal((await erased(place, ALL)).held, 2, 'also where the agent is absent')
})

test('is kept while a trigger has not come so far, gathers it, or has set it aside', async (t) => {
  const on = { on: 'said', workflow: note }
  const fails = () => {
    throw new Error('no')
  }
  const gathers = defineTrigger({
    name: 'gathers',
    ...on,
    input: () => null,
    batch: { max: 9, within: '90d' },
  })
  const failing = defineTrigger({ name: 'failing', on: 'bad', workflow: note, input: fails })
  const place = await openPlace(t, { workflows: [note], triggers: [gathers, failing] })
  const { hf } = place
  await hf.emit({ kind: 'said' })
  await hf.emit({ kind: 'bad' })
  await hf.idle()
  assert.equal((await erased(place, ALL)).held, 2)
  await hf.triggers.pause('gathers')
  await hf.emit({ kind: 'said' })
  await hf.idle()
  assert.equal((await erased(place, ALL)).held, 3)
})

test('is kept for a trigger or an agent that is defined while events are being erased', async (t) => {
  for (const definition of [
    { stream: 'trigger/late', kind: 'trigger.set', body: { on: 'said', workflow: 'note', after: 0 } },
    { stream: 'agent/late', kind: 'agent.defined', body: { version: 1, on: ['said'], after: 0 } },
  ]) {
    const { hf, clock } = await openPlace(t)
    await hf.emit({ kind: 'said', data: 1 })
    clock.advance(DAY_MS)
    const erase = hf.log.erase.bind(hf.log)
    Object.assign(hf.log, {
      async erase(...given: Parameters<typeof erase>) {
        const { stream, ...event } = definition
        const events = [{ ...event, actor: 'runtime', label: SYSTEM }]
        await hf.log.append([{ stream, expectedVersion: 'any', events }])
        return await erase(...given)
      },
    })
    const report = await retain(hf.log, { rules: [ALL], now: clock.now() })
    assert.deepEqual([report.published, report.held], [0, 1], definition.kind)
  }
})

test('what a state was before its newest snapshot is gone from the files; the state and the count stay', async (t) => {
  const place = await openPlace(t, { agents: [counter] })
  const say = async (data: string): Promise<void> => {
    await place.hf.emit({ kind: 'said', key: 'k', data })
    await place.hf.idle()
  }
  for (const data of [SECRET, SECRET, 'a', 'b', 'c', 'd']) await say(data)
  const rule: RetentionRule = { agent: 'counter', afterMs: DAY_MS }
  assert.equal((await erased(place, { agent: 'other', afterMs: DAY_MS })).states, 0)
  const before = place.hf.agent('counter', 'k').status()
  const report = await erased(place, rule, ALL)
  assert.ok(report.states >= 2)
  assert.ok(!bytesHold(place, SECRET))
  assert.equal((await erased(place, rule)).states, 0, 'once')
  await place.reopen()
  assert.deepEqual(place.hf.agent('counter', 'k').status(), before)
  await say('e')
  const k = place.hf.agent(counter, 'k')
  assert.deepEqual([(await k.query()).last, k.status().handled], ['e', 7])
})
