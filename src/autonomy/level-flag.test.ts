import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heldDown } from './level-flag.ts'

test('the flag of an agent is named after it, and not after the workflow of its runs', () => {
  const asked: string[] = []
  const answerNow = (flag: string) => {
    asked.push(flag)
    return { value: 'off', variant: 'off', reason: 'STATIC', version: 1 } as never
  }
  const levelOf = (agent: string) =>
    heldDown('auto', { agent, customer: null }, { flags: { answerNow } }).level
  assert.deepEqual([levelOf('agent:onboarding'), levelOf('offer')], ['off', 'off'])
  assert.deepEqual(asked, ['level.onboarding', 'level.offer'])
})
