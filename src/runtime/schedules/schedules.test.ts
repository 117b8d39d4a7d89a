/** Each time of a schedule starts one run, or is passed over for a reason on record. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { recordCrashImages } from '../../apps/testing/crash-images.ts'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { openHoldfast } from '../../sdk.ts'
import { CronTimes } from './cron-times.ts'
import { defineSchedule, type MissedPolicy } from './schedule.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: z.object({ at: z.number() }),
  output: z.number(),
  run: async (_, { at }) => at,
})

/** Every day at nine, which it is when a place opens. */
function daily(missed?: MissedPolicy, cron = '0 9 * * *') {
  return defineSchedule({
    name: 'daily',
    cron,
    workflow: report,
    input: (at) => ({ at }),
    ...(missed === undefined ? {} : { missed }),
  })
}

/** The times at which runs were started, as `05T09:00`. */
function fired(place: Place): string[] {
  const prefix = 'schedule/daily/'
  return place.hf.log.tables
    .all<{ id: string }>('SELECT id FROM runs ORDER BY position')
    .map(({ id }) => id.slice(prefix.length + '2026-01-'.length, prefix.length + '2026-01-05T09:00'.length))
}

function kinds(place: Place): string[] {
  return place.hf.log.readStream('schedule/daily').map(({ kind }) => kind.slice('schedule.'.length))
}

async function pass(place: Place, ms: number): Promise<void> {
  place.clock.advance(ms)
  await turns()
}

describe('firing', () => {
  test('each time once, its start and its record in one commit, also over restarts', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily()] })
    await turns()
    assert.deepEqual(fired(place), [], 'the time at which it is set is not one of its times')
    await pass(place, DAY_MS - 1)
    assert.deepEqual(fired(place), [])
    await pass(place, 1)
    assert.deepEqual(fired(place), ['06T09:00'])
    await place.reopen()
    await turns()
    await pass(place, DAY_MS)
    assert.deepEqual(fired(place), ['06T09:00', '07T09:00'])
    assert.deepEqual(kinds(place), ['set', 'fired', 'fired'])
    const [, first] = place.hf.log.readStream('schedule/daily')
    const run = 'schedule/daily/2026-01-06T09:00:00.000Z'
    assert.deepEqual(first?.body, { at: Date.UTC(2026, 0, 6, 9), run })
    assert.equal(place.events(run)[0]?.position, Number(first?.position) + 1)
    assert.equal(await place.outcome(run), Date.UTC(2026, 0, 6, 9))
  })

  test('a clock that is set back repeats nothing, and goes on when it has come that far again', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily()] })
    await pass(place, DAY_MS)
    place.clock.set(place.clock.now() - 10 * DAY_MS)
    for (let day = 0; day < 10; day += 1) await pass(place, DAY_MS)
    assert.deepEqual(fired(place), ['06T09:00'])
    await pass(place, DAY_MS)
    assert.deepEqual(fired(place), ['06T09:00', '07T09:00'])
  })

  test('changed times count from now; a changed policy changes nothing else', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily()] })
    await pass(place, DAY_MS)
    await place.close()
    place.clock.advance(DAY_MS + HOUR_MS)
    await place.open({ schedules: [daily('skip', '0 8 * * *')] })
    await turns()
    assert.deepEqual(fired(place), ['06T09:00'])
    await pass(place, DAY_MS - 2 * HOUR_MS)
    assert.deepEqual(fired(place), ['06T09:00', '08T08:00'])
    await place.reopen({ schedules: [daily('all', '0 8 * * *')] })
    assert.deepEqual(kinds(place), ['set', 'fired', 'set', 'fired', 'set'])
    assert.equal(place.hf.schedules.list()[0]?.next[0], Date.UTC(2026, 0, 9, 8))
  })

  test('an input that can not be made is on record, with an alert, and the next time comes', async (t) => {
    let broken = true
    const schedule = defineSchedule({
      name: 'daily',
      cron: '0 9 * * *',
      workflow: report,
      input(at) {
        if (broken) throw new Error('no figures')
        return { at }
      },
    })
    const place = await openPlace(t, { workflows: [report], schedules: [schedule] })
    await pass(place, DAY_MS)
    broken = false
    await pass(place, DAY_MS)
    assert.deepEqual(kinds(place), ['set', 'missed', 'fired'])
    assert.deepEqual(fired(place), ['07T09:00'])
    const [alert, cleared] = place.hf.log.readStream('alert/schedule/daily')
    assert.equal(cleared?.kind, 'alert.cleared')
    assert.deepEqual(
      [alert?.kind, alert?.body?.message],
      ['alert.raised', 'No run at 2026-01-06T09:00:00.000Z: no figures'],
    )
  })
})

describe('missed times', () => {
  const stopped: Record<MissedPolicy, string[]> = {
    skip: [],
    once: ['09T09:00'],
    all: ['06T09:00', '07T09:00', '08T09:00', '09T09:00'],
  }
  for (const [policy, times] of Object.entries(stopped)) {
    test(`${policy}: after four days without a process`, async (t) => {
      const place = await openPlace(t, { workflows: [report], schedules: [daily(policy as MissedPolicy)] })
      await place.close()
      place.clock.advance(4 * DAY_MS + HOUR_MS)
      await place.open()
      await turns()
      assert.deepEqual(fired(place), times)
      await pass(place, 23 * HOUR_MS)
      assert.deepEqual(fired(place), [...times, '10T09:00'])
      await place.reopen()
      await turns()
      assert.equal(fired(place).length, times.length + 1)
    })
  }

  test('a clock that jumps ahead makes the times in between missed ones', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily('once')] })
    place.clock.set(place.clock.now() + 10 * DAY_MS)
    await turns()
    assert.deepEqual(fired(place), ['15T09:00'], 'the last of them is not late')
    assert.deepEqual(kinds(place), ['set', 'missed', 'fired'])
  })

  test('all: at most a thousand, the latest, and the others are on record', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily('all', '*/5 * * * *')] })
    await place.close()
    place.clock.advance(5_000 * 300_000 + 120_000)
    await place.open()
    await turns()
    assert.equal(fired(place).length, 1_000)
    const missed = place.hf.log.readStream('schedule/daily')[1]?.body
    assert.deepEqual(missed, {
      from: Date.UTC(2026, 0, 5, 9),
      to: Date.UTC(2026, 0, 5, 9) + 4_000 * 300_000,
      count: null,
    })
  })
})

describe('the operator', () => {
  test('pauses it: what falls in between is not made up for; resumes it; runs it beside its times', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily('all')] })
    assert.equal((await place.hf.schedules.pause('daily')).status, 'paused')
    await pass(place, DAY_MS)
    await place.reopen()
    await pass(place, DAY_MS + HOUR_MS)
    assert.deepEqual(fired(place), [])
    const resumed = await place.hf.schedules.resume('daily')
    assert.deepEqual([resumed.status, resumed.next[0]], ['active', Date.UTC(2026, 0, 8, 9)])
    const { run } = await place.hf.schedules.run('daily')
    assert.equal(run, 'schedule/daily/2026-01-07T10:00:00.000Z')
    assert.equal(await place.hf.run(run).result(), place.clock.now())
    await pass(place, 23 * HOUR_MS)
    assert.deepEqual(fired(place), ['07T10:00', '08T09:00'])
    await assert.rejects(place.hf.schedules.pause('weekly'), { code: 'SCHEDULE_UNKNOWN' })
  })

  test('sees one that this process does not define', async (t) => {
    const place = await openPlace(t, { workflows: [report], schedules: [daily()] })
    await place.reopen({ schedules: [] })
    await pass(place, DAY_MS)
    assert.equal(place.hf.schedules.list()[0]?.status, 'absent')
    assert.deepEqual(fired(place), [])
    await assert.rejects(place.hf.schedules.run('daily'), { code: 'SCHEDULE_UNKNOWN' })
  })
})

test('a definition that means no time is refused', () => {
  const broken = [
    { cron: '61 * * * *' },
    { cron: '0 0 31 2 *' },
    { timeZone: 'Nowhere/City' },
    { name: 'a b' },
  ]
  for (const part of broken) {
    assert.throws(
      () =>
        defineSchedule({ name: 'a', cron: '* * * * *', workflow: report, input: () => ({ at: 1 }), ...part }),
      { code: 'INPUT_INVALID' },
      JSON.stringify(part),
    )
  }
})

describe('summer time', () => {
  const between = (cron: string, from: string, to: string) =>
    new CronTimes(cron, 'Europe/Stockholm')
      .last(100, Date.parse(from), Date.parse(to))
      .map((at) => new Date(at).toISOString().slice(8, 16))

  test('in the hour that is left out: a fixed time comes right after it, steps fall away', () => {
    const day = (cron: string) => between(cron, '2026-03-28T23:00Z', '2026-03-29T22:00Z')
    assert.deepEqual(day('30 2 * * *'), ['29T01:00'])
    assert.deepEqual(day('*/30 2 * * *'), [])
    assert.deepEqual(day('0 1-4 * * *'), ['29T00:00', '29T01:00', '29T02:00'])
  })

  test('in the hour that comes twice: a fixed time comes once, steps come in both', () => {
    const day = (cron: string) => between(cron, '2026-10-24T22:00Z', '2026-10-25T23:00Z')
    assert.deepEqual(day('30 2 * * *'), ['25T00:30'])
    assert.deepEqual(day('*/30 2 * * *'), ['25T00:00', '25T00:30', '25T01:00', '25T01:30'])
  })

  test('looking ahead and looking back give the same times', () => {
    for (const cron of [
      '30 2 * * *',
      '*/30 * * * *',
      '15 2,3 * * 0',
      '0 9 * * 1-5',
      '7-50/20 */10 * * * *',
    ]) {
      for (const from of ['2026-03-28T20:00Z', '2026-10-24T20:00Z']) {
        const times = new CronTimes(cron, 'Europe/Stockholm')
        const upTo = Date.parse(from) + 12 * HOUR_MS
        const ahead: number[] = []
        for (let at = times.next(Date.parse(from)); at !== null && at <= upTo; at = times.next(at))
          ahead.push(at)
        assert.deepEqual(times.last(1_000, Date.parse(from), upTo), ahead, cron)
      }
    }
  })
})

test('a crash after any commit: every time has one run', async (t) => {
  const images = mkdtempSync(join(tmpdir(), 'images-'))
  t.after(() => rmSync(images, { recursive: true }))
  const place = await openPlace(t, { workflows: [report], schedules: [daily('all')] })
  const recorded = recordCrashImages(place.hf, place.dir, images)
  for (let day = 0; day < 3; day += 1) await pass(place, DAY_MS)
  await place.hf.idle()
  const expected = fired(place)
  assert.equal(expected.length, 3)
  for (const dir of recorded) {
    const clock = new ManualClock(place.clock.now())
    const hf = await openHoldfast({ dir, workflows: [report], schedules: [daily('all')], clock })
    await hf.idle()
    const runs = hf.log.tables.all<{ id: string; status: string }>('SELECT id, status FROM runs ORDER BY id')
    assert.deepEqual(
      runs.map(({ id, status }) => `${id.slice(23, 31)} ${status}`),
      expected.map((at) => `${at} completed`),
      dir,
    )
    await hf.close()
  }
})
