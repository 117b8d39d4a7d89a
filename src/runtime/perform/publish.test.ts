/** Events that are published together are written together, and fail alone. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import { openPlace } from '../../apps/testing/place.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { Projection } from '../../ports/projection.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { NewEvents } from './publish.ts'

/** Can't fold the event with the key `bad`. */
const picky: Projection = {
  name: 'picky',
  version: 1,
  tables: [],
  schema: '',
  kinds: ['event.published'],
  apply({ body }) {
    if (body?.key === 'bad') throw new Error('a bad one')
  },
}

test('events published at the same moment are one append each 500; one that fails does not take others along', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const log = openSqliteEventLog({ dir, clock: new ManualClock(), projections: [picky] })
  const events = new NewEvents(log)
  let appends = 0
  const { append } = log
  log.append = (...args) => {
    appends += 1
    return append.apply(log, args)
  }
  const publish = (keys: readonly string[]) =>
    Promise.allSettled(
      keys.map((key, i) => events.publish({ id: `${key}-${i}`, kind: 'k', key, data: null }, 'test', SYSTEM)),
    )

  const many = await publish(Array.from({ length: 1_200 }, () => 'good'))
  assert.ok(many.every(({ status }) => status === 'fulfilled'))
  assert.equal(appends, 3)

  const outcomes = (await publish(['good', 'bad', 'good'])).map(({ status }) => status)
  assert.deepEqual(outcomes, ['fulfilled', 'rejected', 'fulfilled'])
  assert.equal(log.head().position, 1_202)
  assert.deepEqual(
    log.readStream('events', 1_200).map(({ body }) => body?.id),
    ['good-1199', 'good-0', 'good-2'],
  )
  await log.close()
})

test('events are put on record in the order in which they are published, with an id or without', async (t) => {
  const { hf } = await openPlace(t)
  const ids = [undefined, 'b', undefined, undefined, 'e', 'f', undefined]
  await Promise.all(ids.map((id, n) => hf.emit({ kind: 'k', data: n, ...(id === undefined ? {} : { id }) })))
  assert.deepEqual(
    [...hf.log.read()].map(({ body }) => body?.data),
    [0, 1, 2, 3, 4, 5, 6],
  )
})
