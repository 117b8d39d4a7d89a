/** However many rollbacks of a run and of the runs it called are asked for at once, each effect is undone once. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import type { AnyWorkflow, Context, Rollback } from '../../kernel/workflow.ts'
import { defineConnector, defineWorkflow, HoldfastError } from '../../sdk.ts'
import { verifyRun } from '../replay/replay.ts'

const any = { input: z.any(), output: z.any() }

/** What was undone, and how the next undos go. */
function shop() {
  const undone: string[] = []
  const hangs: boolean[] = []
  const refuses: boolean[] = []
  const connector = defineConnector({
    name: 'shop',
    operations: {
      order: {
        ...any,
        manifest: { title: 'Order', effect: 'reversible', idempotency: 'key' },
        perform: async () => null,
        undo: async ({ what }: { what: string }) => {
          if (refuses.shift()) throw new HoldfastError('CONNECTOR_REFUSED', 'too late')
          undone.push(what)
          if (hangs.shift()) await new Promise(() => {})
        },
      },
    },
  })
  return { undone, hangs, refuses, connector }
}

const flow = (name: string, run: (ctx: Context) => Promise<unknown>): AnyWorkflow =>
  defineWorkflow({ ...any, name, version: 1, run })

const part = flow('part', async (ctx) => {
  for (const what of ['c1', 'c2']) await ctx.act(what, 'shop.order', { what })
})
const whole = flow('whole', async (ctx) => {
  await ctx.act('a', 'shop.order', { what: 'a' })
  await ctx.call('part', part, null)
  await ctx.act('b', 'shop.order', { what: 'b' })
})
const beside = flow('beside', async (ctx) => {
  await ctx.spawn('part', part, null, { onParentClose: 'abandon' })
  await ctx.act('a', 'shop.order', { what: 'a' })
})

async function opened(t: TestContext, workflow: AnyWorkflow) {
  const made = shop()
  const place = await openPlace(t, { workflows: [whole, part, beside], connectors: [made.connector] })
  await place.hf.start(workflow, null, { id: 'r' })
  await place.hf.idle()
  return { place, ...made }
}

async function bothEnd(place: Place): Promise<Rollback[]> {
  const outputs: Rollback[] = []
  for (const id of ['rollback/r/part', 'rollback/r']) outputs.push(await place.outcome<Rollback>(id))
  for (const id of ['rollback/r/part', 'rollback/r']) {
    const report = await verifyRun(place.hf.log, place.hf.runtime.workflows, id)
    assert.equal(report.verdict, 'same', report.divergence?.explanation ?? '')
  }
  return outputs
}

for (const first of ['r/part', 'r']) {
  test(`two at once undo each effect once, the later one what the first left: ${first} first`, async (t) => {
    const { place, undone } = await opened(t, whole)
    const second = first === 'r' ? 'r/part' : 'r'
    await Promise.all([first, second, first].map((run) => place.hf.rollback(run)))
    const [ofPart, ofWhole] = await bothEnd(place)
    assert.deepEqual(undone, first === 'r' ? ['b', 'c2', 'c1', 'a'] : ['c2', 'c1', 'b', 'a'])
    const names = (report: Rollback | undefined) => report?.undone.map(({ name }) => name)
    assert.deepEqual(names(ofPart), first === 'r' ? [] : ['c2', 'c1'])
    assert.deepEqual(names(ofWhole), first === 'r' ? ['b', 'c2', 'c1', 'a'] : ['b', 'a'])
  })
}

test('a process that dies within an undo of the first: the second waits on, and repeats nothing', async (t) => {
  const { place, undone, hangs } = await opened(t, whole)
  hangs.push(true)
  await Promise.all(['r/part', 'r'].map((run) => place.hf.rollback(run)))
  while (undone.length < 1) await turns(1)
  place.clock.advance(3_000)
  await turns()
  const closing = place.reopen()
  await turns()
  place.clock.advance(20_000)
  await closing
  assert.equal(place.hf.run('rollback/r').status(), 'waiting')
  await bothEnd(place)
  // The contract of undo: what has an unclear outcome is repeated by the one that began it.
  assert.deepEqual(undone, ['c2', 'c2', 'c1', 'b', 'a'])
  const intents = ['rollback/r/part', 'rollback/r'].map((id) => place.bodies(id, 'undo.intended').length)
  assert.deepEqual(intents, [3, 2])
})

test('what the first could not undo, the second tries again', async (t) => {
  const { place, undone, refuses } = await opened(t, whole)
  refuses.push(true)
  await Promise.all(['r/part', 'r'].map((run) => place.hf.rollback(run)))
  await assert.rejects(place.outcome('rollback/r/part'), { code: 'ROLLBACK_INCOMPLETE' })
  await place.outcome('rollback/r')
  assert.deepEqual(undone, ['c1', 'b', 'c2', 'a'])
})

test('those of runs that have nothing in common do not wait for each other', async (t) => {
  const { place, undone, hangs } = await opened(t, beside)
  hangs.push(true)
  await place.hf.rollback('r/part')
  while (undone.length < 1) await turns(1)
  await (await place.hf.rollback('r')).result()
  assert.deepEqual(undone, ['c2', 'a'])
  const closing = place.close()
  await turns()
  place.clock.advance(20_000)
  await closing
})
