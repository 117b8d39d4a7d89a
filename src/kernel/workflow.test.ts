import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineWorkflow } from './workflow.ts'

const order = {
  name: 'order.v2_a-B',
  version: 1,
  input: z.number(),
  output: z.number(),
  run: async (_: unknown, input: number) => input,
}

test('a definition is given back as it was, for good', () => {
  const defined = defineWorkflow(order)
  assert.deepEqual(defined, order)
  assert.ok(Object.isFrozen(defined))
  assert.ok(!Object.isFrozen(order))
})

for (const wrong of [
  { name: '' },
  { name: '1st' },
  { name: 'an order' },
  { name: ' order' },
  { name: 'order!' },
  { version: 0 },
  { version: 1.5 },
]) {
  test(`a workflow can't have ${JSON.stringify(wrong)}`, () => {
    const { name, version } = { ...order, ...wrong }
    assert.throws(() => defineWorkflow({ ...order, ...wrong }), {
      code: 'INPUT_INVALID',
      details: { name, version },
      fix: /letter/,
    })
  })
}

test('nor another word for when it compensates', () => {
  assert.throws(() => defineWorkflow({ ...order, compensate: 'always' as 'on-failure' }), {
    code: 'INPUT_INVALID',
    fix: /on-failure/,
  })
  assert.equal(defineWorkflow({ ...order, compensate: 'on-failure' }).compensate, 'on-failure')
})

test('nor limits that hold every run back', () => {
  assert.throws(() => defineWorkflow({ ...order, concurrency: { limit: 0 } }), { code: 'INPUT_INVALID' })
})
