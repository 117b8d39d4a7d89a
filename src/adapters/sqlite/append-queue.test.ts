import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewEvent } from '../../kernel/event.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { AppendQueue, type QueuedAppend } from './append-queue.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn()
}

function appendOf(events: number): QueuedAppend {
  const event: NewEvent = { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: {} }
  const all = Array.from({ length: events }, () => event)
  const part = { stream: 's', expectedVersion: 'any', events: all } as const
  return { parts: [part], blobs: [], writers: [], resolve: () => {}, reject: () => {} }
}

function queue(): { queue: AppendQueue; groups: number[] } {
  const groups: number[] = []
  return { queue: new AppendQueue((group) => groups.push(group.length)), groups }
}

test('one append alone waits for one empty turn', async () => {
  const { queue: appends, groups } = queue()
  appends.push(appendOf(1))
  await turn()
  assert.deepEqual(groups, [])
  await turn()
  assert.deepEqual(groups, [1])
})

test('where one came alone, the next one alone waits for no empty turn', async () => {
  const { queue: appends, groups } = queue()
  appends.push(appendOf(1))
  await turns(2)
  appends.push(appendOf(1))
  await turn()
  assert.deepEqual(groups, [1, 1])
  for (let i = 0; i < 2; i += 1) appends.push(appendOf(1))
  await turn()
  assert.deepEqual(groups, [1, 1], 'two wait for company again')
  await turn()
  assert.deepEqual(groups, [1, 1, 2])
})

test('a group that is full waits for no empty turn', async () => {
  const { queue: appends, groups } = queue()
  for (let i = 0; i < 2; i += 1) appends.push(appendOf(500))
  await turn()
  assert.deepEqual(groups, [2])
})

test('what comes in turns that follow each other makes one group', async () => {
  const { queue: appends, groups } = queue()
  for (let i = 0; i < 5; i += 1) {
    appends.push(appendOf(1))
    await turn()
  }
  await turns(2)
  assert.deepEqual(groups, [5])
})

test('a stream that never ends is cut', async () => {
  const { queue: appends, groups } = queue()
  for (let i = 0; i < 100; i += 1) {
    appends.push(appendOf(1))
    await turn()
  }
  await turns(2)
  assert.ok(groups.length > 3, `${groups.length} groups`)
  assert.equal(
    groups.reduce((sum, one) => sum + one),
    100,
  )
})

test('a flood is cut into groups with turns of the event loop in between, in order', async () => {
  const { queue: appends, groups } = queue()
  for (let i = 0; i < 5; i += 1) appends.push(appendOf(400))
  appends.push(appendOf(5_000))
  appends.push(appendOf(1))
  const seen: number[] = []
  for (let i = 0; i < 8; i += 1) {
    await turn()
    seen.push(groups.length)
  }
  assert.deepEqual(groups, [3, 3, 1])
  assert.ok(seen.includes(1), 'a turn passed between the first group and the second')
})

test('drained, nothing waits', () => {
  const { queue: appends, groups } = queue()
  for (let i = 0; i < 4; i += 1) appends.push(appendOf(600))
  appends.drain()
  assert.deepEqual(groups, [2, 2])
})
