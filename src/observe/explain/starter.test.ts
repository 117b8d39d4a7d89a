/** `why` names what started a run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, turns } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { defineSchedule } from '../../runtime/schedules/schedule.ts'
import { defineTrigger } from '../../runtime/triggers/trigger.ts'
import { retain, why } from '../../sdk.ts'
import { anyWorkflow } from '../testing/workspace.ts'

const note = anyWorkflow('note', async () => 'done')
const parent = anyWorkflow('parent', async (ctx) => await ctx.call('ask', note, null))
const endless = anyWorkflow('endless', async (ctx, input) => {
  if (input === null) return await ctx.continueAs('again')
  return 'done'
})
const counter = defineAgent({
  name: 'counter',
  version: 1,
  on: ['counted'],
  state: z.number(),
  initial: 0,
  async handle(ctx, _event, count) {
    await ctx.sleep('1m')
    return count + 1
  },
})

test('a trigger with its events, also when the bodies are gone', async (t) => {
  const said = defineTrigger({ name: 'said', on: 'said', workflow: note, input: () => null })
  const place = await openPlace(t, { workflows: [note], triggers: [said] })
  const { hf } = place
  await hf.emit({ kind: 'said' })
  await hf.idle()
  const run = String(hf.triggers.list()[0]?.lastRun)
  const position = Number(run.split('/').at(-1))
  const { startedBy } = why(hf, run)
  assert.deepEqual(startedBy, {
    by: 'trigger',
    name: 'said',
    words: `the trigger said, for event #${position}`,
    positions: [position],
    command: 'triggers',
  })
  place.clock.advance(1)
  await retain(hf, [{ workflow: '*', status: ['completed'], afterMs: 0 }])
  assert.equal(why(hf, run).startedBy.words, 'the trigger said')
})

test('several events of a trigger', async (t) => {
  const batch = { max: 5, within: '1m' }
  const said = defineTrigger({ name: 'said', on: 'said', workflow: note, input: () => null, batch })
  const { hf } = await openPlace(t, { workflows: [note], triggers: [said] })
  for (let n = 0; n < 5; n += 1) await hf.emit({ kind: 'said' })
  await hf.idle()
  const run = String(hf.triggers.list()[0]?.lastRun)
  const { positions, words } = why(hf, run).startedBy
  assert.equal(positions.length, 5)
  const [a, b, c] = positions
  assert.equal(words, `the trigger said, for events #${a}, #${b}, #${c} and 2 more`)
})

test('a schedule with its time', async (t) => {
  const hourly = defineSchedule({ name: 'hourly', cron: '0 * * * *', workflow: note, input: () => null })
  const place = await openPlace(t, { workflows: [note], schedules: [hourly] })
  place.clock.next()
  await turns()
  await place.hf.idle()
  const run = String(place.hf.schedules.list()[0]?.lastRun)
  const { by, words, command } = why(place.hf, run).startedBy
  assert.deepEqual([by, command], ['schedule', 'schedules'])
  assert.equal(words, 'the schedule hourly, for 2026-01-05T10:00:00.000Z')
})

test('an agent with the event that it handles', async (t) => {
  const { hf } = await openPlace(t, { agents: [counter] })
  await hf.emit({ kind: 'counted', key: 'k' })
  await hf.idle()
  const { id } = hf.log.tables.get<{ id: string }>('SELECT id FROM runs') ?? { id: '' }
  const position = Number(id.split('@').at(-1))
  const { by, words, positions } = why(hf, id).startedBy
  assert.deepEqual([by, positions], ['agent', [position]])
  assert.equal(words, `the agent counter, to handle event #${position}`)
})

test('another run: a parent, the one before it in a chain, the source of a fork', async (t) => {
  const { hf } = await openPlace(t, { workflows: [note, parent, endless] })
  await hf.start(parent, null, { id: 'p' })
  await hf.start(endless, null, { id: 'e' })
  await hf.idle()
  const words = (run: string): string => why(hf, run).startedBy.words
  assert.equal(words('p'), 'operator')
  const { id } = hf.log.tables.get<{ id: string }>("SELECT id FROM runs WHERE parent = 'p'") ?? { id: '' }
  assert.equal(words(id), '"ask" of its parent run p')
  assert.equal(words(String(hf.log.readStream('run/e').at(-1)?.body?.next)), 'the run before it, e')
  await hf.fork('p', { id: 'f' })
  await hf.idle()
  assert.equal(words('f'), 'operator, as a fork of the run p')
})
