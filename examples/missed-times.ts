/**
 * Schedules while nobody is there: what becomes of times that were missed is said by `missed`. And a schedule that is run at
 * once, by hand, or held for a while.
 *
 *     node examples/missed-times.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  defineSchedule,
  defineWorkflow,
  fasterClock,
  type MissedPolicy,
  openHoldfast,
} from 'holdfast'
import { z } from 'zod'

const reported: string[] = []

const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: z.object({ schedule: z.string(), at: z.number() }),
  output: z.number(),
  run: (ctx, { schedule, at }) =>
    ctx.step('report', () => reported.push(`${schedule} of ${new Date(at).toISOString().slice(0, 10)}`)),
})

const daily = (missed: MissedPolicy) =>
  defineSchedule({
    name: missed,
    cron: '0 8 * * *',
    timeZone: 'UTC',
    workflow: report,
    input: (at) => ({ schedule: missed, at }),
    missed,
  })

const dir = mkdtempSync(join(tmpdir(), 'holdfast-missed-times-'))
// A clock that can be set forward; it begins on a Monday, at seven.
const DAY = 86_400_000
const monday = fasterClock({ anchorMs: Date.UTC(2026, 0, 5, 7), factor: 1 })
let ahead = 0
const clock: Clock = { ...monday, now: () => monday.now() + ahead }
const schedules = [daily('skip'), daily('once'), daily('all')]
const open = () => openHoldfast({ dir, workflows: [report], schedules, clock })

let holdfast = await open()
await holdfast.close()

// The process is away until Thursday, at ten: four times were missed.
ahead = 3 * DAY + DAY / 8
holdfast = await open()
while (reported.length < 5) await new Promise((resolve) => setTimeout(resolve, 20))
await holdfast.idle()
console.log(reported)
assert.deepEqual(reported.toSorted(), [
  'all of 2026-01-05',
  'all of 2026-01-06',
  'all of 2026-01-07',
  'all of 2026-01-08',
  'once of 2026-01-08',
])
for (const { name, next } of holdfast.schedules.list())
  console.log(name, new Date(next[0] ?? 0).toISOString())

// By hand, at once, whatever the time is.
const { run } = await holdfast.schedules.run('once')
await holdfast.run(run).result()
console.log(run, reported.at(-1))
assert.equal(reported.length, 6)

// Held over Friday; what falls in between is not made up for.
await holdfast.schedules.pause('all')
await holdfast.close()
ahead += DAY
holdfast = await open()
assert.equal((await holdfast.schedules.resume('all')).status, 'active')
while (reported.length < 7) await new Promise((resolve) => setTimeout(resolve, 20))
await holdfast.idle()
assert.deepEqual(reported.slice(6), ['once of 2026-01-09'])

await holdfast.close()
rmSync(dir, { recursive: true })
