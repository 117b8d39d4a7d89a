/** Budgets in whole runs: reserved before, settled after, put to the operator at the limit. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { definePipeline } from '../../kernel/pipeline.ts'
import { type Context, defineWorkflow } from '../../kernel/workflow.ts'
import { defineConnector } from '../../ports/connector.ts'
import type { Model } from '../../ports/model.ts'
import type { BudgetRule, PolicySettings, QuestionLimits } from '../../ports/policy-settings.ts'
import { type BudgetState, budgets, verifyRun, why } from '../../sdk.ts'

const RULE: BudgetRule = {
  name: 'till',
  operations: ['till.*'],
  agents: ['*'],
  each: 'all',
  per: null,
  unit: 'usd',
  limit: 10_000_000,
  reserve: null,
  argument: null,
  atLimit: 'ask',
}

function policy(
  rule: Partial<BudgetRule> | null,
  budget: Partial<PolicySettings['budget']> = {},
): PolicySettings {
  return {
    operations: { allow: ['*'], deny: [], review: [] },
    egress: { allow: ['api.example'] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null, ...budget },
    budgets: rule === null ? [] : [{ ...RULE, ...rule }],
  }
}

/** A till that is paid a dollar at a time. `fails` is thrown in place of each of the first so many payments. */
function till(paid: Json[], fails: readonly Error[] = [], until = async () => {}, name = 'till') {
  const left = [...fails]
  return defineConnector({
    name,
    operations: {
      pay: {
        manifest: { effect: 'irreversible', priceMicros: 1_000_000 },
        input: z.any(),
        output: z.any(),
        perform: async (input) => {
          const error = left.shift()
          if (error !== undefined) throw error
          paid.push(input)
          await until()
          return null
        },
      },
    },
  })
}

function flow(run: (ctx: Context, input: string) => Promise<unknown>) {
  return defineWorkflow({ name: 'flow', version: 1, input: z.string(), output: z.any(), run })
}

const paying = flow(async (ctx, input) => {
  await ctx.act('pay', 'till.pay', { to: input })
  return 'paid'
})

async function open(t: TestContext, options: PlaceOptions): Promise<Place> {
  return await openPlace(t, { workflows: [paying], ...options })
}

async function start(place: Place, ids: readonly string[], of = paying): Promise<void> {
  await Promise.all(ids.map((id) => place.hf.start(of, id, { id })))
  await place.hf.idle()
}

function state(place: Place, name = 'till'): Pick<BudgetState, 'reserved' | 'settled'> | undefined {
  const found = budgets(place.hf).find(({ budget }) => budget === name)
  return found && { reserved: found.reserved, settled: found.settled }
}

/** From the first record on that settles something, nothing more of the run, or of anything, reaches the log for now. */
function holdSettling(
  place: Place,
  run?: string,
): { readonly isHeld: () => boolean; readonly goOn: () => void } {
  const { log } = place.hf
  const append = log.append.bind(log)
  const isOpen = Promise.withResolvers<void>()
  let isHeld = false
  Object.assign(log, {
    append: async (...given: Parameters<typeof append>) => {
      const [parts] = given
      isHeld ||= parts.some(({ events }) => events.some(({ kind }) => kind === 'budget.settled'))
      const isOfRun = run === undefined || parts.some(({ stream }) => stream === `run/${run}`)
      if (isHeld && isOfRun) await isOpen.promise
      return await append(...given)
    },
  })
  return { isHeld: () => isHeld, goOn: isOpen.resolve }
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `run-${i}`)
const budgetKinds = (place: Place, run: string): string[] =>
  place.kinds(run).filter((kind) => kind.startsWith('budget.'))

describe('at the limit of a budget', () => {
  test('no effect of a hundred at once goes past it, and the others wait for the operator', async (t) => {
    const paid: Json[] = []
    const place = await open(t, { connectors: [till(paid)], policy: policy({}) })
    await start(place, ids(100))
    assert.equal(paid.length, 10)
    assert.deepEqual(state(place), { reserved: 0, settled: 10_000_000 })
    const waiting = place.hf.reviews()
    assert.equal(waiting.length, 90)
    assert.match(
      waiting[0]?.reason ?? '',
      /till has taken \$10\.0000, and this takes \$1\.0000, the limit is \$10\.0000/,
    )
    assert.deepEqual(place.kinds('run-0').slice(1, 5), [
      'budget.reserved',
      'policy.decided',
      'effect.intended',
      'budget.settled',
    ])
  })

  test('a yes is for this once and counts beyond the limit, a no fails the effect', async (t) => {
    const paid: Json[] = []
    const place = await open(t, { connectors: [till(paid)], policy: policy({ limit: 1_000_000 }) })
    await start(place, ids(3))
    const [yes, no] = place.hf.reviews()
    assert.ok(yes && no)
    await place.hf.answer(yes.id, { verdict: 'approved', hash: yes.hash })
    await assert.rejects(place.hf.answer(no.id, { verdict: 'approved', hash: yes.hash }), {
      code: 'REVIEW_STALE',
    })
    await place.hf.answer(no.id, { verdict: 'rejected' })
    await place.hf.idle()
    assert.deepEqual([paid.length, state(place)], [2, { reserved: 0, settled: 2_000_000 }])
    const failed = place.bodies(no.run, 'effect.failed')
    assert.match(JSON.stringify(failed), /POLICY_DENIED/)
    await start(place, ['later'])
    assert.equal(place.hf.reviews().length, 1, 'the next one is asked about again')
  })

  test('that denies, an effect fails and nobody is asked', async (t) => {
    const place = await open(t, { connectors: [till([])], policy: policy({ limit: 0, atLimit: 'deny' }) })
    await start(place, ['r'])
    assert.equal(place.hf.run('r').status(), 'failed')
    assert.deepEqual([place.hf.reviews(), budgetKinds(place, 'r')], [[], []])
  })

  test('each customer, agent and run has one of its own', async (t) => {
    const paid: Json[] = []
    const both = flow(async (ctx) => {
      await ctx.act('first', 'till.pay', {})
      await ctx.act('second', 'till.pay', {})
    })
    const place = await open(t, {
      workflows: [both],
      connectors: [till(paid)],
      policy: policy({ limit: 1_000_000, each: 'run' }),
    })
    await start(place, ['a', 'b'], both)
    assert.deepEqual([paid.length, place.hf.reviews().length], [2, 2])
    assert.deepEqual(
      budgets(place.hf).map(({ of, left }) => [of, left]),
      [
        ['a', 0],
        ['b', 0],
      ],
    )
  })

  test('the next day has room again', async (t) => {
    const paid: Json[] = []
    const place = await open(t, {
      connectors: [till(paid)],
      policy: policy({ limit: 1_000_000, per: 'day' }),
    })
    await start(place, ['a'])
    place.clock.advance(86_400_000)
    await start(place, ['b', 'c'])
    assert.deepEqual([paid.length, place.hf.reviews().length], [2, 1])
  })
})

test('an effect that says what it really cost is settled at that, more or less', async (t) => {
  const costs = [250_000, Number.NaN, -5, 7_000_000]
  const dear = defineConnector({
    name: 'till',
    operations: {
      pay: {
        manifest: { effect: 'irreversible', priceMicros: 1_000_000 },
        input: z.any(),
        output: z.any(),
        perform: async (_, { cost }) => {
          cost(costs.shift() ?? 0)
          return null
        },
      },
    },
  })
  const place = await open(t, { connectors: [dear], policy: policy({}) })
  await start(place, ['a'])
  assert.deepEqual(state(place), { reserved: 0, settled: 250_000 })
  await start(place, ['b', 'c'])
  assert.deepEqual(state(place), { reserved: 0, settled: 2_250_000 }, 'what is no price is not said')
  await start(place, ['d'])
  assert.deepEqual(state(place), { reserved: 0, settled: 9_250_000 })
  await start(place, ['e'])
  assert.equal(place.hf.reviews().length, 1)
})

test('without a budget nothing is put on record for one', async (t) => {
  const place = await open(t, { connectors: [till([])], policy: policy(null) })
  await start(place, ['r'])
  assert.deepEqual(budgetKinds(place, 'r'), [])
  assert.deepEqual(place.hf.log.tables.all('SELECT * FROM budgets'), [])
})

describe('what was allowed and is not done after all takes nothing', () => {
  test('as it can not be put on record', async (t) => {
    const paid: Json[] = []
    const place = await open(t, { connectors: [till(paid)], policy: policy({ limit: 1_000_000 }) })
    const isSpoiled = place.spoil('a', (events) => events.some(({ kind }) => kind === 'budget.reserved'))
    await place.hf.start(paying, 'a', { id: 'a' })
    await turns(100)
    assert.ok(isSpoiled())
    await place.hf.start(paying, 'b', { id: 'b' })
    await place.pass(() => paid.length > 0 && place.hf.reviews().length > 0)
    assert.deepEqual([paid, place.hf.reviews()[0]?.run], [[{ to: 'b' }], 'a'])
  })

  test('as its connector is down', async (t) => {
    const gone = Array.from({ length: 5 }, () => new HoldfastError('CONNECTOR_UNAVAILABLE', 'gone'))
    const paid: Json[] = []
    const either = flow(async (ctx, input) => void (await ctx.act('pay', `${input.split('-')[0]}.pay`, {})))
    const place = await open(t, {
      workflows: [either],
      connectors: [till(paid, gone), till(paid, [], undefined, 'other')],
      policy: policy({ operations: ['*'], limit: 5_000_000 }),
    })
    await start(place, ['till-1', 'till-2', 'till-3', 'till-4', 'till-5'], either)
    await start(place, ['till-6'], either)
    await start(place, ['other-1', 'other-2', 'other-3', 'other-4', 'other-5'], either)
    assert.deepEqual([paid.length, place.hf.reviews().length], [5, 0])
    assert.equal(place.kinds('till-6').at(-1), 'effect.held')
  })
})

describe('an effect that did not go well', () => {
  const gone = new HoldfastError('CONNECTOR_UNAVAILABLE', 'gone')
  const refused = new HoldfastError('CONNECTOR_REFUSED', 'no')
  const unclear = new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', '?')

  test('was surely not done: its money is given back', async (t) => {
    const paid: Json[] = []
    const place = await open(t, {
      connectors: [till(paid, [gone, refused])],
      policy: policy({ limit: 1_000_000 }),
    })
    await place.hf.start(paying, 'r', { id: 'r' })
    await assert.rejects(place.outcome('r'))
    assert.deepEqual(budgetKinds(place, 'r'), [
      'budget.reserved',
      'budget.released',
      'budget.reserved',
      'budget.released',
    ])
    assert.deepEqual(state(place), { reserved: 0, settled: 0 })
  })

  test('counts as a call at each attempt', async (t) => {
    const paid: Json[] = []
    const place = await open(t, {
      connectors: [till(paid, [gone, gone])],
      policy: policy({ unit: 'calls', limit: 2 }),
    })
    await place.hf.start(paying, 'r', { id: 'r' })
    await place.pass(() => place.hf.reviews().length > 0)
    assert.deepEqual([paid, state(place)], [[], { reserved: 0, settled: 2 }])
  })

  test('may have been done: it stands until somebody knows, and a no gives it back', async (t) => {
    const place = await open(t, { connectors: [till([], [unclear])], policy: policy({ limit: 1_000_000 }) })
    await start(place, ['r'])
    assert.deepEqual(state(place), { reserved: 1_000_000, settled: 0 })
    await start(place, ['other'])
    const [outcome, budget] = place.hf.reviews()
    assert.match(budget?.reason ?? '', /limit is \$1\.0000/)
    await place.hf.answer(outcome?.id ?? '', { verdict: 'rejected' })
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'completed')
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('and is given up by the operator: it counts, as it may have been done', async (t) => {
    const place = await open(t, { connectors: [till([], [unclear])], policy: policy({}) })
    await start(place, ['r'])
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'responded', instruction: 'leave it' })
    await place.hf.idle()
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('when its run is cancelled, what may have been done counts', async (t) => {
    const place = await open(t, { connectors: [till([], [unclear])], policy: policy({}) })
    await start(place, ['r'])
    await place.hf.cancel('r')
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
    assert.deepEqual(place.kinds('r').slice(-2), ['budget.settled', 'run.cancelled'])
  })

  test('for a day: what is reserved is given back, and counts if it turns out to have been done', async (t) => {
    const place = await open(t, { connectors: [till([], [unclear])], policy: policy({ limit: 1_000_000 }) })
    await start(place, ['r'])
    await place.pass(() => state(place)?.reserved === 0)
    assert.deepEqual(budgetKinds(place, 'r'), ['budget.reserved', 'budget.expired'])
    assert.equal(place.hf.run('r').status(), 'waiting')
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'completed')
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('does not expire when its outcome is on the way to the log', async (t) => {
    const lasting = flow(async (ctx) => {
      await ctx.act('pay', 'till.pay', {})
      await ctx.sleep('90d')
    })
    const place = await open(t, {
      workflows: [lasting],
      connectors: [till([], [unclear])],
      policy: policy({}),
    })
    await start(place, ['r'], lasting)
    const disk = holdSettling(place)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await turns()
    assert.ok(disk.isHeld())
    place.clock.advance(2 * 86_400_000)
    await turns()
    disk.goOn()
    await place.hf.idle()
    assert.deepEqual(budgetKinds(place, 'r'), ['budget.reserved', 'budget.settled'])
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('does not expire when it is just being made anew, on the way to the log', async (t) => {
    const place = await open(t, { connectors: [till([], [unclear])], policy: policy({}) })
    await start(place, ['r'])
    const [first] = place.bodies('r', 'budget.reserved')
    place.clock.advance(86_400_000 - 1)
    const disk = holdSettling(place)
    // As of a model call that a crash has cut off.
    const again = { kind: 'budget.reserved', actor: 'workflow:flow', label: SYSTEM, body: first ?? {} }
    const written = place.hf.runtime.resident('r')?.records.write([again])
    await turns()
    assert.ok(disk.isHeld())
    place.clock.advance(1)
    await turns()
    disk.goOn()
    await written
    await place.hf.idle()
    assert.deepEqual(budgetKinds(place, 'r'), ['budget.reserved', 'budget.settled', 'budget.reserved'])
    assert.deepEqual(state(place), { reserved: 1_000_000, settled: 1_000_000 })
  })

  test('until it has expired: its outcome counts while it is still on the way to the log', async (t) => {
    const paid: Json[] = []
    const place = await open(t, {
      connectors: [till(paid, [unclear])],
      policy: policy({ limit: 1_000_000, atLimit: 'deny' }),
    })
    await start(place, ['r'])
    await place.pass(() => state(place)?.reserved === 0)
    const disk = holdSettling(place, 'r')
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await turns()
    assert.ok(disk.isHeld())
    await place.hf.start(paying, 's', { id: 's' })
    await turns()
    const seen = place.hf.run('s').status()
    disk.goOn()
    assert.deepEqual([seen, paid], ['failed', []])
    await place.hf.idle()
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('has its run wake like any other after that', async (t) => {
    const release = Promise.withResolvers<void>()
    const paid: Json[] = []
    const place = await open(t, {
      connectors: [till(paid, [unclear], () => release.promise)],
      policy: policy({}),
    })
    await start(place, ['r'])
    await place.pass(() => state(place)?.reserved === 0)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'rejected' })
    await turns()
    assert.deepEqual([place.hf.run('r').status(), paid.length], ['running', 1])
    release.resolve()
    await place.hf.idle()
    assert.deepEqual(state(place), { reserved: 0, settled: 1_000_000 })
  })

  test('for a day while the process was away: it expires when it is opened again, once', async (t) => {
    const place = await open(t, {
      connectors: [till([], [unclear])],
      policy: policy({}),
      residentRuns: 0,
    })
    await start(place, ['r'])
    await place.close()
    place.clock.advance(2 * 86_400_000)
    await place.open()
    await place.hf.idle()
    assert.deepEqual(budgetKinds(place, 'r'), ['budget.reserved', 'budget.expired'])
    await place.reopen()
    await place.hf.idle()
    assert.deepEqual(state(place), { reserved: 0, settled: 0 })
    await place.hf.cancel('r')
    assert.deepEqual(budgetKinds(place, 'r'), ['budget.reserved', 'budget.expired'])
  })
})

// -- models -----------------------------------------------------------------------------------------

function model(asked: string[], ask: Model['ask'] | null = null): Model {
  const usage = { inputTokens: 10, outputTokens: 5, priceMicros: 600_000, latencyMs: 1 }
  return {
    provider: 'parrot',
    model: 'p-1',
    host: 'api.example',
    ask: async (question, options) => {
      asked.push(question.instruction)
      return ask?.(question, options) ?? { answer: { answer: 'yes', confidence: 1, reasons: [] }, usage }
    },
  }
}

const question = (ask: string) => ({
  ask,
  material: { text: 'a mail' },
  answer: z.string(),
  rules: () => ({ answer: 'by rules', confidence: 0.5, reasons: [], source: 'book' }),
})

const asking = flow(async (ctx) => {
  const first = await ctx.decide('first', question('One?'))
  const second = await ctx.decide('second', question('Two?'))
  return [first.answer, second.answer]
})

describe('a model call', () => {
  async function ask(t: TestContext, budget: Partial<PolicySettings['budget']>, options: PlaceOptions = {}) {
    const asked: string[] = []
    const place = await open(t, {
      workflows: [asking],
      models: [model(asked)],
      policy: policy(null, budget),
      ...options,
    })
    await start(place, ['r'], asking)
    return { place, asked }
  }

  test('at the limit parks the run and asks; a yes has it made once', async (t) => {
    const { place, asked } = await ask(t, { perRunUsd: 0.5 })
    assert.deepEqual([asked, place.hf.run('r').status()], [['One?'], 'waiting'])
    const [review] = place.hf.reviews()
    assert.match(review?.reason ?? '', /models have cost \$0\.6000, .*the limit is \$0\.5000/)
    assert.deepEqual(review?.proposal, {
      operation: 'model.parrot',
      model: 'p-1',
      ask: 'Two?',
      material: { text: 'a mail' },
    })
    await place.reopen()
    await place.hf.answer(review?.id ?? '', { verdict: 'approved', hash: review?.hash ?? '' })
    assert.deepEqual(await place.outcome('r'), ['yes', 'yes'])
    assert.deepEqual(asked, ['One?', 'Two?'])
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
    assert.deepEqual(state(place, 'run'), { reserved: 0, settled: 1_200_000 })
  })

  test('a no leaves it to the rules, which say why', async (t) => {
    const { place, asked } = await ask(t, { perRunUsd: 0.5 })
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'unfinished')
    assert.match(why(place.hf, 'r').reasons[0]?.next ?? '', /"second" waits for it: the model is asked, or/)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'rejected', reason: 'too dear' })
    assert.deepEqual(await place.outcome('r'), ['yes', 'by rules'])
    assert.equal(asked.length, 1)
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
    const made = place.bodies('r', 'decision.made')[1]
    assert.match(JSON.stringify(made?.provenance), /budget\.run: the operator said no: too dear/)
  })

  test('a no stays one, though the budget would allow it by then', async (t) => {
    const settings = { limit: 0.5 }
    const given = () => policy(null, { perRunUsd: settings.limit })
    const { place, asked } = await ask(t, {}, { policy: given })
    settings.limit = 50
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'rejected' })
    assert.deepEqual(await place.outcome('r'), ['yes', 'by rules'])
    assert.equal(asked.length, 1)
    const made = place.bodies('r', 'decision.made')[1]
    assert.match(JSON.stringify(made?.provenance), /budget\.run: the operator said no"/)
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
    assert.deepEqual(state(place, 'run'), { reserved: 0, settled: 600_000 })
  })

  test('waits for its answer, though the budget would allow it by then and the run goes on', async (t) => {
    const napping = flow(async (ctx) => {
      const nap = () => ctx.sleep('nap', '1h')
      const [decided] = await ctx.all([() => ctx.decide('one', question('One?')), nap])
      return decided.answer
    })
    const asked: string[] = []
    const settings = { limit: 0 }
    const given = () => policy(null, { perRunUsd: settings.limit })
    const place = await open(t, { workflows: [napping], models: [model(asked)], policy: given })
    await start(place, ['r'], napping)
    settings.limit = 50
    await place.reopen()
    place.clock.advance(3_600_000)
    await place.hf.idle()
    assert.deepEqual([asked, place.hf.reviews().length], [[], 1])
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    assert.deepEqual([await place.outcome('r'), asked], ['yes', ['One?']])
  })

  test('of a pipeline, which can not wait, is left to the rules', async (t) => {
    const pipe = definePipeline({
      name: 'pipe',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => (await ctx.decide('one', question('One?'))).answer,
    })
    const asked: string[] = []
    const models = [model(asked)]
    const place = await open(t, { workflows: [pipe], models, policy: policy(null, { perRunUsd: 0 }) })
    assert.equal(await place.hf.call(pipe, null, { id: 'p' }), 'by rules')
    assert.deepEqual([asked, place.hf.reviews()], [[], []])
  })

  test('that nobody answers about by the deadline of the policy is not made: the rules decide', async (t) => {
    const settings = policy(null, { perRunUsd: 0.5 })
    const limits: { questions: QuestionLimits | null } = {
      questions: { deadlineMs: 3_600_000, onExpiry: 'reject' },
    }
    const given = () => ({ ...settings, ...limits })
    const { place, asked } = await ask(t, {}, { policy: given })
    const [review] = place.hf.reviews()
    assert.equal(review?.deadline, place.clock.now() + 3_600_000)
    limits.questions = null
    await place.reopen()
    assert.deepEqual(await place.outcome('r'), ['yes', 'by rules'])
    assert.deepEqual([asked, place.bodies('r', 'review.answered')[0]?.way], [['One?'], 'expiry'])
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
  })

  test('is approved for exactly what was asked: other code does not get the answer', async (t) => {
    const { place } = await ask(t, { perRunUsd: 0.5 })
    const other = flow(async (ctx) => {
      await ctx.decide('first', question('One?'))
      await ctx.decide('second', question('Give me all you have?'))
    })
    const [review] = place.hf.reviews()
    const asked: string[] = []
    await place.reopen({ workflows: [other], models: [model(asked)] })
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await place.hf.idle()
    assert.deepEqual([place.hf.run('r').status(), asked], ['stalled', []])
    assert.match(JSON.stringify(place.bodies('r', 'run.stalled')), /JOURNAL_DIVERGED/)
  })

  test('with atLimit deny the rules decide at once', async (t) => {
    const { place } = await ask(t, { perRunUsd: 0.5, atLimit: 'deny' })
    assert.deepEqual(await place.outcome('r'), ['yes', 'by rules'])
  })

  test('comes to more than was reserved: it is on record, and counts for the next one at once', async (t) => {
    const { place } = await ask(t, { perRunUsd: 0.5 })
    const [body] = place.bodies('r', 'budget.settled')
    const amounts = (body?.amounts ?? []) as JsonObject[]
    assert.deepEqual(
      amounts.map(({ reserved, settled }) => [reserved, settled]),
      [[10_000, 600_000]],
    )
    assert.equal(place.hf.reviews().length, 1)
  })

  test('that is cut off counts as what was reserved, and is made again', async (t) => {
    const asked: string[] = []
    let isGone = false
    const slow = model(asked, (_, { signal }) => {
      if (isGone) return null as never
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut off'))))
    })
    const place = await open(t, {
      workflows: [asking],
      models: [slow],
      policy: policy(null, { perDayUsd: 5, modelCallsPerDay: 10 }),
    })
    await place.hf.start(asking, 'r', { id: 'r' })
    await turns()
    assert.deepEqual(state(place, 'day'), { reserved: 10_000, settled: 0 })
    const closed = place.hf.close({ graceMs: 0 })
    await turns()
    place.clock.next()
    await closed
    isGone = true
    await place.open()
    assert.deepEqual(await place.outcome('r'), ['yes', 'yes'])
    assert.deepEqual(state(place, 'day'), { reserved: 0, settled: 1_210_000 })
    assert.deepEqual(state(place, 'calls'), { reserved: 0, settled: 3 })
  })

  test('that fails without a word on its cost gives its money back, and counts as a call', async (t) => {
    const failing = model([], () => Promise.reject(new HoldfastError('MODEL_UNAVAILABLE', 'no')))
    const { place } = await ask(t, { perDayUsd: 5, modelCallsPerDay: 9 }, { models: [failing] })
    assert.deepEqual(await place.outcome('r'), ['by rules', 'by rules'])
    assert.deepEqual(state(place, 'day'), { reserved: 0, settled: 0 })
    assert.deepEqual(state(place, 'calls'), { reserved: 0, settled: 2 })
  })

  test('of tokens, for each customer, takes what the model reports', async (t) => {
    const rule = { name: 'words', operations: ['*'], unit: 'tokens', limit: 20, each: 'customer' } as const
    const { place } = await ask(t, {}, { policy: policy(rule) })
    assert.deepEqual(state(place, 'words'), { reserved: 0, settled: 15 })
    assert.equal(place.hf.reviews().length, 1, 'the dearest call so far took 15')
  })
})

// -- the operator's time ----------------------------------------------------------------------------

describe('the operator’s time', () => {
  const MINUTE = 60_000
  const wanting = flow(async (ctx, input) => {
    const { verdict } = await ctx.review('look', {
      action: 'publish',
      summary: `Look at ${input}`,
      reason: 'why not',
      confidence: 1,
      proposal: { text: input },
    })
    return verdict
  })
  const time = policy({ name: 'my-time', per: 'day', unit: 'minutes', limit: 5 * MINUTE })

  test('what there is no time for today is put off, and comes back tomorrow', async (t) => {
    const place = await open(t, { workflows: [wanting], policy: time })
    place.clock.advance(20 * 86_400_000)
    await start(place, ids(5), wanting)
    assert.equal(place.hf.reviews().length, 2, 'each is taken to need two minutes')
    assert.deepEqual(
      budgets(place.hf).map(({ period, reserved }) => [period.slice(-2), reserved / MINUTE]),
      [
        ['27', 2],
        ['26', 4],
        ['25', 4],
      ],
    )
    for (const [day, waiting] of [
      [26, 4],
      [27, 5],
    ]) {
      await place.pass(() => place.hf.reviews().length === waiting)
      assert.equal(place.hf.reviews().length, waiting)
      assert.equal(new Date(place.clock.now()).getUTCDate(), day)
    }
  })

  test('what the policy itself asks is never put off', async (t) => {
    const asked = { ...time, operations: { allow: [], deny: [], review: ['till.*'] } }
    const place = await open(t, { connectors: [till([])], policy: asked })
    await start(place, ids(5))
    assert.equal(place.hf.reviews().length, 5)
  })

  test('an answer takes the time that it took, of the day on which it was given', async (t) => {
    const place = await open(t, { workflows: [wanting], policy: time })
    await start(place, ['a', 'b'], wanting)
    const [a, b] = place.hf.reviews()
    assert.ok(a && b)
    await place.hf.desk.shown([a], 'cli')
    place.clock.advance(3 * MINUTE)
    await place.hf.answer(a.id, { verdict: 'approved' })
    place.clock.advance(86_400_000)
    await place.hf.desk.shown([b], 'cli')
    place.clock.advance(MINUTE)
    await place.hf.answer(b.id, { verdict: 'approved' })
    await place.hf.idle()
    assert.deepEqual(
      budgets(place.hf, { all: true }).map(({ reserved, settled }) => [reserved, settled / MINUTE]),
      [
        [0, 1],
        [0, 3],
      ],
    )
  })

  test('one word for several takes it too, of runs that are not in the process', async (t) => {
    const place = await open(t, { workflows: [wanting], policy: time })
    await start(place, ['a', 'b'], wanting)
    const both = place.hf.reviews()
    await place.hf.desk.shown(both, 'cli')
    place.clock.advance(4 * MINUTE)
    await place.reopen({ recover: false })
    await place.hf.desk.answerAll(both, { verdict: 'approved' })
    assert.deepEqual(state(place, 'my-time'), { reserved: 0, settled: 4 * MINUTE })
    await place.reopen({ recover: true })
    await place.hf.idle()
    assert.deepEqual(budgetKinds(place, 'a'), ['budget.reserved', 'budget.settled'])
    assert.equal((await verifyRun(place.hf, 'a')).verdict, 'same')
  })

  test('nothing is taken by a review whose run ends before', async (t) => {
    const place = await open(t, { workflows: [wanting], policy: time })
    await start(place, ['a'], wanting)
    await place.hf.cancel('a')
    assert.deepEqual(budgetKinds(place, 'a'), ['budget.reserved', 'budget.expired'])
    assert.deepEqual(state(place, 'my-time'), { reserved: 0, settled: 0 })
  })
})
