import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { Retries } from './retries.ts'

const HOUR_MS = 3_600_000

test('an attempt whose time has come before it was asked for is made at once, another is not', () => {
  const retries = new Retries()
  const made: string[] = []
  retries.due('early')
  retries.resume('early', () => made.push('early'))
  assert.deepEqual(made, ['early'])
  retries.due('again')
  retries.later('again', () => made.push('again'))
  retries.resume('late', () => made.push('late'))
  assert.deepEqual(made, ['early'])
  retries.due('late')
  retries.due('again')
  assert.deepEqual(made, ['early', 'late', 'again'])
})

test('a clock that is set back just when an attempt is due does not keep it waiting', async (t) => {
  let attempts = 0
  const flaky = defineWorkflow({
    name: 'flaky',
    version: 1,
    input: z.null(),
    output: z.number(),
    run: async (ctx) =>
      await ctx.step('once more', () => {
        attempts += 1
        if (attempts === 1) throw new Error('not yet')
        return attempts
      }),
  })
  const place = await openPlace(t, { workflows: [flaky], residentRuns: 0 })
  await place.hf.start(flaky, null, { id: 'r' })
  await place.hf.idle()
  place.clock.next()
  place.clock.set(place.clock.now() - HOUR_MS)
  await place.hf.idle()
  assert.equal(attempts, 2)
})
