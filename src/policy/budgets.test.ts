import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BudgetRule } from '../ports/policy-settings.ts'
import { budgetRules, type Charge, charge } from './budgets.ts'
import { settings } from './testing/requests.ts'

const NOON = Date.UTC(2026, 10, 29, 12)
const RULE: BudgetRule = {
  name: 'mails',
  operations: ['smtp.*'],
  agents: ['*'],
  each: 'all',
  per: 'day',
  unit: 'usd',
  limit: 10_000_000,
  reserve: null,
  argument: null,
  atLimit: 'ask',
}
const EFFECT: Charge = {
  run: 'r',
  operation: 'smtp.send',
  agent: 'flow',
  customer: 'c-1',
  is: 'effect',
  priceMicros: 2_000_000,
  arguments: {},
}
const MODEL: Charge = { ...EFFECT, operation: 'model.openai', is: 'model', priceMicros: 0 }

function charged(rule: Partial<BudgetRule>, work: Partial<Charge> = {}, taken = { spent: 0, most: 0 }) {
  const { holds, meters } = charge({ ...EFFECT, ...work }, [{ ...RULE, ...rule }], NOON, () => taken)
  return { hold: holds[0], meter: meters[0] }
}

describe('a budget', () => {
  test('is one for all, or one for each, and begins anew with its period', () => {
    const place = (rule: Partial<BudgetRule>, work: Partial<Charge> = {}) => {
      const { of, period } = charged(rule, work).hold ?? {}
      return [of, period]
    }
    assert.deepEqual(place({}), ['', '2026-11-29'])
    assert.deepEqual(place({ each: 'customer', per: 'month' }), ['c-1', '2026-11'])
    assert.deepEqual(place({ each: 'customer' }, { customer: null }), ['', '2026-11-29'])
    assert.deepEqual(place({ each: 'run', per: null }), ['r', ''])
    assert.deepEqual(place({ each: 'agent', per: null }), ['flow', ''])
    assert.deepEqual(place({ each: 'operation', per: null }), ['smtp.send', ''])
  })

  test('counts the operations and agents that it names, and what costs something', () => {
    const counts = (rule: Partial<BudgetRule>, work: Partial<Charge> = {}) =>
      charged(rule, work).hold !== undefined
    assert.equal(counts({ operations: ['maildir.*'] }), false)
    assert.equal(counts({ agents: ['other'] }), false)
    assert.equal(counts({ agents: ['flow'] }), true)
    assert.equal(counts({ agents: ['ag'] }, { agent: 'agent:ag' }), true)
    assert.equal(counts({}, { priceMicros: 0 }), false)
    assert.equal(counts({ reserve: 1 }, { priceMicros: 0 }), true)
    assert.equal(counts({ unit: 'tokens' }), false)
    assert.equal(counts({ unit: 'tokens', operations: ['*'] }, MODEL), true)
    assert.equal(counts({ unit: 'calls' }, { priceMicros: 0 }), true)
    assert.equal(counts({ unit: 'minutes' }), false)
    assert.equal(counts({ unit: 'minutes' }, { is: 'review', operation: 'review' }), true)
    assert.equal(counts({ unit: 'usd', operations: ['*'] }, { is: 'review' }), false)
  })

  test('takes what is known beforehand: by the argument, by the rule, by the manifest', () => {
    const cost = (rule: Partial<BudgetRule>, args: Charge['arguments'] = {}) =>
      charged(rule, { arguments: args }).hold?.amount
    assert.equal(cost({}), 2_000_000)
    assert.equal(cost({ reserve: 5 }), 5)
    assert.equal(cost({ argument: 'usd' }, { usd: 12.34 }), 12_340_000)
    assert.equal(cost({ argument: 'usd' }, { usd: '0.1' }), 100_000)
    const unpriced = { priceMicros: 0, arguments: { usd: 3 } }
    assert.equal(charged({ argument: 'usd' }, unpriced).hold?.amount, 3_000_000)
    assert.equal(cost({ unit: 'calls' }), 1)
  })

  test('what is no price is too much', () => {
    for (const usd of ['', 'much', -1, null, undefined, {}, [5], true, Number.NaN]) {
      const { meter } = charged({ argument: 'usd' }, { arguments: { usd } })
      assert.ok(Number.isNaN(meter?.cost), JSON.stringify(usd))
    }
  })

  test('what is no price takes all that is left, if the operator lets it go', () => {
    const held = (spent: number): number | undefined =>
      charged({ argument: 'usd' }, { arguments: { usd: '1,000.00' } }, { spent, most: 0 }).hold?.amount
    assert.deepEqual([held(0), held(9_000_000), held(11_000_000)], [10_000_000, 1_000_000, 0])
  })

  test('of a model a guess is reserved, no more than is left; later the dearest call so far', () => {
    const model = { operations: ['model.*'], limit: 100_000 }
    assert.deepEqual(charged(model, MODEL).hold?.amount, 10_000)
    assert.deepEqual(charged(model, MODEL).meter?.cost, undefined)
    assert.equal(charged(model, MODEL, { spent: 96_000, most: 0 }).hold?.amount, 4_000)
    assert.equal(charged(model, MODEL, { spent: 100_000, most: 0 }).hold?.amount, 10_000, 'if you say so')
    const dear = charged(model, MODEL, { spent: 1, most: 30_000 })
    assert.deepEqual([dear.hold?.amount, dear.meter?.cost], [30_000, 30_000])
    assert.equal(charged({ ...model, reserve: 7 }, MODEL, { spent: 1, most: 30_000 }).hold?.amount, 7)
  })
})

test('the three on models come first, each only where it has a limit', () => {
  const limits = { perDayUsd: 0.1, perRunUsd: null, modelCallsPerDay: 3, atLimit: 'deny' as const }
  const rules = budgetRules(settings({ budget: limits, more: { budgets: [RULE] } }))
  assert.deepEqual(
    rules.map(({ name, limit, atLimit }) => [name, limit, atLimit]),
    [
      ['day', 100_000, 'deny'],
      ['calls', 3, 'deny'],
      ['mails', 10_000_000, 'ask'],
    ],
  )
  assert.deepEqual(budgetRules(settings({})), [])
})
