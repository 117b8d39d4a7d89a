import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import { countsText, Tally } from './tally.ts'

function logThatTells() {
  const listeners: ((events: readonly StoredEvent[]) => void)[] = []
  return {
    onCommit(listener: (events: readonly StoredEvent[]) => void) {
      listeners.push(listener)
      return () => listeners.splice(0)
    },
    tell: (...facts: [kind: string, stream: string][]) => {
      const events = facts.map(([kind, stream]) => ({ kind, stream }) as StoredEvent)
      for (const listener of listeners) listener(events)
    },
  }
}

test('a run that came to a review is one lead, however many drafts it takes and however it ends', () => {
  const log = logThatTells()
  const tally = new Tally(log)
  for (const what of ['new', 'new', 'new', 'duplicate', 'skipped'] as const) tally.add(what)
  log.tell(['review.requested', 'run/a'], ['review.requested', 'run/a'], ['run.completed', 'run/a'])
  log.tell(['run.completed', 'run/b'], ['run.stalled', 'run/c'], ['start.skipped', 'skipped/d'])
  assert.deepEqual(tally.counts(), {
    messages: 5,
    new: 3,
    duplicate: 1,
    skipped: 1,
    leads: 1,
    closed: 1,
    off: 1,
    stuck: 1,
  })
  tally.stop()
  log.tell(['run.completed', 'run/d'])
  assert.equal(tally.counts().closed, 1)
})

test('counts are one line, without what there was none of', () => {
  const none = { duplicate: 0, skipped: 0, off: 0, stuck: 0 }
  assert.equal(
    countsText({ messages: 61, new: 60, ...none, duplicate: 1, leads: 25, closed: 35 }),
    '61 messages: 60 new, 1 duplicate → 25 leads, 35 closed',
  )
  assert.equal(
    countsText({ messages: 1, new: 1, ...none, leads: 1, closed: 0 }),
    '1 message: 1 new → 1 lead, 0 closed',
  )
  assert.match(
    countsText({ messages: 9, new: 2, duplicate: 3, skipped: 4, leads: 0, closed: 1, off: 2, stuck: 1 }),
    /4 unreadable → .*1 stuck/,
  )
})
