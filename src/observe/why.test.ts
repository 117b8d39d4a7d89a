import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import { defineConnector } from '../ports/connector.ts'
import { openHoldfast } from '../sdk.ts'
import { anyWorkflow, withWorkspace } from './testing/workspace.ts'
import { waitingFor } from './why.ts'

const HOUR_MS = 3_600_000

const down = defineConnector({
  name: 'down',
  operations: {
    call: {
      manifest: { effect: 'read' },
      input: z.any(),
      output: z.any(),
      perform: async () => {
        throw new Error('nobody answers')
      },
    },
  },
})

const sleeper = anyWorkflow('sleeper', async (ctx) => await ctx.sleep('nap', '1h'))

const patient = anyWorkflow('patient', async (ctx) => {
  const asked = ctx.review('ask', {
    action: 'send-reply',
    summary: 'Reply to Ann',
    reason: 'she asked',
    confidence: 1,
    proposal: {},
  })
  const all = [
    asked,
    ctx.waitFor('answered', { key: 'thread-1', timeout: '1h' }),
    ctx.waitFor('paid'),
    ctx.act('look up', 'down.call', {}),
    ctx.call('rest', sleeper, null),
  ]
  await Promise.all(all)
})

test('everything a run waits for is said in plain words, with since and until', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [patient, sleeper], connectors: [down] }),
    async (hf) => {
      const begun = Date.now()
      await hf.start(patient, null, { id: 'p' })
      await hf.idle()
      const found = waitingFor(hf.log.tables, 'p')
      const [review] = hf.reviews()
      assert.deepEqual(
        found.map((one) => [one.for, one.words]),
        [
          ['answer', `your answer to ${review?.id}: Reply to Ann`],
          ['event', 'the event "answered" for thread-1'],
          ['event', 'the event "paid"'],
          ['retry', 'the next attempt of "look up"'],
          ['child', 'its child run p/rest, which waits for the timer "nap"'],
        ],
      )
      assert.deepEqual(
        found.map(({ ref }) => ref),
        [review?.id, null, null, null, 'p/rest'],
      )
      for (const { since } of found) assert.ok(since >= begun && since <= Date.now())
      const [answer, timed, endless, retry, child] = found.map(({ until, since }) => until && until - since)
      assert.deepEqual([answer, endless], [null, null])
      assert.ok(Math.abs(Number(timed) - HOUR_MS) < 1_000)
      assert.ok(Number(retry) > 0 && Number(retry) <= 1_000)
      assert.ok(Math.abs(Number(child) - HOUR_MS) < 1_000)
      const [nap] = waitingFor(hf.log.tables, 'p/rest')
      assert.equal(nap?.for, 'time')
      assert.ok(Math.abs(Number(nap?.until) - Number(nap?.since) - HOUR_MS) < 1_000)
      assert.ok(Number(nap?.since) >= begun)
    },
  ))

test('what was waited for and came is no longer named', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [patient, sleeper], connectors: [down] }),
    async (hf) => {
      await hf.start(patient, null, { id: 'p' })
      await hf.idle()
      await hf.emit({ kind: 'paid' })
      await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
      await hf.idle()
      const kinds = waitingFor(hf.log.tables, 'p').map((one) => one.for)
      assert.deepEqual(kinds, ['event', 'retry', 'child'])
      await hf.cancel('p')
      assert.deepEqual(waitingFor(hf.log.tables, 'p'), [])
      assert.deepEqual(waitingFor(hf.log.tables, 'p/rest'), [])
    },
  ))

test('a stalled run says what must be mended', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [patient, sleeper], connectors: [] }),
    async (hf) => {
      await hf.start(patient, null, { id: 'p' })
      await hf.idle()
      const [only, ...others] = waitingFor(hf.log.tables, 'p')
      assert.equal(others.length, 0)
      assert.equal(only?.for, 'repair')
      assert.equal(
        only?.words,
        'a repair: it stalled with OPERATION_UNKNOWN (No connector offers this operation)',
      )
    },
  ))

const ask = { action: 'send-reply', summary: 'Reply', reason: 'asked', confidence: 1, proposal: {} }

test('a deadline is an end only where it answers, and until it has passed', async (t) => {
  const asks = anyWorkflow('asks', async (ctx) => {
    await Promise.all([
      ctx.review('keeps', { ...ask, deadline: '1h', onExpiry: 'escalate' }),
      ctx.review('rejects', { ...ask, deadline: '2h', onExpiry: 'reject' }),
      // Where it leads to is not known: at its deadline it stays the operator's.
      ctx.review('approves', { ...ask, deadline: '1h', onExpiry: 'approve' }),
    ])
  })
  const { hf, clock } = await openPlace(t, { workflows: [asks] })
  await hf.start(asks, null, { id: 'a' })
  await hf.idle()
  const untils = () => waitingFor(hf.log.tables, 'a').map(({ until }) => until)
  assert.deepEqual(untils(), [null, clock.now() + 2 * HOUR_MS, clock.now() + HOUR_MS])
  clock.advance(HOUR_MS)
  await hf.idle()
  assert.deepEqual(untils(), [null, clock.now() + HOUR_MS, null])
})

test('a parent waits for the child that it called, until that ends, and for none that it spawned', async (t) => {
  const parent = anyWorkflow('parent', async (ctx) => {
    await ctx.spawn('beside', sleeper, null)
    await ctx.call('rest', sleeper, null)
    await ctx.waitFor('go')
  })
  const { hf, clock } = await openPlace(t, { workflows: [parent, sleeper] })
  await hf.start(parent, null, { id: 'p' })
  await hf.idle()
  const words = () => waitingFor(hf.log.tables, 'p').map((one) => [one.for, one.ref])
  assert.deepEqual(words(), [['child', 'p/rest']])
  clock.advance(HOUR_MS)
  await hf.idle()
  assert.deepEqual(words(), [['event', null]])
})

test('what is under way waits for nothing', async (t) => {
  const begun = Promise.withResolvers<void>()
  const work = Promise.withResolvers<string>()
  const busy = anyWorkflow('busy', async (ctx) => {
    const works = async (): Promise<unknown> => {
      await ctx.waitFor('work')
      return await ctx.step('work', () => {
        begun.resolve()
        return work.promise
      })
    }
    await Promise.all([ctx.waitFor('go'), works()])
  })
  const { hf } = await openPlace(t, { workflows: [busy] })
  await hf.start(busy, null, { id: 'b' })
  await hf.idle()
  await hf.emit({ kind: 'work' })
  await begun.promise
  const found = waitingFor(hf.log.tables, 'b')
  work.resolve('done')
  assert.deepEqual(found, [])
  await hf.idle()
  assert.deepEqual(
    waitingFor(hf.log.tables, 'b').map((one) => one.for),
    ['event'],
  )
})

test('an unknown run is an error', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [] }),
    async (hf) => {
      assert.throws(() => waitingFor(hf.log.tables, 'x'), { code: 'RUN_NOT_FOUND' })
    },
  ))
