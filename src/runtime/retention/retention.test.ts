/** What is kept of finished runs for how long, and what is left when it is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { WORKSPACE_PROJECTIONS } from '../../apps/log-only.ts'
import { openPlace } from '../../apps/testing/place.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { budgetIndex } from '../../policy/budget-index.ts'
import { RUNTIME_PROJECTIONS } from '../projections.ts'
import { runIndex } from '../run-index.ts'
import { type RetentionRule, retain } from './retention.ts'

const DAY_MS = 86_400_000
const all: RetentionRule = { workflow: '*', status: ['completed', 'failed', 'cancelled'], afterMs: DAY_MS }

function flow(name: string, run: Workflow['run']): Workflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

const limited = defineWorkflow({
  name: 'limited',
  version: 1,
  input: z.any(),
  output: z.any(),
  concurrency: { limit: 1 },
  rate: { limit: 100, per: '30d' },
  run: async () => 'secret',
})
const note = flow('note', async (ctx, input) => {
  await ctx.step('write', () => `secret ${JSON.stringify(input)}`)
  await ctx.emit({ kind: 'note.said', key: 'k', data: 'secret' })
  return 'secret'
})
const broken = flow('broken', async () => {
  throw Object.assign(new Error('secret'), { code: 'NO_LUCK' })
})
const slow = flow('slow', async (ctx) => {
  await ctx.step('write', () => 'secret')
  await ctx.waitFor('go')
})
const parent = flow('parent', async (ctx) => {
  const said = await ctx.call('child', note, 'secret')
  await ctx.waitFor('go')
  return said
})
const workflows = [limited, note, broken, slow, parent]

test('a run that ended long enough ago loses its bodies; that it was, and how it ended, stays', async (t) => {
  const place = await openPlace(t, { workflows })
  const { hf, clock } = place
  await hf.start(note, { of: 'secret' }, { id: 'n', customer: 'c-1' })
  await hf.start(broken, 'secret', { id: 'b' })
  await hf.start(slow, 'secret', { id: 's' })
  await hf.idle()
  const rows = () => hf.log.tables.all('SELECT * FROM runs ORDER BY id')
  const before = rows()
  const checkpoint = hf.log.verify().head
  clock.advance(DAY_MS - 1)
  const rules = [all]
  assert.equal((await retain(hf.log, { rules, now: clock.now() })).runs, 0)
  clock.advance(1)
  const dry = await retain(hf.log, { rules, now: clock.now(), dryRun: true })
  assert.deepEqual([dry.runs, hf.log.verify().erased], [2, 0])
  const report = await retain(hf.log, { rules, now: clock.now() })
  assert.deepEqual(report, { ...dry, byWorkflow: { note: 1, broken: 1 } })
  assert.deepEqual(rows(), before)
  assert.equal(hf.log.verify().erased, report.events)
  assert.deepEqual(hf.log.event(checkpoint.position + 1)?.body?.runs, ['n', 'b'])
  for (const run of ['n', 'b']) assert.ok(place.events(run).every(({ body }) => body === null))
  assert.ok(place.events('s').every(({ body }) => body !== null))
  assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
  assert.equal((await retain(hf.log, { rules, now: clock.now() })).runs, 0, 'once')
  await assert.rejects(hf.run('n').result(), { code: 'BODY_ERASED' })
  await place.reopen()
  await place.hf.emit({ kind: 'go' })
  await place.hf.run('s').result()
})

test('a failed run that is being retried at that moment keeps its bodies', async (t) => {
  const place = await openPlace(t, { workflows })
  const { hf, clock } = place
  await hf.start(broken, 'secret', { id: 'b' })
  await hf.start(note, 'secret', { id: 'n' })
  await hf.idle()
  clock.advance(DAY_MS)
  const failed = hf.log.versionOf('run/b')
  const event = { kind: 'run.reopened', actor: 'operator', label: SYSTEM, body: {} }
  const back = hf.log.append([{ stream: 'run/b', expectedVersion: failed, events: [event] }])
  const report = await retain(hf.log, { rules: [all], now: clock.now() })
  await back
  assert.deepEqual(report.byWorkflow, { note: 1 })
  assert.ok(place.events('b').every(({ body }) => body !== null))
})

test('the first rule that fits decides, and without one a run is kept', async (t) => {
  const { hf, clock } = await openPlace(t, { workflows })
  for (const [i, workflow] of [note, broken, note].entries()) await hf.start(workflow, i, { id: `r${i}` })
  await hf.idle()
  clock.advance(100 * DAY_MS)
  const due = async (...rules: RetentionRule[]) =>
    (await retain(hf.log, { rules, now: clock.now(), dryRun: true })).byWorkflow
  assert.deepEqual(await due(), {})
  assert.deepEqual(await due({ ...all, status: ['failed'] }), { broken: 1 })
  assert.deepEqual(await due({ ...all, workflow: 'note', afterMs: null }, all), { broken: 1 })
  assert.deepEqual(await due({ ...all, workflow: 'note', afterMs: 101 * DAY_MS }, all), { broken: 1 })
  assert.deepEqual(await due({ ...all, workflow: 'other' }), {})
})

test('a child is kept while a parent of it is under way', async (t) => {
  const place = await openPlace(t, { workflows })
  const { hf, clock } = place
  await hf.start(parent, null, { id: 'p' })
  await hf.idle()
  const count = async (dryRun: boolean) => {
    clock.advance(DAY_MS)
    return (await retain(hf.log, { rules: [all], now: clock.now(), dryRun })).runs
  }
  assert.equal(await count(true), 0)
  await hf.emit({ kind: 'go' })
  await hf.idle()
  assert.equal(await count(false), 2)
  assert.deepEqual(
    hf.log.tables.all('SELECT parent FROM runs WHERE parent IS NOT NULL').map(({ parent: of }) => of),
    ['p'],
  )
})

test('what the queue counts by stays', async (t) => {
  const { hf, clock } = await openPlace(t, { workflows })
  for (const id of ['a', 'b', 'c']) await hf.start(limited, 'secret', { id })
  await Promise.all(['a', 'b', 'c'].map((id) => hf.run(id).result()))
  clock.advance(DAY_MS)
  assert.equal((await retain(hf.log, { rules: [all], now: clock.now() })).runs, 3)
  assert.equal(hf.log.tables.all('SELECT 1 FROM runs_rates').length, 3)
})

test('no projection of a workspace is folded anew because a run is erased', () => {
  const ofRuns = new Set(runIndex.kinds.filter((kind) => kind !== 'bodies.erased'))
  const projections = [...RUNTIME_PROJECTIONS, ...WORKSPACE_PROJECTIONS, budgetIndex]
  const without = projections.filter(({ kinds, erasure }) => !erasure && kinds.some((one) => ofRuns.has(one)))
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
    'say in `erasure` what it keeps of a body, and how it lets go of the rest',
  )
})

test('many runs are erased in several commits, with the streams that belong to them', async (t) => {
  const place = await openPlace(t, { workflows })
  const { hf, clock } = place
  await Promise.all(Array.from({ length: 250 }, (_, i) => hf.start(note, i, { id: `r${i}` })))
  await hf.idle()
  const event = {
    kind: 'thing.kept',
    actor: 'test',
    label: SYSTEM,
    body: {},
  }
  await hf.log.append([{ stream: 'mail/7', expectedVersion: 0, events: [event] }])
  clock.advance(DAY_MS)
  const streamsOf = ({ id }: { id: string }) => [`mail/${id.slice(1)}`]
  const report = await retain(hf.log, { rules: [all], now: clock.now(), streamsOf })
  assert.equal(report.runs, 250)
  assert.equal(hf.log.versionOf('log/erasures'), 3)
  assert.equal(hf.log.readStream('mail/7')[0]?.body, null)
})
