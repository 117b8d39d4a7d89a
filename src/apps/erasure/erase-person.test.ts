/** Erasing somebody by the public SDK: runs, agents keyed by them and holding them, events, ids in headers. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { defineAgent } from '../../kernel/agent.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { erase } from '../../sdk.ts'
import { Backups } from '../backups/backups.ts'
import { openPlace, type Place } from '../testing/place.ts'

const ADA = 'ada@hall.example'
const BOB = 'bob@mill.example'
const WORDS = 'the piano in the back room is out of tune again'

const note = z.object({ who: z.string(), words: z.string() })

const desk = defineAgent({
  name: 'desk',
  version: 1,
  on: ['said'],
  state: z.object({ notes: z.array(z.string()) }),
  initial: { notes: [] },
  handle: (_, { data }, { notes }) => ({ notes: [...notes, note.parse(data).words] }),
})

const ledger = defineAgent({
  name: 'ledger',
  version: 1,
  on: ['said'],
  key: () => 'all',
  state: z.object({ words: z.record(z.string(), z.string()) }),
  initial: { words: {} },
  handle: (_, { data }, { words }) => {
    const { who, words: said } = note.parse(data)
    return { words: { ...words, [who]: said } }
  },
})

const visit = defineWorkflow({
  name: 'visit',
  version: 1,
  input: note,
  output: z.string(),
  run: async (ctx, { who, words }) => {
    await ctx.step('write', () => `${who}: ${words}`)
    await ctx.emit({ kind: 'visited', key: who, data: { words } })
    await ctx.waitFor('bye', { key: who, timeout: '1h' })
    return words
  },
})

async function say(place: Place, who: string, words: string): Promise<void> {
  await place.hf.emit({ kind: 'said', key: who, data: { who, words }, id: `said-by-${who}-${words.length}` })
}

async function settled(t: TestContext): Promise<Place> {
  const place = await openPlace(t, { agents: [desk, ledger], workflows: [visit] })
  await say(place, ADA, WORDS)
  await say(place, BOB, 'all is well')
  for (const who of [ADA, BOB]) {
    await place.hf.start(visit, { who, words: who === ADA ? WORDS : 'hello' }, { id: `visit-${who}` })
  }
  await place.hf.idle()
  return place
}

function holds(place: Place): string[] {
  return readdirSync(place.dir).filter((file) => {
    const bytes = readFileSync(join(place.dir, file))
    return bytes.includes(ADA) || bytes.includes(WORDS)
  })
}

const wish = { names: [ADA], pieces: [WORDS], reason: `${ADA} asked for it` }

test('runs that have not ended are refused, or cancelled first', async (t) => {
  const place = await settled(t)
  await assert.rejects(erase(place.hf, wish), { code: 'CUSTOMER_BUSY', details: { runs: [`visit-${ADA}`] } })
  assert.notDeepEqual(holds(place), [])
  const erased = await erase(place.hf, { ...wish, cancelRuns: true, search: place.dir })
  assert.deepEqual([erased.traces, erased.mentions, erased.runs], [[], [], 1])
  assert.equal(place.hf.run(`visit-${BOB}`).status(), 'waiting', 'others go on')
  await place.pass()
})

test('no byte of them is left, of others all is; the chain verifies and the tables are what the log says', async (t) => {
  const place = await settled(t)
  await erase(place.hf, { ...wish, cancelRuns: true })
  assert.deepEqual(holds(place), [])
  assert.deepEqual(await place.hf.agent(desk, ADA).query(), { notes: [] })
  place.hf.log.verify()
  assert.deepEqual(place.hf.log.rebuild({ replace: false }).differing, [])
  const { words } = (await place.hf.agent(ledger, 'all').query()) as { words: Record<string, string> }
  assert.equal(words[BOB], 'all is well')
  assert.equal(Object.keys(words).length, 2, 'a state that is about others too is written anew without them')
  assert.deepEqual(await place.hf.agent(desk, BOB).query(), { notes: ['all is well'] })
  await place.pass()
})

test('what comes after it begins anew, also for agents that are under way', async (t) => {
  const place = await settled(t)
  await erase(place.hf, { ...wish, cancelRuns: true })
  await say(place, ADA, 'hello again')
  await say(place, BOB, 'still well')
  await place.hf.idle()
  assert.deepEqual(await place.hf.agent(desk, ADA).query(), { notes: ['hello again'] })
  const { words } = (await place.hf.agent(ledger, 'all').query()) as { words: Record<string, string> }
  assert.equal(words[ADA], 'hello again')
  assert.equal(words[BOB], 'still well')
  await place.pass()
  await erase(place.hf, { ...wish, cancelRuns: true })
  assert.deepEqual(holds(place), [])
})

test('a sealed backup from before ends earlier, one from after does not', async (t) => {
  const place = await settled(t)
  const { log } = place.hf
  const env = { XDG_DATA_HOME: mkdtempSync(join(tmpdir(), 'erase-person-')) }
  t.after(() => rmSync(env.XDG_DATA_HOME, { recursive: true }))
  const keys = join(env.XDG_DATA_HOME, 'keys')
  const backups = new Backups({ dir: env.XDG_DATA_HOME, log, env, keys })
  const make = async (name: string) =>
    await backups.make({ to: join(keys, name), now: place.clock.now(), keepMs: 90 * 86_400_000 })
  const before = await make('before')
  await erase(place.hf, { ...wish, cancelRuns: true })
  place.clock.set(place.clock.now() + 1)
  const after = await make('after')
  const due = (await backups.destroyOlder()).destroyed
  assert.deepEqual([due, before.id === after.id], [[before.id], false])
})

test('repeating it erases nothing more and puts nothing more on record', async (t) => {
  const place = await settled(t)
  await erase(place.hf, { ...wish, cancelRuns: true })
  const head = place.hf.log.head()
  const again = await erase(place.hf, wish)
  assert.deepEqual([again.events, again.blobs, again.states], [0, 0, 0])
  assert.deepEqual(place.hf.log.head(), head)
  await place.pass()
})

test('what others said of them stays, named, unless it is to go too', async (t) => {
  const place = await settled(t)
  await place.hf.start(visit, { who: BOB, words: `I met ${ADA}` }, { id: 'gossip', customer: 'bob' })
  await place.pass()
  const kept = await erase(place.hf, { ...wish, search: place.dir })
  assert.ok(kept.mentions.every(({ stream }) => stream === 'run/gossip') && kept.mentions.length > 0)
  assert.ok(kept.traces.length > 0)
  const gone = await erase(place.hf, { ...wish, mentions: true, search: place.dir })
  assert.deepEqual([gone.mentions, gone.traces], [[], []])
  assert.equal(place.hf.run('gossip').status(), 'completed')
})

test('without a name nothing is erased', async (t) => {
  const place = await openPlace(t)
  await assert.rejects(erase(place.hf, { names: [], reason: 'x' }), { code: 'INPUT_INVALID' })
})
