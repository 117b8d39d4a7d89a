/**
 * Admission control: whatever floods in, a command, a timer and another workflow's run are answered in between.
 * Bounds are turns of the event loop and the processor's time of the longest of them; neither depends on what else
 * the machine does.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'

/** Of the processor: other processes do not count. */
const LONGEST_TURN_MS = 1_000
/** A commit waits at most 16 turns for company, the turns of a flood are full, and there is some to spare. */
const MOST_TURNS = 100

/** As many as it takes to see; 100,000 with QUEUED=100000, which takes a minute. */
const QUEUED = Number(process.env.QUEUED ?? 5_000)

const any = { version: 1, input: z.any(), output: z.any() }
const waits = defineWorkflow({
  ...any,
  name: 'waits',
  run: async (ctx) => (await ctx.waitFor('go'))?.data ?? null,
})
const narrow = defineWorkflow({
  ...any,
  name: 'narrow',
  concurrency: { limit: 1 },
  run: async (ctx) => (await ctx.waitFor('free', { key: ctx.run.id }))?.data ?? null,
})
const quick = defineWorkflow({ ...any, name: 'quick', run: async (_, input) => input })

/** Milliseconds of the processor that this process has used. */
function spentMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** Counts turns of the event loop, and how long the longest of them was. */
function turnCounter() {
  const told = { turns: 0, longestMs: 0 }
  let last = spentMs()
  let isOn = true
  const turn = (): void => {
    const now = spentMs()
    told.longestMs = Math.max(told.longestMs, now - last)
    last = now
    told.turns += 1
    if (isOn) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    told,
    stop: () => {
      isOn = false
    },
  }
}

async function startMany(place: Place, workflow: typeof waits, count: number): Promise<void> {
  const AT_ONCE = 10_000
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) =>
        place.hf.start(workflow, null, { id: `${workflow.name}-${from + n}` }),
      ),
    )
}

test('10,000 runs that are woken at once: a start is acknowledged and a timer fires in between', async (t) => {
  const count = 10_000
  const place = await openPlace(t, { workflows: [waits, quick] })
  await startMany(place, waits, count)
  await place.hf.idle()
  const { told, stop } = turnCounter()
  await place.hf.emit({ kind: 'go', data: 'gone' })
  const turns = await answered(place, told)
  const ended = () =>
    place.hf.log.tables.get<{ n: number }>("SELECT count(*) AS n FROM runs WHERE status = 'completed'")?.n ??
    0
  const endedBefore = ended()
  await place.hf.idle()
  stop()
  assert.equal(ended(), count + 1)
  assert.ok(endedBefore < count / 2, `${endedBefore} of ${count} had ended before`)
  assert.ok(turns.start <= MOST_TURNS, `a start took ${turns.start} turns`)
  assert.ok(turns.timer <= MOST_TURNS, `the timer took ${turns.timer} turns`)
  assert.ok(told.longestMs < LONGEST_TURN_MS, `the longest turn took ${told.longestMs} ms`)
})

test(`${QUEUED} runs in the queue: a run, a timer and a waking are as quick as without`, async (t) => {
  const place = await openPlace(t, { workflows: [narrow, quick] })
  await startMany(place, narrow, QUEUED)
  await place.hf.idle()
  const queued = () => place.hf.log.tables.get<{ n: number }>('SELECT count(*) AS n FROM runs_queue')?.n
  assert.equal(queued(), QUEUED - 1)
  const { told, stop } = turnCounter()
  const turns = await answered(place, told)
  await place.hf.emit({ kind: 'free', key: 'narrow-0' })
  await place.hf.idle()
  stop()
  assert.equal(place.hf.run('quick').status(), 'completed')
  assert.equal(queued(), QUEUED - 2, 'the next one in the queue has its turn')
  assert.ok(turns.start <= MOST_TURNS, `a start took ${turns.start} turns`)
  assert.ok(turns.timer <= MOST_TURNS, `the timer took ${turns.timer} turns`)
  assert.ok(told.longestMs < LONGEST_TURN_MS, `the longest turn took ${told.longestMs} ms`)
})

/** Turns until a run of another workflow is durable, and until a timer of Node has fired. */
async function answered(place: Place, told: { readonly turns: number }) {
  const before = told.turns
  const timer = new Promise<number>((resolve) => setTimeout(() => resolve(told.turns - before), 0))
  await place.hf.start(quick, 'answer', { id: 'quick' })
  const start = told.turns - before
  return { start, timer: await timer }
}
