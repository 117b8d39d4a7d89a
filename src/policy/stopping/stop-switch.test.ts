import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopFile } from '../../adapters/system/stop-file.ts'
import { openPlace } from '../../apps/testing/place.ts'
import type { StopFile } from '../../ports/stop-switch.ts'
import { clearAlert, raiseAlert } from '../../runtime/alert-index.ts'
import { FileStopSwitch } from './stop-switch.ts'

const ALERT = {
  raise: (message: string) => raiseAlert('work-stopped', '', message),
  clear: () => clearAlert('work-stopped', ''),
}

test('a stop over which an order to resume is written at once is on record, and lifted', async (t) => {
  const place = await openPlace(t)
  const real = stopFile(place.dir)
  const file: StopFile = {
    ...real,
    async write(order) {
      await real.write(order)
      await real.write({ ...order, order: 'resume', id: 'by-another' })
    },
  }
  const { log } = place.hf
  const work = new FileStopSwitch({ log, file, clock: place.clock, newId: () => 's-1', alert: ALERT })
  assert.equal((await work.stop('now')).id, 's-1')
  assert.deepEqual(
    log.readStream('stop').map(({ kind, body }) => [kind, body?.id ?? body?.stops]),
    [
      ['work.stopped', 's-1'],
      ['work.resumed', ['s-1']],
    ],
  )
  assert.equal(work.current(), null)
  assert.equal(real.read(), null)
  await work.close()
})

test('an order to resume stops nothing, and lifts nothing before it is on record', async (t) => {
  const place = await openPlace(t)
  const file = stopFile(place.dir)
  const work = new FileStopSwitch({
    log: place.hf.log,
    file,
    clock: place.clock,
    newId: () => 's-1',
    alert: ALERT,
  })
  const resume = { order: 'resume', id: 'by-hand', at: 0, reason: '' } as const
  await file.write(resume)
  assert.equal(work.current(), null)
  await work.look()
  await work.stop('now')
  await file.write(resume)
  assert.equal(work.current()?.id, 's-1')
  await work.look()
  assert.equal(work.current(), null)
  await work.close()
})
