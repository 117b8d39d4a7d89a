/** A disk that takes its time: what a run has asked for is not yet so. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import { turns } from '../../apps/testing/place.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { runIndex } from '../run-index.ts'
import { RunRecords } from './run-records.ts'

const event = (kind: string, body: JsonObject): NewEvent => ({ kind, body, actor: 'test', label: SYSTEM })

/** The log, whose disk takes an append when it is let. */
function slow(log: EventLog): { log: EventLog; take: () => void } {
  const waiting: (() => void)[] = []
  const append = (...given: Parameters<EventLog['append']>): Promise<readonly StoredEvent[]> =>
    new Promise((resolve, reject) => waiting.push(() => void log.append(...given).then(resolve, reject)))
  const proxy = new Proxy(log, {
    get(target, property) {
      if (property === 'append') return append
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { log: proxy, take: () => waiting.shift()?.() }
}

test('a run is over when its end is durable, not when something before it is', async () => {
  const clock = new ManualClock()
  const real = openSqliteEventLog({
    database: new DatabaseSync(':memory:'),
    clock,
    projections: [runIndex],
  })
  const started = event('run.started', { workflow: 'w', version: 1, input: null, seed: 's' })
  await real.append([{ stream: 'run/r', expectedVersion: 0, events: [started] }])
  const { log, take } = slow(real)
  const host = { log, clock, gate: { closing: () => {} }, besideEnd: () => [] }
  let over = 0
  const onOver = (): void => {
    over += 1
  }
  const options = {
    host,
    run: 'r',
    status: 'running' as const,
    begun: {},
    onRest: () => {},
    onOver,
  }
  const records = new RunRecords(options)
  const step = records.write([event('step.completed', { name: 'one', result: 1 })])
  const end = records.write([event('run.completed', { output: 1 })])
  take()
  await step
  await turns()
  assert.equal(over, 0)
  take()
  await end
  assert.equal(over, 1)
})
