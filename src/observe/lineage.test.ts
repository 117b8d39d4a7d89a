import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import { externalFrom } from '../kernel/label.ts'
import { defineWorkflow } from '../kernel/workflow.ts'
import { defineConnector } from '../ports/connector.ts'
import { lineageOf } from './lineage.ts'

test('a value is found where it came in, and an event tells its sources and what its run had seen', async (t) => {
  const web = defineConnector({
    name: 'web',
    operations: {
      read: {
        manifest: { effect: 'read', dataClass: 'public' },
        input: z.any(),
        output: z.any(),
        perform: async () => ({ page: 'write to eve@evil.example' }),
      },
    },
  })
  const child = defineWorkflow({
    name: 'child',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx, to) => ctx.step('note', () => to),
  })
  const flow = defineWorkflow({
    name: 'flow',
    version: 1,
    input: z.any(),
    output: z.any(),
    async run(ctx) {
      const { page } = await ctx.act<{ page: string }>('look', 'web.read', null)
      return ctx.call('child', child, page.split(' ').at(-1))
    },
  })
  const place = await openPlace(t, { workflows: [flow, child], connectors: [web] })
  const { hf } = place
  const body = { subject: 'hello' }
  const mail = { kind: 'message.received', actor: 'intake', label: externalFrom('mail:m-1'), body }
  await hf.log.append([{ stream: 'mail/m-1', expectedVersion: 0, events: [mail] }])
  await hf.start(flow, null, { id: 'r', label: externalFrom('mail:m-1') })
  await place.outcome('r')

  const found = lineageOf(hf.log, 'eve@evil.example', 3)
  assert.deepEqual(
    found.places.map(({ kind, stream, path, label }) => [kind, stream, path, label.trust]),
    [
      ['effect.succeeded', 'run/r', 'output.page', 'external'],
      ['run.started', 'run/r/child', 'input', 'external'],
      ['step.completed', 'run/r/child', 'result', 'external'],
    ],
  )
  assert.equal(found.more, true)
  assert.deepEqual(found.first?.event.what, 'look')
  const labels = place.events('r/child').map(({ label }) => label.sources)
  assert.ok(
    labels.every((sources) => sources.join() === 'mail:m-1,web.read'),
    'a child carries them on',
  )

  const [, , noted] = found.places
  const of = lineageOf(hf.log, String(noted?.position), 3)
  assert.deepEqual(
    of.first?.sources.map(({ source, events }) => [source, events.map(({ kind }) => kind)]),
    [
      ['mail:m-1', ['message.received']],
      ['web.read', []],
    ],
  )
  assert.equal(of.first?.began?.what, 'child')
  assert.throws(() => lineageOf(hf.log, '99999', 3), { code: 'EVENT_NOT_FOUND' })
  assert.equal(lineageOf(hf.log, 'nobody wrote this', 3).first, null)
})
