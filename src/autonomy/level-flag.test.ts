import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate } from '../flags/evaluate.ts'
import type { FlagValue } from '../kernel/flag.ts'
import { heldDown } from './level-flag.ts'

test('the flag of an agent is named after it, and not after the workflow of its runs', () => {
  const asked: string[] = []
  const answerNow = (flag: string) => {
    asked.push(flag)
    return { value: 'off', variant: 'off', reason: 'STATIC', version: 1, error: null } as never
  }
  const levelOf = (agent: string) =>
    heldDown('auto', { agent, customer: null }, { flags: { answerNow } }).level
  assert.deepEqual([levelOf('agent:onboarding'), levelOf('offer')], ['off', 'off'])
  assert.deepEqual(asked, ['level.onboarding', 'level.offer'])
})

test('a flag lifts nothing, and what is no level counts as review', () => {
  const heldBy = (value: string, level: 'auto' | 'review') => {
    const answer = { value, variant: value, reason: 'STATIC', version: 1, error: null } as never
    return heldDown(level, { agent: 'offer', customer: null }, { flags: { answerNow: () => answer } }).level
  }
  assert.equal(heldBy('auto', 'review'), 'review')
  assert.equal(heldBy('full', 'auto'), 'review')
})

test('a flag that can not answer hands nothing over', () => {
  const shares = { type: 'string' as const, variants: { off: 'off', auto: 'auto' }, default: 'auto' }
  for (const [what, flag] of [
    ['is no text', { variants: { on: true, off: false }, type: 'boolean' as const, default: 'off' }],
    ['goes by shares, and nobody says whose', { ...shares, rules: [{ split: { off: 50 } }] }],
  ] as const) {
    const definition = { enabled: true, off: 'off', rules: [], ...flag }
    const rules = definition.rules.map((rule) => ({ segment: null, serve: null, ...rule }))
    const file = { segments: {}, flags: { 'level.offer': { ...definition, rules } } }
    const answerNow = (name: string, fallback: FlagValue) =>
      evaluate(file as never, 'v', { flag: name, fallback, customer: null, key: null, time: 0, facts: {} })
    const held = heldDown('auto', { agent: 'offer', customer: null }, { flags: { answerNow } })
    assert.equal(held.level, 'review', what)
    assert.equal(held.flag?.reason, 'ERROR')
  }
})
