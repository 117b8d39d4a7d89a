import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_POLICY_TEXT, parsePolicy } from './policy-file.ts'
import { unknownInAutonomy, unknownInPolicy, unknownText } from './unknown-names.ts'

const known = {
  operations: ['maildir.receive', 'maildir.send', 'model.openai', 'smtp.send'],
  agents: ['lead-qualification', 'newsletter'],
}

/** As it is told, of a policy that is valid. */
function toldOf(text: string, names: Parameters<typeof unknownInPolicy>[1] = known): string[] {
  parsePolicy(text, 'policy.yaml', { hosts: [], own: [] })
  return unknownText('policy.yaml', unknownInPolicy(text, names))
}

test('a misspelt name is told with its place and the one that was meant, wherever it stands', () => {
  const text = `version: 1
operations:
  allow: [smtp.send, maildir.*, "*"]
  deny: [smpt.send]
  review: [maildr.*]
access:
  - { agents: [lead-qualificaton], operations: [model.opnai], answer: deny }
rates:
  - { operations: [smtp.sned], agents: [newsletter], limit: 1, per: 1h }
grants: { never: [maildir.snd] }
budgets:
  - { name: a, operations: [smtp.send], agents: [newsleter], per: day, unit: calls, limit: 1 }
retention:
  - { workflow: lead-qualifcation, eraseAfter: 1d }
  - { agent: "*", eraseAfter: 1d }
`
  assert.deepEqual(toldOf(text), [
    'policy.yaml:4:10 operations.deny[0]: no operation "smpt.send" is known; did you mean "smtp.send"?',
    'policy.yaml:5:12 operations.review[0]: no connector "maildr" is known; did you mean "maildir"?',
    'policy.yaml:7:16 access[0].agents[0]: no workflow or agent "lead-qualificaton" has been seen here; did you mean "lead-qualification"?',
    'policy.yaml:7:49 access[0].operations[0]: no operation "model.opnai" is known; did you mean "model.openai"?',
    'policy.yaml:9:20 rates[0].operations[0]: no operation "smtp.sned" is known; did you mean "smtp.send"?',
    'policy.yaml:10:19 grants.never[0]: no operation "maildir.snd" is known; did you mean "maildir.send"?',
    'policy.yaml:12:50 budgets[0].agents[0]: no workflow or agent "newsleter" has been seen here; did you mean "newsletter"?',
    'policy.yaml:14:17 retention[0].workflow: no workflow or agent "lead-qualifcation" has been seen here; did you mean "lead-qualification"?',
  ])
})

test('what is like nothing is told with what there is, and agents only where it is known which there are', () => {
  const text = 'version: 1\naccess: [{ agents: [zebra], operations: [bank.pay], answer: deny }]\n'
  assert.deepEqual(toldOf(text), [
    'policy.yaml:2:21 access[0].agents[0]: no workflow or agent "zebra" has been seen here; known here: lead-qualification, newsletter',
    'policy.yaml:2:42 access[0].operations[0]: no operation "bank.pay" is known; known here: maildir.receive, maildir.send, model.openai, smtp.send',
  ])
  assert.equal(toldOf(text, { ...known, agents: null }).length, 1)
  assert.deepEqual(toldOf(text, { operations: ['bank.pay'], agents: ['zebra'] }), [])
})

test('the policy that init writes, and none, are known whole', () => {
  assert.deepEqual(toldOf(DEFAULT_POLICY_TEXT), [])
  assert.deepEqual(unknownInPolicy('', known), [])
})

test('agents in autonomy.yaml', () => {
  const text = `version: 1
actions:
  - { agent: lead-qualificatoin, action: send-reply, ceiling: auto }
  - { agent: "*", ceiling: review }
anomalies:
  exceptions: [{ agent: newsletters, quarantine: null }]
`
  assert.deepEqual(unknownText('autonomy.yaml', unknownInAutonomy(text, known)), [
    'autonomy.yaml:3:14 actions[0].agent: no workflow or agent "lead-qualificatoin" has been seen here; did you mean "lead-qualification"?',
    'autonomy.yaml:6:25 anomalies.exceptions[0].agent: no workflow or agent "newsletters" has been seen here; did you mean "newsletter"?',
  ])
})
