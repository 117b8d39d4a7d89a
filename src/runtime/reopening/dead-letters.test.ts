/** The list of dead letters, and the one alert for each workflow that has some. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { definePipeline } from '../../kernel/pipeline.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { runStory } from '../../observe/run-story.ts'
import { retain } from '../../sdk.ts'
import { defineTrigger } from '../triggers/trigger.ts'

let isBroken = true

function breaks(): string {
  if (isBroken) throw Object.assign(new Error('broken'), { code: 'BROKEN', retryable: false })
  return 'done'
}

const fragile = defineWorkflow({
  name: 'fragile',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: (ctx) => ctx.step('do', breaks),
})

const caller = defineWorkflow({
  name: 'caller',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: (ctx) => ctx.call('child', fragile, null).catch(() => 'handled'),
})

const quick = definePipeline({
  name: 'quick',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: (ctx) => ctx.step('do', breaks, { pure: true }),
})

const agent = defineAgent({
  name: 'teller',
  version: 1,
  on: ['said'],
  key: (event) => event.key,
  state: z.number(),
  initial: () => 0,
  handle: async (ctx, _event, state) => {
    await ctx.step('do', breaks)
    return state + 1
  },
})

const trigger = defineTrigger({
  name: 'on-told',
  on: 'told',
  workflow: fragile,
  input: () => {
    throw new Error('no input')
  },
})

const coded = (code: string) => (error: unknown) => error instanceof HoldfastError && error.code === code

async function opened(t: TestContext): Promise<Place> {
  isBroken = true
  return await openPlace(t, {
    workflows: [fragile, caller, quick],
    agents: [agent],
    triggers: [trigger],
  })
}

async function fail(place: Place, ...runs: string[]): Promise<void> {
  await Promise.all(runs.map((id) => place.hf.start(fragile, null, { id })))
  await place.hf.idle()
}

const kindsOf = (place: Place): string[] =>
  place.hf.log.readStream('alert/runs-failed/fragile').map(({ kind }) => kind)

describe('the alert', () => {
  test('of a thousand failures is one, with a count', async (t) => {
    const place = await opened(t)
    await fail(place, ...Array.from({ length: 1_000 }, (_, i) => `r${i}`))
    await fail(place, 'later')
    const [alert, ...others] = place.hf.alerts()
    assert.deepEqual(others, [])
    assert.deepEqual([alert?.alert, alert?.subject, alert?.count], ['runs-failed', 'fragile', 1_001])
    assert.match(alert?.message ?? '', /^1001 runs of fragile failed and wait for your word/)
    assert.deepEqual(kindsOf(place), ['alert.raised'])
  })

  test('is cleared when all were retried to a good end, discarded or cancelled; and raised again', async (t) => {
    const place = await opened(t)
    await fail(place, 'a', 'b', 'c')
    await place.hf.deadLetters.discard('a', 'not needed')
    await place.hf.deadLetters.retry('b')
    await place.hf.idle()
    assert.equal(place.hf.run('b').status(), 'failed')
    assert.deepEqual(
      place.hf.deadLetters.list().runs.map(({ run, failures, error }) => [run, failures, error?.code]),
      [
        ['c', 1, 'BROKEN'],
        ['b', 2, 'BROKEN'],
      ],
    )
    isBroken = false
    await place.hf.deadLetters.retry('b')
    await place.hf.deadLetters.retry('c')
    await place.hf.idle()
    assert.deepEqual(place.hf.alerts(), [])
    assert.deepEqual(kindsOf(place), ['alert.raised', 'alert.cleared'])
    isBroken = true
    await fail(place, 'd')
    assert.equal(place.hf.alerts()[0]?.count, 1)
  })

  test('that the store has refused is raised with the next commit', async (t) => {
    const place = await opened(t)
    const { log } = place.hf
    const append = log.append.bind(log)
    const full = new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
    Object.assign(log, {
      append: async (...given: Parameters<typeof append>) => {
        if (given[0].some(({ stream }) => stream.startsWith('alert/'))) throw full
        return await append(...given)
      },
    })
    await fail(place, 'r')
    Object.assign(log, { append })
    assert.deepEqual(place.hf.alerts(), [])
    await place.hf.emit({ kind: 'anything' })
    await place.hf.idle()
    assert.equal(place.hf.alerts()[0]?.count, 1)
  })

  test('that a crash has kept from being raised, or cleared, is at the next start', async (t) => {
    const place = await opened(t)
    const { log } = place.hf
    const append = log.append.bind(log)
    Object.assign(log, {
      append: (...given: Parameters<typeof append>) =>
        given[0].some(({ stream }) => stream.startsWith('alert/')) ? new Promise(() => {}) : append(...given),
    })
    await place.hf.start(fragile, null, { id: 'r' })
    await place.hf.runtime.idle()
    Object.assign(log, { append })
    await log.close()
    await place.open()
    await place.hf.idle()
    assert.equal(place.hf.alerts().length, 1)
  })
})

test('a run that retention erases while its retry is planned is not reopened', async (t) => {
  const failing = defineWorkflow({
    name: 'failing',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: (ctx) => ctx.call('child', fragile, null),
  })
  isBroken = true
  const rules = [{ workflow: '*', status: ['failed'], afterMs: 0 }] as const
  let erased = 0
  for (let turns = 0; turns < 12; turns += 1) {
    const place = await openPlace(t, { workflows: [failing, fragile] })
    await place.hf.start(failing, null, { id: 'r' })
    await place.hf.idle()
    const retried = place.hf.deadLetters.retry('r').catch((error: unknown) => error)
    for (let i = 0; i < turns; i += 1) await Promise.resolve()
    place.clock.advance(1)
    const { runs } = await retain(place.hf, rules)
    const outcome = await retried
    erased += runs
    assert.equal(
      runs > 0,
      outcome instanceof HoldfastError && outcome.code === 'BODY_ERASED',
      `${turns} turns`,
    )
    assert.equal(place.kinds('r').includes('run.reopened'), runs === 0)
  }
  assert.ok(erased > 0 && erased < 24, `${erased} were erased`)
})

describe('no dead letter', () => {
  test('is a run whose failure is another’s: a parent, a caller or an agent', async (t) => {
    const place = await opened(t)
    await place.hf.start(caller, null, { id: 'r' })
    await assert.rejects(place.hf.call(quick, null, { id: 'p' }))
    await place.hf.emit({ kind: 'said', key: 'k' })
    await place.hf.idle()
    assert.equal(await place.outcome('r'), 'handled')
    const list = place.hf.deadLetters.list()
    assert.deepEqual(list.runs, [])
    assert.deepEqual(
      list.events.map(({ kind, by, key }) => [kind, by, key]),
      [['agent', 'teller', 'k']],
    )
    const [handling] = place.hf.log.tables.all<{ id: string }>("SELECT id FROM runs WHERE id LIKE 'agent/%'")
    for (const run of ['r/child', 'p', handling?.id ?? '']) {
      await assert.rejects(place.hf.deadLetters.retry(run), coded('RUN_FAILURE_TAKEN'), run)
    }
  })

  test('is a run that was erased', async (t) => {
    const place = await opened(t)
    await fail(place, 'r')
    place.clock.advance(1_000)
    await retain(place.hf, [{ workflow: '*', status: ['failed'], afterMs: 1 }])
    await place.hf.idle()
    assert.deepEqual([place.hf.deadLetters.list().count, place.hf.alerts()], [0, []])
    await assert.rejects(place.hf.deadLetters.retry('r'), coded('BODY_ERASED'))
  })
})

test('events that a trigger has set aside are listed with them', async (t) => {
  const place = await opened(t)
  await fail(place, 'r')
  await place.hf.emit({ kind: 'told' })
  await place.hf.idle()
  const { runs, events } = place.hf.deadLetters.list()
  assert.deepEqual([runs.length, events.map(({ kind, by }) => `${kind} ${by}`)], [1, ['trigger on-told']])
  assert.deepEqual(place.hf.deadLetters.list({ workflow: 'other' }), { runs: [], count: 0, events: [] })
})

test('a discarded run stays failed, is told of as discarded, and may be retried all the same', async (t) => {
  const place = await opened(t)
  await fail(place, 'r')
  await place.hf.deadLetters.discard('r', 'by phone')
  await place.hf.deadLetters.discard('r', 'twice')
  assert.equal(place.kinds('r').filter((kind) => kind === 'run.discarded').length, 1)
  assert.equal(place.hf.run('r').status(), 'failed')
  await assert.rejects(place.hf.run('r').result(), coded('BROKEN'))
  assert.equal(runStory(place.hf.log, 'r').discarded?.reason, 'by phone')
  isBroken = false
  await place.hf.deadLetters.retry('r')
  assert.equal(await place.outcome('r'), 'done')
  const story = runStory(place.hf.log, 'r')
  assert.equal(story.discarded, null)
  assert.equal(story.reopenings[0]?.error?.code, 'BROKEN')
})

test('what a run held is erased, reopenings included, and the tables are what the log says', async (t) => {
  const place = await opened(t)
  await fail(place, 'r')
  isBroken = false
  await place.hf.deadLetters.retry('r')
  await place.outcome('r')
  place.clock.advance(1_000)
  const { runs } = await retain(place.hf, [{ workflow: '*', status: ['completed'], afterMs: 1 }])
  assert.equal(runs, 1)
  assert.deepEqual(place.hf.log.rebuild({ replace: false }).differing, [])
  assert.equal(place.hf.run('r').status(), 'completed')
})
