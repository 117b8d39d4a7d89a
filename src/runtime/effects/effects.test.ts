/** Effects: done once, whatever the outside answers, and never repeated blindly. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { verifyRun } from '../replay/replay.ts'
import { type Manner, Outside, type OutsideOptions } from '../testing/outside.ts'

const LETTER = { to: 'ada@example.com' }

const letter = flow(async (ctx) => {
  try {
    return await ctx.act('send', 'post.send', LETTER)
  } catch (error) {
    if (error instanceof HoldfastError) return error.code
    throw error
  }
})

function flow(run: (ctx: Context, input: unknown) => Promise<unknown>): Workflow {
  return defineWorkflow({ name: 'letter', version: 1, input: z.any(), output: z.any(), run })
}

interface Post {
  readonly place: Place
  readonly outside: Outside
}

async function posting(
  t: TestContext,
  options: OutsideOptions & {
    place?: PlaceOptions
    workflow?: Workflow
    manners?: readonly Manner[]
    /** Whether something stays under way: then the first turns are all that is waited for. */
    busy?: true
  } = {},
): Promise<Post> {
  const outside = new Outside(options)
  outside.manners.push(...(options.manners ?? []))
  const workflow = options.workflow ?? letter
  const place = await openPlace(t, {
    workflows: [workflow],
    connectors: [outside.connector],
    ...options.place,
  })
  await place.hf.start(workflow, null, { id: 'r' })
  await (options.busy ? turns() : place.hf.idle())
  return { place, outside }
}

/** The error of the run's first event of this kind. */
function errorOf(place: Place, kind: string): JsonObject {
  return place.bodies('r', kind)[0]?.error as JsonObject
}

function operations(lists: Partial<PolicySettings['operations']>): PolicySettings {
  return {
    operations: { allow: [], deny: [], review: [], ...lists },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
}

describe('an effect', () => {
  test('has its decision and its intent on record before it is tried', async (t) => {
    const before: unknown[] = []
    const at: { place?: Place } = {}
    const { place, outside } = await posting(t, {
      onPerform: () => {
        before.push(...(at.place?.kinds('r') ?? []))
      },
      manners: ['unavailable'],
    })
    at.place = place
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual(before, [
      'run.started',
      'policy.decided',
      'effect.intended',
      'attempt.failed',
      'policy.decided',
      'effect.intended',
    ])
    assert.deepEqual(place.kinds('r').slice(6), ['effect.succeeded', 'run.completed'])
    const [intent] = place.bodies('r', 'effect.intended')
    assert.deepEqual(intent?.input, LETTER)
    assert.deepEqual(
      outside.calls.map(({ key, attempt, input }) => ({ key, attempt, input })),
      [
        { key: intent?.key, attempt: 1, input: LETTER },
        { key: intent?.key, attempt: 2, input: LETTER },
      ],
    )
    assert.equal(place.bodies('r', 'effect.succeeded')[0]?.via, 'perform')
  })

  test('has a key of its own, in each run and under each name', async (t) => {
    const workflow = flow(async (ctx) => {
      for (const name of ['send', 'send', 'other']) await ctx.act(name, 'post.send', LETTER)
    })
    const { place, outside } = await posting(t, { workflow })
    await place.hf.start(workflow, null, { id: 's' })
    await place.outcome('s')
    assert.equal(new Set(outside.done).size, 6)
  })

  test('waits for its next attempt, though the run is woken in between', async (t) => {
    const workflow = flow(async (ctx) => {
      await Promise.all([ctx.act('send', 'post.send', 1), ctx.waitFor('poke')])
    })
    const { place, outside } = await posting(t, {
      workflow,
      manners: ['unavailable'],
      place: { residentRuns: 0 },
    })
    await place.hf.emit({ kind: 'poke' })
    await place.hf.idle()
    assert.deepEqual([place.bodies('r', 'wait.ended').length, outside.calls.length], [1, 1])
    await place.outcome('r')
    assert.equal(outside.calls.length, 2)
  })

  test('is not tried again when it is refused', async (t) => {
    const { place, outside } = await posting(t, { manners: ['refuse'] })
    assert.equal(await place.outcome('r'), 'CONNECTOR_REFUSED')
    assert.equal(outside.calls.length, 1)
  })

  test('is tried again while the outside is unavailable, ten times in all', async (t) => {
    const { place, outside } = await posting(t, { manners: new Array(20).fill('unavailable') })
    const begun = place.clock.now()
    assert.equal(await place.outcome('r'), 'CONNECTOR_UNAVAILABLE')
    assert.equal(outside.calls.length, 10)
    assert.equal(place.bodies('r', 'policy.decided').length, 10, 'the policy is asked for each attempt')
    assert.ok(place.clock.now() - begun > 2_000_000)
  })

  test('of an operation that nobody offers stalls the run until somebody does', async (t) => {
    const { place, outside } = await posting(t, { place: { connectors: [] } })
    assert.equal(place.hf.run('r').status(), 'stalled')
    assert.equal(errorOf(place, 'run.stalled').code, 'OPERATION_UNKNOWN')
    await place.reopen({ connectors: [outside.connector] })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })
})

describe('an outcome that is not clear', () => {
  test('is looked up: it was done', async (t) => {
    const { place, outside } = await posting(t, { manners: ['lost'] })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.done.length, outside.calls.length], [1, 1])
    assert.equal(place.bodies('r', 'effect.succeeded')[0]?.via, 'lookup')
    assert.ok(place.kinds('r').includes('effect.unknown'))
  })

  test('is looked up: it was not done, so it is tried again', async (t) => {
    const { place, outside } = await posting(t, { manners: ['dropped', 'dropped', 'dropped'] })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.done.length, outside.calls.length, outside.lookups], [1, 4, 3])
    assert.deepEqual(
      outside.calls.map(({ attempt }) => attempt),
      [1, 2, 3, 4],
    )
  })

  for (const idempotency of ['key', 'natural'] as const) {
    test(`nobody can tell, but a repeat is harmless (${idempotency}): it is tried again`, async (t) => {
      const { place, outside } = await posting(t, {
        manifest: { idempotency },
        lookup: 'unknown',
        manners: ['lost', 'dropped'],
      })
      assert.deepEqual(await place.outcome('r'), { receipt: 2 })
      assert.equal(outside.calls.length, 3)
      assert.deepEqual(place.hf.reviews(), [])
    })
  }

  test('harmless repeats end as a question, not as if nothing had been done', async (t) => {
    const { place, outside } = await posting(t, {
      manifest: { idempotency: 'key' },
      lookup: 'none',
      manners: new Array(10).fill('lost'),
    })
    await place.pass()
    assert.equal(outside.calls.length, 10)
    const [question] = place.hf.reviews()
    assert.equal(question?.action, 'settle-unknown')
    await place.hf.answer(question?.id ?? '', { verdict: 'rejected' })
    assert.deepEqual(await place.outcome('r'), { receipt: 11 })
  })

  for (const [verdict, output] of [
    ['approved', null],
    ['rejected', 'CONNECTOR_REFUSED'],
  ] as const) {
    test(`a repeat that is refused is a question, as the attempt before it may have done it: ${verdict}`, async (t) => {
      const { place, outside } = await posting(t, {
        manifest: { idempotency: 'key' },
        lookup: 'none',
        manners: ['lost', 'refuse', 'refuse'],
      })
      await place.pass()
      assert.equal(outside.calls.length, 2)
      const [question] = place.hf.reviews()
      assert.equal(question?.action, 'settle-unknown')
      assert.match(question?.reason ?? '', /a repeat was refused \(no such box\)/)
      await place.reopen()
      await place.pass()
      assert.deepEqual([outside.calls.length, place.hf.reviews().length], [2, 1])
      await place.hf.answer(question?.id ?? '', { verdict })
      assert.deepEqual(await place.outcome('r'), output)
    })
  }

  test('a repeat that is refused, after the outside said that nothing was done, has failed', async (t) => {
    const { place, outside } = await posting(t, {
      manifest: { idempotency: 'key' },
      lookup: 'truth',
      manners: ['dropped', 'refuse'],
    })
    assert.equal(await place.outcome('r'), 'CONNECTOR_REFUSED')
    assert.deepEqual([outside.calls.length, place.hf.reviews().length], [2, 0])
  })

  for (const lookup of ['unknown', 'none'] as const) {
    for (const [verdict, output, calls] of [
      ['approved', lookup === 'unknown' ? { receipt: 0 } : null, 1],
      ['edited', lookup === 'unknown' ? { receipt: 0 } : null, 1],
      ['rejected', { receipt: 2 }, 2],
      ['responded', 'EFFECT_ABANDONED', 1],
    ] as const) {
      test(`nobody can tell (lookup ${lookup}): the operator says ${verdict}`, async (t) => {
        const { place, outside } = await posting(t, { lookup, manners: ['lost'] })
        await place.pass()
        assert.equal(outside.calls.length, 1, 'never repeated blindly')
        assert.equal(place.hf.run('r').status(), 'waiting')
        const [question, ...more] = place.hf.reviews()
        assert.deepEqual(more, [])
        assert.deepEqual(question?.proposal.input, LETTER)
        await place.hf.answer(question?.id ?? '', { verdict })
        assert.deepEqual(await place.outcome('r'), output)
        assert.equal(outside.calls.length, calls)
      })
    }
  }

  test('each unclear attempt is a question of its own', async (t) => {
    const { place, outside } = await posting(t, { lookup: 'unknown', manners: ['lost', 'lost', 'lost'] })
    for (const calls of [1, 2, 3]) {
      await place.pass()
      assert.equal(outside.calls.length, calls)
      const [question, ...more] = place.hf.reviews()
      assert.deepEqual(more, [])
      await place.hf.answer(question?.id ?? '', { verdict: 'rejected' })
    }
    assert.deepEqual(await place.outcome('r'), { receipt: 4 })
  })

  test('a lookup that fails is tried again', async (t) => {
    const { place, outside } = await posting(t, { lookup: 'throws', manners: ['lost'] })
    assert.equal(outside.lookups, 1)
    outside.lookup = 'truth'
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 2])
  })

  test('a lookup that fails for good ends as a question, for each attempt anew', async (t) => {
    const { place, outside } = await posting(t, { lookup: 'throws', manners: ['lost', 'lost'] })
    for (const calls of [1, 2]) {
      await place.pass()
      assert.deepEqual([outside.calls.length, outside.lookups], [calls, 10 * calls])
      const [question, ...more] = place.hf.reviews()
      assert.deepEqual(more, [])
      await place.hf.answer(question?.id ?? '', { verdict: 'rejected' })
    }
    assert.deepEqual(await place.outcome('r'), { receipt: 3 })
  })

  test('no answer in time is not clear', async (t) => {
    const manifest = { timeoutMs: 5_000 }
    const { place, outside } = await posting(t, { manifest, manners: ['hangs'], busy: true })
    place.clock.advance(4_999)
    await turns()
    assert.equal(outside.lookups, 0)
    place.clock.advance(1)
    await turns()
    place.clock.advance(10_000)
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })

  test('an output that does not fit is not clear either: it was done', async (t) => {
    const { place, outside } = await posting(t, { manners: ['misfit'] })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })

  for (const code of ['INPUT_INVALID', 'PERMIT_INVALID', 'POLICY_DENIED', 'RUN_FAILED']) {
    test(`${code} out of a connector says nothing about what was done`, async (t) => {
      const { place, outside } = await posting(t, { manners: [new HoldfastError(code, 'from below')] })
      assert.deepEqual(await place.outcome('r'), { receipt: 1 })
      assert.equal(outside.lookups, 1)
    })
  }
})

describe('a read', () => {
  const manifest = { effect: 'read' as const }

  test('changes nothing, so it is simply tried again', async (t) => {
    const { place, outside } = await posting(t, { manifest, lookup: 'none', manners: ['dropped', 'lost'] })
    assert.deepEqual(await place.outcome('r'), { receipt: 2 })
    assert.equal(outside.calls.length, 3)
  })

  test('whose output does not fit fails at once', async (t) => {
    const { place, outside } = await posting(t, { manifest, manners: ['misfit'] })
    assert.equal(await place.outcome('r'), 'OUTPUT_INVALID')
    assert.equal(outside.calls.length, 1)
  })
})

describe('the end of a run waits for the effects under way', () => {
  const both = flow(async (ctx) => {
    const quick = ctx.act('quick', 'post.send', { quick: true })
    await Promise.all([quick, ctx.act('slow', 'post.send', { slow: true })])
  })

  for (const [manner, kind] of [
    ['ok', 'effect.succeeded'],
    ['unavailable', 'attempt.failed'],
    ['lost', 'effect.unknown'],
  ] as const) {
    test(`when one of two is refused: the other ends as ${manner}, ${kind} is on record`, async (t) => {
      const release = Promise.withResolvers<void>()
      const { place, outside } = await posting(t, {
        workflow: both,
        manners: ['refuse', manner],
        onPerform: (input) => ((input as JsonObject).slow ? release.promise : undefined),
        busy: true,
      })
      assert.equal(place.hf.run('r').status(), 'running')
      release.resolve()
      await assert.rejects(place.outcome('r'), { code: 'CONNECTOR_REFUSED' })
      await place.pass()
      assert.equal(outside.calls.length, 2, 'nothing is repeated')
      assert.deepEqual(place.kinds('r').slice(-2), [kind, 'run.failed'])
    })
  }
})

describe('cancelling during an effect', () => {
  for (const [manner, kinds] of [
    ['ok', ['effect.succeeded', 'run.cancelled']],
    ['refuse', ['effect.failed', 'run.cancelled']],
    ['unavailable', ['attempt.failed', 'run.cancelled']],
    ['lost', ['effect.unknown', 'run.cancelled']],
  ] as const) {
    test(`that ends as ${manner}: ${kinds[0]} comes first`, async (t) => {
      const release = Promise.withResolvers<void>()
      const { place, outside } = await posting(t, {
        onPerform: () => release.promise,
        manners: [manner],
        busy: true,
      })
      const cancelled = place.hf.cancel('r', 'no more letters')
      await turns()
      assert.equal(place.hf.run('r').status(), 'running', 'the effect is waited for')
      release.resolve()
      await cancelled
      await assert.rejects(place.outcome('r'), {
        code: 'RUN_CANCELLED',
        message: 'Cancelled: no more letters',
      })
      assert.deepEqual(place.kinds('r').slice(-2), kinds)
      await place.reopen()
      await place.pass()
      assert.equal(outside.calls.length, 1)
    })
  }

  test('aborts it', async (t) => {
    let aborted = false
    const { place } = await posting(t, {
      onPerform: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true
            resolve()
          })
        }),
      busy: true,
    })
    await place.hf.cancel('r')
    assert.ok(aborted)
  })
})

describe('closing and cancelling begin nothing new', () => {
  test('not an effect that is approved just then', async (t) => {
    const release = Promise.withResolvers<void>()
    const workflow = flow(async (ctx) => {
      const [, sent] = await Promise.all([
        ctx.step('slow', () => release.promise),
        ctx.act('send', 'post.send', 1),
      ])
      return sent
    })
    const policy = operations({ review: ['post.send'] })
    const { place, outside } = await posting(t, { workflow, place: { policy }, busy: true })
    const answered = place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    const reopened = place.reopen()
    await answered
    await turns()
    assert.equal(outside.calls.length, 0)
    release.resolve()
    await reopened
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })

  test('not an attempt that falls due just then', async (t) => {
    const release = Promise.withResolvers<void>()
    let attempts = 0
    const workflow = flow(async (ctx) => {
      const flaky = ctx.step('flaky', () => {
        attempts += 1
        throw new Error('not yet')
      })
      await Promise.all([ctx.act('send', 'post.send', 1), flaky])
    })
    const { place } = await posting(t, { workflow, onPerform: () => release.promise, busy: true })
    assert.equal(attempts, 1)
    const cancelled = place.hf.cancel('r')
    await turns()
    place.clock.advance(1_000)
    await turns()
    release.resolve()
    await cancelled
    assert.equal(attempts, 1)
  })
})

test('cancelling a run that can not go on notes that an effect of it is unclear', async (t) => {
  const { place } = await posting(t, { manners: ['hangs'], busy: true })
  const reopened = place.reopen({ workflows: [] })
  await turns()
  place.clock.advance(11_000)
  await reopened
  await place.hf.cancel('r')
  assert.deepEqual(place.kinds('r').slice(-3), ['run.stalled', 'effect.unknown', 'run.cancelled'])
})

describe('closing during an effect', () => {
  test('waits for it', async (t) => {
    const release = Promise.withResolvers<void>()
    const { place, outside } = await posting(t, { onPerform: () => release.promise, busy: true })
    const reopened = place.reopen()
    await turns()
    release.resolve()
    await reopened
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 0])
  })

  test('remembers that it was not done', async (t) => {
    const release = Promise.withResolvers<void>()
    const { place, outside } = await posting(t, {
      onPerform: () => release.promise,
      lookup: 'unknown',
      manners: ['unavailable'],
      busy: true,
    })
    const reopened = place.reopen()
    await turns()
    release.resolve()
    await reopened
    assert.deepEqual(await place.outcome('r'), { receipt: 1 }, 'nobody is asked whether it was done')
    assert.deepEqual(place.bodies('r', 'attempt.failed').length, 1)
    assert.equal(outside.lookups, 0)
  })

  test('lets go of one that does not stop, and looks it up later', async (t) => {
    const { place, outside } = await posting(t, { manners: ['hangs'], busy: true })
    const reopened = place.reopen()
    await turns()
    place.clock.advance(10_000)
    await turns()
    place.clock.advance(1_000)
    await reopened
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })
})

describe('the policy', () => {
  test('denies: nothing is done, and the run learns the rule', async (t) => {
    const workflow = flow(async (ctx) => ctx.act('send', 'post.send', LETTER))
    const policy = operations({ allow: ['post.*'], deny: ['post.send'] })
    const { place, outside } = await posting(t, { workflow, place: { policy } })
    await assert.rejects(place.outcome('r'), { code: 'POLICY_DENIED', message: /access\.deny/ })
    assert.equal(outside.calls.length, 0)
    assert.deepEqual(place.kinds('r'), ['run.started', 'policy.decided', 'effect.failed', 'run.failed'])
  })

  test('wants a word: asked once, done once', async (t) => {
    const { place, outside } = await posting(t, {
      place: { policy: operations({ review: ['post.send'] }), residentRuns: 0 },
    })
    await place.reopen()
    await place.reopen()
    assert.equal(outside.calls.length, 0)
    assert.equal(place.bodies('r', 'policy.decided').length, 1)
    const [review, ...more] = place.hf.reviews()
    assert.deepEqual(more, [])
    assert.deepEqual([review?.action, review?.summary], ['post.send', 'Post it'])
    assert.deepEqual(review?.proposal, { operation: 'post.send', input: LETTER })
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 1)
    assert.deepEqual(
      place.bodies('r', 'policy.decided').map(({ rule }) => rule),
      ['access.review', 'access.approved'],
    )
  })

  for (const verdict of ['rejected', 'responded'] as const) {
    test(`wants a word, and it is ${verdict}: nothing is done`, async (t) => {
      const policy = operations({ review: ['post.send'] })
      const { place, outside } = await posting(t, { place: { policy } })
      await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict, reason: 'not today' })
      assert.equal(await place.outcome('r'), 'POLICY_DENIED')
      assert.match(String(errorOf(place, 'effect.failed').message), /not today/)
      assert.equal(outside.calls.length, 0)
    })
  }

  for (const today of [{ allow: ['post.send'] }, { deny: ['post.send'] }]) {
    test(`wants a word, and it is no, which a policy that says ${Object.keys(today)} by then does not change`, async (t) => {
      let policy = operations({ review: ['post.send'] })
      const { place, outside } = await posting(t, { place: { policy: () => policy, residentRuns: 0 } })
      policy = operations(today)
      await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'rejected', reason: 'not today' })
      assert.equal(await place.outcome('r'), 'POLICY_DENIED')
      assert.equal(outside.calls.length, 0)
      const said = 'post.send for "send" was denied by access.review: the operator said no: not today'
      assert.equal(errorOf(place, 'effect.failed').message, said)
      assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).verdict, 'same')
    })
  }

  test('wants a word, and waits for it though it would allow it by then and the run goes on elsewhere', async (t) => {
    let policy = operations({ review: ['post.send'] })
    const workflow = flow(async (ctx) => {
      const [sent] = await Promise.all([ctx.act('send', 'post.send', LETTER), ctx.waitFor('news')])
      return sent
    })
    const { place, outside } = await posting(t, {
      workflow,
      place: { policy: () => policy, residentRuns: 0 },
    })
    policy = operations({ allow: ['post.send'] })
    await place.hf.emit({ kind: 'news' })
    await place.reopen()
    await place.hf.idle()
    assert.equal(outside.calls.length, 0)
    const [review, ...more] = place.hf.reviews()
    assert.deepEqual(more, [])
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 1)
    assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).verdict, 'same')
  })

  for (const manner of ['ok', 'unavailable', 'dropped', 'lost'] as const) {
    test(`wants a word, and it is approved with another input: that is done, once (${manner})`, async (t) => {
      const policy = operations({ review: ['post.send'] })
      const { place, outside } = await posting(t, { place: { policy, residentRuns: 0 }, manners: [manner] })
      const id = place.hf.reviews()[0]?.id ?? ''
      const to = { to: 'bea@example.com' }
      const refused = place.hf.answer(id, { verdict: 'edited', changes: { operation: 'post.burn' } })
      await assert.rejects(refused, { code: 'REVIEW_FIELD_FIXED' })
      await place.hf.answer(id, { verdict: 'edited', changes: { input: to } })
      await place.reopen()
      assert.deepEqual(await place.outcome('r'), { receipt: 1 })
      assert.equal(outside.done.length, 1)
      for (const { input } of outside.calls) assert.deepEqual(input, to)
      const [intent] = place.bodies('r', 'effect.intended')
      assert.deepEqual([intent?.input, intent?.asked], [to, LETTER])
      assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')).verdict, 'same')
      assert.equal((await place.hf.whatIf()).same, 1)
    })
  }

  test('whose outcome is asked for after another input was approved is settled for that one', async (t) => {
    const policy = operations({ review: ['post.send'] })
    const options = {
      place: { policy, residentRuns: 0 },
      manners: ['lost' as const],
      lookup: 'unknown' as const,
    }
    const { place, outside } = await posting(t, options)
    const to = { to: 'bea@example.com' }
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'edited', changes: { input: to } })
    await place.hf.idle()
    const [asked] = place.hf.reviews()
    assert.deepEqual([asked?.action, asked?.proposal.input], ['settle-unknown', to])
    await place.reopen()
    await place.hf.answer(asked?.id ?? '', { verdict: 'edited', changes: { output: { receipt: 7 } } })
    assert.deepEqual(await place.outcome('r'), { receipt: 7 })
    assert.equal(outside.calls.length, 1)
  })

  test('approved, but denied by the policy of today: nothing is done', async (t) => {
    let policy = operations({ review: ['post.send'] })
    const { place, outside } = await posting(t, { place: { policy: () => policy } })
    policy = operations({ deny: ['post.send'] })
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    assert.equal(await place.outcome('r'), 'POLICY_DENIED')
    assert.equal(outside.calls.length, 0)
  })

  test('an approved retry needs no second word', async (t) => {
    const policy = operations({ review: ['post.send'] })
    const { place, outside } = await posting(t, { place: { policy }, manners: ['unavailable', 'dropped'] })
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 3)
  })

  test('a review of the workflow’s own under the name of the approval opens nothing', async (t) => {
    const harmless = { operation: 'post.send', input: { to: 'nobody' } }
    const workflow = flow(async (ctx) => {
      const proposal = { action: 'x', summary: 'x', reason: 'x', confidence: 1, proposal: harmless }
      await ctx.review('send (approval)', proposal)
      return await ctx.act('send', 'post.send', LETTER)
    })
    const policy = operations({ review: ['post.send'] })
    const { place, outside } = await posting(t, { workflow, place: { policy } })
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'stalled')
    assert.equal(errorOf(place, 'run.stalled').code, 'JOURNAL_DIVERGED')
    assert.equal(outside.calls.length, 0)
  })

  test('denies while an outcome is unclear: it may have been done, so the operator is asked', async (t) => {
    let policy = operations({ allow: ['post.send'] })
    const { place, outside } = await posting(t, {
      place: { policy: () => policy },
      manifest: { idempotency: 'key' },
      onPerform: () => {
        policy = operations({ deny: ['post.send'] })
      },
      manners: ['lost'],
    })
    await place.pass()
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 0])
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    assert.equal(await place.outcome('r'), null)
  })
})

describe('code that changes under an intent', () => {
  test('stalls rather than do something else under the same key', async (t) => {
    let to = 'ada@example.com'
    const workflow = flow(async (ctx) => ctx.act('send', 'post.send', { to }))
    const { place, outside } = await posting(t, { workflow, manners: ['unavailable'] })
    to = 'eve@example.com'
    await place.reopen()
    await place.pass(() => place.hf.run('r').status() === 'stalled')
    assert.equal(errorOf(place, 'run.stalled').code, 'JOURNAL_DIVERGED')
    assert.equal(outside.calls.length, 1)
    to = 'ada@example.com'
    await place.reopen()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })
})
