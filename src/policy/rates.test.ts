import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { defineWorkflow } from '../kernel/workflow.ts'
import { defineConnector } from '../ports/connector.ts'
import type { RateRule } from '../ports/policy-settings.ts'
import { memoryTables } from '../ports/testing/memory-tables.ts'
import { redecide } from './past-decisions.ts'
import { bucketsFor, type FullAt, leftOf, ratesProjection } from './rates.ts'
import { settings } from './testing/requests.ts'

const RULE: RateRule = {
  operations: ['smtp.*'],
  agents: ['*'],
  each: 'all',
  limit: 2,
  perMs: 1_000,
  burst: 2,
}
const by = (more: Partial<RateRule> = {}) => settings({ more: { rates: [{ ...RULE, ...more }] } })
const SEND = { operation: 'smtp.send', agent: 'flow', customer: 'c-1' }

/** Taken from at the beginning of time: the clock was never set back. */
const at = (left: FullAt) => (id: string) => {
  const fullAt = left[id]
  return fullAt === undefined ? undefined : { fullAt, at: 0 }
}

describe('a token bucket', () => {
  test('is full at first, and gets its tokens back with time', () => {
    const left: Record<string, number> = {}
    const take = (now: number): number => {
      const { buckets, taken } = bucketsFor(SEND, by(), now, at(left))
      const tokens = buckets[0]?.tokens ?? 0
      if (tokens >= 1) Object.assign(left, taken)
      return tokens
    }
    assert.deepEqual([take(0), take(0), take(0), take(499), take(500), take(500)], [2, 1, 0, 0.998, 1, 0])
    assert.equal(take(10_000), 2)
  })

  test('says when the next token is due', () => {
    const { taken } = bucketsFor(SEND, by({ burst: 1 }), 0, () => undefined)
    const { buckets } = bucketsFor(SEND, by({ burst: 1 }), 100, at(taken))
    assert.deepEqual([Math.round((buckets[0]?.tokens ?? 0) * 1e6) / 1e6, buckets[0]?.nextAt], [0.2, 500])
  })

  test('is one for all, or one for each operation, agent or customer', () => {
    const ids = (each: RateRule['each'], more: Partial<typeof SEND>) =>
      Object.keys(bucketsFor({ ...SEND, ...more }, by({ each }), 0, () => undefined).taken)
    assert.deepEqual(ids('all', {}), ids('all', { operation: 'smtp.x', agent: 'other', customer: 'c-2' }))
    assert.notDeepEqual(ids('operation', {}), ids('operation', { operation: 'smtp.x' }))
    assert.notDeepEqual(ids('agent', {}), ids('agent', { agent: 'other' }))
    assert.notDeepEqual(ids('customer', {}), ids('customer', { customer: 'c-2' }))
    assert.deepEqual(ids('all', { operation: 'maildir.send' }), [])
    const others = by({ agents: ['other'] })
    assert.deepEqual(bucketsFor(SEND, others, 0, () => undefined).buckets, [])
    assert.equal(bucketsFor({ ...SEND, agent: 'agent:other' }, others, 0, () => undefined).buckets.length, 1)
  })

  test('lets no more through in any time than its burst and what comes back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (waits, burst) => {
          const left: Record<string, number> = {}
          const times: number[] = []
          let now = 0
          for (const wait of waits) {
            now += wait
            const { buckets, taken } = bucketsFor(SEND, by({ burst }), now, at(left))
            if ((buckets[0]?.tokens ?? 0) < 1) continue
            Object.assign(left, taken)
            times.push(now)
          }
          for (const [i, from] of times.entries()) {
            for (const [j, to] of times.entries()) {
              if (j >= i) assert.ok(j - i + 1 <= burst + (to - from) / 500 + 1e-9)
            }
          }
        },
      ),
    )
  })
})

/** Notes what it sends, and what it takes back. */
function smtp(sent: string[], undone: string[] = []) {
  return defineConnector({
    name: 'smtp',
    operations: {
      send: {
        manifest: { effect: 'external', criticalArguments: ['to'] },
        input: z.any(),
        output: z.any(),
        perform: async ({ to }: { to: string }) => {
          sent.push(to)
          return null
        },
        undo: async ({ to }: { to: string }) => void undone.push(to),
      },
    },
  })
}

async function sending(t: TestContext) {
  const sent: string[] = []
  const flow = defineWorkflow({
    name: 'flow',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx) => ctx.act('send', 'smtp.send', { to: 'ada' }),
  })
  const policy = settings({
    operations: { allow: ['*'] },
    more: { rates: [{ ...RULE, limit: 3, perMs: 3_600_000, burst: 3 }] },
  })
  const place = await openPlace(t, { workflows: [flow], connectors: [smtp(sent)], policy })
  const start = async (from: number, count: number): Promise<number> => {
    await Promise.all(
      Array.from({ length: count }, (_, i) => place.hf.start(flow, null, { id: `r${from + i}` })),
    )
    await place.hf.idle()
    return sent.length
  }
  return { place, start }
}

test('what was taken is taken after a restart, and a hundred at once take no more', async (t) => {
  const { place, start } = await sending(t)
  assert.equal(await start(0, 2), 2)
  await place.reopen()
  assert.equal(await start(2, 100), 3)
  assert.equal(place.hf.reviews().length, 99)
  assert.match(place.hf.reviews()[0]?.reason ?? '', /no token is left, the next is due/)
})

test('what was taken while the clock was a year ahead holds nothing up once it is right, and then counts anew', async (t) => {
  for (const isRestarted of [false, true]) {
    const { place, start } = await sending(t)
    const now = place.clock.now()
    place.clock.set(now + 365 * 86_400_000)
    assert.equal(await start(0, 4), 3)
    place.clock.set(now)
    if (isRestarted) await place.reopen()
    assert.equal(await start(4, 1), 4)
    if (isRestarted) await place.reopen()
    assert.equal(await start(5, 5), 6)
    await place.close()
    await place.open()
    assert.equal(await start(10, 2), 6)
  }
})

test('to take an effect back needs no token, now and when the past is decided anew', async (t) => {
  const undone: string[] = []
  const connector = smtp([], undone)
  const flow = defineWorkflow({
    name: 'flow',
    version: 1,
    input: z.any(),
    output: z.any(),
    run: async (ctx) => {
      await ctx.act('send', 'smtp.send', { to: 'ada' })
      return await ctx.compensate()
    },
  })
  const policy = settings({
    operations: { allow: ['*'] },
    more: { rates: [{ ...RULE, limit: 1, perMs: 3_600_000, burst: 1 }] },
  })
  const place = await openPlace(t, { workflows: [flow], connectors: [connector], policy })
  await place.hf.start(flow, null, { id: 'r' })
  await place.hf.idle()
  assert.deepEqual([undone, place.hf.reviews()], [['ada'], []])
  const past = redecide(place.hf.log, policy, { connectors: [connector], models: [], since: 0 })
  assert.deepEqual(past.changed, [])
})

test('two that were decided in one turn leave the same, in whatever order they come to the disk', () => {
  for (const turned of [false, true]) {
    const { tables, apply } = memoryTables([ratesProjection])
    const decided = [
      [400, 90],
      [500, 100],
    ].map(([fullAt, time]) => ({ kind: 'policy.decided', time, body: { took: { b: fullAt } } }))
    for (const event of turned ? decided.toReversed() : decided) apply(event as unknown as StoredEvent)
    assert.deepEqual({ ...leftOf(tables, 'b') }, { fullAt: 500, at: 100 })
  }
})

test('what was taken stays known where the words of a decision are erased', () => {
  const { erasure } = ratesProjection
  assert.ok(erasure !== undefined && 'keep' in erasure)
  const keep = erasure.keep as (event: StoredEvent) => unknown
  const decided = (body: object) => keep({ kind: 'policy.decided', body } as StoredEvent)
  assert.deepEqual(decided({ name: 'send', reason: 'x', took: { b: 500 } }), { took: { b: 500 } })
  assert.equal(decided({ name: 'send' }), null)
})
