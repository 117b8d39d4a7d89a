/** What waits for the disk is called when all is there, and never when something was refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turns } from '../../apps/testing/place.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { foldJournal } from '../../kernel/journal.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { RunWriter } from './run-writer.ts'

const event = (kind: string): NewEvent => ({ kind, body: {}, actor: 'test', label: SYSTEM })

/** A writer whose appends are settled by hand, in order. */
function writerOnDisk() {
  const appends: PromiseWithResolvers<readonly StoredEvent[]>[] = []
  const append = (): Promise<readonly StoredEvent[]> => {
    const settled = Promise.withResolvers<readonly StoredEvent[]>()
    appends.push(settled)
    return settled.promise
  }
  const host = {
    log: { append } as unknown as EventLog,
    clock: new ManualClock(),
    gate: { closing: () => {} },
    besideEnd: () => [],
  }
  const writer = new RunWriter(
    host,
    foldJournal('r', [{ ...event('run.started'), version: 1, time: 0 }]),
    'running',
  )
  return {
    writer,
    write: () => new Promise<unknown>((told) => writer.write([event('step.completed')], [], 'now', told)),
    take: () => appends.shift()?.resolve([]),
    refuse: () => appends.shift()?.reject(new Error('full')),
  }
}

test('is called at once while nothing is on its way, else when the last of it has landed', async () => {
  const { writer, write, take } = writerOnDisk()
  const told: string[] = []
  writer.whenDurable(() => told.push('at once'))
  void write()
  writer.whenDurable(() => told.push('behind one'))
  void write()
  take()
  await turns()
  assert.deepEqual(told, ['at once'])
  take()
  await writer.settled()
  assert.deepEqual(told, ['at once', 'behind one'])
})

test('is never called when a record before it was refused', async () => {
  const { writer, write, refuse } = writerOnDisk()
  const failure = write()
  writer.whenDurable(() => assert.fail('the record was refused'))
  refuse()
  assert.match(String(await failure), /full/)
  await writer.settled()
})
