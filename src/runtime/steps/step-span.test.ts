import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { StepOptions } from '../../kernel/workflow.ts'
import { verifyRun } from '../replay/replay.ts'

const EVERY_MINUTE = { attempts: 100, firstDelay: '1m', factor: 1, maxDelay: '1m' }

function failing(options: StepOptions, attempts: number[] = []) {
  return flow((ctx) =>
    ctx.step(
      'try',
      ({ attempt }) => {
        attempts.push(attempt)
        throw new HoldfastError('STEP_TIMEOUT', 'the door is closed')
      },
      options,
    ),
  )
}

function tookMs(place: Place): number {
  return place.clock.now() - Number(place.events('r')[0]?.time)
}

describe('totalTimeout', () => {
  test('ends a step when no attempt can begin before it', async (t) => {
    const attempts: number[] = []
    const place = await openPlace(t, {
      workflows: [failing({ totalTimeout: '3m', retry: EVERY_MINUTE }, attempts)],
      residentRuns: 0,
    })
    await place.hf.start(place.hf.runtime.workflows.get('flow', 1), null, { id: 'r' })
    const output = await place.outcome('r').catch((error: unknown) => error)
    assert.equal(codeOf(output), 'STEP_TIMEOUT')
    assert.match(
      (output as Error).message,
      /within its totalTimeout of 180000 ms, in \d attempts; the last failed with STEP_TIMEOUT: the door is closed/,
    )
    assert.ok(attempts.length >= 3, 'the time was used')
    assert.ok(tookMs(place) < 180_000)
    const begun = place.bodies('r', 'step.begun')
    assert.deepEqual(
      begun.map(({ deadline }) => deadline),
      [Number(place.events('r')[0]?.time) + 180_000],
      'once',
    )
    assert.equal(await verdict(place), 'same')
  })

  test('aborts an attempt that is under way', async (t) => {
    let aborted = 0
    const workflow = flow((ctx) =>
      ctx.step(
        'hang',
        async ({ signal }) => {
          await new Promise(() => signal.addEventListener('abort', () => (aborted += 1)))
        },
        { totalTimeout: '3m', timeout: '2m', retry: { firstDelay: 0 } },
      ),
    )
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    const rejected = assert.rejects(place.hf.run('r').result(), {
      code: 'STEP_TIMEOUT',
      message: 'Step hang did not succeed within its totalTimeout of 180000 ms, in 2 attempts',
    })
    for (let i = 0; i < 4; i += 1) {
      place.clock.next()
      await turns()
    }
    await rejected
    assert.deepEqual([aborted, tookMs(place)], [2, 180_000])
  })

  test('goes on while no process runs', async (t) => {
    const attempts: number[] = []
    const workflow = failing({ totalTimeout: '3m', retry: EVERY_MINUTE }, attempts)
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.close()
    place.clock.advance(180_000)
    await place.open()
    await assert.rejects(place.outcome('r'), {
      code: 'STEP_TIMEOUT',
      message: /of 180000 ms, in 1 attempt; the last failed with STEP_TIMEOUT: the door is closed/,
    })
    assert.deepEqual(attempts, [1])
    assert.deepEqual(
      place.bodies('r', 'step.failed').map(({ attempts: made }) => made),
      [1],
    )
    assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).verdict, 'same')
  })

  test('is no hindrance to a step that succeeds', async (t) => {
    const { output, place } = await runToEnd(t, async (ctx) => {
      const made = await ctx.step('make', () => 1, { totalTimeout: '1m' })
      await ctx.sleep('2m')
      return made
    })
    assert.equal(output, 1)
    assert.equal(await verdict(place), 'same')
  })
})

describe('retry.totalTime', () => {
  test('lets no attempt begin later, and the step fails with its last error', async (t) => {
    const attempts: number[] = []
    const workflow = failing({ retry: { ...EVERY_MINUTE, totalTime: '3m' } }, attempts)
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    await assert.rejects(place.outcome('r'), { code: 'STEP_TIMEOUT', message: 'the door is closed' })
    assert.ok(attempts.length >= 4 || tookMs(place) > 120_000, 'the time was used')
    assert.ok(tookMs(place) <= 180_000)
    assert.equal(await verdict(place), 'same')
  })

  test('not after a restart either', async (t) => {
    const attempts: number[] = []
    const workflow = failing({ retry: { ...EVERY_MINUTE, totalTime: '3m' } }, attempts)
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.close()
    place.clock.advance(180_001)
    await place.open()
    await assert.rejects(place.outcome('r'), { code: 'STEP_TIMEOUT', message: 'the door is closed' })
    assert.deepEqual(attempts, [1])
  })

  test('holds no first attempt back', async (t) => {
    const { output } = await runToEnd(t, (ctx) => ctx.step('make', () => 1, { retry: { totalTime: 0 } }))
    assert.equal(output, 1)
  })
})
