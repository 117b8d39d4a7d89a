import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { type Context, defineWorkflow } from '../../kernel/workflow.ts'
import { WorkflowRegistry } from '../life/workflow-registry.ts'
import { type ReplayReport, verifyRun } from './replay.ts'

type Code = (ctx: Context) => Promise<unknown>
type Body = readonly [kind: string, body: JsonObject]

const STARTED: Body = ['run.started', { workflow: 'ledger', version: 1, input: null, seed: 's' }]
const COMPLETED: Body = ['run.completed', { output: null }]
const INTENDED: readonly Body[] = [
  ['policy.decided', { name: 'pay', answer: 'allow', request: { type: 'effect', operation: 'bank.pay' } }],
  ['effect.intended', { name: 'pay', operation: 'bank.pay', input: {}, key: 'k', attempt: 1 }],
]
const PAID: Body = ['effect.succeeded', { name: 'pay', output: null }]

function done(name: string): Body {
  return ['step.completed', { name, result: null, attempts: 1 }]
}

/** What replaying `code` says of a run with that record, after which the others were written. */
async function replayed(
  t: Parameters<typeof openPlace>[0],
  { record, code, after = [] }: { record: readonly Body[]; code: Code; after?: readonly [string, Body][] },
): Promise<ReplayReport> {
  const { hf } = await openPlace(t, { workflows: [] })
  const eventOf = ([kind, body]: Body) => ({ kind, body, actor: 'test', label: SYSTEM })
  await hf.log.append([{ stream: 'run/r', expectedVersion: 0, events: record.map(eventOf) }])
  for (const [stream, body] of after)
    await hf.log.append([{ stream, expectedVersion: 'any', events: [eventOf(body)] }])
  const ledger = defineWorkflow({ name: 'ledger', version: 1, input: z.any(), output: z.any(), run: code })
  return await verifyRun(hf.log, new WorkflowRegistry([ledger]), 'r')
}

describe('a compensation that is not on record', () => {
  const code: Code = async (ctx) => {
    void ctx.act('pay', 'bank.pay', {})
    await ctx.step('one', () => null)
    void ctx.compensate().catch(() => {})
    for (const name of ['two', 'three', 'four']) await ctx.step(name, () => null)
    return null
  }

  test('may have waited for an effect that was under way, up to the end of the run', async (t) => {
    const unknown: Body = ['effect.unknown', { name: 'pay', operation: 'bank.pay', why: 'the run ended' }]
    const record = [STARTED, ...INTENDED, ...['one', 'two', 'three', 'four'].map(done), unknown, COMPLETED]
    assert.deepEqual((await replayed(t, { record, code })).divergence, null)
  })

  test('would have begun when that was over', async (t) => {
    const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(done) as [Body, Body, Body, Body]
    const record = [STARTED, ...INTENDED, one, PAID, two, three, four, COMPLETED]
    const { divergence } = await replayed(t, { record, code })
    assert.deepEqual([divergence?.name, divergence?.what], ['compensate', 'missing'])
  })

  test('would have begun at once when nothing was under way', async (t) => {
    const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(done) as [Body, Body, Body, Body]
    const record = [STARTED, ...INTENDED, PAID, one, two, three, four, COMPLETED]
    const { divergence } = await replayed(t, { record, code })
    assert.deepEqual([divergence?.name, divergence?.what], ['compensate', 'missing'])
  })
})

describe('an id that was taken when the run had ended', () => {
  const record = [STARTED, done('one'), COMPLETED]

  test('of a run did not keep it from starting one', async (t) => {
    const code: Code = async (ctx) => {
      await Promise.race([ctx.compensate(), ctx.step('one', () => null)])
      return null
    }
    const rollback: Body = [
      'run.started',
      { workflow: 'holdfast.rollback', version: 1, input: { run: 'r' }, seed: 's' },
    ]
    const report = await replayed(t, { record, code, after: [['run/rollback/r', rollback]] })
    assert.deepEqual([report.divergence, report.verdict], [null, 'same'])
  })

  test('of an event did not keep it from publishing', async (t) => {
    const code: Code = async (ctx) => {
      await Promise.race([ctx.emit({ kind: 'paid', id: 'e' }), ctx.step('one', () => null)])
      return null
    }
    const other: Body = ['event.published', { id: 'e', kind: 'other', key: '', data: null }]
    const report = await replayed(t, { record, code, after: [['event/e', other]] })
    assert.deepEqual([report.divergence, report.verdict], [null, 'same'])
  })
})

test('what a reopened run has kept is handed over late, and hides nothing of how far it had come', async (t) => {
  const error = { code: 'SOLD_OUT', message: 'sold out' }
  const reopening = { from: 'sell', voided: ['sell'], unclear: [], kept: ['kept'], notes: [] }
  const record: Body[] = [
    STARTED,
    done('kept'),
    ['step.failed', { name: 'sell', attempts: 1, error }],
    ['run.failed', { error }],
    ['run.reopened', { workflow: 'ledger', ...reopening, timers: [], waits: [], reviews: [] }],
    ['timer.set', { name: 'nap', at: 1, ms: 1, parks: true }],
    ['timer.fired', { name: 'nap', wakes: true }],
    done('sell'),
    COMPLETED,
  ]
  const code: Code = async (ctx) => {
    await ctx.sleep('nap', 1)
    await ctx.step('kept', () => null)
    await Promise.race([ctx.step('under way at the end', () => null), ctx.step('sell', () => null)])
    return null
  }
  assert.deepEqual((await replayed(t, { record, code })).divergence, null)
})
