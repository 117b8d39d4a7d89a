/** What was in memory, or on its way to the log, when somebody was erased does not bring them back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import { externalFrom, type Label } from '../../kernel/label.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { retain } from '../retention/retention.ts'
import { defineTrigger } from '../triggers/trigger.ts'
import { type Erasures, eraseSubject } from './erase-subject.ts'
import type { Subject } from './subject.ts'

const ADA = 'ada@hall.example'
const SUBJECT: Subject = { customer: null, names: [ADA], ids: [], streams: [], pieces: [], token: 'x' }

/** Called by the agent as it handles an event. */
let whileHandling = (): void => {}

const ledger = defineAgent({
  name: 'ledger',
  version: 1,
  on: ['said'],
  key: () => 'all',
  state: z.object({ by: z.array(z.string()) }),
  initial: { by: [] },
  handle: (_, { key }, { by }) => {
    whileHandling()
    return { by: [...by, key] }
  },
})

const note = defineWorkflow({
  name: 'note',
  version: 1,
  input: z.array(z.string()),
  output: z.null(),
  run: async () => null,
})

const each = defineTrigger({
  name: 'each',
  on: 'said',
  workflow: note,
  input: (events) => events.map(({ key }) => key),
})

async function say(place: Place, key: string, label?: Label): Promise<void> {
  await place.hf.emit({ kind: 'said', key, id: `said-by-${key}`, ...(label === undefined ? {} : { label }) })
}

async function erase(place: Place): Promise<Erasures> {
  return await eraseSubject(place.hf.log, {
    subject: SUBJECT,
    actor: 'operator',
    reason: '',
    mentions: false,
  })
}

function naming(place: Place): string[] {
  const events = [...place.hf.log.read()]
  return events.filter((event) => JSON.stringify(event).includes(ADA)).map(({ kind }) => kind)
}

test('an event that an agent has not come to is not handled', async (t) => {
  const place = await openPlace(t, { agents: [ledger] })
  await say(place, 'bob')
  await place.hf.idle()
  await say(place, ADA)
  await erase(place)
  await place.hf.idle()
  assert.deepEqual([await place.hf.agent(ledger, 'all').query(), naming(place)], [{ by: ['bob'] }, []])
  await say(place, 'eve')
  await place.hf.idle()
  assert.deepEqual(await place.hf.agent(ledger, 'all').query(), { by: ['bob', 'eve'] })
})

test('an event that an agent is just handling is not handled to the end', async (t) => {
  const place = await openPlace(t, { agents: [ledger] })
  await say(place, 'bob')
  await place.hf.idle()
  const erased = new Promise<Erasures>((resolve, reject) => {
    whileHandling = () => {
      whileHandling = () => {}
      erase(place).then(resolve, reject)
    }
  })
  t.after(() => {
    whileHandling = () => {}
  })
  await say(place, ADA)
  await erased
  await place.hf.idle()
  assert.deepEqual([await place.hf.agent(ledger, 'all').query(), naming(place)], [{ by: ['bob'] }, []])
})

test('an event that a trigger has not come to starts no run', async (t) => {
  const place = await openPlace(t, { workflows: [note], triggers: [each] })
  await say(place, 'bob')
  await place.hf.idle()
  await say(place, ADA)
  await erase(place)
  await place.hf.idle()
  assert.deepEqual([place.hf.triggers.list()[0]?.fired, naming(place)], [1, []])
})

test('a state that is on its way to the log is written anew, too', async (t) => {
  const place = await openPlace(t, { agents: [ledger] })
  await say(place, 'bob')
  await place.hf.idle()
  const { log } = place.hf
  const append = log.append.bind(log)
  const erased = new Promise<Erasures>((resolve, reject) => {
    log.append = async (...given) => {
      const isHandled = given[0].some(({ events }) => events.some(({ kind }) => kind === 'agent.handled'))
      const appended = append(...given)
      if (isHandled) {
        log.append = append
        erase(place).then(resolve, reject)
      }
      return await appended
    }
  })
  await say(place, ADA)
  assert.equal((await erased).states, 1)
  await place.hf.idle()
  const state = { by: ['bob', 'erased-x@erased.invalid'] }
  assert.deepEqual([await place.hf.agent(ledger, 'all').query(), naming(place)], [state, []])
  await say(place, 'eve')
  await place.hf.idle()
  assert.deepEqual((await place.hf.agent(ledger, 'all').query()).by.slice(2), ['eve'])
})

test('whom only what retention has left still names is erased from that, once', async (t) => {
  const place = await openPlace(t, { workflows: [note] })
  await place.hf.start(note, [], { id: 'r', customer: ADA })
  await place.outcome('r')
  await retain(place.hf.log, {
    rules: [{ workflow: '*', status: ['completed'], afterMs: 0 }],
    now: place.clock.now(),
  })
  assert.deepEqual(naming(place), ['bodies.erased'])
  const { position } = place.hf.log.head()
  await erase(place)
  assert.deepEqual([naming(place), place.hf.log.head().position], [[], position + 1])
  assert.equal(place.hf.log.tables.get('SELECT 1 FROM runs WHERE customer = ?', ADA), undefined)
  assert.deepEqual(place.hf.log.rebuild({ replace: false }).differing, [])
  place.hf.log.verify()
  await erase(place)
  assert.equal(place.hf.log.head().position, position + 1)
})

test('a state that is written anew is from outside since when it was', async (t) => {
  const place = await openPlace(t, { agents: [ledger] })
  const mail = externalFrom('mail:m-1')
  await say(place, 'bob', mail)
  await place.hf.idle()
  await say(place, ADA, mail)
  await place.hf.idle()
  await erase(place)
  const handled = [...place.hf.log.read()].filter(({ kind }) => kind === 'agent.handled')
  const said = [...place.hf.log.read()].find(({ kind }) => kind === 'event.published')
  assert.deepEqual(handled.at(-1)?.body?.state, { by: ['bob', 'erased-x@erased.invalid'] })
  assert.equal(handled.at(-1)?.body?.externalSince, said?.position)
})
