/** What a host program calls: start, result, emit, answer, cancel. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, turns } from '../apps/testing/place.ts'
import { SYSTEM } from '../kernel/label.ts'
import { type Context, defineWorkflow, type Proposal, type Workflow } from '../kernel/workflow.ts'
import { shortHash } from './replay/hashes.ts'

function flow(name: string, run: (ctx: Context, input: never) => Promise<unknown>): Workflow {
  return defineWorkflow({
    name,
    version: 1,
    input: z.any(),
    output: z.any(),
    run: run as Workflow['run'],
  })
}

const echo = flow('echo', async (_, input) => input)
const sleeper = flow('sleeper', async (ctx) => await ctx.sleep('1h'))

describe('start', () => {
  test('twice with one id and input is one run', async (t) => {
    const { hf } = await openPlace(t, { workflows: [echo] })
    const again = { b: [1], a: 2 }
    const [first, second] = await Promise.all([
      hf.start(echo, { a: 2, b: [1] }, { id: 'r' }),
      hf.start(echo, again, { id: 'r' }),
    ])
    const third = await hf.start(echo, again, { id: 'r' })
    for (const run of [first, second, third]) assert.deepEqual(await run.result(), again)
    assert.equal([...hf.log.read()].filter(({ kind }) => kind === 'run.started').length, 1)
  })

  test('with another input or workflow is refused, also while the first is on its way', async (t) => {
    const { hf } = await openPlace(t, { workflows: [echo, sleeper] })
    const both = await Promise.allSettled([
      hf.start(echo, 1, { id: 'r' }),
      hf.start(echo, 2, { id: 'r' }),
      hf.start(sleeper, 1, { id: 'r' }),
    ])
    assert.deepEqual(
      both.map((one) => (one.status === 'rejected' ? one.reason.code : 'started')),
      ['started', 'RUN_ID_CONFLICT', 'RUN_ID_CONFLICT'],
    )
    await assert.rejects(hf.start(echo, 3, { id: 'r' }), { code: 'RUN_ID_CONFLICT' })
  })

  test('checks the input, and takes it as JSON', async (t) => {
    const strict = defineWorkflow({
      name: 'strict',
      version: 1,
      input: z.object({ n: z.number() }),
      output: z.any(),
      run: async (_, input) => input,
    })
    const { hf } = await openPlace(t, { workflows: [strict] })
    await assert.rejects(hf.start(strict, { n: 'x' } as never), { code: 'INPUT_INVALID' })
    await assert.rejects(hf.start(strict, { n: 1, at: new Date() } as never), { code: 'VALUE_NOT_JSON' })
    assert.equal(hf.log.head().position, 0)
  })

  test('and emit refuse what the log could not give back, and take what comes then', async (t) => {
    const { hf } = await openPlace(t, { workflows: [echo] })
    const label = { ...SYSTEM, trust: 'internal' } as unknown as typeof SYSTEM
    for (const odd of [{ customer: 5 }, { customer: {} }, { label }])
      await assert.rejects(hf.start(echo, 1, odd as never), { code: 'INPUT_INVALID' })
    for (const odd of [{ kind: 5 }, { key: 5 }, { actor: 5 }, { label }])
      await assert.rejects(hf.emit({ kind: 'k', ...odd } as never), { code: 'INPUT_INVALID' })
    assert.equal(hf.log.head().position, 0)
    assert.equal(await (await hf.start(echo, 1)).result(), 1)
  })

  test('a workflow that is not registered is not started', async (t) => {
    const { hf } = await openPlace(t, { workflows: [echo] })
    await assert.rejects(hf.start(sleeper, null), { code: 'WORKFLOW_UNKNOWN', message: /echo version 1/ })
  })

  test('two of one name and version are refused', async (t) => {
    const place = await openPlace(t, { workflows: [] })
    await place.close()
    await assert.rejects(place.open({ workflows: [echo, flow('echo', async () => 1)] }), {
      code: 'WORKFLOW_DUPLICATE',
    })
    await place.open({ workflows: [echo] })
  })

  for (const id of ['', ' r', 'r ', 'a\nb', 'a\0b', 'x'.repeat(201), 'a\ud800']) {
    test(`${JSON.stringify(id.slice(0, 8))} is no id`, async (t) => {
      const { hf } = await openPlace(t, { workflows: [echo] })
      await assert.rejects(hf.start(echo, 1, { id }), { code: 'INPUT_INVALID' })
      await assert.rejects(hf.emit({ kind: 'a', id }), { code: 'INPUT_INVALID' })
    })
  }

  test('names and keys may hold any text', async (t) => {
    const odd = 'Grüße/#2\u2028\ud800\0 日本 (approval)'
    const workflow = flow('odd', async (ctx) => {
      await ctx.emit({ kind: odd, key: odd })
      const heard = await ctx.waitFor(odd, { key: odd })
      return [await ctx.step(odd, () => odd), await ctx.call(`${odd}!`, echo, odd), heard?.key]
    })
    const { hf } = await openPlace(t, { workflows: [workflow, echo], residentRuns: 0 })
    const run = await hf.start(workflow, null, { id: 'Grüße/日本' })
    assert.deepEqual(await run.result(), [odd, odd, odd.toWellFormed()])
  })
})

describe('a run', () => {
  test('that nobody knows is not found', async (t) => {
    const { hf } = await openPlace(t)
    assert.throws(() => hf.run('r'), { code: 'RUN_NOT_FOUND' })
    await assert.rejects(hf.cancel('r'), { code: 'RUN_NOT_FOUND' })
  })

  test('gives its result to everybody who asks, before and after its end', async (t) => {
    const place = await openPlace(t, { workflows: [sleeper] })
    const run = await place.hf.start(sleeper, null, { id: 'r' })
    const asked = [run.result(), run.result(), place.hf.run('r').result()]
    await place.outcome('r')
    assert.deepEqual(await Promise.all(asked), [null, null, null])
    await place.reopen()
    assert.equal(await place.hf.run('r').result(), null)
  })

  test('gives its result also when it is asked for at the moment of its end', async (t) => {
    const place = await openPlace(t, { workflows: [sleeper] })
    await place.hf.start(sleeper, null, { id: 'r' })
    let asked: Promise<unknown> = Promise.resolve('not asked')
    place.hf.log.onCommit((events) => {
      if (events.some(({ kind }) => kind === 'run.completed')) asked = place.hf.run('r').result()
    })
    await place.pass(() => place.hf.run('r').status() === 'completed')
    await turns()
    const late = new Promise((resolve) => setImmediate(resolve, 'never'))
    assert.equal(await Promise.race([asked, late]), null)
  })

  test('is ended once', async (t) => {
    const place = await openPlace(t, { workflows: [sleeper] })
    const run = await place.hf.start(sleeper, null, { id: 'r' })
    await place.hf.idle()
    const both = await Promise.allSettled([place.hf.cancel('r'), place.hf.cancel('r', 'again')])
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.equal(run.status(), 'cancelled')
    await assert.rejects(run.result(), { code: 'RUN_CANCELLED' })
    await assert.rejects(place.hf.cancel('r'), { code: 'RUN_ENDED' })
    await place.pass()
    assert.deepEqual(place.kinds('r'), ['run.started', 'timer.set', 'run.cancelled'])
  })

  test('cancelled just when an event, a timer or an answer comes has one end, and it is last', async (t) => {
    const workflow = flow('mixed', async (ctx) => {
      await Promise.all([ctx.sleep('nap', '1h'), ctx.waitFor('go'), ctx.review('ok', proposal)])
    })
    for (const first of ['cancel', 'others']) {
      const place = await openPlace(t, { workflows: [workflow] })
      await place.hf.start(workflow, null, { id: 'r' })
      await place.hf.idle()
      const id = place.hf.reviews()[0]?.id ?? ''
      const others = (): unknown => {
        place.clock.advance(3_600_000)
        return Promise.allSettled([
          place.hf.emit({ kind: 'go' }),
          place.hf.answer(id, { verdict: 'approved' }),
        ])
      }
      if (first === 'cancel') await Promise.all([place.hf.cancel('r'), others()])
      else await Promise.all([others(), place.hf.cancel('r')])
      assert.equal(place.kinds('r').at(-1), 'run.cancelled')
      await assert.rejects(place.outcome('r'), { code: 'RUN_CANCELLED' })
    }
  })

  test('cancelled takes the runs it has called along', async (t) => {
    const leaf = flow('leaf', async (ctx) => await ctx.sleep('1h'))
    const middle = flow('middle', async (ctx) => await ctx.call('leaf', leaf, null))
    const top = flow('top', async (ctx) => await ctx.call('middle', middle, null).catch(() => 'caught'))
    const place = await openPlace(t, { workflows: [leaf, middle, top] })
    await place.hf.start(top, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.cancel('r', 'not wanted')
    await place.pass()
    for (const [run, reason] of [
      ['r', 'not wanted'],
      ['r/middle', 'its parent r was cancelled'],
      ['r/middle/leaf', 'its parent r/middle was cancelled'],
    ] as const) {
      assert.equal(place.hf.run(run).status(), 'cancelled')
      assert.equal(place.bodies(run, 'run.cancelled')[0]?.reason, reason)
    }
  })

  test('a cancelled child is an error to its parent', async (t) => {
    const top = flow('top', async (ctx) => await ctx.call('child', sleeper, null).catch(({ code }) => code))
    const place = await openPlace(t, { workflows: [sleeper, top], residentRuns: 0 })
    await place.hf.start(top, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.cancel('r/child')
    assert.equal(await place.outcome('r'), 'RUN_CANCELLED')
  })
})

const proposal: Proposal = {
  action: 'send-reply',
  summary: 'Reply to Ada',
  reason: 'she asked',
  confidence: 0.8,
  proposal: { to: 'ada@example.com', text: 'Hello' },
  evidence: [{ words: 'please' }],
  warnings: ['hidden text'],
}
const review = flow('review', async (ctx) => await ctx.review('reply', proposal))

describe('a review', () => {
  test('shows everything that was proposed', async (t) => {
    const place = await openPlace(t, { workflows: [review] })
    await place.hf.start(review, null, { id: 'r', customer: 'c-1' })
    await place.hf.idle()
    const [shown] = place.hf.reviews()
    assert.match(shown?.id ?? '', /^r-[0-9a-f]{8}$/)
    const { id: _, hash, requested, position: __, autonomy, ...rest } = shown ?? assert.fail()
    assert.deepEqual([autonomy?.level, autonomy?.rule], ['review', 'warning'])
    assert.match(hash, /^[0-9a-f]{64}$/)
    assert.equal(requested, place.clock.now())
    assert.deepEqual(rest, {
      run: 'r',
      name: 'reply',
      status: 'waiting',
      workflow: 'review',
      customer: 'c-1',
      segment: null,
      fields: ['to', 'text'].map((name) => ({
        name,
        kind: 'text',
        editable: true,
        title: name,
        options: null,
        from: null,
        label: SYSTEM,
      })),
      alternatives: [],
      risk: null,
      deadline: null,
      onExpiry: 'keep',
      overdue: false,
      snoozedUntil: null,
      ...proposal,
    })
  })

  for (const [answer, received] of [
    [{ verdict: 'approved' }, { verdict: 'approved', value: proposal.proposal }],
    [
      { verdict: 'edited', changes: { text: 'Dear Ada' } },
      { verdict: 'edited', value: { to: 'ada@example.com', text: 'Dear Ada' } },
    ],
    [
      { verdict: 'rejected', reason: 'no' },
      { verdict: 'rejected', value: proposal.proposal, reason: 'no' },
    ],
    [
      { verdict: 'responded', instruction: 'Warmer' },
      { verdict: 'responded', value: proposal.proposal, instruction: 'Warmer' },
    ],
  ] as const) {
    for (const restart of [false, true]) {
      test(`${answer.verdict}${restart ? ' after a restart' : ''}`, async (t) => {
        const place = await openPlace(t, { workflows: [review] })
        await place.hf.start(review, null, { id: 'r' })
        await place.hf.idle()
        if (restart) await place.reopen()
        const [shown] = place.hf.reviews()
        const answered = await place.hf.answer(shown?.id ?? '', { ...answer, hash: shown?.hash ?? '' })
        assert.equal(answered.status, answer.verdict)
        assert.deepEqual(await place.outcome('r'), {
          instruction: null,
          reason: null,
          way: 'program',
          ...received,
        })
        assert.deepEqual(place.hf.reviews(), [])
        const [event] = place.events('r').filter(({ kind }) => kind === 'review.answered')
        assert.deepEqual([event?.actor, event?.label.trust], ['operator', 'owner'])
      })
    }
  }

  test('is answered once, also by two at the same moment, after a restart and in a run that has ended', async (t) => {
    const place = await openPlace(t, { workflows: [review], residentRuns: 0 })
    await place.hf.start(review, null, { id: 'r' })
    await place.hf.idle()
    const id = place.hf.reviews()[0]?.id ?? ''
    const both = await Promise.allSettled([
      place.hf.answer(id, { verdict: 'approved' }),
      place.hf.answer(id, { verdict: 'rejected' }),
    ])
    assert.deepEqual(
      both.map((one) => (one.status === 'rejected' ? one.reason.code : one.value.status)),
      ['approved', 'REVIEW_ENDED'],
    )
    await assert.rejects(place.hf.answer(id, { verdict: 'approved' }), { code: 'REVIEW_ENDED' })
    await place.reopen()
    await assert.rejects(place.hf.answer(id, { verdict: 'approved' }), { code: 'REVIEW_ENDED' })
    assert.equal(place.bodies('r', 'review.answered').length, 1)
  })

  test('of a run that was cancelled can not be answered', async (t) => {
    const place = await openPlace(t, { workflows: [review] })
    await place.hf.start(review, null, { id: 'r' })
    await place.hf.idle()
    const id = place.hf.reviews()[0]?.id ?? ''
    await place.hf.cancel('r')
    assert.deepEqual(place.hf.reviews(), [])
    await assert.rejects(place.hf.answer(id, { verdict: 'approved' }), {
      code: 'REVIEW_ENDED',
      message: /withdrawn/,
    })
  })

  test('is refused with the hash of another proposal, an unknown field, changes without an edit, no verdict', async (t) => {
    const place = await openPlace(t, { workflows: [review] })
    await place.hf.start(review, null, { id: 'r' })
    await place.hf.idle()
    const id = place.hf.reviews()[0]?.id ?? ''
    const refused = async (answer: object, code: string, message: RegExp): Promise<void> => {
      await assert.rejects(place.hf.answer(id, answer as never), { code, message })
    }
    await refused({ verdict: 'approved', hash: '0'.repeat(64) }, 'REVIEW_STALE', /another proposal/)
    await refused(
      { verdict: 'edited', changes: { cc: 'x' } },
      'INPUT_INVALID',
      /no field cc; it has to, text/,
    )
    await refused({ verdict: 'edited', changes: { toString: 'x' } }, 'INPUT_INVALID', /no field toString/)
    await refused({ verdict: 'edited', changes: { text: new Date() } }, 'VALUE_NOT_JSON', /changes\.text/)
    await refused({ verdict: 'approved', changes: { text: 'x' } }, 'INPUT_INVALID', /with changes/)
    await refused({ verdict: 'maybe' }, 'INPUT_INVALID', /"maybe"/)
    await assert.rejects(place.hf.answer('r-none', { verdict: 'approved' }), { code: 'REVIEW_NOT_FOUND' })
    assert.equal(place.hf.reviews()[0]?.status, 'waiting')
  })

  test('whose short id is taken gets a longer one', async (t) => {
    const place = await openPlace(t, { workflows: [review] })
    const runs = sameShortId('reply')
    for (const id of runs) await place.hf.start(review, null, { id })
    await place.hf.idle()
    const [first, second] = place.hf.reviews()
    assert.equal(first?.id.length, 10)
    assert.equal(second?.id.length, 18)
    assert.equal(second?.id.slice(0, 10), first?.id)
    for (const [i, id] of runs.entries()) {
      await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: i === 0 ? 'approved' : 'rejected' })
      const { verdict } = await place.outcome<{ verdict: string }>(id)
      assert.equal(verdict, i === 0 ? 'approved' : 'rejected')
    }
  })

  test('is found by the start of its id when that is clear', async (t) => {
    const place = await openPlace(t, { workflows: [review] })
    await place.hf.start(review, null, { id: 'r' })
    await place.hf.idle()
    const id = place.hf.reviews()[0]?.id ?? ''
    await assert.rejects(place.hf.answer(id.slice(0, 3), { verdict: 'approved' }), {
      code: 'REVIEW_NOT_FOUND',
    })
    assert.equal((await place.hf.answer(id.slice(0, 6), { verdict: 'approved' })).id, id)
  })

  test('what is not JSON in a proposal is an error that the code can catch', async (t) => {
    const workflow = flow('odd', async (ctx) => {
      const odd = { ...proposal, proposal: { at: new Date() as never } }
      return [await ctx.review('reply', odd).catch(({ code }) => code), await ctx.step('next', () => 1)]
    })
    const { hf } = await openPlace(t, { workflows: [workflow] })
    assert.deepEqual(await (await hf.start(workflow, null)).result(), ['VALUE_NOT_JSON', 1])
  })
})

/** Two runs whose reviews of this name have the same 8 digits; among 2^17 runs there are some. */
function sameShortId(name: string): [string, string] {
  const seen = new Map<string, string>()
  for (let i = 0; ; i += 1) {
    const run = `r${i}`
    const digits = shortHash(`${run}\n${name}`, 8)
    const other = seen.get(digits)
    if (other !== undefined) return [other, run]
    seen.set(digits, run)
  }
}

describe('close', () => {
  test('rejects the result of a run that just goes on as the next one', async (t) => {
    const endless = defineWorkflow({
      name: 'endless',
      version: 1,
      input: z.number(),
      output: z.number(),
      run: (ctx, n) => ctx.continueAs(n + 1),
    })
    const place = await openPlace(t, { workflows: [endless] })
    const run = await place.hf.start(endless, 1, { id: 'r' })
    const waiting = assert.rejects(run.result(), { code: 'HOLDFAST_CLOSED' })
    await place.close()
    await waiting
    await place.open({ recover: false })
    assert.ok(place.kinds('r').includes('run.continued'))
  })

  test('rejects the results that are waited for, and everything asked later', async (t) => {
    const place = await openPlace(t, { workflows: [sleeper, echo] })
    const run = await place.hf.start(sleeper, null, { id: 'r' })
    const { hf } = place
    const waiting = assert.rejects(run.result(), { code: 'HOLDFAST_CLOSED' })
    await place.close()
    await waiting
    for (const call of [
      () => hf.start(echo, 1),
      () => hf.emit({ kind: 'a' }),
      () => hf.answer('r-1', { verdict: 'approved' }),
      () => hf.cancel('r'),
    ]) {
      await assert.rejects(call, { code: 'HOLDFAST_CLOSED' })
    }
    await hf.close()
  })

  test('waits for steps under way, and goes on after them when it is opened again', async (t) => {
    const release = Promise.withResolvers<void>()
    let calls = 0
    const workflow = flow('two', async (ctx) => {
      await ctx.step('slow', async () => {
        calls += 1
        await release.promise
      })
      return await ctx.step('next', () => 'done')
    })
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    const reopened = place.reopen()
    await turns()
    release.resolve()
    await reopened
    assert.deepEqual([await place.outcome('r'), calls], ['done', 1])
  })

  test('a step that is cut off by it has not failed', async (t) => {
    let calls = 0
    const workflow = flow('one', async (ctx) =>
      ctx.step(
        'once',
        ({ signal, attempt }) => {
          calls += 1
          if (calls === 2) return attempt
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        },
        { retry: { attempts: 1 } },
      ),
    )
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    const reopened = place.reopen()
    await turns()
    place.clock.advance(10_000)
    await reopened
    assert.equal(await place.outcome('r'), 1)
  })

  test('does not wait for ever for a step that does not stop', async (t) => {
    let calls = 0
    const workflow = flow('stuck', async (ctx) =>
      ctx.step('stuck', () => {
        calls += 1
        return calls === 2 ? 'done' : new Promise(() => {})
      }),
    )
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    const reopened = place.reopen()
    await turns()
    place.clock.advance(11_000)
    await reopened
    assert.equal(await place.outcome('r'), 'done')
  })

  test('with runs that wait for their turn leaves them for the next time', async (t) => {
    const place = await openPlace(t, { workflows: [sleeper, echo], activeRuns: 1 })
    const release = place.hf.runtime.hold()
    for (let i = 0; i < 5; i += 1) await place.hf.start(echo, i, { id: `r${i}` })
    const cancelled = assert.rejects(place.hf.cancel('r0'), { code: 'HOLDFAST_CLOSED' })
    await place.reopen()
    await cancelled
    release()
    for (let i = 0; i < 5; i += 1) assert.equal(await place.outcome(`r${i}`), i)
  })

  test('at the very moment of an answer or a cancellation: done, or refused, but never left open', async (t) => {
    for (const what of ['answer', 'cancel'] as const) {
      const place = await openPlace(t, { workflows: [review] })
      await place.hf.start(review, null, { id: 'r' })
      await place.hf.idle()
      const id = place.hf.reviews()[0]?.id ?? ''
      const call = what === 'answer' ? place.hf.answer(id, { verdict: 'approved' }) : place.hf.cancel('r')
      const [settled] = await Promise.allSettled([call, place.close()])
      if (settled.status === 'rejected') assert.equal(settled.reason.code, 'HOLDFAST_CLOSED')
      await place.open()
      const kind = what === 'answer' ? 'review.answered' : 'run.cancelled'
      assert.equal(place.kinds('r').includes(kind), settled.status === 'fulfilled')
    }
  })
})
