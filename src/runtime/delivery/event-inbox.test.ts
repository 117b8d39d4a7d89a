/** Each event that is taken is handed out once, in order, whether it comes from memory or from the log. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openPlace } from '../../apps/testing/place.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { CURSOR_LAG, EventInbox, type InboxLimits } from './event-inbox.ts'

const takes = ({ kind }: StoredEvent): boolean => kind === 'thing.said'

async function inboxOf(t: TestContext, limits: InboxLimits) {
  const { log } = (await openPlace(t)).hf
  const inbox = new EventInbox(log, takes, limits)
  const stop = log.onCommit((events) => {
    for (const event of events) if (takes(event)) inbox.note(event)
    inbox.saw(events.at(-1)?.position ?? 0)
  })
  t.after(stop)
  return { log, inbox }
}

async function say(log: EventLog, keys: readonly string[], kind = 'thing.said'): Promise<void> {
  const events = keys.map((key) => ({ kind, actor: 'test', label: SYSTEM, body: { key } }))
  await log.append([{ stream: 'things', expectedVersion: 'any', events }])
}

/** Keys of all that is handed out, and where each portion ended. */
function drain(inbox: EventInbox, cursor = 0): { keys: string[][]; through: number } {
  const keys: string[][] = []
  for (;;) {
    const { events, through, isLast } = inbox.next(cursor)
    keys.push(events.map(({ body }) => String(body?.key)))
    if (isLast) return { keys, through }
  }
}

test('begins with what the log holds, then goes on from memory', async (t) => {
  const { log, inbox } = await inboxOf(t, { events: 2, kept: 10 })
  await say(log, ['a', 'b', 'c'])
  assert.equal(inbox.size, 0)
  assert.deepEqual(drain(inbox), { keys: [['a', 'b'], ['c']], through: log.head().position })
  await say(log, ['d', 'e', 'f'])
  await say(log, ['noise'], 'noise.made')
  assert.equal(inbox.size, 3)
  assert.deepEqual(drain(inbox), { keys: [['d', 'e'], ['f']], through: log.head().position })
})

test('more than is kept in memory is read from the log, nothing twice', async (t) => {
  const { log, inbox } = await inboxOf(t, { events: 10, kept: 3 })
  drain(inbox)
  await say(log, ['a', 'b', 'c', 'd', 'e'])
  assert.equal(inbox.size, 0)
  await say(log, ['f'])
  assert.deepEqual(drain(inbox).keys, [['a', 'b', 'c', 'd', 'e', 'f']])
  await say(log, ['g'])
  assert.deepEqual(drain(inbox).keys, [['g']])
})

test('what is forgotten comes again, from the cursor on', async (t) => {
  const { log, inbox } = await inboxOf(t, { events: 10, kept: 10 })
  await say(log, ['a', 'b'])
  const [first] = log.readStream('things')
  drain(inbox)
  inbox.forget()
  assert.deepEqual(drain(inbox, first?.position).keys, [['b']])
})

test('a portion has so many keys at most, and ends where it is told to', async (t) => {
  const { log, inbox } = await inboxOf(t, { events: 10, keys: 2, kept: 10 })
  drain(inbox)
  await say(log, ['a', 'b', 'a', 'c', 'a'])
  assert.deepEqual(drain(inbox).keys, [
    ['a', 'b', 'a'],
    ['c', 'a'],
  ])
  const positions = log.readStream('things').map(({ position }) => position)
  inbox.forget()
  const { events, through, isLast } = inbox.next(0, positions[1])
  assert.deepEqual([events.length, through, isLast], [2, positions[1], true])
})

test('says when the cursor should follow', async (t) => {
  const { inbox } = await inboxOf(t, { events: 10, kept: 10 })
  const { through } = drain(inbox)
  assert.equal(inbox.saw(through + CURSOR_LAG - 1), false)
  assert.equal(inbox.saw(through + CURSOR_LAG), true)
})
