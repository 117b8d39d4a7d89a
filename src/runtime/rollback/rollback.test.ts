/** Rollback: what a run did is undone, last first, once. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { type AnyWorkflow, type Context, defineWorkflow, type Rollback } from '../../kernel/workflow.ts'
import { runStory } from '../../observe/run-story.ts'
import { defineConnector, type PerformContext } from '../../ports/connector.ts'
import { verifyRun } from '../replay/replay.ts'
import { ENDED, retain } from '../retention/retention.ts'

/** A shop that can take back what it did, except for mails, and be told how its undo goes next. */
class Shop {
  readonly done: string[] = []
  readonly undone: string[] = []
  readonly keys: string[] = []
  /** How the next undos go, one by one; then all is well. lost: undone, but it says something unclear. */
  readonly manners: ('ok' | 'refuse' | 'unavailable' | 'lost' | 'hangs')[] = []
  readonly connector

  constructor() {
    const does = async (input: { what: string; refuse?: boolean; slow?: boolean }) => {
      if (input.slow) await turns(30)
      if (input.refuse) throw new HoldfastError('CONNECTOR_REFUSED', 'not this')
      this.done.push(input.what)
      return { number: this.done.length }
    }
    const operation = { input: z.any(), output: z.any(), perform: does }
    this.connector = defineConnector({
      name: 'shop',
      operations: {
        order: {
          ...operation,
          manifest: { title: 'Order', effect: 'reversible', idempotency: 'key' },
          undo: (input: { what: string }, output: { number: number }, context: PerformContext) =>
            this.#undo(input, output, context),
        },
        mail: { ...operation, manifest: { title: 'Mail', effect: 'external' } },
        look: { ...operation, manifest: { effect: 'read' } },
      },
    })
  }

  async #undo(
    { what }: { what: string },
    { number }: { number: number },
    { idempotencyKey }: PerformContext,
  ) {
    const manner = this.manners.shift() ?? 'ok'
    this.keys.push(idempotencyKey)
    if (manner === 'refuse') throw new HoldfastError('CONNECTOR_REFUSED', 'too late')
    if (manner === 'unavailable') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed')
    this.undone.push(`${what} ${number}`)
    if (manner === 'lost') throw new Error('the line broke')
    if (manner === 'hangs') await new Promise(() => {})
  }
}

function flow(
  name: string,
  run: (ctx: Context, input: Json) => Promise<unknown>,
  options: { compensate?: 'on-failure' } = {},
): AnyWorkflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run, ...options })
}

const part = flow('part', async (ctx) => {
  await ctx.act('c1', 'shop.order', { what: 'c1' })
  await ctx.act('c2', 'shop.order', { what: 'c2' })
})

const whole = flow('whole', async (ctx) => {
  await ctx.act('a', 'shop.order', { what: 'a' })
  await ctx.act('see', 'shop.look', { what: 'see' })
  await ctx.call('part', part, null)
  await ctx.act('b', 'shop.order', { what: 'b' })
})

async function opened(
  t: TestContext,
  workflows: readonly AnyWorkflow[],
  more: PlaceOptions = {},
): Promise<{ place: Place; shop: Shop }> {
  const shop = new Shop()
  const place = await openPlace(t, { workflows: [...workflows, part], connectors: [shop.connector], ...more })
  return { place, shop }
}

async function ran(place: Place, workflow: AnyWorkflow, input: Json = null): Promise<void> {
  await place.hf.start(workflow, input, { id: 'r' })
  await place.outcome('r').catch(() => {})
}

async function verified(place: Place, ...runs: string[]): Promise<void> {
  for (const run of runs) {
    const report = await verifyRun(place.hf.log, place.hf.runtime.workflows, run)
    assert.equal(report.verdict, 'same', report.divergence?.explanation ?? '')
  }
}

describe('a rollback', () => {
  test('undoes what succeeded, with what its children did, in reverse order of success; reads are left', async (t) => {
    const { place, shop } = await opened(t, [whole])
    await ran(place, whole)
    assert.deepEqual(shop.done, ['a', 'see', 'c1', 'c2', 'b'])
    const plan = place.hf.planRollback('r')
    assert.deepEqual(
      plan.undoable.map(({ name }) => name),
      ['b', 'c2', 'c1', 'a'],
    )
    const handle = await place.hf.rollback('r')
    assert.equal(handle.id, 'rollback/r')
    const report = await place.outcome<Rollback>(handle.id)
    assert.deepEqual(shop.undone, ['b 5', 'c2 4', 'c1 3', 'a 1'])
    assert.deepEqual(
      report.undone.map(({ run, name }) => `${run} ${name}`),
      ['r b', 'r/part c2', 'r/part c1', 'r a'],
    )
    assert.deepEqual([report.byHand, report.left], [[], []])
    assert.equal(new Set(shop.keys).size, 4, 'each undo has a key of its own')
    assert.deepEqual(place.kinds('rollback/r').slice(2, 6), [
      'policy.decided',
      'undo.intended',
      'undo.succeeded',
      'policy.decided',
    ])
    await verified(place, 'r', 'r/part', 'rollback/r')
  })

  test('twice is one, and so is what another rollback has undone before', async (t) => {
    const { place, shop } = await opened(t, [whole])
    await ran(place, whole)
    await place.hf.rollback('r/part')
    await place.outcome('rollback/r/part')
    assert.deepEqual(shop.undone, ['c2 4', 'c1 3'])
    const handles = await Promise.all([place.hf.rollback('r'), place.hf.rollback('r')])
    assert.deepEqual(
      handles.map(({ id }) => id),
      ['rollback/r', 'rollback/r'],
    )
    await place.outcome('rollback/r')
    await place.hf.rollback('r')
    await place.hf.idle()
    assert.deepEqual(shop.undone, ['c2 4', 'c1 3', 'b 5', 'a 1'])
    await assert.rejects(place.hf.rollback('rollback/r'), { code: 'INPUT_INVALID' })
    await assert.rejects(place.hf.rollback('nothing'), { code: 'RUN_NOT_FOUND' })
  })

  test('waits for the end of the run, and ends one that is stalled', async (t) => {
    const waits = flow('waits', async (ctx) => {
      await ctx.act('a', 'shop.order', { what: 'a' })
      await ctx.waitFor('go')
      await ctx.step('read', () => Promise.reject(new HoldfastError('CONFIG_INVALID', 'a broken file')))
    })
    const { place, shop } = await opened(t, [waits])
    await place.hf.start(waits, null, { id: 'r' })
    await place.hf.idle()
    await assert.rejects(place.hf.rollback('r'), { code: 'RUN_UNDER_WAY' })
    await place.hf.emit({ kind: 'go' })
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'stalled')
    await place.hf.rollback('r')
    await place.outcome('rollback/r')
    assert.equal(place.hf.run('r').status(), 'cancelled')
    assert.deepEqual(shop.undone, ['a 1'])
  })

  for (const [verdict, field] of [
    ['approved', 'byHand'],
    ['rejected', 'left'],
  ] as const) {
    test(`lists what has no undo: ${verdict}, it is ${field}`, async (t) => {
      const writes = flow('writes', async (ctx) => {
        await ctx.act('a', 'shop.order', { what: 'a' })
        await ctx.act('write', 'shop.mail', { what: 'm' })
      })
      const { place, shop } = await opened(t, [writes])
      await ran(place, writes)
      await place.hf.rollback('r')
      await place.hf.idle()
      assert.deepEqual(shop.undone, ['a 1'], 'the rest does not wait for the answer')
      const [review] = place.hf.reviews()
      assert.equal(review?.action, 'settle-rollback')
      assert.match(review?.reason ?? '', /"write" \(shop\.mail, has no undo\)/)
      await place.hf.answer(review?.id ?? '', { verdict })
      const report = await place.outcome<Rollback>('rollback/r')
      assert.deepEqual(report[field], [{ run: 'r', name: 'write', operation: 'shop.mail' }])
      await verified(place, 'rollback/r')
    })
  }

  test('lists what was perhaps done', async (t) => {
    const outside = defineConnector({
      name: 'fog',
      operations: {
        send: {
          manifest: { effect: 'irreversible' },
          input: z.any(),
          output: z.any(),
          perform: () => Promise.reject(new Error('the line broke')),
        },
      },
    })
    const foggy = flow('foggy', (ctx) => ctx.act('send', 'fog.send', null))
    const { place } = await opened(t, [foggy], { connectors: [outside] })
    await place.hf.start(foggy, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.cancel('r')
    await place.hf.rollback('r')
    await place.hf.idle()
    const review = place.hf.reviews().find(({ run }) => run === 'rollback/r')
    assert.match(review?.reason ?? '', /"send" \(fog\.send, perhaps done\)/)
  })

  test('takes nothing of a budget, used up as it may be', async (t) => {
    const policy = {
      operations: { allow: ['shop.*'], deny: [], review: [] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
      budgets: [
        {
          name: 'orders',
          operations: ['shop.*'],
          agents: ['*'],
          each: 'all',
          per: null,
          unit: 'calls',
          limit: 1,
          reserve: null,
          argument: null,
          atLimit: 'ask',
        },
      ],
    } as const
    const one = flow('one', (ctx) => ctx.act('a', 'shop.order', { what: 'a' }))
    const { place, shop } = await opened(t, [one], { policy })
    await ran(place, one)
    await place.hf.rollback('r')
    await place.hf.idle()
    assert.deepEqual([shop.undone, place.hf.reviews()], [['a 1'], []])
  })

  test('what has no undo is for the operator to settle, and not for autonomy or a rule', async (t) => {
    const ceilings = { read: 'auto', reversible: 'auto', external: 'auto', irreversible: 'auto' } as const
    const autonomy = { level: 'auto', ceilings, audits: { sampled: 1e-9, auto: 1e-9 } } as const
    const mails = flow('mails', (ctx) => ctx.act('m', 'shop.mail', { what: 'm' }))
    const { place } = await opened(t, [mails], { autonomy })
    await ran(place, mails)
    await place.hf.rollback('r')
    await place.hf.idle()
    const [review] = place.hf.reviews()
    assert.deepEqual([review?.action, review?.autonomy], ['settle-rollback', undefined])
    const delegated = place.hf.desk.delegate(review?.id ?? '', {})
    await assert.rejects(delegated, { code: 'REVIEW_NOT_DELEGABLE' }, 'nor by a delegation')
  })

  test('what can not be undone keeps nothing else from it, and the rollback has failed', async (t) => {
    const { place, shop } = await opened(t, [whole])
    await ran(place, whole)
    shop.manners.push('ok', 'refuse')
    await place.hf.rollback('r')
    await assert.rejects(place.outcome('rollback/r'), (error: HoldfastError) => {
      assert.equal(error.code, 'ROLLBACK_INCOMPLETE')
      const failed = error.details.failed as { name: string; error: { code: string } }[]
      assert.deepEqual(
        failed.map(({ name, error: { code } }) => [name, code]),
        [['c2', 'CONNECTOR_REFUSED']],
      )
      return true
    })
    assert.deepEqual(shop.undone, ['b 5', 'c1 3', 'a 1'])
    await verified(place, 'rollback/r')
  })

  test('an undo is tried again while the outside is down, and repeated when it ended unclear', async (t) => {
    const { place, shop } = await opened(t, [whole])
    await ran(place, whole)
    shop.manners.push('unavailable', 'unavailable', 'ok', 'lost')
    await place.hf.rollback('r')
    await place.outcome('rollback/r')
    assert.deepEqual(shop.undone, ['b 5', 'c2 4', 'c2 4', 'c1 3', 'a 1'])
    assert.equal(new Set(shop.keys).size, 4)
    assert.equal(place.bodies('rollback/r', 'undo.unknown').length, 1)
    await verified(place, 'rollback/r')
  })

  test('an undo that is the probe of the breaker closes it', async (t) => {
    const { place, shop } = await opened(t, [whole])
    await ran(place, whole)
    shop.manners.push(...new Array(5).fill('unavailable'))
    await place.hf.rollback('r')
    await place.outcome('rollback/r')
    const kinds = place.hf.log.readStream('breaker/shop').map(({ kind }) => kind)
    assert.deepEqual(kinds, ['breaker.opened', 'breaker.probing', 'breaker.closed'])
    assert.deepEqual(shop.undone, ['b 5', 'c2 4', 'c1 3', 'a 1'])
    await verified(place, 'rollback/r')
  })

  test('a process that ends between intent and outcome repeats that undo, and no other', async (t) => {
    const { place, shop } = await opened(t, [whole], { residentRuns: 0 })
    await ran(place, whole)
    shop.manners.push('ok', 'hangs')
    await place.hf.rollback('r')
    while (shop.undone.length < 2) await turns(1)
    const closing = place.reopen()
    await turns()
    place.clock.advance(20_000)
    await closing
    await place.outcome('rollback/r')
    assert.deepEqual(shop.undone, ['b 5', 'c2 4', 'c2 4', 'c1 3', 'a 1'])
    await verified(place, 'rollback/r')
  })

  test('asks the policy, and the operator where that says so', async (t) => {
    const policy = {
      operations: { allow: ['shop.*'], deny: [], review: [] as string[] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    }
    const one = flow('one', (ctx) => ctx.act('a', 'shop.order', { what: 'a' }))
    const { place, shop } = await opened(t, [one], { policy })
    await ran(place, one)
    policy.operations.review.push('shop.order')
    await place.hf.rollback('r')
    await place.hf.idle()
    assert.deepEqual(shop.undone, [])
    const [review] = place.hf.reviews()
    assert.equal(review?.summary, 'Undo: Order')
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await place.outcome('rollback/r')
    assert.deepEqual(shop.undone, ['a 1'])
    await verified(place, 'rollback/r')
  })
})

describe("compensate: 'on-failure'", () => {
  const saga = flow(
    'saga',
    async (ctx) => {
      await ctx.act('a', 'shop.order', { what: 'a' })
      await ctx.waitFor('go')
      await ctx.act('b', 'shop.order', { what: 'b', refuse: true })
    },
    { compensate: 'on-failure' },
  )

  test('undoes what a failed run did; the rollback begins in the commit of the failure', async (t) => {
    const { place, shop } = await opened(t, [saga])
    await place.hf.start(saga, null, { id: 'r' })
    await place.hf.idle()
    const commits: string[][] = []
    place.hf.log.onCommit((events) => commits.push(events.map(({ stream, kind }) => `${stream} ${kind}`)))
    await place.hf.emit({ kind: 'go' })
    await assert.rejects(place.outcome('r'), { code: 'CONNECTOR_REFUSED' })
    await place.outcome('rollback/r')
    assert.deepEqual(shop.undone, ['a 1'])
    const together = commits.find((commit) => commit.includes('run/r run.failed'))
    assert.ok(together?.includes('run/rollback/r run.started'))
    await verified(place, 'r', 'rollback/r')
  })

  for (const how of ['fails when that has ended', 'is cancelled when that is under way'] as const) {
    test(`undoes what all runs of a chain did that was called, when its caller ${how}`, async (t) => {
      const link = flow('link', async (ctx, left) => {
        await ctx.act('act', 'shop.order', { what: `link ${left}` })
        if (Number(left) > 0) await ctx.continueAs(Number(left) - 1)
        if (how !== 'fails when that has ended')
          await ctx.act('slow', 'shop.order', { what: 'slow', slow: true })
      })
      const caller = flow(
        'caller',
        async (ctx) => {
          await ctx.call('chain', link, 2)
          throw new Error('so')
        },
        { compensate: 'on-failure' },
      )
      const { place, shop } = await opened(t, [caller, link])
      await place.hf.start(caller, null, { id: 'r' })
      if (how !== 'fails when that has ended') {
        while (place.kinds('r/chain~3').at(-1) !== 'effect.intended' || shop.done.length < 3) await turns(1)
        await place.hf.cancel('r')
      }
      await place.pass()
      await verified(place, 'rollback/r')
      const slow = how === 'fails when that has ended' ? [] : ['slow 4']
      assert.deepEqual(shop.undone, [...slow, 'link 0 3', 'link 1 2', 'link 2 1'])
    })
  }

  test('undoes what a fork did itself, and leaves what it has copied to its source', async (t) => {
    const failing = flow(
      'failing',
      async (ctx) => {
        await ctx.act('a', 'shop.order', { what: 'a' })
        await ctx.call('part', part, null)
        await ctx.act('b', 'shop.order', { what: 'b' })
        throw new Error('so')
      },
      { compensate: 'on-failure' },
    )
    const { place, shop } = await opened(t, [failing])
    await ran(place, failing)
    assert.deepEqual(shop.undone, ['b 4', 'c2 3', 'c1 2', 'a 1'])
    await place.hf.fork('r', { from: 'b', id: 'fork' })
    await place.pass()
    assert.deepEqual(shop.undone.slice(4), ['b 5'])
    assert.deepEqual(await place.hf.run('rollback/fork').result(), {
      run: 'fork',
      undone: [{ run: 'fork', name: 'b', operation: 'shop.order' }],
      byHand: [],
      left: [],
    })
    await verified(place, 'fork', 'rollback/fork')
  })

  test('undoes what a cancelled run did', async (t) => {
    const { place, shop } = await opened(t, [saga])
    await place.hf.start(saga, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.cancel('r')
    await place.outcome('rollback/r')
    assert.deepEqual(shop.undone, ['a 1'])
  })

  test('leaves a run that completed, or that did nothing, alone', async (t) => {
    const calm = flow(
      'calm',
      (ctx, input) => (input ? ctx.act('a', 'shop.order', input) : Promise.reject(new Error())),
      {
        compensate: 'on-failure',
      },
    )
    const { place } = await opened(t, [calm])
    await place.hf.start(calm, { what: 'a' }, { id: 'good' })
    await place.hf.start(calm, null, { id: 'idle' })
    await place.pass()
    assert.equal(place.hf.run('idle').status(), 'failed')
    for (const run of ['rollback/good', 'rollback/idle']) {
      assert.throws(() => place.hf.run(run), { code: 'RUN_NOT_FOUND' })
    }
  })
})

describe('ctx.compensate', () => {
  const careful = flow(
    'careful',
    async (ctx) => {
      await ctx.act('a', 'shop.order', { what: 'a' })
      try {
        await Promise.all([
          ctx.act('b', 'shop.order', { what: 'b', refuse: true }),
          ctx.act('late', 'shop.order', { what: 'late', slow: true }),
        ])
        return 'done'
      } catch {
        const [{ undone }, again] = await Promise.all([ctx.compensate(), ctx.compensate()])
        assert.deepEqual(again.undone, undone)
        await ctx.step('say so', () => true)
        return undone.map(({ name }) => name)
      }
    },
    { compensate: 'on-failure' },
  )

  test('undoes what was done so far and is awaited; what is just being done is undone as well', async (t) => {
    const { place, shop } = await opened(t, [careful])
    await place.hf.start(careful, null, { id: 'r' })
    const before = place.clock.now()
    assert.deepEqual(await place.outcome('r'), ['late', 'a'])
    assert.deepEqual(shop.undone, ['late 2', 'a 1'])
    assert.equal(place.clock.now(), before, 'at once')
    await verified(place, 'r', 'rollback/r')
  })

  test('asked for by the loser of a race is refused, and the run may ask for it', async (t) => {
    const refused: string[] = []
    const racing = flow('racing', async (ctx) => {
      await ctx.act('a', 'shop.order', { what: 'a' })
      await ctx.race('race', {
        quick: async () => null,
        slow: async (own) => {
          await ctx.sleep('nap', 1_000)
          await own.compensate().catch(({ code }: HoldfastError) => refused.push(code))
        },
      })
      await ctx.sleep('on', 5_000)
      return (await ctx.compensate()).undone.map(({ name }) => name)
    })
    const { place, shop } = await opened(t, [racing])
    await place.hf.start(racing, null, { id: 'r' })
    assert.deepEqual(await place.outcome('r'), ['a'])
    assert.deepEqual([shop.undone, refused], [['a 1'], ['OPERATION_ABANDONED']])
    await verified(place, 'r', 'rollback/r')
  })

  test('goes on after a restart', async (t) => {
    const { place, shop } = await opened(t, [careful])
    shop.manners.push('hangs')
    await place.hf.start(careful, null, { id: 'r' })
    while (shop.undone.length === 0) await turns(1)
    const closing = place.reopen()
    await turns()
    place.clock.advance(20_000)
    await closing
    assert.deepEqual(await place.outcome('r'), ['late', 'a'])
    assert.deepEqual(shop.undone, ['late 2', 'late 2', 'a 1'])
  })
})

test('retention leaves what it undoes until it is over; then a replay says what is missing', async (t) => {
  const { place, shop } = await opened(t, [whole])
  await ran(place, whole)
  shop.manners.push('ok', 'unavailable')
  await place.hf.rollback('r')
  await place.hf.idle()
  assert.equal(place.hf.run('rollback/r').status(), 'waiting')
  const rules = [{ workflow: '*', status: ENDED, afterMs: 0 }]
  const keepTo = () => retain(place.hf.log, { rules, now: place.clock.now() })
  assert.equal((await keepTo()).runs, 0, 'neither the run nor the one that it called')
  await place.outcome('rollback/r')
  assert.deepEqual(shop.undone, ['b 5', 'c2 4', 'c1 3', 'a 1'])
  const only = [{ workflow: 'whole', status: ENDED, afterMs: 0 }]
  assert.equal((await retain(place.hf.log, { rules: only, now: place.clock.now() })).runs, 1)
  await assert.rejects(
    verifyRun(place.hf.log, place.hf.runtime.workflows, 'rollback/r'),
    ({ code }: HoldfastError) => code === 'BODY_ERASED',
  )
})

test('both stories tell it: what was undone and by which run, and what the undo was of', async (t) => {
  const { place } = await opened(t, [whole])
  await ran(place, whole)
  await place.hf.rollback('r')
  await place.outcome('rollback/r')
  const story = runStory(place.hf.log, 'r')
  assert.deepEqual(story.rollback, { run: 'rollback/r', status: 'completed' })
  const undone = story.operations.find(({ name }) => name === 'b')?.undone
  assert.equal(undone?.run, 'rollback/r')
  const [, undo] = runStory(place.hf.log, 'rollback/r').operations
  assert.deepEqual([undo?.type, undo?.name, undo?.state], ['undo', 'undo "b"', 'done'])
})
