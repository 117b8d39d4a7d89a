import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { type Context, defineWorkflow, type Proposal, type Workflow } from '../../kernel/workflow.ts'
import { runStory } from '../../observe/run-story.ts'
import { runStoryText } from '../../observe/run-story-text.ts'
import { Outside } from '../testing/outside.ts'
import { preflight } from './preflight.ts'
import { verifyRun } from './replay.ts'

type Code = (ctx: Context, input: number) => Promise<unknown>
type T = Parameters<typeof openPlace>[0]

function flow(run: Code, name = 'order'): Workflow<number, unknown> {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

const twice = flow(async (_, amount) => amount * 2, 'twice')

function proposal(amount: number): Proposal {
  return { action: 'pay', summary: 'Pay it', reason: 'it is due', confidence: 1, proposal: { amount } }
}

function rules(answer: string) {
  const question = { ask: '?', material: {}, answer: z.string() }
  return { ...question, rules: () => ({ answer, confidence: 1, reasons: [], source: 'book' }) }
}

let steps = 0

/** One of each, and then something more. */
const order = flow(async (ctx, amount) => {
  const begun = ctx.now()
  const id = ctx.uuid()
  const price = await ctx.step('price', () => {
    steps += 1
    return amount * 10
  })
  const sum = await ctx.step('sum', () => price + 1, { pure: true })
  const { answer } = await ctx.decide('due', rules('yes'))
  const paid = await ctx.act<{ receipt: number }>('pay', 'post.send', { sum })
  await ctx.emit({ kind: 'paid', key: ctx.run.id })
  const doubled = await ctx.call('double', twice, sum)
  const received = await ctx.waitFor('went', { name: 'gone' })
  await ctx.sleep('rest', '1h')
  const word = await ctx.review('ask', proposal(sum))
  const slept = ctx.now()
  const sent = await ctx.act<{ receipt: number }>('send', 'post.send', { to: word.value, id: ctx.uuid() })
  const last = ctx.uuid()
  return { begun, id, sum, answer, paid, doubled, received, slept, word: word.verdict, sent, last }
})

type Output = Record<string, unknown>

/** The order, run to its end as `r`. */
async function ordered(t: T): Promise<{ place: Place; outside: Outside; output: Output }> {
  const outside = new Outside()
  const place = await openPlace(t, { workflows: [order, twice], connectors: [outside.connector] })
  await place.hf.start(order, 5, { id: 'r' })
  await place.hf.emit({ kind: 'went' })
  await place.pass(() => place.hf.reviews().length === 1)
  await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
  return { place, outside, output: await place.outcome<Output>('r') }
}

async function verified(place: Place, run: string): Promise<void> {
  const report = await verifyRun(place.hf.log, place.hf.runtime.workflows, run)
  assert.equal(report.verdict, 'same', JSON.stringify(report.divergence))
}

describe('a fork', () => {
  test('does not do again what was done before, and does anew what comes after', async (t) => {
    const { place, outside, output } = await ordered(t)
    const before = { steps, done: [...outside.done] }
    const fork = await place.hf.fork('r', { from: 'ask', id: 'f' })
    assert.deepEqual(fork.fork, { source: 'r', from: 'ask', copied: 8, anew: [], amended: null })
    await place.hf.idle()
    assert.deepEqual({ steps, done: outside.done }, before)
    const [review] = place.hf.reviews()
    assert.equal(review?.run, 'f')
    place.clock.advance(60_000)
    await place.hf.answer(review?.id ?? '', { verdict: 'edited', changes: { amount: 7 } })
    const forked = await place.outcome<Output>('f')
    for (const field of ['begun', 'id', 'sum', 'answer', 'paid', 'doubled', 'received']) {
      assert.deepEqual(forked[field], output[field], field)
    }
    assert.equal(forked.word, 'edited')
    assert.equal(steps, before.steps)
    assert.equal(outside.done.length, before.done.length + 1, 'what comes after is an effect of its own')
    assert.equal(new Set(outside.done).size, outside.done.length, 'under a key of its own')
    assert.notEqual(forked.last, output.last)
    assert.notDeepEqual(outside.calls.at(-1)?.input, outside.calls.at(-2)?.input)
    await verified(place, 'f')
    await verified(place, 'r')
  })

  test('counts nothing that was copied: no effect, no review, no publication, no cost', async (t) => {
    const { place } = await ordered(t)
    const publications = () =>
      [...place.hf.log.read()].filter(({ kind }) => kind === 'event.published').length
    const published = publications()
    await place.hf.fork('r', { from: 'ask', id: 'f' })
    await place.hf.idle()
    const kinds = place.kinds('f')
    assert.deepEqual(kinds, ['run.started', ...Array(8).fill('outcome.copied'), 'review.requested'])
    assert.equal(publications(), published)
    const story = runStory(place.hf.log, 'f')
    assert.equal(story.cost.modelCalls, 0)
    assert.equal(story.cost.reviews, 1)
  })

  test('is linked to its source in both stories', async (t) => {
    const { place } = await ordered(t)
    await place.hf.fork('r', { from: 'ask', id: 'f' })
    await place.hf.idle()
    const position = place.events('r').find(({ kind }) => kind === 'review.requested')?.position
    const [source, fork] = ['r', 'f'].map((run) => runStory(place.hf.log, run))
    assert.deepEqual(fork?.forkedFrom, { run: 'r', step: 'ask', position })
    assert.deepEqual(source?.forks, [{ run: 'f', step: 'ask' }])
    const paid = fork?.operations.find(({ name }) => name === 'pay')
    assert.deepEqual(paid?.produced, { receipt: 1 })
    assert.equal(paid?.copied?.run, 'r')
    assert.equal(place.hf.log.event(paid?.copied?.position ?? 0)?.kind, 'effect.succeeded')
    assert.match(fork ? runStoryText(fork) : '', /fork of {4}r, from "ask" on[\s\S]*copied from run r, event/)
    assert.match(source ? runStoryText(source) : '', /forked as {2}f, from "ask" on/)
  })

  test('with another result: the code is handed that', async (t) => {
    const { place, outside } = await ordered(t)
    const sent = outside.done.length
    await place.hf.fork('r', { from: 'sum', result: 99, id: 'f' })
    await place.hf.idle()
    assert.deepEqual(place.bodies('f', 'effect.intended')[0]?.input, { sum: 99 })
    assert.equal(outside.done.length, sent + 1)
    await place.pass(() => place.hf.reviews().length === 1)
    assert.deepEqual(place.hf.reviews()[0]?.proposal, { amount: 99 })
    const report = await verifyRun(place.hf.log, place.hf.runtime.workflows, 'f')
    assert.deepEqual([report.verdict, report.divergence], ['unfinished', null])
  })

  test('with an answer of the operator, and with a decision, in the form that the code expects', async (t) => {
    const { place } = await ordered(t)
    const no = await place.hf.fork<Output>('r', {
      from: 'ask',
      result: { verdict: 'rejected', value: { a: 1 } },
    })
    assert.equal((await no.result()).word, 'rejected')
    await verified(place, no.id)
    await place.hf.fork('r', { from: 'due', result: { answer: 'no' }, id: 'd' })
    await place.pass(() => place.hf.reviews().length === 1)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    assert.equal((await place.outcome<Output>('d')).answer, 'no')
    await verified(place, 'd')
  })

  test('with another input: of an effect, of the whole run', async (t) => {
    const { place, outside } = await ordered(t)
    await place.hf.fork('r', { from: 'pay', input: { sum: 1 }, id: 'f' })
    await place.hf.idle()
    assert.deepEqual(outside.calls.at(-1)?.input, { sum: 1 })
    assert.deepEqual(place.bodies('f', 'effect.intended')[0]?.input, { sum: 1 })
    const report = await verifyRun(place.hf.log, place.hf.runtime.workflows, 'f')
    assert.equal(report.verdict, 'unfinished', JSON.stringify(report.divergence))
    await place.reopen()
    await place.hf.idle()
    assert.equal(place.hf.run('f').status(), 'waiting', 'it goes on after a restart')

    const whole = await place.hf.fork('r', { input: 6, id: 'w' })
    assert.deepEqual(whole.fork, { source: 'r', from: null, copied: 0, anew: [], amended: 'input' })
    await place.hf.idle()
    assert.deepEqual(outside.calls.at(-1)?.input, { sum: 61 })
    assert.deepEqual(runStory(place.hf.log, 'w').forkedFrom?.step, null)
  })

  test('of a fork keeps chance and time of both', async (t) => {
    const draws = flow(async (ctx) => {
      const seen = [ctx.now(), ctx.random()]
      await ctx.step('one', () => 1)
      seen.push(ctx.now(), ctx.random())
      await ctx.step('two', () => 2)
      seen.push(ctx.now(), ctx.random())
      await ctx.step('three', () => 3)
      return [...seen, ctx.now(), ctx.random()]
    })
    const place = await openPlace(t, { workflows: [draws] })
    await place.hf.start(draws, 1, { id: 'r' })
    const first = await place.outcome<number[]>('r')
    const passed = async (source: string, from: string, id: string) => {
      place.clock.advance(1_000)
      await place.hf.fork(source, { from, id })
      const output = await place.outcome<number[]>(id)
      await verified(place, id)
      return output
    }
    const second = await passed('r', 'two', 'a')
    const third = await passed('a', 'three', 'b')
    const early = await passed('b', 'one', 'c')
    const same = (one: number[], other: number[]) => one.findIndex((value, i) => value !== other[i])
    assert.equal(same(second, first), 4, `${second} is another way from where the second step was asked for`)
    assert.equal(same(third, second), 6)
    assert.equal(same(early, first), 2)
  })
})

describe('what was open at the fork', () => {
  const branches = flow(async (ctx) => {
    const asked = ctx.review('ask', proposal(1))
    const rested = ctx.sleep('rest', '1h')
    const come = ctx.waitFor('come', { timeout: '2h', name: 'come' })
    const first = await ctx.step('first', () => 1)
    await ctx.waitFor('go', { name: 'go' })
    return [first, await rested, (await asked).verdict, await come]
  })

  test('reviews, timers and waits are begun anew; waits see what the source could have seen', async (t) => {
    const place = await openPlace(t, { workflows: [branches] })
    await place.hf.start(branches, 1, { id: 'r' })
    await place.hf.idle()
    await place.hf.emit({ kind: 'go' })
    await place.hf.emit({ kind: 'come', id: 'early' })
    await place.hf.idle()
    const { fork } = await place.hf.fork('r', { from: 'come', id: 'f' })
    assert.deepEqual(fork.anew, ['ask', 'rest'])
    assert.equal(fork.copied, 1)
    await place.hf.idle()
    assert.equal(place.hf.reviews().length, 2, 'the operator is asked anew')
    assert.deepEqual(
      place.bodies('f', 'wait.ended').map(({ name }) => name),
      ['come', 'go'],
    )
    await place.hf.answer(place.hf.reviews().find(({ run }) => run === 'f')?.id ?? '', {
      verdict: 'approved',
    })
    const [, , verdict, come] = await place.outcome<[number, null, string, { id: string }]>('f')
    assert.deepEqual([verdict, come.id], ['approved', 'early'])
    assert.notEqual(place.hf.run('r').status(), 'cancelled')
  })

  test('an event that a copied wait has received is not received again', async (t) => {
    const two = flow(async (ctx) => {
      const first = await ctx.waitFor('said', { name: 'one' })
      await ctx.step('between', () => 0)
      const second = await ctx.waitFor('said', { name: 'two' })
      return [first?.data, second?.data]
    })
    const place = await openPlace(t, { workflows: [two] })
    await place.hf.start(two, 1, { id: 'r' })
    await place.hf.emit({ kind: 'said', data: 'a' })
    await place.hf.emit({ kind: 'said', data: 'b' })
    assert.deepEqual(await place.outcome('r'), ['a', 'b'])
    await place.hf.fork('r', { from: 'between', id: 'f' })
    assert.deepEqual(await place.outcome('f'), ['a', 'b'])
  })

  const parallel = flow(async (ctx) => {
    const sent = ctx.act('send', 'post.send', 1)
    await ctx.waitFor('go', { name: 'go' })
    await ctx.step('next', () => 1)
    return await sent
  })

  test('an effect of which nobody knows keeps the run from being forked behind it', async (t) => {
    const outside = new Outside({ lookup: 'unknown' })
    outside.manners.push('lost')
    const place = await openPlace(t, { workflows: [parallel], connectors: [outside.connector] })
    await place.hf.start(parallel, 1, { id: 'r' })
    await place.hf.emit({ kind: 'go' })
    await place.hf.idle()
    const refused = { code: 'FORK_UNSETTLED', message: /the effect "send" began before/ }
    await assert.rejects(place.hf.fork('r', { from: 'next' }), refused)
    const [review] = place.hf.reviews()
    assert.equal(review?.action, 'settle-unknown')
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await place.outcome('r')
    await place.hf.fork('r', { from: 'next', id: 'f' })
    await place.outcome('f')
    assert.equal(outside.calls.length, 1, 'it began before the fork, and was copied')
    await place.hf.fork('r', { from: 'send', id: 'g' })
    await place.outcome('g')
    assert.equal(outside.calls.length, 2, 'forked from the effect itself it is done anew')
  })

  test('a child that has not ended does too', async (t) => {
    const long = flow(async (ctx) => await ctx.waitFor('end'), 'long')
    const calls = flow(async (ctx) => {
      const called = ctx.call('child', long, 1)
      await ctx.step('next', () => 1)
      await ctx.waitFor('go', { name: 'go' })
      return await called
    })
    const place = await openPlace(t, { workflows: [calls, long] })
    await place.hf.start(calls, 1, { id: 'r' })
    await place.hf.idle()
    await assert.rejects(place.hf.fork('r', { from: 'go' }), { code: 'FORK_UNSETTLED' })
  })
})

test('what is done after the fork passes the policy: an approval holds for the run that asked', async (t) => {
  const outside = new Outside()
  const policy = {
    operations: { allow: [], deny: [], review: ['post.*'] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
  const sends = flow(async (ctx) => [
    await ctx.act('one', 'post.send', 1),
    await ctx.act('two', 'post.send', 2),
  ])
  const place = await openPlace(t, { workflows: [sends], connectors: [outside.connector], policy })
  const approve = async () => {
    await place.hf.idle()
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
  }
  await place.hf.start(sends, 1, { id: 'r' })
  await approve()
  await approve()
  await place.outcome('r')
  await assert.rejects(place.hf.fork('r', { from: 'two (approval)' }), /did not itself ask for/)
  await place.hf.fork('r', { from: 'two', id: 'f' })
  await place.hf.idle()
  assert.equal(outside.calls.length, 2, 'the operator is asked first')
  await approve()
  await place.outcome('f')
  assert.equal(outside.calls.length, 3)
  await verified(place, 'f')
})

test('what can not be forked is refused, and leaves no trace', async (t) => {
  const { place } = await ordered(t)
  const head = place.hf.log.head()
  const refused = async (options: object, problem: RegExp, code = 'INPUT_INVALID') =>
    await assert.rejects(place.hf.fork('r', options), { code, message: problem })
  await refused({ from: 'nothing' }, /has no operation "nothing"/)
  await refused({ from: 'sum', result: 1, input: 2 }, /with another input and another result/)
  await refused({ result: 1 }, /without saying of which operation/)
  await refused({ from: 'sum', input: 1 }, /another input of the step "sum"/)
  await refused({ from: 'ask', result: 'yes' }, /that has no verdict/)
  await refused({ from: 'due', result: 'yes' }, /that has no answer/)
  await refused({ from: 'ask', id: 'r' }, /was started otherwise/, 'RUN_ID_CONFLICT')
  await assert.rejects(place.hf.fork('x'), { code: 'RUN_NOT_FOUND' })
  assert.deepEqual(place.hf.log.head(), head)
})

test('the same fork twice is one run; a crash after it loses nothing', async (t) => {
  const { place } = await ordered(t)
  await place.hf.fork('r', { from: 'ask', id: 'f' })
  await place.hf.fork('r', { from: 'ask', id: 'f' })
  await assert.rejects(place.hf.fork('r', { from: 'sum', id: 'f' }), { code: 'RUN_ID_CONFLICT' })
  await place.reopen()
  await place.hf.idle()
  assert.equal(place.kinds('f').filter((kind) => kind === 'run.started').length, 1)
  assert.equal(place.hf.reviews().length, 1)
  const { safe } = await preflight(place.hf)
  assert.equal(safe, 1)
})

test('an approval whose effect has not been done yet is not carried over', async (t) => {
  const outside = new Outside()
  outside.manners.push('unavailable')
  const policy = {
    operations: { allow: [], deny: [], review: ['post.*'] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
  const sends = flow(async (ctx) => {
    const sent = ctx.act('send', 'post.send', 1)
    await ctx.waitFor('go', { name: 'go' })
    await ctx.step('next', () => 1)
    return await sent
  })
  const place = await openPlace(t, { workflows: [sends], connectors: [outside.connector], policy })
  await place.hf.start(sends, 1, { id: 'r' })
  await place.hf.idle()
  await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
  await place.hf.idle()
  await place.hf.emit({ kind: 'go' })
  await place.hf.idle()
  const { fork } = await place.hf.fork('r', { from: 'next', id: 'f' })
  assert.deepEqual(fork.anew, ['send'])
  await place.hf.idle()
  assert.equal(place.hf.reviews()[0]?.run, 'f', 'the operator is asked for this run too')
  assert.equal(outside.calls.length, 1)
})

test('a fork takes its place in the queue as every run', async (t) => {
  const limited = defineWorkflow({
    name: 'limited',
    version: 1,
    input: z.any(),
    output: z.any(),
    concurrency: { limit: 1 },
    run: async (ctx: Context) => [await ctx.step('one', () => 1), await ctx.waitFor('go', { name: 'go' })],
  })
  const place = await openPlace(t, { workflows: [limited] })
  await place.hf.start(limited, null, { id: 'r' })
  await place.hf.idle()
  const fork = await place.hf.fork('r', { from: 'go', id: 'f' })
  await place.hf.idle()
  assert.equal(fork.status(), 'queued')
  await place.reopen()
  await place.hf.idle()
  assert.equal(place.hf.run('f').status(), 'queued')
  await place.hf.cancel('r')
  await place.hf.idle()
  assert.equal(place.hf.run('f').status(), 'waiting')
  await verifyRun(place.hf.log, place.hf.runtime.workflows, 'f').then(({ verdict }) =>
    assert.equal(verdict, 'unfinished'),
  )
})

describe('what can not be forked', () => {
  test('the handling of an event: the state would not reach the agent', async (t) => {
    const counter = defineAgent({
      name: 'counter',
      version: 1,
      on: ['counted'],
      state: z.number(),
      initial: 0,
      async handle(ctx, _event, count) {
        await ctx.step('count', () => count + 1)
        return count + 1
      },
    })
    const { hf } = await openPlace(t, { agents: [counter] })
    await hf.emit({ kind: 'counted', key: 'k' })
    await hf.idle()
    const run = String(hf.log.tables.get<{ id: string }>('SELECT id FROM runs')?.id)
    await assert.rejects(hf.fork(run, { from: 'count', result: 7 }), {
      code: 'INPUT_INVALID',
      message: /handles an event for the agent counter.*would not reach the agent/,
      fix: /agent retry/,
    })
    assert.equal(hf.log.tables.all('SELECT id FROM runs').length, 1)
  })

  test('a rollback: it would undo beside the one', async (t) => {
    const { place } = await ordered(t)
    await place.hf.rollback('r')
    await place.hf.idle()
    await assert.rejects(place.hf.fork('rollback/r'), { code: 'INPUT_INVALID', message: /is a rollback/ })
  })
})
