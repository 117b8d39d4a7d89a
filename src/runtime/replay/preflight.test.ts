import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow, type Proposal, type Workflow } from '../../kernel/workflow.ts'
import { Outside } from '../testing/outside.ts'
import { type PreflightBreak, type PreflightReport, preflight } from './preflight.ts'

type Code = (ctx: Context, input: number) => Promise<unknown>

const nap = flow(async (ctx) => await ctx.waitFor('woken'), 'nap')

function flow(run: Code, name = 'order', version = 1): Workflow<number, unknown> {
  return defineWorkflow({ name, version, input: z.any(), output: z.any(), run })
}

function proposal(summary: string, amount = 5): Proposal {
  return { action: 'pay', summary, reason: 'it is due', confidence: 1, proposal: { amount } }
}

/** Starts one run on `before`, and asks what would become of it under `after`. */
async function asked(t: Parameters<typeof openPlace>[0], before: Code, after: Code | null) {
  const outside = new Outside({})
  const connectors = [outside.connector]
  const place = await openPlace(t, { workflows: [flow(before), nap], connectors })
  await place.hf.start(flow(before), 5, { id: 'r' })
  await place.hf.idle()
  const workflows = after === null ? [nap] : [flow(after), nap]
  await place.reopen({ workflows, connectors, recover: false })
  return { place, outside, report: await harmless(place, outside) }
}

async function harmless(place: Place, outside: Outside): Promise<PreflightReport> {
  const before = { head: place.hf.log.head(), calls: outside.calls.length, lookups: outside.lookups }
  const report = await preflight(place.hf)
  const after = { head: place.hf.log.head(), calls: outside.calls.length, lookups: outside.lookups }
  assert.deepEqual(after, before, 'nothing was done, and nothing recorded')
  return report
}

async function breaks(
  t: Parameters<typeof openPlace>[0],
  before: Code,
  after: Code | null,
): Promise<PreflightBreak> {
  const { report } = await asked(t, before, after)
  const { checked, safe, broken } = report
  assert.deepEqual({ checked, safe, broken }, { checked: 1, safe: 0, broken: 1 }, JSON.stringify(report))
  return report.breaks[0] as PreflightBreak
}

async function goesOn(t: Parameters<typeof openPlace>[0], before: Code, after: Code): Promise<number> {
  const { report } = await asked(t, before, after)
  assert.equal(report.safe, 1, JSON.stringify(report.breaks))
  return report.changed
}

const base: Code = async (ctx, amount) => {
  const sum = await ctx.step('sum', () => amount + 1, { pure: true })
  const price = await ctx.step('price', () => sum * 2)
  await ctx.act('pay', 'post.send', { price })
  return [await ctx.review('ask', proposal('Pay it')), await ctx.call('rest', nap, 1)]
}

test('the same code goes on', async (t) => {
  assert.equal(await goesOn(t, base, base), 0)
})

test('what waiting runs have not reached may change freely', async (t) => {
  const before: Code = async (ctx) => [await ctx.act('pay', 'post.send', 1), await ctx.waitFor('go')]
  const after: Code = async (ctx) => {
    await ctx.act('pay', 'post.send', 1)
    await ctx.waitFor('go')
    return await ctx.act('pay again', 'post.send', 2)
  }
  assert.equal(await goesOn(t, before, after), 0)
})

test('a run holds to what it has done, though code or input of it have changed: safe, and counted', async (t) => {
  const after: Code = async (ctx, amount) => {
    const sum = await ctx.step('sum', () => 1 + amount, { pure: true })
    await ctx.step('price', () => sum * 3)
    await ctx.act('pay', 'post.send', { price: 0 })
    return [await ctx.review('ask', proposal('Pay it')), await ctx.call('rest', nap, 1)]
  }
  assert.equal(await goesOn(t, base, after), 1)
  const rules = (answer: string): Code => {
    return async (ctx) => {
      const question = { ask: '?', material: {}, answer: z.string() }
      await ctx.decide('due', {
        ...question,
        rules: () => ({ answer, confidence: 1, reasons: [], source: answer }),
      })
      await ctx.sleep('nap', answer === 'yes' ? '1h' : '2h')
    }
  }
  assert.equal(await goesOn(t, rules('yes'), rules('no')), 1)
})

test('the version of the workflow is not registered', async (t) => {
  const found = await breaks(t, base, null)
  assert.equal(found.what, 'workflow')
  assert.equal(found.operation, null)
  assert.match(
    found.explanation,
    /No workflow order version 1 is registered; there are nap version 1, holdfast.attention-check version 1, holdfast.rollback version 1/,
  )
})

test('renamed: a step, an effect, a review, a child', async (t) => {
  const renamed = (name: string): Code => {
    const called = (one: string): string => (one === name ? `new ${one}` : one)
    return async (ctx, amount) => {
      const sum = await ctx.step(called('sum'), () => amount + 1, { pure: true })
      const price = await ctx.step(called('price'), () => sum * 2)
      await ctx.act(called('pay'), 'post.send', { price })
      const answer = ctx.review(called('ask'), proposal('Pay it'))
      return [await answer, await ctx.call('rest', nap, 1)]
    }
  }
  for (const name of ['sum', 'price', 'pay', 'ask']) {
    const found = await breaks(t, base, renamed(name))
    assert.deepEqual([found.what, found.operation], ['missing', `new ${name}`])
    assert.match(found.explanation, new RegExp(`"new ${name}".*, which the run has not on record`))
  }
  const calls = (name: string): Code => {
    return async (ctx) => await ctx.call(name, nap, 1)
  }
  const { report } = await asked(t, calls('rest'), calls('nap'))
  const found = report.breaks.map(({ run, what, operation }) => [run, what, operation])
  assert.deepEqual(found, [['r', 'missing', 'nap']], 'the child itself goes on')
})

test('taken out: what was done, and what the run waits for', async (t) => {
  const step = await breaks(t, base, async (ctx) => {
    await ctx.act('pay', 'post.send', { price: 12 })
    await ctx.review('ask', proposal('Pay it'))
  })
  assert.deepEqual([step.what, step.operation], ['not-reached', 'sum'])
  const review = await breaks(t, base, async (ctx, amount) => {
    const sum = await ctx.step('sum', () => amount + 1, { pure: true })
    await ctx.step('price', () => sum * 2)
    return await ctx.act('pay', 'post.send', { price: 12 })
  })
  assert.deepEqual([review.what, review.operation], ['not-reached', 'ask'])
})

test('put in between: a break, unless it is behind ctx.patched', async (t) => {
  const before: Code = async (ctx) => [await ctx.step('one', () => 1), await ctx.waitFor('go')]
  const found = await breaks(t, before, async (ctx) => {
    await ctx.step('one', () => 1)
    await ctx.step('between', () => 2)
    return await ctx.waitFor('go')
  })
  assert.deepEqual([found.what, found.operation], ['missing', 'between'])
  const patched: Code = async (ctx) => {
    await ctx.step('one', () => 1)
    if (ctx.patched('between')) await ctx.step('between', () => 2)
    return await ctx.waitFor('go')
  }
  assert.equal(await goesOn(t, before, patched), 0)
})

test('in another order: what is now first was never asked for', async (t) => {
  const apart: Code = async (ctx) => {
    await ctx.waitFor('go')
    return await ctx.act('pay', 'post.send', 1)
  }
  const found = await breaks(t, apart, async (ctx) => {
    await ctx.act('pay', 'post.send', 1)
    return await ctx.waitFor('go')
  })
  assert.deepEqual([found.what, found.operation], ['missing', 'pay'])
})

test('moved behind a wait and renamed: the run has done it under its old name, and would do it again', async (t) => {
  const before: Code = async (ctx) => {
    await ctx.step('charge', () => 1)
    return await ctx.waitFor('go')
  }
  const found = await breaks(t, before, async (ctx) => {
    await ctx.waitFor('go')
    return await ctx.step('charge card', () => 1)
  })
  assert.deepEqual([found.what, found.operation], ['not-reached', 'charge'])
})

test('another input of what is still open, or another event to wait for', async (t) => {
  const asks = (amount: number): Code => {
    return async (ctx) => await ctx.review('ask', proposal('Pay it', amount))
  }
  const review = await breaks(t, asks(5), asks(6))
  assert.deepEqual([review.what, review.operation], ['input', 'ask'])
  assert.match(review.explanation, /with another proposal\.amount than is on record/)
  const waits = (key: string, timeout: '1h' | '2h'): Code => {
    return async (ctx) => await ctx.waitFor('paid', { name: 'pay', key, timeout })
  }
  assert.equal((await breaks(t, waits('a', '1h'), waits('b', '1h'))).what, 'input')
  assert.equal(await goesOn(t, waits('a', '1h'), waits('a', '2h')), 1)
})

test('an effect whose outcome is open must be asked for with the same input', async (t) => {
  const outside = new Outside({ lookup: 'unknown' })
  outside.manners.push('lost')
  const sends = (input: number) => flow(async (ctx) => await ctx.act('pay', 'post.send', input))
  const place = await openPlace(t, { workflows: [sends(1)], connectors: [outside.connector] })
  await place.hf.start(sends(1), 5, { id: 'r' })
  await place.hf.idle()
  const reviews = place.hf.reviews()
  assert.equal(reviews.length, 1, 'the operator is asked what became of it')
  await place.reopen({ workflows: [sends(1)], recover: false })
  assert.equal((await harmless(place, outside)).safe, 1)
  await place.reopen({ workflows: [sends(2)], recover: false })
  const [found] = (await harmless(place, outside)).breaks
  assert.deepEqual([found?.what, found?.operation], ['input', 'pay'])
})

test('a pure step that gives something else', async (t) => {
  const pure = (by: number): Code => {
    return async (ctx, amount) => {
      await ctx.step('sum', () => amount + by, { pure: true })
      return await ctx.waitFor('go')
    }
  }
  const found = await breaks(t, pure(1), pure(2))
  assert.deepEqual([found.what, found.operation], ['result', 'sum'])
  assert.deepEqual([found.divergence?.recorded, found.divergence?.present], [{ value: 6 }, { value: 7 }])
  assert.ok(found.position > 1)
})

test('another type under the same name, and an end that comes too soon', async (t) => {
  const naps: Code = async (ctx) => await ctx.sleep('rest', '1h')
  assert.equal((await breaks(t, naps, async (ctx) => await ctx.waitFor('go', { name: 'rest' }))).what, 'kind')
  const found = await breaks(t, naps, async (ctx) => {
    void ctx.sleep('rest', '1h')
    return 'done'
  })
  assert.deepEqual([found.what, found.operation], ['output', 'end'])
})

test('runs that have ended are not looked at; a run whose journal was erased breaks', async (t) => {
  const { place } = await asked(t, base, base)
  await place.hf.log.erase({ positions: [2] }, { actor: 'test', reason: 'asked for' })
  const [found] = (await preflight(place.hf)).breaks
  assert.deepEqual([found?.run, found?.what], ['r', 'record'])
  await place.reopen({ recover: true })
  await place.hf.idle()
  await place.hf.cancel('r')
  assert.equal((await preflight(place.hf)).checked, 0, 'the child was cancelled with it')
})

test('more than a thousand parked runs: all are counted, grouped, and told one by one', async (t) => {
  const waits = flow(async (ctx) => await ctx.waitFor('go'))
  const place = await openPlace(t, { workflows: [waits, nap] })
  await Promise.all(Array.from({ length: 1_100 }, (_, i) => place.hf.start(waits, i, { id: `r-${i}` })))
  await place.hf.start(nap, 1, { id: 'n' })
  await place.hf.idle()
  const elsewhere = flow(async (ctx) => await ctx.waitFor('elsewhere'))
  await place.reopen({ workflows: [elsewhere, nap], recover: false })
  const told = new Set<string>()
  let turns = 0
  const count = setInterval(() => {
    turns += 1
  }, 0)
  const report = await preflight(place.hf, { onBreak: ({ run }) => told.add(run) })
  clearInterval(count)
  assert.ok(turns > 10, 'the event loop goes on meanwhile')
  assert.equal(told.size, 1_100)
  assert.deepEqual([report.checked, report.safe, report.broken], [1_101, 1, 1_100])
  assert.equal(report.breaks.length, 1_000)
  assert.deepEqual(
    report.groups.map(({ operation, runs, example }) => ({ operation, runs, example })),
    [{ operation: 'wait for elsewhere', runs: 1_100, example: 'r-0' }],
  )
  const stop = new AbortController()
  const few = await preflight(place.hf, {
    signal: stop.signal,
    onProgress: (done) => done === 3 && stop.abort(),
  })
  assert.equal(few.checked, 3)
})
