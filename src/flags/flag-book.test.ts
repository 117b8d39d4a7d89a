import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Context, defineWorkflow } from '../kernel/workflow.ts'
import type { Facts } from '../ports/flags.ts'
import { verifyRun } from '../runtime/replay/replay.ts'
import { countsOf } from './flag-index.ts'

const FLAGS = `version: 1
segments:
  nordic:
    where: [{ field: country, operator: in, value: [SE, NO] }]
flags:
  video:
    rules: [{ segment: nordic, serve: 'on' }]
  tone:
    type: string
    variants: { formal: Dear, loose: Hi }
    default: formal
  half:
    rules: [{ split: { 'on': 50 } }]
`

function flagsFile(t: TestContext, text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'flags-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'flags.yaml')
  const write = (next: string): void => writeFileSync(file, next)
  write(text)
  return { file, write }
}

const CUSTOMERS: Readonly<Record<string, Facts>> = { 'c-1': { country: 'SE' }, 'c-2': { country: 'DE' } }
const customerFacts = (id: string): Facts => CUSTOMERS[id] ?? {}

function flow(run: (ctx: Context) => Promise<unknown>) {
  return defineWorkflow({ name: 'r', version: 1, input: z.any(), output: z.any(), run })
}

test('an evaluation in a run is on record with variant, reason, segment and version', async (t) => {
  const { file } = flagsFile(t, FLAGS)
  const workflow = flow(async (ctx) => {
    await ctx.flag('video', false)
    await ctx.flag('tone', 'Hello')
    await ctx.flag('nothing', 7)
    await ctx.flag('tone', 3)
  })
  const place = await openPlace(t, { workflows: [workflow], flags: { file }, customerFacts })
  await assert.rejects(
    (await place.hf.start(workflow, null, { id: 'r', customer: 'c-1' })).result(),
    /Flag tone was asked for as a string, and now as a number/,
  )
  const [video, tone, nothing, ...more] = place.bodies('r', 'flag.evaluated')
  const [adopted] = place.hf.log.readStream('flags')
  assert.equal(more.length, 0)
  assert.deepEqual(video, {
    name: 'flag video',
    asked: { flag: 'video', fallback: false, customer: 'c-1', key: null },
    flag: 'video',
    customer: 'c-1',
    key: 'c-1',
    value: true,
    variant: 'on',
    reason: 'TARGETING_MATCH',
    segment: 'nordic',
    version: adopted?.body?.hash,
  })
  assert.deepEqual(
    [tone?.value, tone?.reason, nothing?.value, nothing?.reason],
    ['Dear', 'STATIC', 7, 'ERROR'],
  )
  assert.deepEqual(nothing?.problem, { code: 'FLAG_NOT_FOUND', message: 'There is no flag nothing' })
})

test('a run asks once, also at the same time and in branches, and hears the same after the file has changed', async (t) => {
  const { file, write } = flagsFile(t, FLAGS)
  const workflow = flow(async (ctx) => {
    const both = await Promise.all([ctx.flag('video', false), ctx.flag('video', false)])
    const other = await ctx.flag('video', false, { customer: 'c-2' })
    await ctx.sleep('1h')
    const inBranch = await ctx.map('each', [1, 2], async (own) => await own.flag('video', false))
    return [...both, other, ...inBranch]
  })
  const place = await openPlace(t, { workflows: [workflow], flags: { file }, customerFacts, residentRuns: 0 })
  await place.hf.start(workflow, null, { id: 'r', customer: 'c-1' })
  await place.hf.idle()
  write(FLAGS.replace("serve: 'on'", "serve: 'off'"))
  await place.reopen()
  assert.deepEqual(await place.outcome('r'), [true, true, false, true, true])
  assert.equal(place.bodies('r', 'flag.evaluated').length, 2)
  const { verdict } = await verifyRun(place.hf.log, place.hf.runtime.workflows, 'r')
  assert.equal(verdict, 'same')
})

test('a run that has not asked yet goes by the new version', async (t) => {
  const { file, write } = flagsFile(t, FLAGS)
  const workflow = flow(async (ctx) => [await ctx.sleep('1h'), await ctx.flag('video', false)])
  const place = await openPlace(t, { workflows: [workflow], flags: { file }, customerFacts })
  await place.hf.start(workflow, null, { id: 'r', customer: 'c-1' })
  await place.hf.idle()
  write(FLAGS.replace("serve: 'on'", "serve: 'off'"))
  assert.deepEqual(await place.outcome('r'), [null, false])
})

test('each version is on record once, with the flags that have changed; a broken one changes nothing', async (t) => {
  const { file, write } = flagsFile(t, FLAGS)
  const place = await openPlace(t, { flags: { file }, customerFacts })
  const { flags } = place.hf
  const say = async (fallback = false) => (await flags.evaluate('video', fallback, { customer: 'c-1' })).value
  assert.deepEqual([await say(), await say()], [true, true])
  write(FLAGS.replace('SE', 'FI'))
  assert.equal(await say(), false)
  write(FLAGS.replace('version: 1', 'version: 2'))
  assert.deepEqual([await say(true), await say(true)], [false, false])
  rmSync(file)
  assert.equal(await say(true), false)
  write(FLAGS)
  assert.equal(await say(), true)
  await place.reopen()
  assert.equal((await place.hf.flags.evaluate('video', false, { customer: 'c-1' })).value, true)
  const events = place.hf.log.readStream('flags')
  assert.deepEqual(
    events.map(({ kind, body }) => [kind, body?.changed ?? (body?.error as JsonObject | undefined)?.code]),
    [
      ['flags.adopted', ['video', 'tone', 'half']],
      ['flags.adopted', ['video']],
      ['flags.rejected', 'FLAGS_INVALID'],
      ['flags.rejected', 'FILE_UNREADABLE'],
      ['flags.adopted', ['video']],
    ],
  )
  assert.match(JSON.stringify(events[2]?.body), /flags\.yaml:1:10 version: must be 1/)
})

test('while a version is on its way to the disk nothing goes by the one before, though the file is as it was', async (t) => {
  const { file } = flagsFile(t, FLAGS)
  rmSync(file)
  const place = await openPlace(t, { flags: { file } })
  const { flags, log } = place.hf
  await flags.current()
  writeFileSync(file, FLAGS)
  const adopting = flags.current()
  // It is read in a microtask, and put on record some turns later.
  for (let i = 0; i < 3; i += 1) await Promise.resolve()
  rmSync(file)
  const answer = await flags.evaluate('tone', 'Hello')
  assert.deepEqual([answer.version, answer.value], [(await adopting).version, 'Dear'])
  assert.deepEqual(
    log.readStream('flags').map(({ kind }) => kind),
    ['flags.adopted', 'flags.rejected'],
  )
})

test('outside of runs an answer is on record once, until it is another', async (t) => {
  const { file, write } = flagsFile(t, FLAGS)
  const place = await openPlace(t, { flags: { file }, customerFacts })
  const ask = async (customer: string) => (await place.hf.flags.evaluate('video', false, { customer })).value
  for (let i = 0; i < 5; i += 1) assert.deepEqual([await ask('c-1'), await ask('c-2')], [true, false])
  assert.equal(place.hf.log.readStream('flag/video').length, 2)
  await place.reopen()
  await ask('c-1')
  assert.equal(place.hf.log.readStream('flag/video').length, 2)
  write(FLAGS.replace('SE', 'DE'))
  await ask('c-1')
  await ask('c-2')
  assert.equal(place.hf.log.readStream('flag/video').length, 4)
  const counts = countsOf(place.hf.log.tables, 'video').map(({ variant, reason, segment, count }) => [
    variant,
    reason,
    segment,
    count,
  ])
  assert.deepEqual(counts, [
    ['off', 'DEFAULT', '', 2],
    ['on', 'TARGETING_MATCH', 'nordic', 2],
  ])
})

test('without flags, or while none were ever valid, the code goes by its default', async (t) => {
  const { file } = flagsFile(t, 'flags: [')
  const place = await openPlace(t)
  assert.deepEqual((await place.hf.flags.evaluate('video', true)).error?.code, 'FLAG_NOT_FOUND')
  await place.reopen({ flags: { file } })
  const answer = await place.hf.flags.evaluate('video', true)
  assert.deepEqual([answer.value, answer.reason, answer.error?.code], [true, 'ERROR', 'PARSE_ERROR'])
})

test('what-if: other flags over past runs, from the record and without a word on it', async (t) => {
  const { file } = flagsFile(t, FLAGS)
  const workflow = flow(async (ctx) => {
    const on = await ctx.flag('video', false)
    return on ? await ctx.step('film', () => 'film', { pure: true }) : 'letter'
  })
  const place = await openPlace(t, { workflows: [workflow], flags: { file }, customerFacts })
  for (const customer of ['c-1', 'c-2']) {
    await (await place.hf.start(workflow, null, { id: customer, customer })).result()
  }
  assert.equal((await place.hf.whatIf()).same, 2)
  const { FlagBook } = await import('./flag-book.ts')
  const { flagSource } = await import('../apps/config/flags-file.ts')
  const { log, runtime } = place.hf
  const book = new FlagBook({ log, clock: runtime.clock, source: flagSource({ file }), customerFacts })
  const head = log.head()
  const report = await place.hf.whatIf({ flags: await book.rulesOf(FLAGS.replace('SE', 'DE')) })
  assert.deepEqual(log.head(), head)
  assert.deepEqual([report.flags, report.ends, report.changed], [2, 2, 2])
  const first = report.details.find(({ run }) => run === 'c-1')
  assert.deepEqual(first?.flags, [
    {
      name: 'flag video',
      flag: 'video',
      before: { value: true, variant: 'on', reason: 'TARGETING_MATCH', segment: 'nordic' },
      after: { value: false, variant: 'off', reason: 'DEFAULT', segment: null },
    },
  ])
})
