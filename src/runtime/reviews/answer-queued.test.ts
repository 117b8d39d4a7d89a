/** A failed run that is retried, and has to wait in the queue with its open review. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow, type Proposal } from '../../kernel/workflow.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { budgets } from '../../sdk.ts'
import { verifyRun } from '../replay/replay.ts'

const HOUR = 3_600_000

interface Queued {
  readonly place: Place
  /** Id of the review of the run `r`, which is queued behind `before`. */
  readonly review: string
  readonly admit: () => Promise<void>
}

async function queued(
  t: TestContext,
  proposal: Partial<Proposal> = {},
  more: PlaceOptions = {},
): Promise<Queued> {
  let isBroken = true
  const asks = async (ctx: Context): Promise<unknown> => {
    const asked: Proposal = {
      action: 'choose',
      summary: 'Which?',
      reason: 'it is asked',
      confidence: 0.5,
      proposal: { n: 1 },
      ...proposal,
    }
    const [answer] = await Promise.all([
      ctx.review('which', asked),
      ctx.sleep('a while', 1_000).then(() =>
        ctx.step('fetch', () => {
          if (isBroken) throw Object.assign(new Error('broken'), { retryable: false })
          return null
        }),
      ),
    ])
    return answer.verdict
  }
  const workflow = defineWorkflow({
    name: 'w',
    version: 1,
    input: z.any(),
    output: z.any(),
    concurrency: { limit: 1 },
    run: async (ctx, input) => (input === 'asks' ? await asks(ctx) : await ctx.waitFor('go')),
  })
  const place = await openPlace(t, { workflows: [workflow], ...more })
  await place.hf.start(workflow, 'asks', { id: 'r' })
  await place.hf.idle()
  place.clock.advance(1_000)
  await place.hf.idle()
  isBroken = false
  await place.hf.start(workflow, 'waits', { id: 'before' })
  await place.hf.idle()
  await place.hf.deadLetters.retry('r')
  await place.hf.idle()
  assert.equal(place.hf.run('r').status(), 'queued')
  const admit = async (): Promise<void> => {
    await place.hf.emit({ kind: 'go' })
    await place.hf.idle()
  }
  return { place, review: place.hf.reviews()[0]?.id ?? '', admit }
}

test('is answered while it waits, and goes on with the answer', async (t) => {
  const { place, review, admit } = await queued(t)
  await place.hf.answer(review, { verdict: 'approved' })
  assert.equal(place.hf.run('r').status(), 'queued')
  await assert.rejects(place.hf.answer(review, { verdict: 'rejected' }), /answered|approved/)
  await admit()
  assert.equal(await place.hf.run('r').result(), 'approved')
  assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).divergence, null)
  assert.equal(place.bodies('r', 'review.answered').length, 1)
})

test('of two words at once one counts, for one review or for several', async (t) => {
  for (const isBatch of [false, true]) {
    const { place, review, admit } = await queued(t)
    const { hash } = place.hf.review(review)
    const say = async (verdict: 'approved' | 'rejected'): Promise<unknown> =>
      isBatch
        ? await place.hf.desk.answerAll([{ id: review, hash }], { verdict })
        : await place.hf.answer(review, { verdict })
    const told = await Promise.allSettled([say('approved'), say('rejected')])
    assert.deepEqual(told.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.equal(place.bodies('r', 'review.answered').length, 1)
    assert.equal(place.hf.run('r').status(), 'queued', 'it has its turn first')
    await admit()
    assert.ok(await place.hf.run('r').result())
  }
})

test('is answered with others in one commit, and keeps its place in the queue', async (t) => {
  const { place, admit } = await queued(t)
  await place.hf.desk.answerAll(place.hf.reviews(), { verdict: 'approved' })
  await place.hf.idle()
  assert.equal(place.hf.run('r').status(), 'queued')
  await admit()
  assert.equal(await place.hf.run('r').result(), 'approved')
  assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).divergence, null)
})

test('gets the answer of its deadline while it waits', async (t) => {
  const { place, review, admit } = await queued(t, { deadline: '1h', onExpiry: 'reject' })
  place.clock.advance(2 * HOUR)
  await place.hf.idle()
  assert.equal(place.hf.review(review).status, 'rejected')
  await admit()
  assert.equal(await place.hf.run('r').result(), 'rejected')
})

test('takes of the operator’s time by how long it was looked at, while it waits', async (t) => {
  const minutes = { name: 'my-time', operations: ['*'], agents: ['*'], each: 'all', per: 'day' } as const
  const policy: PolicySettings = {
    operations: { allow: ['*'], deny: [], review: [] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    budgets: [
      { ...minutes, unit: 'minutes', limit: 3_600_000, reserve: null, argument: null, atLimit: 'ask' },
    ],
  }
  const { place, review, admit } = await queued(t, {}, { policy })
  const taken = () => budgets(place.hf).map(({ reserved, settled }) => [reserved, settled])
  assert.deepEqual(taken(), [[0, 0]], 'given back when the run failed')
  await place.hf.desk.shown(place.hf.reviews(), 'program')
  place.clock.advance(45_000)
  await place.hf.answer(review, { verdict: 'approved' })
  assert.deepEqual(taken(), [[0, 45_000]])
  await admit()
  assert.deepEqual(taken(), [[0, 45_000]])
})
