import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import type { Json } from '../../kernel/json.ts'
import type { StepAttempt, StepOptions, Workflow } from '../../kernel/workflow.ts'
import { runStory } from '../../observe/run-story.ts'
import { runStoryText } from '../../observe/run-story-text.ts'
import { why } from '../../sdk.ts'

const OPTIONS: StepOptions = { heartbeat: '1m', retry: { firstDelay: '1s', maxDelay: '1s' } }

function long(work: (attempt: StepAttempt) => unknown, options = OPTIONS): Workflow {
  return flow((ctx) => ctx.step('copy', work, options))
}

/** Under way: the function has been called. */
async function started(t: TestContext, workflow: Workflow): Promise<Place> {
  const place = await openPlace(t, { workflows: [workflow] })
  await place.hf.start(workflow, null, { id: 'r' })
  await turns()
  return place
}

function details(place: Place): Json[] {
  return place.bodies('r', 'step.beat').map(({ attempt, details: told }) => [attempt ?? null, told ?? null])
}

/** The process ends without a word from the step, which hears nothing: as in a crash. */
async function cut(place: Place): Promise<void> {
  const closing = place.hf.close({ graceMs: 0 })
  await turns(5)
  place.clock.advance(5_000)
  await closing
  await place.open()
}

describe('a heartbeat', () => {
  test('that is lost has the attempt aborted, and the next one is told how far it was', async (t) => {
    const seen: Json[] = []
    let aborted = 0
    const stuck = long(async (own) => {
      seen.push(own.lastDetails)
      if (own.attempt > 1) return own.lastDetails
      own.heartbeat({ rows: 10 })
      await new Promise(() => own.signal.addEventListener('abort', () => (aborted += 1)))
      return null
    })
    const place = await started(t, stuck)
    place.clock.advance(59_999)
    await turns()
    assert.equal(aborted, 0)
    place.clock.advance(1)
    await turns()
    assert.equal(aborted, 1)
    assert.deepEqual(await place.outcome('r'), { rows: 10 })
    const [failed] = place.bodies('r', 'attempt.failed')
    assert.equal((failed?.error as { code: string } | undefined)?.code, 'STEP_HEARTBEAT_LOST')
    assert.deepEqual(seen, [null, { rows: 10 }])
    assert.equal(await verdict(place), 'same')
  })

  test('keeps an attempt going for as long as it comes', async (t) => {
    const beats = Promise.withResolvers<StepAttempt>()
    const end = Promise.withResolvers<string>()
    t.after(() => end.resolve('over'))
    const place = await started(
      t,
      long((own) => {
        beats.resolve(own)
        return end.promise
      }),
    )
    const own = await beats.promise
    for (let i = 0; i < 10; i += 1) {
      place.clock.advance(59_999)
      own.heartbeat()
    }
    assert.equal(own.signal.aborted, false)
    end.resolve('done')
    assert.equal(await place.outcome('r'), 'done')
    assert.deepEqual(place.kinds('r'), ['run.started', 'step.completed', 'run.completed'])
    own.heartbeat('too late')
    await turns()
    assert.deepEqual(details(place), [])
  })

  test('is on record at most once in half a period, and only when it tells something new', async (t) => {
    const beats = Promise.withResolvers<StepAttempt>()
    const end = Promise.withResolvers<string>()
    t.after(() => end.resolve('over'))
    const place = await started(
      t,
      long((own) => {
        beats.resolve(own)
        return end.promise
      }),
    )
    const own = await beats.promise
    const after = async (ms: number, ...told: unknown[]): Promise<void> => {
      place.clock.advance(ms)
      for (const one of told) own.heartbeat(one)
      await turns()
    }
    await after(0, 1, 2, 3)
    assert.deepEqual(details(place), [[1, 1]])
    await after(29_999, 4)
    assert.deepEqual(details(place), [[1, 1]])
    await after(1)
    assert.deepEqual(details(place), [
      [1, 1],
      [1, 4],
    ])
    await after(30_000, 4)
    await after(30_000, 4)
    assert.deepEqual(details(place), [
      [1, 1],
      [1, 4],
    ])
    await after(0, 5, 6)
    end.reject(new Error('broken'))
    await turns()
    assert.deepEqual(
      details(place).slice(2),
      [
        [1, 5],
        [1, 6],
      ],
      'the last word of an attempt that fails is kept',
    )
    await place.outcome('r').catch(() => {})
  })

  test('is there again after a crash, in run show and in why', async (t) => {
    const seen: Json[] = []
    const place = await started(
      t,
      long(async (own) => {
        seen.push([own.attempt, own.lastDetails])
        if (own.lastDetails !== null) return 'done'
        own.heartbeat({ rows: 10 })
        return await new Promise(() => {})
      }),
    )
    const text = runStoryText(runStory(place.hf.log, 'r'))
    assert.match(text, /state +open/)
    assert.match(text, /last beat .* attempt 1: \{"rows":10\}/)
    const { reasons } = why(place.hf, 'r')
    assert.match(reasons[0]?.words ?? '', /step "copy" to be done, which last told \{"rows":10\}/)
    await cut(place)
    assert.equal(await place.outcome('r'), 'done')
    assert.deepEqual(seen, [
      [1, null],
      [1, { rows: 10 }],
    ])
    assert.deepEqual(details(place), [[1, { rows: 10 }]])
  })

  test('needs the option, and details that are JSON', async (t) => {
    const { output } = await runToEnd(t, (ctx) => ctx.step('copy', (own) => own.heartbeat()))
    assert.equal(codeOf(output), 'INPUT_INVALID')
    const bad = await runToEnd(t, (ctx) => ctx.step('copy', (own) => own.heartbeat(1n), OPTIONS))
    assert.equal(codeOf(bad.output), 'VALUE_NOT_JSON')
  })
})
