/** Options that can't be meant, and thrown values that can't be looked at: the step fails, and is not made for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import type { StepOptions } from '../../kernel/workflow.ts'

const REFUSED: readonly StepOptions[] = [
  { retry: { attempts: Number.NaN } },
  { retry: { attempts: 0 } },
  { retry: { firstDelay: 'soon' } },
  { retry: { maxDelay: -1 } },
  { retry: { factor: Number.NaN } },
  { retry: { totalTime: 'x' } },
  { retry: { only: null as never } },
  { retry: { never: 'CODE' as never } },
  { timeout: 'banana' },
  { totalTimeout: 'x' },
  { heartbeat: -1 },
]

for (const options of REFUSED) {
  test(`${JSON.stringify(options)} is refused before an attempt`, async (t) => {
    let attempts = 0
    const { output, place } = await runToEnd(t, async (ctx) => {
      const work = (): never => {
        attempts += 1
        throw new Error('bad')
      }
      return await ctx.step('s', work, options)
    })
    assert.equal(codeOf(output), 'INPUT_INVALID')
    assert.equal(attempts, 0)
    assert.equal(await verdict(place), 'same')
  })
}

test('a step without a function fails the run, and does not stall it', async (t) => {
  const { output } = await runToEnd(t, (ctx) => ctx.step('s', undefined as never))
  assert.equal(codeOf(output), 'INPUT_INVALID')
})

test('an effect with such a policy is refused before it is intended', async (t) => {
  const { output, place } = await runToEnd(t, (ctx) =>
    ctx.act('a', 'post.send', {}, { retry: { attempts: Number.NaN } }),
  )
  assert.equal(codeOf(output), 'INPUT_INVALID')
  assert.deepEqual(place.kinds('r'), ['run.started', 'run.failed'])
})

test('an attempt count that is undefined is the default', async (t) => {
  const { place } = await runToEnd(t, (ctx) =>
    ctx.step('s', () => assert.fail('bad'), { retry: { attempts: undefined as never } }),
  )
  assert.deepEqual(
    place.bodies('r', 'step.failed').map(({ attempts }) => attempts),
    [5],
  )
})

test('what is thrown and can not be looked at is a failed attempt', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const shy = Object.defineProperty(new Error('shy'), 'retryable', { get: () => assert.fail('looked at') })
  for (const thrown of [proxy, shy]) {
    const { output, place } = await runToEnd(t, (ctx) =>
      ctx.step('s', () => {
        throw thrown
      }),
    )
    assert.equal(codeOf(output), 'STEP_FAILED')
    assert.equal(place.bodies('r', 'attempt.failed').length, 4)
  }
})
