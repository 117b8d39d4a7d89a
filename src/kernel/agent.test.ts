import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  agentStream,
  defineAgent,
  fromStream,
  handlingRun,
  handlingWorkflow,
  instanceStream,
} from './agent.ts'
import { validate } from './schema.ts'
import type { Context, ReceivedEvent } from './workflow.ts'

const counting = {
  name: 'counting.v2',
  version: 3,
  on: ['mail.received'],
  state: z.number(),
  initial: 0,
  handle: async (_: unknown, event: ReceivedEvent, state: number) => state + event.position,
}

test('a definition is given back as it was, for good', () => {
  const defined = defineAgent(counting)
  assert.deepEqual(defined, counting)
  assert.ok(Object.isFrozen(defined))
  assert.ok(!Object.isFrozen(counting))
  assert.equal(defineAgent({ ...counting, version: 1 }).version, 1)
})

for (const wrong of [
  { name: '' },
  { name: '1st' },
  { name: ' counting' },
  { name: 'count/ing' },
  { version: 0 },
  { version: 1.5 },
  { on: [''] },
  { on: ['mail.received', 7 as unknown as string] },
]) {
  test(`an agent can't have ${JSON.stringify(wrong)}`, () => {
    const { name, version, on } = { ...counting, ...wrong }
    assert.throws(() => defineAgent({ ...counting, ...wrong }), {
      code: 'INPUT_INVALID',
      details: { name, version, on },
      fix: /kinds/,
    })
  })
}

test('its kinds are a list', () => {
  assert.throws(() => defineAgent({ ...counting, on: 'mail.received' as unknown as string[] }), {
    code: 'INPUT_INVALID',
    fix: /list the kinds/,
  })
})

for (const wrong of [
  { from: 'never' as 'now' },
  { snapshot: { everyEvents: 0 } },
  { snapshot: { everyBytes: -1 } },
  { snapshot: { everyEvents: Number.NaN } },
  { snapshot: { everyBytes: '1kB' as unknown as number } },
]) {
  test(`nor can it have ${JSON.stringify(wrong)}`, () => {
    assert.throws(() => defineAgent({ ...counting, ...wrong }), { code: 'INPUT_INVALID', fix: /"beginning"/ })
  })
}

for (const right of [
  { from: 'now' },
  { from: 'beginning' },
  { snapshot: { everyEvents: 1, everyBytes: 1 } },
] as const) {
  test(`but it can have ${JSON.stringify(right)}`, () => {
    assert.deepEqual(defineAgent({ ...counting, ...right }), { ...counting, ...right })
  })
}

test('a handling that is a run takes event and state, and gives the new state', async () => {
  const { name, version, input, output, run } = handlingWorkflow(defineAgent(counting))
  assert.deepEqual([name, version, output], ['agent:counting.v2', 3, counting.state])
  const given = { event: { position: 5 }, state: 2 }
  assert.equal(await validate(input, given, 'Input'), given)
  assert.equal(await run({} as Context, given), 7)
})

test('agent and key come back from the stream, whatever the key', () => {
  assert.deepEqual(fromStream(agentStream('a')), { agent: 'a', key: null })
  for (const key of ['', 'customer-42', 'x/y', '@1']) {
    assert.deepEqual(fromStream(instanceStream('a', key)), { agent: 'a', key })
  }
})

test('the runs of one event are told apart by how often it was handled', () => {
  assert.equal(handlingRun('a', 'k', 7), 'agent/a/k@7')
  assert.equal(handlingRun('a', 'k', 7, 1), 'agent/a/k@7')
  assert.equal(handlingRun('a', 'k', 7, 2), 'agent/a/k@7#2')
})
