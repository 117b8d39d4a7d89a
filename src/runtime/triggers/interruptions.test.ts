/** Wherever the process dies, each event ends in exactly one run, or is set aside once. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordCrashImages } from '../../apps/testing/crash-images.ts'
import { openPlace, turns } from '../../apps/testing/place.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { openHoldfast } from '../../sdk.ts'
import type { Holdfast } from '../holdfast.ts'
import { type Input, note, onSaid, saying, told } from './testing/saying.ts'
import type { Trigger } from './trigger.ts'

const HOUR_MS = 3_600_000
const WORDS = ['one', 'two', 'poison', 'three', 'four', 'five', 'six']

async function sayAll(hf: Holdfast, pause: () => void): Promise<void> {
  for (const [n, word] of WORDS.entries()) {
    await hf.emit({ id: `e${n}`, kind: 'said', key: `k${n % 2}`, data: word })
    pause()
    await turns(5)
  }
}

function input(events: readonly { data: unknown }[]): Input {
  const said = events.map(({ data }) => String(data))
  if (said.includes('poison')) throw new Error('can not read that')
  return { said }
}

const ways: Readonly<Record<string, Partial<Trigger<Input>>>> = {
  plain: {},
  debounce: { debounce: '2m' },
  batch: { batch: { max: 2, within: '3m' } },
}

for (const [name, way] of Object.entries(ways)) {
  test(`a crash after any commit: ${name}`, async (t) => {
    const images = mkdtempSync(join(tmpdir(), 'images-'))
    t.after(() => rmSync(images, { recursive: true }))
    const place = await openPlace(t, saying({ ...way, input }))
    const recorded = recordCrashImages(place.hf, place.dir, images)
    await sayAll(place.hf, () => place.clock.advance(HOUR_MS / 60))
    place.clock.advance(HOUR_MS)
    await turns()
    await place.hf.idle()
    const end = place.clock.now()
    await place.reopen({ triggers: [] })
    for (const dir of recorded) {
      const clock = new ManualClock(end)
      const hf = await openHoldfast({ dir, workflows: [note], triggers: [onSaid({ ...way, input })], clock })
      await sayAll(hf, () => {})
      clock.advance(HOUR_MS)
      await turns()
      await hf.idle()
      const aside = hf.triggers
        .list()
        .flatMap(({ setAside }) => setAside)
        .flatMap(({ positions }) => positions.map((position) => hf.log.event(position)?.body?.data))
      assert.deepEqual([...told(hf).join(' ').split(' '), ...aside].sort(), [...WORDS].sort(), dir)
      assert.equal(hf.alerts().length, 1)
      assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
      await hf.close()
    }
  })
}
