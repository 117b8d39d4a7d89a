/** Guardrails and absence in whole runs: what is held, for how long, what is counted, and what a restart changes. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { explain } from '../../observe/explain/explanation.ts'
import { waitingFor } from '../../observe/why.ts'
import type { Guardrails, PolicySettings } from '../../ports/policy-settings.ts'
import { Outside, type OutsideOptions } from '../../runtime/testing/outside.ts'
import { seen } from '../../sdk.ts'
import { redecide } from '../past-decisions.ts'
import { createRedactor } from '../redactor.ts'
import { settings } from '../testing/requests.ts'
import { GUARDRAILS } from './rules.ts'

const HOUR = 3_600_000
const TOKEN = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`

const letter = defineWorkflow({
  name: 'letter',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: (ctx: Context, input: unknown) => ctx.act('send', 'post.send', input as never),
}) as Workflow

interface Given {
  readonly guardrails?: Partial<Guardrails>
  readonly absence?: PolicySettings['absence']
  readonly outside?: OutsideOptions
  readonly place?: PlaceOptions
}

function policyOf({ guardrails = {}, absence = null }: Given): PolicySettings {
  return settings({
    operations: { allow: ['post.*'] },
    more: { guardrails: { ...GUARDRAILS, ...guardrails }, absence },
  })
}

async function post(t: TestContext, given: Given): Promise<{ place: Place; outside: Outside }> {
  const outside = new Outside(given.outside)
  const place = await openPlace(t, {
    workflows: [letter],
    connectors: [outside.connector],
    policy: policyOf(given),
    ...given.place,
  })
  return { place, outside }
}

async function start(place: Place, id: string, input: unknown, customer = 'c-1'): Promise<void> {
  await place.hf.start(letter, input, { id, customer })
  await place.hf.idle()
}

const ruleOf = (place: Place, run: string): unknown => place.bodies(run, 'policy.decided').at(-1)?.rule

describe('what is found', () => {
  test('a secret ends the effect, and the reason does not tell it', async (t) => {
    const { place, outside } = await post(t, {})
    await start(place, 'r', { text: `the key is ${TOKEN}` })
    await assert.rejects(place.outcome('r'), {
      code: 'POLICY_DENIED',
      message: /guard\.secret: text of post/,
    })
    const decided = place.bodies('r', 'policy.decided').at(-1)
    assert.ok(!String(decided?.reason).includes(TOKEN))
    assert.equal(outside.calls.length, 0)
  })

  test('a secret is not taken to a host in a question either, also when the past is decided anew', async (t) => {
    const asks = (hosts: readonly string[]): Given => ({ outside: { manifest: { effect: 'read', hosts } } })
    const policy = { ...policyOf({}), egress: { allow: ['api.example'] } }
    const far = await post(t, { ...asks(['api.example']), place: { policy } })
    await start(far.place, 'r', { text: TOKEN })
    await assert.rejects(far.place.outcome('r'), { code: 'POLICY_DENIED', message: /guard\.secret/ })
    assert.equal(far.outside.calls.length, 0)
    const lax = { ...policy, guardrails: { ...GUARDRAILS, secrets: 'off' as const } }
    const known = { connectors: [far.outside.connector], models: [], since: 0 }
    const past = (by: PolicySettings) => redecide(far.place.hf.log, by, known).changed.length
    assert.deepEqual([past(policy), past(lax)], [0, 1])
    const near = await post(t, asks([]))
    await start(near.place, 'r', { text: TOKEN })
    assert.equal(near.outside.calls.length, 1)
  })

  test('a secret of the vault is recognised in whatever form', async (t) => {
    const redactor = createRedactor()
    redactor.know('correct horse battery', 'vault:smtp-password')
    // Not by an input that was on record, in which its handle would stand.
    const text = Buffer.from('it is correct horse battery').toString('base64')
    const telling = defineWorkflow({ ...letter, run: (ctx) => ctx.act('send', 'post.send', { text }) })
    const { place, outside } = await post(t, { place: { redactor, workflows: [telling] } })
    await start(place, 'r', null)
    await assert.rejects(place.outcome('r'), {
      message: /text of post\.send holds the secret vault:smtp-password/,
    })
    assert.equal(outside.calls.length, 0)
  })

  test('addresses of another customer are put to the operator, who may let them go', async (t) => {
    const contactsIn = (text: string) =>
      text.includes('bo@ek.example')
        ? [{ what: 'the mail address' as const, value: 'bo@ek.example', customer: 'c-2' }]
        : []
    const manifest = { effect: 'external', carries: { content: ['text'] } } as const
    const { place, outside } = await post(t, { outside: { manifest }, place: { contactsIn } })
    await start(place, 'r', { text: 'ask bo@ek.example' })
    const [review] = place.hf.reviews()
    assert.match(
      review?.reason ?? '',
      /text of post\.send holds the mail address of another customer \(c-2\)/,
    )
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await place.outcome('r')
    assert.deepEqual([outside.calls.length, ruleOf(place, 'r')], [1, 'access.approved'])
    await start(place, 's', { text: 'ask bo@ek.example' }, 'c-2')
    await place.outcome('s')
  })
})

describe('quiet hours', () => {
  // The clock of these tests begins at some time of the day: quiet for the hour around it.
  function quietNow(place: Place, hours: number): Guardrails['quietHours'] {
    const minute = Math.floor(place.clock.now() / 60_000) % 1_440
    return { from: (minute + 1_430) % 1_440, to: (minute + hours * 60) % 1_440, days: [] }
  }

  test('hold what leaves until they end; then it goes by itself, once, also after a restart', async (t) => {
    const { place, outside } = await post(t, {})
    const quietHours = quietNow(place, 2)
    await place.reopen({ policy: policyOf({ guardrails: { quietHours } }) })
    await start(place, 'r', 'x')
    assert.deepEqual(place.kinds('r'), ['run.started', 'policy.decided', 'effect.held'])
    const [held] = place.bodies('r', 'effect.held')
    assert.equal(held?.until, Math.floor(place.clock.now() / 60_000) * 60_000 + 2 * HOUR)
    assert.deepEqual([place.hf.reviews(), place.hf.run('r').status()], [[], 'waiting'])
    const [waiting] = waitingFor(place.hf.log.tables, 'r')
    assert.match(waiting?.words ?? '', /the end of the quiet hours, for "send"/)
    assert.equal(explain(place.hf.log, 'r').reasons[0]?.kind, 'quiet')
    await place.reopen()
    // Whatever it is woken by, it is not asked about before its time.
    await place.hf.runtime.execution('r')
    await place.hf.idle()
    assert.equal(place.bodies('r', 'policy.decided').length, 1)
    place.clock.advance(HOUR)
    await place.hf.idle()
    assert.equal(outside.calls.length, 0)
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 1)
    assert.ok(place.clock.now() >= Number(held?.until))
    assert.equal(place.bodies('r', 'effect.held').length, 1, 'held once')
  })

  test('are over where the policy has none any more', async (t) => {
    const { place } = await post(t, {})
    const quietHours = quietNow(place, 8)
    await place.reopen({ policy: policyOf({ guardrails: { quietHours } }) })
    await start(place, 'r', 'x')
    await place.reopen({ policy: policyOf({}) })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })

  test('do not keep a stop from holding it further', async (t) => {
    const { place, outside } = await post(t, {})
    await place.reopen({ policy: policyOf({ guardrails: { quietHours: quietNow(place, 1) } }) })
    await start(place, 'r', 'x')
    await place.hf.work.stop()
    await place.pass()
    assert.deepEqual(
      place.bodies('r', 'effect.held').map(({ by }) => by),
      ['guard.quiet', 'stop'],
    )
    assert.equal(outside.calls.length, 0)
    await place.hf.work.resume()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })
})

describe('so many a day for a customer', () => {
  test('each effect counts once, however often it is tried; over restarts, and per customer', async (t) => {
    const given = { guardrails: { perCustomerPerDay: 2 }, outside: { breaker: { failures: 100 } } }
    const { place, outside } = await post(t, given)
    outside.manners.push('unavailable', 'unavailable')
    await start(place, 'a', 1)
    await place.outcome('a')
    assert.equal(outside.calls.length, 3)
    await place.reopen()
    await start(place, 'b', 2)
    await place.outcome('b')
    await start(place, 'c', 3)
    assert.equal(ruleOf(place, 'c'), 'guard.day')
    await start(place, 'other', 4, 'c-2')
    await place.outcome('other')
    const before = place.hf.log.tables.all('SELECT * FROM sent')
    place.hf.log.rebuild({ replace: true })
    assert.deepEqual(place.hf.log.tables.all('SELECT * FROM sent'), before)
    const positions = place.events('a').map(({ position }) => position)
    await place.hf.log.erase({ positions }, { actor: 'operator', reason: 'too old' })
    place.hf.log.rebuild({ replace: true })
    assert.deepEqual(place.hf.log.tables.all('SELECT * FROM sent'), before, 'also once the words are erased')
    place.clock.advance(24 * HOUR)
    await start(place, 'd', 5)
    await place.outcome('d')
  })

  test('what became of an effect is asked about though nobody is there, and counts for nothing', async (t) => {
    let absence: PolicySettings['absence'] = null
    const away = (): void => {
      absence = { afterMs: 1 }
    }
    const policy = (): PolicySettings => policyOf({ absence, guardrails: { perCustomerPerDay: 1 } })
    const { place, outside } = await post(t, { outside: { onPerform: away }, place: { policy } })
    outside.manners.push('lost')
    await start(place, 'a', 1)
    await place.outcome('a')
    assert.deepEqual([outside.lookups, place.hf.reviews()], [1, []])
  })

  test('an attempt after another is no other effect', async (t) => {
    const given = { guardrails: { perCustomerPerDay: 1 }, outside: { breaker: { failures: 100 } } }
    const { place, outside } = await post(t, given)
    outside.manners.push('unavailable')
    await start(place, 'a', 1)
    await place.pass(() => place.hf.run('a').status() === 'completed' || place.hf.reviews().length > 0)
    assert.deepEqual([place.hf.run('a').status(), place.hf.reviews()], ['completed', []])
    await start(place, 'b', 2)
    assert.equal(ruleOf(place, 'b'), 'guard.day')
  })

  test('those on their way to the log count as well', async (t) => {
    const { place, outside } = await post(t, { guardrails: { perCustomerPerDay: 2 } })
    const release = place.hf.runtime.hold()
    for (let i = 0; i < 10; i += 1) await place.hf.start(letter, i, { id: `r${i}`, customer: 'c-1' })
    release()
    await place.hf.idle()
    assert.equal(outside.calls.length, 2)
    assert.equal(place.hf.reviews().length, 8)
  })
})

describe('absence', () => {
  const absence = { afterMs: 72 * HOUR }
  const read = { effect: 'read' } as const

  test('after a time without the operator what leaves is put to them, and reads go on', async (t) => {
    const { place, outside } = await post(t, { absence })
    const reading = await post(t, { absence, outside: { manifest: read } })
    for (const { place: one } of [{ place }, reading]) await seen(one.hf)
    await start(place, 'a', 1)
    await place.outcome('a')
    for (const { clock } of [place, reading.place]) clock.advance(73 * HOUR)
    await start(place, 'b', 2)
    await start(reading.place, 'b', 2)
    assert.deepEqual([ruleOf(place, 'b'), outside.calls.length], ['absence', 1])
    assert.deepEqual(await reading.place.outcome('b'), { receipt: 1 })
    await place.reopen()
    await place.hf.idle()
    assert.equal(outside.calls.length, 1)
    // Back, what comes goes on; what was held waits for their word.
    const since = await seen(place.hf)
    assert.equal(since, place.clock.now() - 73 * HOUR)
    await start(place, 'c', 3)
    await place.outcome('c')
    assert.equal(place.hf.run('b').status(), 'waiting')
    const [review] = place.hf.reviews()
    assert.match(review?.reason ?? '', /you have not been seen since/)
    await place.hf.answer(review?.id ?? '', { verdict: 'approved' })
    await place.outcome('b')
    const signs = place.hf.log.readStream('operator').map(({ body }) => body?.awaySince ?? null)
    assert.deepEqual(signs, [0, since])
  })

  test('a no to what was held stays one, though the operator is back', async (t) => {
    const { place, outside } = await post(t, { absence })
    await start(place, 'r', 1)
    await seen(place.hf)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'rejected' })
    await assert.rejects(place.outcome('r'), {
      code: 'POLICY_DENIED',
      message: /absence: the operator said no/,
    })
    assert.equal(outside.calls.length, 0)
  })

  test('signs are put on record sparsely; an answer is one', async (t) => {
    const { place } = await post(t, { absence })
    const signs = (): number => place.hf.log.versionOf('operator')
    assert.deepEqual([await seen(place.hf), await seen(place.hf), signs()], [0, null, 1])
    place.clock.advance(10 * 60_000)
    assert.deepEqual([await seen(place.hf), signs()], [null, 1])
    place.clock.advance(10 * 60_000)
    assert.deepEqual([await seen(place.hf), signs()], [null, 2])
    place.clock.advance(73 * HOUR)
    await start(place, 'r', 1)
    await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await start(place, 's', 1)
    assert.equal(ruleOf(place, 's'), 'access.allow')
  })

  test('who was never seen is away, and without absence in the policy nothing is put on record', async (t) => {
    const { place, outside } = await post(t, { absence })
    await start(place, 'r', 1)
    assert.deepEqual([ruleOf(place, 'r'), outside.calls.length], ['absence', 0])
    const free = await post(t, {})
    assert.equal(await seen(free.place.hf), null)
    assert.equal(free.place.hf.log.versionOf('operator'), 0)
  })
})

test('past decisions by another policy know what was found, when it was, and who was there', async (t) => {
  const { place, outside } = await post(t, { guardrails: { secrets: 'off' } })
  await start(place, 'secret', { text: TOKEN })
  await start(place, 'plain', { text: 'hello' })
  await place.hf.work.stop()
  await start(place, 'stopped', { text: 'hello' })
  await place.hf.work.resume()
  await place.hf.idle()
  const by = (given: Given): string[] =>
    redecide(place.hf.log, policyOf(given), { connectors: [outside.connector], models: [], since: 0 })
      .changed.map(({ run, after }) => `${run}: ${after.answer} by ${after.rule}`)
      .toSorted()
  assert.deepEqual(by({ guardrails: { secrets: 'off' } }), [], 'a stop is no affair of a policy')
  assert.deepEqual(by({}), ['secret: deny by guard.secret'])
  assert.deepEqual(by({ guardrails: { perCustomerPerDay: 1 } }), [
    'secret: deny by guard.secret',
    'stopped: review by guard.day',
  ])
  const always = { from: 0, to: 1_439, days: [] }
  assert.equal(by({ guardrails: { secrets: 'off', quietHours: always } }).length, 3)
})
