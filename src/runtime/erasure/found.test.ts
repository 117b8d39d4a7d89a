/** What of a log is about somebody: runs with all that came of them, and events wherever they stand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { externalFrom } from '../../kernel/label.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { eraseSubject, findSubject } from './erase-subject.ts'
import type { Subject } from './subject.ts'

const ADA = 'ada@hall.example'
const SUBJECT: Subject = { customer: 'c-ada', names: [ADA], ids: [], streams: [], pieces: [], token: 'x' }
const any = { version: 1, input: z.any(), output: z.any() } as const

const child = defineWorkflow({ name: 'child', ...any, run: async () => 'done' })
const visit = defineWorkflow({
  name: 'visit',
  ...any,
  run: async (ctx) => await ctx.call('child', child, 'nobody'),
})
const links = defineWorkflow({
  name: 'links',
  ...any,
  run: async (ctx, words: string) => {
    if (words === ADA) await ctx.continueAs('nobody')
    if (words === 'somebody') await ctx.continueAs(`for ${ADA}`)
    return null
  },
})
const asks = defineWorkflow({
  name: 'asks',
  ...any,
  run: async (ctx) => {
    const asked = { action: 'a', summary: 's', reason: 'r', confidence: 1, proposal: { n: 1 } }
    return (await ctx.review('ask', asked)).verdict
  },
})
const gossip = defineWorkflow({
  name: 'gossip',
  ...any,
  run: async (ctx, words) => await ctx.waitFor(`never ${String(words).length}`),
})
const book = defineAgent({
  name: 'book',
  version: 1,
  on: ['said'],
  state: z.any(),
  initial: null,
  handle: (_, { data }) => data ?? null,
})

async function opened(t: Parameters<typeof openPlace>[0]): Promise<Place> {
  return await openPlace(t, { workflows: [visit, child, links, asks, gossip], agents: [book] })
}

async function note(place: Place, stream: string, more: object = {}): Promise<void> {
  const event = {
    kind: 'noted',
    actor: 'somebody',
    label: externalFrom('x'),
    body: { words: 'none' },
    ...more,
  }
  await place.hf.log.append([{ stream, expectedVersion: 'any', events: [event] }])
}

const erase = async (place: Place, mentions = false) =>
  await eraseSubject(place.hf.log, { subject: SUBJECT, actor: 'operator', reason: '', mentions })

test('runs are about somebody by customer, name or beginning, and so is what came of them', async (t) => {
  const place = await opened(t)
  const { hf } = place
  await hf.start(visit, 'nobody', { id: 'own', customer: 'c-ada' })
  await hf.start(visit, `for ${ADA}`, { id: 'word' })
  await hf.start(visit, 'nobody', { id: `of-${ADA}` })
  await hf.start(visit, 'nobody', { id: 'other', customer: 'c-bo' })
  await hf.start(links, ADA, { id: 'first' })
  await hf.start(links, 'somebody', { id: 'last' })
  await hf.idle()
  const childOf = (run: string): string =>
    hf.log.tables.get<{ id: string }>('SELECT id FROM runs WHERE parent = ?', run)?.id ?? ''
  await hf.fork(childOf('word'), { id: 'fork-of-child' })
  await hf.rollback('word')
  await hf.idle()
  await note(place, 'notice/1', { correlation: 'own' })
  const found = findSubject(hf.log, SUBJECT)
  const chained = hf.log.tables
    .all<{ id: string }>("SELECT id FROM runs WHERE chain IN ('first', 'last') OR id IN ('first', 'last')")
    .map(({ id }) => id)
  assert.equal(chained.length, 4)
  const wanted = [
    ...['own', childOf('own'), 'word', childOf('word'), 'fork-of-child', 'rollback/word'],
    ...[`of-${ADA}`, childOf(`of-${ADA}`), ...chained],
  ]
  assert.deepEqual([...found.runs].sort(), wanted.sort())
  assert.deepEqual(found.open, [])
  assert.ok(found.positions.includes(hf.log.head().position), 'what came with a run of theirs is theirs')
})

test('events are about them by the stream, by the review of a run of theirs, and by what they hold', async (t) => {
  const place = await opened(t)
  const { hf } = place
  await hf.start(asks, 'nobody', { id: 'asks', customer: 'c-ada' })
  await hf.idle()
  const [review] = hf.reviews()
  await hf.desk.shown([{ id: review?.id ?? '', hash: review?.hash ?? '' }], 'cli')
  await note(place, `notice/${ADA}`)
  await note(place, `mail/${ADA}`)
  await note(place, 'notice/1', { body: { words: `from ${ADA}` } })
  await note(place, 'mail/1', { body: { words: `from ${ADA}` } })
  await hf.emit({ kind: 'said', key: 'bo', data: `I met ${ADA}` })
  await hf.emit({ kind: 'said', key: 'cy', data: 'I met nobody' })
  await hf.idle()
  const { positions, mentions, shared } = findSubject(hf.log, SUBJECT)
  const streams = new Set(positions.map((position) => hf.log.event(position)?.stream))
  for (const stream of [`review/${review?.id}`, `notice/${ADA}`, 'notice/1'])
    assert.ok(streams.has(stream), stream)
  assert.ok(!streams.has(`mail/${ADA}`), 'a mail is whose it is')
  assert.deepEqual(
    mentions.map(({ stream }) => stream),
    ['mail/1'],
  )
  assert.deepEqual(shared, [{ agent: 'book', key: 'bo' }])
})

test('with mentions, a run of somebody else that names them has to end first', async (t) => {
  const place = await opened(t)
  await place.hf.start(gossip, `I met ${ADA}`, { id: 'gossip', customer: 'c-bo' })
  await place.hf.idle()
  await assert.rejects(erase(place, true), { code: 'CUSTOMER_BUSY', details: { runs: ['gossip'] } })
  await erase(place)
})

test('a name that stands in headers alone is replaced there, and two that become one stay two', async (t) => {
  const place = await opened(t)
  const { log } = place.hf
  await note(place, 'notice/1', { actor: `by ${ADA}` })
  await note(place, 'notice/2', { correlation: `about ${ADA}` })
  await note(place, 'notice/3', { label: externalFrom(`mail:${ADA}`) })
  await erase(place)
  await note(place, `mail/of-${ADA}`)
  await note(place, `mail/of-${ADA.toUpperCase()}`)
  await erase(place)
  const headers = [...log.read()].map(({ stream, actor, correlation, label }) => {
    return JSON.stringify([stream, actor, correlation, label])
  })
  assert.ok(!headers.some((header) => header.toLowerCase().includes(ADA)), headers.join('\n'))
  assert.equal(
    new Set([...log.read()].map(({ stream }) => stream).filter((one) => /^mail/.test(one))).size,
    2,
  )
  log.verify()
  assert.deepEqual(log.rebuild({ replace: false }).differing, [])
})
