/** An agent with a past, and what becomes of it when it does something else. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions } from '../../apps/testing/place.ts'
import { defineAgent } from '../../kernel/agent.ts'
import type { Json } from '../../kernel/json.ts'
import { externalFrom, SYSTEM } from '../../kernel/label.ts'
import { type Context, type Decided, defineWorkflow, type Question } from '../../kernel/workflow.ts'
import { redecide } from '../../policy/past-decisions.ts'
import type { AnomalySettings } from '../../ports/anomalies.ts'
import { defineConnector } from '../../ports/connector.ts'
import type { Model } from '../../ports/model.ts'
import { alike } from '../../runtime/reviews/likeness.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { retain } from '../../sdk.ts'
import { AUTONOMY_DEFAULTS } from '../settings.ts'

const DAY_MS = 86_400_000
const any = { input: z.any(), output: z.any() }

interface Office {
  readonly place: Place
  readonly done: Json[]
  /** So many letters in one run, each to somebody of that name and number. */
  write(name: string, count: number, more?: object): Promise<string>
  day(): void
}

function postOf(done: Json[]) {
  return defineConnector({
    name: 'post',
    operations: {
      send: {
        ...any,
        manifest: { effect: 'external', criticalArguments: ['to', 'sum'] },
        perform: async (input: Json) => {
          done.push(input)
          return null
        },
      },
    },
  })
}

async function send(ctx: Context, { name, count, sum, slow, wait, fail }: Letters): Promise<number> {
  await ctx.all(
    Array.from(
      { length: count },
      (_, i) => () =>
        ctx.act(`letter ${i}`, 'post.send', {
          to: `${name}-${i}@x.example`,
          ...(sum === undefined ? {} : { sum }),
        }),
    ),
  )
  if (slow === true) await ctx.step('slow', async () => steps.slow())
  if (wait === true) await ctx.sleep('a while', '6h')
  if (fail === true) throw new Error('no paper')
  return count
}

const QUESTION: Question<string> = {
  ask: 'Yes or no?',
  material: {},
  answer: z.enum(['yes', 'no']),
  rules: () => ({ answer: 'no', confidence: 0.5, reasons: [], source: 'book:1' }),
}

function modelFor(price: { micros: number }): Model {
  return {
    provider: 'parrot',
    model: 'p-1',
    host: 'api.example',
    ask: async () => ({
      answer: { answer: 'yes', confidence: 0.9, reasons: [] },
      usage: { inputTokens: 1, outputTokens: 1, priceMicros: price.micros, latencyMs: 1 },
    }),
  }
}

const steps = { slow: (): void => {} }

interface Letters {
  readonly name: string
  readonly count: number
  readonly sum?: number
  readonly slow?: boolean
  readonly wait?: boolean
  readonly fail?: boolean
}

async function office(
  t: TestContext,
  settings: Partial<AnomalySettings> = {},
  more: PlaceOptions = {},
): Promise<Office> {
  const done: Json[] = []
  const letters = defineWorkflow({ name: 'letters', version: 1, ...any, run: send })
  const options: PlaceOptions = {
    workflows: [letters],
    connectors: [postOf(done)],
    autonomy: { anomalies: { ...AUTONOMY_DEFAULTS.anomalies, ...settings } },
    ...more,
  }
  const place = await openPlace(t, options)
  return {
    place,
    done,
    async write(name, count, rest = {}) {
      const run = await place.hf.start(letters, { name, count, ...rest })
      await place.hf.idle()
      return run.id
    },
    day: () => place.clock.advance(DAY_MS),
  }
}

/** Three letters a day, to the same three; on the first day they are new. */
async function past(one: Office, days = 14): Promise<void> {
  for (let i = 0; i < days; i += 1) {
    await one.write('ada', 3)
    one.day()
  }
}

function lifted(one: Office) {
  return one.place.hf.autonomy.anomalies.list({ all: true })
}

describe('an agent that suddenly writes to fifty strangers', () => {
  test('is in quarantine before most have left; the rest waits for the operator, also after a restart', async (t) => {
    const one = await office(t)
    await past(one)
    const before = one.done.length
    await one.write('stranger', 50)
    const left = one.done.length - before
    const { anomalies } = one.place.hf.autonomy
    const normal = anomalies.normal('letters').find(({ measure }) => measure === 'recipients')
    assert.equal(left, 9, 'as many as are below the limit')
    assert.equal(normal?.quarantineAt, left + 1)
    assert.deepEqual(anomalies.quarantined(), ['letters'])

    const [found, ...others] = anomalies.list()
    assert.deepEqual(
      others.map(({ severity }) => severity),
      ['lower'],
    )
    assert.deepEqual(
      [found?.measure, found?.severity, found?.seen, found?.expected, found?.limit, found?.samples],
      ['recipients', 'quarantine', 10, 0, 10, 14],
    )
    assert.match(
      found?.reason ?? '',
      /^letters: 10 new recipients within a day; usual is 0 \(14 days before\)/,
    )
    const events = [...one.place.hf.log.read()]
    const recorded = events.find(
      ({ kind, body }) => kind === 'anomaly.found' && body?.severity === 'quarantine',
    )
    const refused = events.find(({ body }) => body?.rule === 'anomaly.recipients')
    assert.ok(
      (recorded?.position ?? 0) < (refused?.position ?? 0),
      'no decision rests on what is not on record',
    )
    const [alert] = one.place.hf.alerts()
    assert.deepEqual([alert?.alert, alert?.subject], ['anomaly', 'letters'])

    await one.place.reopen()
    assert.deepEqual(one.place.hf.autonomy.anomalies.quarantined(), ['letters'])
    const waiting = one.place.hf.reviews()
    assert.equal(waiting.length, 41)
    assert.equal(alike(waiting[0] as Review, waiting).reviews.length, 41, 'equals, for one word')
    await one.write('ada', 3)
    assert.equal(one.done.length - before, left, 'not even to those whom it knows')
    const [review] = one.place.hf.reviews()
    assert.match(review?.reason ?? '', /10 new recipients/)
    await one.place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await one.place.hf.idle()
    assert.equal(one.done.length - before, left + 1, 'what the operator approves is done')
  })

  test('goes on when the operator says that it is well, and its count begins anew', async (t) => {
    const one = await office(t)
    await past(one)
    await one.write('stranger', 40)
    const { anomalies } = one.place.hf.autonomy
    const held = await anomalies.lift('letters', 'a new list')
    assert.deepEqual(
      held.map(({ liftedBecause }) => liftedBecause),
      ['a new list', 'a new list'],
    )
    assert.deepEqual([anomalies.list(), anomalies.quarantined(), one.place.hf.alerts()], [[], [], []])
    for (const { id } of one.place.hf.reviews()) await one.place.hf.answer(id, { verdict: 'approved' })
    await one.place.hf.idle()
    const before = one.done.length
    assert.equal(before, 14 * 3 + 40, 'what the operator approves is done, and is no anomaly')
    await one.write('another', 9)
    assert.equal(one.done.length - before, 9)
    assert.deepEqual(anomalies.quarantined(), [])
    await one.write('one-more', 1)
    assert.deepEqual(anomalies.quarantined(), ['letters'])
    await assert.rejects(anomalies.lift('others'), { code: 'ANOMALY_NOT_FOUND' })
  })

  test('is told of in a new workspace only once it has a past', async (t) => {
    const one = await office(t)
    await past(one, 13)
    await one.write('stranger', 50)
    assert.deepEqual(lifted(one), [])
    assert.equal(one.done.length, 13 * 3 + 50)
  })
})

/** Runs of one letter each, all at once. */
async function atOnce(one: Office, name: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => one.write(`${name}-${i}`, 1)))
}

describe('what is found', () => {
  test('however many runs ask at once, no more get away than the limit allows', async (t) => {
    const one = await office(t)
    await past(one)
    const before = one.done.length
    await atOnce(one, 'stranger', 50)
    assert.equal(one.done.length - before, 9)
    const [found] = one.place.hf.autonomy.anomalies.list()
    assert.equal(found?.measure, 'recipients')
  })

  test('so it is with letters to those whom it knows', async (t) => {
    const one = await office(t)
    await past(one)
    const before = one.done.length
    await Promise.all(Array.from({ length: 40 }, () => one.write('ada', 1)))
    const [found] = one.place.hf.autonomy.anomalies.list()
    assert.deepEqual([found?.measure, found?.limit], ['effects', 19])
    assert.equal(one.done.length - before, 18)
  })

  test('what was allowed before a stop counts after it', async (t) => {
    const one = await office(t)
    await past(one)
    const before = one.done.length
    await one.write('stranger', 6)
    await one.place.reopen()
    await one.write('another', 20)
    assert.equal(one.done.length - before, 9)
  })

  test('letters to those whom it knows are effects, too: seven times as many as usual', async (t) => {
    const one = await office(t)
    await past(one)
    const before = one.done.length
    for (let i = 0; i < 10; i += 1) await one.write('ada', 3)
    const [found] = one.place.hf.autonomy.anomalies.list()
    assert.deepEqual([found?.measure, found?.severity, found?.expected], ['effects', 'quarantine', 3])
    assert.equal(one.done.length - before, (found?.limit ?? 0) - 1)
  })

  test('an amount far above what it has used before is put to the operator, and the next ones are', async (t) => {
    const one = await office(t)
    for (let i = 0; i < 14; i += 1) {
      await one.write('ada', 1, { sum: 90 + i })
      one.day()
    }
    const before = one.done.length
    await one.write('ada', 1, { sum: 110 })
    assert.equal(one.done.length - before, 1)
    await one.write('ada', 1, { sum: 5_000 })
    assert.equal(one.done.length - before, 1)
    const [found] = one.place.hf.autonomy.anomalies.list()
    assert.deepEqual(
      [found?.measure, found?.what, found?.seen, found?.expected, found?.from],
      ['amount', 'post.send sum', 5_000, 97, null],
    )
    assert.match(found?.reason ?? '', /was about to use 5000 in post.send sum; 97 is usual by 15 before/)
  })

  test('an amount that the operator has seen in a proposal and approved is none', async (t) => {
    const letters = defineWorkflow({
      name: 'letters',
      version: 1,
      ...any,
      run: async (ctx, given: Letters): Promise<unknown> => {
        if (given.count > 0) return await send(ctx, given)
        const proposal = { to: 'ada-0@x.example', sum: 5_000 }
        const asked = { action: 'pay', summary: 'a bill', reason: 'it is due', confidence: 1, proposal }
        return await ctx.act('pay', 'post.send', (await ctx.review('ask', asked)).value)
      },
    })
    const one = await office(t, {}, { workflows: [letters] })
    const { hf } = one.place
    for (let i = 0; i < 14; i += 1) {
      await one.write('ada', 1, { sum: 90 + i })
      one.day()
    }
    await hf.start(letters, { name: 'bill', count: 0 }, { label: externalFrom('mail:m-1') })
    await hf.idle()
    await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await hf.idle()
    assert.deepEqual(one.done.at(-1), { to: 'ada-0@x.example', sum: 5_000 })
    assert.deepEqual([hf.reviews(), hf.autonomy.anomalies.list()], [[], []])
  })

  test('runs that fail, in a day, of five at the least', async (t) => {
    const one = await office(t)
    for (let i = 0; i < 14; i += 1) {
      for (let run = 0; run < 6; run += 1) await one.write('ada', 1)
      one.day()
    }
    for (let run = 0; run < 9; run += 1) await one.write('ada', 1, { fail: true })
    const found = one.place.hf.autonomy.anomalies.list().findLast(({ measure }) => measure === 'failures')
    assert.deepEqual([found?.severity, found?.expected], ['lower', 0])
    assert.match(found?.reason ?? '', /5 of 5 runs failed within a day; usual is 0/)
  })

  test('runs that work for much longer; waiting is no work', async (t) => {
    const one = await office(t)
    const slow = (ms: number) => () => one.place.clock.advance(ms)
    steps.slow = slow(2_000)
    for (let i = 0; i < 14; i += 1) {
      for (let run = 0; run < 5; run += 1) await one.write('ada', 1, { slow: true })
      one.day()
    }
    const slept = []
    for (let run = 0; run < 5; run += 1) slept.push(await one.write('ada', 1, { slow: true, wait: true }))
    one.place.clock.advance(6 * 3_600_000)
    await one.place.hf.idle()
    for (const run of slept) assert.equal(one.place.hf.run(run).status(), 'completed')
    assert.deepEqual(lifted(one), [])
    const known = one.place.hf.autonomy.anomalies.normal('letters')
    const worked = known.find(({ measure }) => measure === 'duration')?.now ?? 0
    assert.ok(Math.abs(worked - 2_000) < 100, `${worked} ms of work`)
    one.day()
    steps.slow = slow(40_000)
    for (let run = 0; run < 5; run += 1) await one.write('ada', 1, { slow: true })
    const [found] = one.place.hf.autonomy.anomalies.list()
    assert.deepEqual([found?.measure, found?.severity], ['duration', 'quarantine'])
    assert.match(found?.reason ?? '', /a run worked for 4\d\.\d s within a day; usual is 2\.\d s/)
  })

  test('what models cost in a day; from then on the rules decide', async (t) => {
    const price = { micros: 1_000 }
    const asking = defineWorkflow({
      name: 'asking',
      version: 1,
      ...any,
      run: async (ctx) => await ctx.decide('which', QUESTION),
    })
    const models = [modelFor(price)]
    const place = await openPlace(t, { workflows: [asking], models })
    const ask = async (): Promise<Decided<string>> => {
      const run = await place.hf.start(asking, null)
      return (await run.result()) as Decided<string>
    }
    for (let i = 0; i < 14; i += 1) {
      assert.equal((await ask()).provenance.tier, 'model')
      place.clock.advance(DAY_MS)
    }
    price.micros = 9_000
    assert.equal((await ask()).provenance.tier, 'model')
    await place.hf.idle()
    const [found] = place.hf.autonomy.anomalies.list()
    assert.deepEqual([found?.measure, found?.severity], ['cost', 'quarantine'])
    assert.match(found?.reason ?? '', /models have cost \$0\.0090 within a day; usual is \$0\.0010/)
    const { provenance } = await ask()
    assert.equal(provenance.tier, 'rules')
    assert.match(provenance.because ?? '', /anomaly\.quarantine/)
    const policy = place.hf.runtime.gate.policy()
    const again = redecide(place.hf.log, policy, { connectors: [], models, since: 0 })
    assert.deepEqual(
      [again.decisions, again.changed],
      [16, []],
      'an anomaly was one whatever the policy says',
    )
  })

  test('nothing, where the settings say never; and nothing of an agent that is left out', async (t) => {
    const never = { agent: 'letters', measure: '*', lower: null, quarantine: null } as const
    const one = await office(t, { exceptions: [never] })
    await past(one)
    await one.write('stranger', 50)
    assert.deepEqual(lifted(one), [])
    assert.equal(one.done.length, 14 * 3 + 50)
  })

  test('what the log says is found at the next opening, where nobody was there to judge it', async (t) => {
    const quiet = { ...AUTONOMY_DEFAULTS.anomalies, minimum: 30 }
    const one = await office(t, quiet)
    await past(one)
    for (let i = 0; i < 9; i += 1) await one.write('ada', 0)
    for (let i = 0; i < 9; i += 1) await one.write('ada', 0)
    assert.deepEqual(lifted(one), [])
    const hf = await one.place.reopen({ autonomy: {} })
    const [found] = hf.autonomy.anomalies.list()
    assert.deepEqual([found?.measure, found?.seen, found?.expected], ['runs', 18, 1])
    await one.place.reopen()
    assert.equal(lifted(one).length, 1, 'once')
  })
})

function writerAgent() {
  return defineAgent({
    name: 'writer',
    version: 1,
    on: ['order'],
    state: z.object({ sent: z.number() }),
    initial: { sent: 0 },
    handle: async (ctx, event, state) => {
      await ctx.act('letter', 'post.send', { to: `${String(event.data)}@x.example` })
      return { sent: state.sent + 1 }
    },
  })
}

describe('what follows', () => {
  const remit = { agent: 'letters', action: 'send', segment: 'all' }

  test('levels that were handed over are back at review, and the operator may hand them over again', async (t) => {
    const one = await office(t)
    await past(one)
    await one.place.hf.autonomy.set(remit, { level: 'auto', ceiling: 'auto' })
    await one.write('stranger', 7)
    const { anomalies } = one.place.hf.autonomy
    assert.deepEqual(
      anomalies.list().map(({ severity, seen }) => [severity, seen]),
      [['lower', 7]],
    )
    assert.deepEqual(anomalies.quarantined(), [])
    assert.equal(one.done.length, 14 * 3 + 7, 'what lowers a level stops no effect')
    const { level, by, reason } = one.place.hf.autonomy.standing(remit)
    assert.deepEqual([level, by], ['review', 'demotion'])
    assert.match(reason, /7 new recipients/)
    one.place.clock.advance(1_000)
    await one.place.hf.autonomy.set(remit, { level: 'auto' })
    await one.place.reopen()
    assert.equal(one.place.hf.autonomy.standing(remit).level, 'auto', 'the later word holds')
  })

  test('a level that a stop has left is brought down at the next opening', async (t) => {
    const one = await office(t)
    await past(one)
    await one.place.hf.autonomy.set(remit, { level: 'auto', ceiling: 'auto' })
    const { log } = one.place.hf
    const body = { anomaly: 'a-00000001', agent: 'letters', severity: 'lower', reason: 'as on record' }
    const event = { kind: 'anomaly.found', actor: 'autonomy', label: SYSTEM, body }
    await log.append([{ stream: 'anomaly/letters', expectedVersion: 'any', events: [event] }])
    await one.place.reopen()
    await one.place.hf.idle()
    assert.equal(one.place.hf.autonomy.standing(remit).level, 'review')
  })

  test('a keyed agent handles nothing while it is in quarantine, and goes on when that is lifted', async (t) => {
    const done: Json[] = []
    const writer = writerAgent()
    const place = await openPlace(t, { agents: [writer], connectors: [postOf(done)] })
    const order = async (...names: string[]): Promise<void> => {
      for (const name of names) await place.hf.emit({ kind: 'order', key: name, data: name })
      await place.hf.idle()
    }
    for (let i = 0; i < 14; i += 1) {
      await order('ada')
      place.clock.advance(DAY_MS)
    }
    await order(...Array.from({ length: 30 }, (_, i) => `stranger-${i}`))
    assert.equal(done.length, 14 + 9)
    assert.deepEqual(place.hf.autonomy.anomalies.quarantined(), ['agent:writer'])
    const { lifecycle, by } = place.hf.agent(writer).status()
    assert.deepEqual([lifecycle, by], ['quarantined', 'anomalies'])
    await place.reopen()
    await order('late')
    assert.equal(done.length, 14 + 9)
    await place.hf.autonomy.anomalies.lift('agent:writer')
    assert.equal(place.hf.agent(writer).status().lifecycle, 'enabled')
  })

  test('what the operator has put in quarantine is not let go on by lifting an anomaly', async (t) => {
    const place = await openPlace(t, { agents: [writerAgent()], connectors: [postOf([])] })
    await place.hf.agent('writer').quarantine('on my word')
    const body = {
      anomaly: 'a-00000001',
      agent: 'agent:writer',
      severity: 'quarantine',
      reason: 'as on record',
    }
    const event = { kind: 'anomaly.found', actor: 'autonomy', label: SYSTEM, body }
    await place.hf.log.append([{ stream: 'anomaly/agent:writer', expectedVersion: 'any', events: [event] }])
    await place.hf.autonomy.anomalies.lift('agent:writer')
    assert.equal(place.hf.agent('writer').status().lifecycle, 'quarantined')
  })

  test('erased bodies leave the numbers, and forget whom they were about', async (t) => {
    const one = await office(t)
    await past(one)
    await one.write('stranger', 6)
    const { hf } = one.place
    const known = () => hf.log.tables.get<{ n: number }>('SELECT count(*) AS n FROM anomalies_recipients')?.n
    assert.equal(known(), 9)
    const before = hf.autonomy.anomalies.normal('letters')
    await retain(hf, [{ workflow: '*', status: ['completed'], afterMs: 0 }])
    assert.equal(known(), 0)
    assert.deepEqual(hf.autonomy.anomalies.normal('letters'), before)
    assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
  })
})
