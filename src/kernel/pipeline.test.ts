import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { definePipeline, type PipelineContext } from './pipeline.ts'
import type { Context } from './workflow.ts'

const quote = {
  name: 'quote',
  version: 1,
  input: z.string(),
  output: z.string(),
  run: async (_: PipelineContext, input: string) => input,
}

type Branch = (ctx: Context, given: unknown, place?: number) => unknown

/** Gives back what it is asked for, and runs branches with itself. */
const ctx = {
  step: async (name: string) => `did ${name}`,
  map: async (_: string, items: readonly unknown[], work: Branch, options: unknown) => {
    const values = []
    for (const [i, item] of items.entries()) values.push(await work(ctx, item, i))
    return [...values, options]
  },
  graph: async (_: string, nodes: Record<string, { run: Branch }>, options: unknown) => {
    const values = []
    for (const node of Object.values(nodes)) values.push(await node.run(ctx, { given: 1 }))
    return [...values, nodes, options]
  },
} as unknown as Context

test('a pipeline is bounded, also where it does not say so', () => {
  const defined = definePipeline(quote)
  assert.deepEqual(defined.bounds, { deadlineMs: 10_000, maxSteps: 100 })
  assert.ok(Object.isFrozen(defined))
  assert.equal(defined.name, 'quote')
  assert.deepEqual(definePipeline({ ...quote, deadline: 1, maxSteps: 1 }).bounds, {
    deadlineMs: 1,
    maxSteps: 1,
  })
})

for (const wrong of [{ deadline: 0 }, { maxSteps: 0 }, { maxSteps: 1.5 }]) {
  test(`a pipeline can't have ${JSON.stringify(wrong)}`, () => {
    const details = { name: 'quote', deadline: '10s', maxSteps: 100, ...wrong }
    assert.throws(() => definePipeline({ ...quote, ...wrong }), {
      code: 'INPUT_INVALID',
      details,
      fix: /deadline/,
    })
  })
}

const refused = (what: string) => ({ code: 'PIPELINE_CANNOT_WAIT', details: { pipeline: 'quote', what } })

test('its code can do things, but not wait', async () => {
  const run = async (own: PipelineContext): Promise<string> => {
    const asked = own as unknown as Record<string, () => Promise<unknown>>
    for (const what of ['sleep', 'waitFor', 'review', 'call', 'race', 'continueAs'] as const) {
      await assert.rejects(async () => await asked[what]?.(), refused(what))
    }
    return await own.step('price', () => 'x')
  }
  assert.equal(await definePipeline({ ...quote, run }).run(ctx, ''), 'did price')
})

const sleeps = (own: PipelineContext): Promise<unknown> =>
  assert.rejects(() => (own as unknown as Context).sleep(1), refused('sleep'))

test('nor can its branches, which are else what they are in a workflow', async () => {
  const run = async (own: PipelineContext): Promise<string> => {
    const branch = async (inner: PipelineContext, item: string, i: number): Promise<string> => {
      await sleeps(inner)
      return `${item}${i}`
    }
    assert.deepEqual(await own.map('each', ['a', 'b'], branch, { concurrency: 1 }), [
      'a0',
      'b1',
      { concurrency: 1 },
    ])
    const node = async (inner: PipelineContext, done: object): Promise<object> => {
      await sleeps(inner)
      return done
    }
    const [value, nodes, options] = (await own.graph<{ a: object }>(
      'all',
      { a: { after: [], run: node } },
      { concurrency: 2 },
    )) as unknown as [object, { a: { after: string[] } }, object]
    assert.deepEqual(value, { given: 1 })
    assert.deepEqual(nodes.a.after, [])
    assert.deepEqual(options, { concurrency: 2 })
    return 'done'
  }
  assert.equal(await definePipeline({ ...quote, run }).run(ctx, ''), 'done')
})
