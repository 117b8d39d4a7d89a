/**
 * A schedule: a workflow that is started at the times of a cron expression, once for each time, also when the
 * process was not there.
 *
 *     node examples/schedule.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineSchedule, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: z.object({ upTo: z.number() }),
  output: z.string(),
  run: async (ctx, { upTo }) => await ctx.step('count', () => `all up to ${new Date(upTo).toISOString()}`),
})

const reports = defineSchedule({
  name: 'reports',
  // Every second, so that there is something to see; '30 7 * * 1-5' is half past seven on working days.
  cron: '* * * * * *',
  timeZone: 'Europe/Stockholm',
  workflow: report,
  input: (at) => ({ upTo: at }),
  missed: 'once',
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-schedule-'))
const holdfast = await openHoldfast({ dir, workflows: [report], schedules: [reports] })

const [first = 0, second = 0] = holdfast.schedules.list()[0]?.next ?? []
await new Promise((resolve) => setTimeout(resolve, second + 200 - Date.now()))
for (const at of [first, second]) {
  const run = holdfast.run<string>(`schedule/reports/${new Date(at).toISOString()}`)
  console.log(await run.result())
}

const { status } = await holdfast.schedules.pause('reports')
assert.equal(status, 'paused')
await holdfast.close()
rmSync(dir, { recursive: true })
