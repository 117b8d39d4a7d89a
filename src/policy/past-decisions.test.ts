import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import { HoldfastError } from '../kernel/errors.ts'
import { externalFrom } from '../kernel/label.ts'
import { type Context, defineWorkflow } from '../kernel/workflow.ts'
import { defineConnector } from '../ports/connector.ts'
import type { Model } from '../ports/model.ts'
import type { BudgetRule, PolicySettings } from '../ports/policy-settings.ts'
import { grant } from '../sdk.ts'
import { redecide } from './past-decisions.ts'
import { settings } from './testing/requests.ts'

const OPEN = settings({ operations: { allow: ['*'] }, more: { addressBook: ['ada@ek.example'] } })

test('past decisions are made anew by another policy, and those that differ are told', async (t) => {
  const connector = defineConnector({
    name: 'smtp',
    operations: {
      send: {
        manifest: { effect: 'external', criticalArguments: ['to'] },
        input: z.any(),
        output: z.any(),
        perform: async () => null,
      },
    },
  })
  const flow = defineWorkflow({
    name: 'flow',
    version: 1,
    input: z.object({ to: z.string() }),
    output: z.any(),
    run: (ctx: Context, input) => ctx.act('send', 'smtp.send', input),
  })
  const place = await openPlace(t, { workflows: [flow], connectors: [connector], policy: OPEN })
  const { hf, clock } = place
  const start = (id: string, to: string, label = externalFrom('mail:m-1')) =>
    hf.start(flow, { to }, { id, label })
  await start('stranger', 'eve@evil.example')
  await start('early', 'ada@ek.example')
  await hf.idle()
  await grant(hf, { operation: 'smtp.send' })
  await start('granted', 'ada@ek.example')
  await hf.start(flow, { to: 'anybody' }, { id: 'own', customer: 'c-1' })
  await hf.idle()
  const since = clock.now() + 1
  const review = hf.reviews().find(({ run }) => run === 'stranger')
  clock.advance(10)
  await hf.answer(review?.id ?? '', { verdict: 'approved' })
  await hf.idle()

  const by = (policy: PolicySettings, after = 0) => {
    const report = redecide(hf.log, policy, { connectors: [connector], models: [], since: after })
    const changed = report.changed.map(
      ({ run, before, after: now }) => `${run}: ${before.answer} → ${now.answer}`,
    )
    return { ...report, changed }
  }
  assert.deepEqual(by(OPEN), { decisions: 5, changed: [], skipped: 0 })
  const denied = settings({ operations: { allow: ['*'], deny: ['smtp.send'] } })
  assert.deepEqual(by(denied).changed, [
    'stranger: review → deny',
    'early: review → deny',
    'granted: allow → deny',
    'own: allow → deny',
    'stranger: allow → deny',
  ])
  assert.deepEqual(by(denied, since).changed, ['stranger: allow → deny'])
  const stranger = { ...OPEN, addressBook: [] }
  assert.deepEqual(by(stranger).changed, ['granted: allow → review'])
  const access = [{ agents: ['*'], operations: ['smtp.send'], customers: ['c-1'], answer: 'review' as const }]
  assert.deepEqual(by({ ...OPEN, access }).changed, ['own: allow → review'])
  const rates = [
    { operations: ['*'], agents: ['*'], each: 'all' as const, limit: 1, perMs: 3_600_000, burst: 1 },
  ]
  assert.deepEqual(by({ ...OPEN, rates }).changed, ['own: allow → review'])
  const mails: BudgetRule = {
    ...{ name: 'mails', operations: ['*'], agents: ['*'], each: 'all', per: null, atLimit: 'ask' },
    ...{ unit: 'calls', limit: 1, reserve: null, argument: null },
  }
  assert.deepEqual(by({ ...OPEN, budgets: [mails] }).changed, ['own: allow → review'])
  assert.deepEqual(by({ ...OPEN, budgets: [{ ...mails, each: 'customer' }] }).changed, [])
  assert.equal(redecide(hf.log, OPEN, { connectors: [], models: [], since: 0 }).skipped, 5)
})

test('what models really cost is what another budget would have seen', async (t) => {
  const usage = { inputTokens: 1, outputTokens: 1, priceMicros: 600_000, latencyMs: 1 }
  const parrot: Model = {
    provider: 'parrot',
    model: 'p-1',
    host: 'parrot.example',
    ask: async () => ({ answer: { answer: 'yes', confidence: 1, reasons: [] }, usage }),
  }
  const flow = defineWorkflow({
    name: 'flow',
    version: 1,
    input: z.null(),
    output: z.any(),
    async run(ctx: Context) {
      for (const name of ['one', 'two', 'three']) {
        const rules = () => ({ answer: 'no', confidence: 1, reasons: [], source: 'book' })
        await ctx.decide(name, { ask: name, material: {}, answer: z.string(), rules })
      }
    },
  })
  const open = settings({ operations: { allow: ['*'] }, egress: ['parrot.example'] })
  const segments = () => ['eu']
  const place = await openPlace(t, { workflows: [flow], models: [parrot], policy: open, segments })
  await place.hf.start(flow, null, { id: 'r', customer: 'ada' })
  await place.hf.idle()
  const by = (budget: Partial<PolicySettings['budget']>, more: Partial<PolicySettings> = {}) =>
    redecide(
      place.hf.log,
      { ...open, budget: { ...open.budget, ...budget }, ...more },
      { connectors: [], models: [parrot], since: 0 },
    ).changed.map(({ name, after }) => `${name}: ${after.answer} by ${after.rule}`)
  assert.deepEqual(by({}), [])
  assert.deepEqual(by({ perRunUsd: 1 }), ['two: review by budget.run', 'three: review by budget.run'])
  assert.deepEqual(by({ perRunUsd: 1.2 }), ['three: review by budget.run'])
  assert.deepEqual(by({ modelCallsPerDay: 2, atLimit: 'deny' }), ['three: deny by budget.calls'])
  for (const customers of [['ada'], ['segment:eu']]) {
    const access = [{ agents: ['*'], operations: ['model.*'], customers, answer: 'deny' as const }]
    assert.equal(by({}, { access }).length, 3, String(customers))
    assert.equal((await place.hf.whatIf({ policy: { ...open, access } })).details[0]?.policy.length, 3)
  }
})

/** A till that fails, or says what it cost, in turn. */
function till(turns: (HoldfastError | number)[]) {
  return defineConnector({
    name: 'till',
    operations: {
      pay: {
        manifest: { effect: 'irreversible', priceMicros: 1_000_000 },
        input: z.any(),
        output: z.any(),
        perform: async (_, { cost }) => {
          const now = turns.shift()
          if (typeof now === 'object') throw now
          if (now !== undefined) cost(now)
          return null
        },
      },
    },
  })
}

test('the same policy decides the same, whatever came of what it had allowed', async (t) => {
  const refused = new HoldfastError('CONNECTOR_REFUSED', 'no')
  const gone = new HoldfastError('CONNECTOR_UNAVAILABLE', 'gone')
  const unclear = new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', '?')
  const pay = defineWorkflow({
    name: 'pay',
    version: 1,
    input: z.null(),
    output: z.null(),
    run: async (ctx: Context) => {
      await ctx.act('pay', 'till.pay', {})
      return null
    },
  })
  const rule: BudgetRule = {
    name: 'till',
    operations: ['till.*'],
    agents: ['*'],
    each: 'all',
    per: null,
    unit: 'usd',
    limit: 2_000_000,
    reserve: null,
    argument: null,
    atLimit: 'ask',
  }
  const policy = { ...settings({ operations: { allow: ['*'] } }), budgets: [rule] }
  for (const turns of [
    [refused, refused, refused],
    [100, 100, 100],
    [2_000_000],
    [gone, gone, 5],
    [unclear],
  ]) {
    const connector = till([...turns])
    const place = await openPlace(t, { workflows: [pay], connectors: [connector], policy })
    for (const id of ['a', 'b', 'c', 'd']) {
      await place.hf.start(pay, null, { id })
      await place.pass(() => !['running', 'sleeping'].includes(place.hf.run(id).status()))
      await place.pass(
        () =>
          turns[0] === unclear || place.hf.run(id).status() !== 'waiting' || place.hf.reviews().length > 0,
      )
    }
    const { changed, decisions } = redecide(place.hf.log, policy, {
      connectors: [connector],
      models: [],
      since: 0,
    })
    assert.ok(decisions >= 4)
    assert.deepEqual(changed, [], String(turns))
  }
})
