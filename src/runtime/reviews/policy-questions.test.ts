/** What the policy itself puts to the operator: its deadline, and the input that the operator makes of it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { defineConnector } from '../../ports/connector.ts'
import type { PolicySettings, QuestionLimits } from '../../ports/policy-settings.ts'
import { verifyRun } from '../replay/replay.ts'

const HOUR = 3_600_000

const input = z.object({ to: z.email(), amount: z.number().max(100) })

async function asked(t: TestContext, questions: QuestionLimits | null = null) {
  const paid: unknown[] = []
  const bank = defineConnector({
    name: 'bank',
    operations: {
      pay: {
        manifest: { criticalArguments: ['to'] },
        input,
        output: z.string(),
        perform: async (given) => {
          paid.push(given)
          return 'paid'
        },
      },
    },
  })
  const pay = defineWorkflow({
    name: 'pay',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx, given) => await ctx.act('pay', 'bank.pay', given as never),
  })
  const settings = { questions }
  const policy = (): PolicySettings => ({
    operations: { allow: [], deny: [], review: ['bank.*'] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    questions: settings.questions,
  })
  const place = await openPlace(t, { workflows: [pay], connectors: [bank], policy })
  await place.hf.start(pay, { to: 'ada@ek.example', amount: 5 }, { id: 'r' })
  await place.hf.idle()
  const [review] = place.hf.reviews()
  assert.ok(review)
  return { place, paid, review, settings }
}

async function until(place: Place, at: number): Promise<void> {
  place.clock.set(at)
  await new Promise((resolve) => setImmediate(resolve))
  await place.hf.idle()
}

const statusOf = (place: Place, id: string) => place.hf.review(id).status

test('an input that does not fit the operation is refused when it is given, and the review waits on', async (t) => {
  const { place, paid, review } = await asked(t)
  const head = place.hf.log.head().position
  for (const [given, wrong] of [
    [{ to: 'nobody', amount: 5 }, /input.*|to: /],
    [{ to: 'bo@ek.example', amount: 500 }, /amount: /],
    [{ to: 'bo@ek.example' }, /amount: /],
    [null, /bank\.pay/],
  ] as const) {
    const answer = { verdict: 'edited', changes: { input: given } } as const
    const refused = { code: 'INPUT_INVALID', message: wrong }
    await assert.rejects(place.hf.answer(review.id, answer), refused)
    const shown = [{ id: review.id, hash: review.hash }]
    await assert.rejects(place.hf.desk.answerAll(shown, answer), {
      code: 'REVIEW_BATCH_REFUSED',
      message: wrong,
    })
  }
  assert.equal(place.hf.log.head().position, head, 'nothing of it is on record')
  assert.equal(statusOf(place, review.id), 'waiting')
  const change = { verdict: 'edited', changes: { input: { to: 'bo@ek.example', amount: 7 } } } as const
  await place.hf.answer(review.id, change)
  assert.equal(await place.outcome('r'), 'paid')
  assert.deepEqual(paid, [{ to: 'bo@ek.example', amount: 7 }])
})

test('without limits it waits for good', async (t) => {
  const { place, paid, review } = await asked(t)
  assert.equal(review.deadline, null)
  await until(place, place.clock.now() + 1_000 * HOUR)
  assert.equal(statusOf(place, review.id), 'waiting')
  assert.deepEqual(paid, [])
})

test('with a deadline and `reject` it is not done, on record as nobody’s word', async (t) => {
  const { place, paid, review } = await asked(t, { deadlineMs: HOUR, onExpiry: 'reject' })
  assert.equal(review.deadline, place.clock.now() + HOUR)
  await until(place, place.clock.now() + HOUR)
  assert.equal(statusOf(place, review.id), 'rejected')
  await assert.rejects(place.outcome('r'), { message: /denied by .*: nobody answered by the deadline/ })
  assert.deepEqual(paid, [])
  const [body] = place.bodies('r', 'review.answered')
  assert.equal(body?.way, 'expiry')
  assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).verdict, 'same')
})

test('with `escalate` it waits on with an alert; an answer is still the operator’s', async (t) => {
  const { place, paid, review } = await asked(t, { deadlineMs: HOUR, onExpiry: 'escalate' })
  await until(place, place.clock.now() + HOUR)
  assert.deepEqual([statusOf(place, review.id), place.hf.alerts().length], ['waiting', 1])
  await place.hf.answer(review.id, { verdict: 'approved' })
  assert.equal(await place.outcome('r'), 'paid')
  assert.equal(paid.length, 1)
  assert.deepEqual(place.hf.alerts(), [])
})

test('a question keeps the deadline that it was asked with, whatever the policy says later', async (t) => {
  const { place, review, settings } = await asked(t, { deadlineMs: 2 * HOUR, onExpiry: 'reject' })
  settings.questions = { deadlineMs: 1, onExpiry: 'keep' }
  await place.reopen()
  await until(place, place.clock.now() + HOUR)
  assert.deepEqual(
    [statusOf(place, review.id), place.hf.review(review.id).deadline],
    ['waiting', review.deadline],
  )
  await until(place, place.clock.now() + HOUR)
  assert.equal(statusOf(place, review.id), 'rejected')
})

/** Notes what it is given to send. */
function postInto(done: unknown[]) {
  return defineConnector({
    name: 'post',
    operations: {
      send: {
        manifest: { effect: 'external' },
        input: z.any(),
        output: z.any(),
        perform: async (given) => void done.push(given),
      },
    },
  })
}

test('what is asked waits for its answer, though the policy would allow it by then and the run goes on', async (t) => {
  const done: unknown[] = []
  const post = postInto(done)
  const naps = defineWorkflow({
    name: 'naps',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx) => {
      await ctx.all([() => ctx.act('send', 'post.send', {}), () => ctx.sleep('nap', '1h')])
    },
  })
  const review: string[] = ['post.*']
  const policy = (): PolicySettings => ({
    operations: { allow: ['post.*'], deny: [], review: [...review] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  })
  const place = await openPlace(t, { workflows: [naps], connectors: [post], policy })
  await place.hf.start(naps, null, { id: 'r' })
  await place.hf.idle()
  review.length = 0
  await place.reopen()
  await until(place, place.clock.now() + HOUR)
  assert.deepEqual([done, place.hf.reviews().length], [[], 1])
  await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
  await place.outcome('r')
  assert.equal(done.length, 1)
})

test('what the code says under the name of a question is no answer to it', async (t) => {
  const done: unknown[] = []
  const post = postInto(done)
  const sly = defineWorkflow({
    name: 'sly',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx) => {
      await ctx.step('send (approval)', () => ({ verdict: 'approved', way: 'cli', review: 'r-1', value: {} }))
      await ctx.act('send', 'post.send', {})
    },
  })
  const policy: PolicySettings = {
    operations: { allow: [], deny: [], review: ['post.*'] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
  const place = await openPlace(t, { workflows: [sly], connectors: [post], policy })
  await place.hf.start(sly, null, { id: 'r' })
  await place.hf.idle()
  assert.deepEqual([done, place.hf.run('r').status()], [[], 'stalled'])
})
