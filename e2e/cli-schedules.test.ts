/** What waits to begin and what begins by itself, on the command line. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { z } from 'zod'
import { WORKSPACE_PROJECTIONS } from '../src/apps/log-only.ts'
import { defineSchedule, defineWorkflow, openHoldfast } from '../src/sdk.ts'
import { cli, failure, folder, json } from './testing/cli.ts'

const slow = defineWorkflow({
  name: 'slow',
  version: 1,
  input: z.string(),
  output: z.any(),
  concurrency: { limit: 1 },
  run: async (ctx) => await ctx.waitFor('go'),
})

/** A workspace of a program of one's own: two of its three runs wait to begin, and it has a schedule. */
async function workspace(): Promise<string> {
  const dir = join(folder(), 'workspace')
  await json(['init', '--yes', '--name', 'Mara', '--address', 'mara@lindqvist.studio', '--dir', dir])
  const daily = defineSchedule({
    name: 'daily',
    cron: '0 9 * * *',
    timeZone: 'Europe/Stockholm',
    workflow: slow,
    input: () => 'daily',
  })
  const hf = await openHoldfast({
    dir,
    workflows: [slow],
    schedules: [daily],
    projections: WORKSPACE_PROJECTIONS,
  })
  for (const id of ['s-1', 's-2', 's-3']) await hf.start(slow, id, { id })
  await hf.idle()
  await hf.close()
  return dir
}

it('shows the queue, and takes a run out of it', async () => {
  const dir = await workspace()
  const [lane] = await json(['queue', '--dir', dir])
  assert.deepEqual([lane.workflow, lane.waiting, lane.firstRun, lane.by], ['slow', 2, 's-2', 'concurrency'])
  assert.match((await cli(['queue', '--dir', dir])).stdout, /one of 1 places of "slow"[\s\S]*2 runs queued/)
  assert.match((await cli(['run', 'show', 's-3', '--dir', dir])).stdout, /queued[\s\S]*after 1 before it/)
  assert.equal((await json(['run', 'cancel', 's-2', '--dir', dir])).status, 'cancelled')
  assert.equal((await json(['queue', '--dir', dir]))[0].firstRun, 's-3')
})

it('lists, pauses and resumes schedules; starts none that it does not define', async () => {
  const dir = await workspace()
  const [daily] = await json(['schedules', '--dir', dir])
  assert.deepEqual([daily.name, daily.status, daily.timeZone], ['daily', 'absent', 'Europe/Stockholm'])
  assert.match((await cli(['schedules', '--dir', dir])).stdout, /daily +absent +0 9 \* \* \*/)
  for (const verb of ['pause', 'resume']) {
    assert.equal((await json(['schedule', verb, 'daily', '--dir', dir])).name, 'daily')
    assert.equal((await failure(['schedule', verb, 'weekly', '--dir', dir])).code, 'SCHEDULE_UNKNOWN')
  }
  assert.equal((await failure(['schedule', 'run', 'daily', '--dir', dir])).code, 'SCHEDULE_UNKNOWN')
})
