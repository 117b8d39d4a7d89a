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
for (const at of [first, second]) {
  const id = `schedule/reports/${new Date(at).toISOString()}`
  // The run begins when its time has come.
  while (holdfast.log.versionOf(`run/${id}`) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  console.log(await holdfast.run<string>(id).result())
}

const { status } = await holdfast.schedules.pause('reports')
assert.equal(status, 'paused')
await holdfast.close()
rmSync(dir, { recursive: true })
