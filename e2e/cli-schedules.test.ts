/** What waits to begin and what begins by itself, on the command line. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { z } from 'zod'
import { WORKSPACE_PROJECTIONS } from '../src/apps/log-only.ts'
import { defineSchedule, defineTrigger, defineWorkflow, openHoldfast } from '../src/sdk.ts'
import { cli, failure, folder, json } from './testing/cli.ts'

const slow = defineWorkflow({
  name: 'slow',
  version: 1,
  input: z.string(),
  output: z.any(),
  concurrency: { limit: 1 },
  run: async (ctx) => await ctx.waitFor('go'),
})

const answer = defineWorkflow({
  name: 'answer',
  version: 1,
  input: z.string(),
  output: z.any(),
  run: async (ctx) => await ctx.waitFor('go'),
})

/** A workspace of a program of one's own: of its runs only the first goes on; it has a schedule and a trigger. */
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
  const asked = defineTrigger({
    name: 'asked',
    on: 'question',
    workflow: answer,
    input: ([event]) => {
      if (event?.data === 'poison') throw new Error('not to be read')
      return String(event?.data)
    },
  })
  const hf = await openHoldfast({
    dir,
    workflows: [slow, answer],
    schedules: [daily],
    triggers: [asked],
    projections: WORKSPACE_PROJECTIONS,
  })
  for (const id of ['s-1', 's-2', 's-3']) await hf.start(slow, id, { id })
  for (const data of ['poison', 'why']) await hf.emit({ kind: 'question', data })
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

it('lists triggers with what they have set aside; tells a run by which event it was started', async () => {
  const dir = await workspace()
  const [asked] = await json(['triggers', '--dir', dir])
  assert.deepEqual([asked.name, asked.status, asked.on, asked.fired], ['asked', 'absent', 'question', 1])
  const [{ position, error }] = asked.setAside
  assert.deepEqual(error, { code: 'TRIGGER_FAILED', message: 'not to be read' })
  const text = (await cli(['triggers', '--dir', dir])).stdout
  assert.match(text, /asked +absent +question[\s\S]*not to be read[\s\S]*trigger retry asked \d+/)
  const retry = ['trigger', 'retry', 'asked', String(position), '--dir', dir]
  assert.equal((await failure(retry)).code, 'TRIGGER_UNKNOWN')
  const story = await json(['run', 'show', asked.lastRun, '--dir', dir])
  assert.equal(story.triggeredBy.name, 'asked')
  assert.match((await cli(['run', 'show', asked.lastRun, '--dir', dir])).stdout, /asked, by event #\d+/)
})

it('pauses and resumes triggers; says by which trigger a run was started', async () => {
  const dir = await workspace()
  const [asked] = await json(['triggers', '--dir', dir])
  assert.equal((await json(['trigger', 'pause', 'asked', '--dir', dir])).isPaused, true)
  assert.match((await cli(['triggers', '--dir', dir])).stdout, /asked +paused +question/)
  assert.equal((await json(['trigger', 'resume', 'asked', '--skip', '--dir', dir])).isPaused, false)
  for (const verb of ['pause', 'resume'])
    assert.equal((await failure(['trigger', verb, 'nobody', '--dir', dir])).code, 'TRIGGER_UNKNOWN')
  const { startedBy } = await json(['why', asked.lastRun, '--dir', dir])
  assert.deepEqual([startedBy.by, startedBy.name], ['trigger', 'asked'])
  const why = (await cli(['why', asked.lastRun, '--dir', dir])).stdout
  assert.match(why, /Started by the trigger asked, for event #\d+\./)
})
