import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { maildirConnector } from '../connectors/maildir/connector.ts'
import { smtpConnector } from '../connectors/smtp/connector.ts'
import { defineAgent, defineWorkflow } from '../sdk.ts'
import { knownAgents, knownOperations } from './known-names.ts'
import { openPlace } from './testing/place.ts'

test('the connectors that come along are known by all that they offer, configured or not', () => {
  const now = () => 0
  const folders = { sentDir: '/nowhere/Sent', outboxDir: '/nowhere/outbox', now }
  const shipped = [
    maildirConnector({ sentDir: '/nowhere/Sent', inboxDir: '/nowhere/In', now }),
    smtpConnector({ host: 'mx.example', port: 25, secure: false, auth: null, ...folders }),
  ]
  assert.deepEqual(knownOperations(shipped), knownOperations())
})

test('an agent is known from its definition on, a workflow from its first run on', async (t) => {
  const any = { input: z.any(), output: z.any() }
  const work = defineWorkflow({ ...any, name: 'work', version: 1, run: async () => null })
  const helper = defineAgent({
    name: 'helper',
    version: 1,
    on: ['asked'],
    state: z.any(),
    initial: null,
    handle: async (ctx) => await ctx.step('look', () => null),
  })
  const { hf } = await openPlace(t, { workflows: [work], agents: [helper] })
  await hf.idle()
  assert.deepEqual(knownAgents(hf.log.tables), ['helper', 'lead-qualification'])
  await hf.start(work, null)
  await hf.emit({ kind: 'asked', key: 'k' })
  await hf.idle()
  assert.deepEqual(knownAgents(hf.log.tables), ['helper', 'lead-qualification', 'work'])
})
