import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type PlaceOptions } from '../apps/testing/place.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { externalFrom, OWNER } from '../kernel/label.ts'
import { type Context, defineWorkflow } from '../kernel/workflow.ts'
import { defineConnector } from '../ports/connector.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { skippedPart, startSkipped } from '../runtime/life/skipped-starts.ts'
import { defineAgent, defineTrigger, grant, grants, revokeGrant } from '../sdk.ts'
import { outside } from './testing/letters-outside.ts'

const MAIL = externalFrom('mail:m-1')

const POLICY: PolicySettings = {
  operations: { allow: ['*'], deny: [], review: [] },
  egress: { allow: [] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  addressBook: ['ada@ek.example'],
}

async function place(
  t: TestContext,
  run: (ctx: Context, input: unknown) => Promise<unknown>,
  more: PlaceOptions = {},
) {
  const done: Json[] = []
  const flow = defineWorkflow({ name: 'flow', version: 1, input: z.any(), output: z.any(), run })
  const opened = await openPlace(t, {
    workflows: [flow],
    connectors: [outside(done)],
    policy: POLICY,
    ...more,
  })
  return { flow, done, place: opened, hf: opened.hf }
}

const send = (ctx: Context, to: string, name = 'send') => ctx.act(name, 'outside.send', { to })

/** Rules by which the policy decided on the effect. */
function rules(opened: Awaited<ReturnType<typeof openPlace>>, run: string, name = 'send'): Json[] {
  return opened
    .bodies(run, 'policy.decided')
    .flatMap((body) => (body.name === name ? [body.rule ?? null] : []))
}

describe('a grant', () => {
  test('lets what it names run alone, until it is revoked; both are events of the owner', async (t) => {
    const { hf, flow, done, place: at } = await place(t, (ctx) => send(ctx, 'ada@ek.example'))
    const given = await grant(hf, { operation: 'outside.send', agent: 'flow', reason: 'always answer Ada' })
    assert.match(given.id, /^g-[0-9a-f]{8}$/)
    await hf.start(flow, null, { id: 'a', label: MAIL })
    await at.outcome('a')
    assert.deepEqual(rules(at, 'a'), ['taint.granted'])
    assert.equal(at.bodies('a', 'policy.decided')[0]?.grant, given.id)
    assert.equal(await revokeGrant(hf, given.id, 'enough'), true)
    assert.equal(await revokeGrant(hf, given.id), false)
    await hf.start(flow, null, { id: 'b', label: MAIL })
    await at.pass()
    assert.deepEqual(rules(at, 'b'), ['taint.grant'])
    assert.equal(hf.reviews().length, 1)
    assert.deepEqual(done, [{ to: 'ada@ek.example' }])
    const events = hf.log.readStream(`grant/${given.id}`)
    assert.deepEqual(
      events.map(({ kind, actor, label }) => [kind, actor, label]),
      [
        ['grant.given', 'operator', OWNER],
        ['grant.revoked', 'operator', OWNER],
      ],
    )
    const [shown] = grants(hf)
    assert.deepEqual(
      [shown?.reason, shown?.revokedBecause, shown?.givenBy],
      ['always answer Ada', 'enough', 'operator'],
    )
  })

  test('given after the first thing from outside was read is none for that run, nor for its children', async (t) => {
    const child = defineWorkflow({
      name: 'child',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: (ctx) => send(ctx, 'ada@ek.example'),
    })
    const run = async (ctx: Context): Promise<unknown> => {
      await ctx.act('read', 'outside.fetch', null)
      await ctx.waitFor('go')
      await Promise.all([send(ctx, 'ada@ek.example'), ctx.spawn('child', child, null, { id: 'late' })])
      return null
    }
    const flow = defineWorkflow({ name: 'flow', version: 1, input: z.any(), output: z.any(), run })
    const { hf, place: at } = await place(t, run, { workflows: [flow, child] })
    await hf.start(flow, null, { id: 'a' })
    await hf.idle()
    await grant(hf, { operation: 'outside.send' })
    await hf.emit({ kind: 'go' })
    await hf.idle()
    assert.deepEqual([rules(at, 'a'), rules(at, 'late')], [['taint.grant'], ['taint.grant']])
    await hf.start(flow, null, { id: 'b' })
    await hf.idle()
    await hf.emit({ kind: 'go' })
    await hf.idle()
    assert.deepEqual(rules(at, 'b'), ['taint.granted'])
  })

  test('given after the first thing from outside was read is none for a fork either', async (t) => {
    const run = async (ctx: Context): Promise<unknown> => {
      await ctx.act('read', 'outside.fetch', null)
      return await send(ctx, 'ada@ek.example')
    }
    const { hf, flow, done, place: at } = await place(t, run)
    await hf.start(flow, null, { id: 'read' })
    await hf.start(flow, null, { id: 'given', label: MAIL })
    await hf.idle()
    await grant(hf, { operation: 'outside.send' })
    for (const source of ['read', 'given']) {
      await hf.fork(source, { from: 'send', id: `${source}-f` })
      await hf.idle()
      await hf.fork(`${source}-f`, { from: 'send', id: `${source}-ff` })
    }
    await hf.fork('given', { id: 'given-anew' })
    await hf.fork('read', { id: 'read-anew' })
    await hf.idle()
    for (const fork of ['read-f', 'read-ff', 'given-f', 'given-ff', 'given-anew'])
      assert.deepEqual(rules(at, fork), ['taint.grant'], fork)
    assert.deepEqual(rules(at, 'read-anew'), ['taint.granted'])
    assert.deepEqual(done, [{ to: 'ada@ek.example' }])
  })

  test('given after the first thing from outside was read is none when the run is reopened and reads it again', async (t) => {
    let isMended = false
    const run = async (ctx: Context): Promise<unknown> => {
      await ctx.act('read', 'outside.fetch', isMended ? null : 'refused')
      return await send(ctx, 'ada@ek.example')
    }
    const { hf, flow, done, place: at } = await place(t, run)
    await hf.start(flow, null, { id: 'a' })
    await hf.idle()
    assert.equal(hf.run('a').status(), 'failed', 'on an error from outside')
    await grant(hf, { operation: 'outside.send' })
    isMended = true
    await hf.deadLetters.retry('a')
    await hf.idle()
    assert.deepEqual([rules(at, 'a'), done], [['taint.grant'], []])
  })

  test('given after an event from outside came is none for the runs that handle it later', async (t) => {
    const run = (ctx: Context) => send(ctx, 'ada@ek.example')
    const flow = defineWorkflow({ name: 'flow', version: 1, input: z.any(), output: z.any(), run })
    const fires = defineTrigger({ name: 'fires', on: 'asked', workflow: flow, input: () => null })
    const helper = defineAgent({
      name: 'helper',
      version: 1,
      on: ['asked'],
      state: z.any(),
      initial: null,
      handle: async (ctx) => void (await send(ctx, 'ada@ek.example')),
    })
    const more = { workflows: [flow], triggers: [fires], agents: [helper] }
    const { hf } = await place(t, run, more)
    await hf.triggers.pause('fires')
    await hf.agents.change('helper', 'paused')
    await hf.emit({ kind: 'asked', key: 'ada', label: MAIL })
    await hf.idle()
    await grant(hf, { operation: 'outside.send' })
    await hf.triggers.resume('fires')
    await hf.agents.change('helper', 'enabled')
    await hf.idle()
    await hf.emit({ kind: 'asked', key: 'bo', label: MAIL })
    await hf.idle()
    const decided = [...hf.log.read()].filter(({ kind }) => kind === 'policy.decided')
    assert.deepEqual(decided.map(({ stream, body }) => [stream.slice(4, 9), body?.rule]).sort(), [
      ['agent', 'taint.grant'],
      ['agent', 'taint.granted'],
      ['trigg', 'taint.grant'],
      ['trigg', 'taint.granted'],
    ])
  })

  test('given after it began from outside is none for a run that has read nothing since', async (t) => {
    const run = async (ctx: Context): Promise<unknown> => {
      await ctx.waitFor('go')
      return await send(ctx, 'ada@ek.example')
    }
    const { hf, flow, place: at } = await place(t, run)
    await hf.start(flow, null, { id: 'a', label: MAIL })
    await hf.idle()
    await grant(hf, { operation: 'outside.send' })
    await hf.emit({ kind: 'go' })
    await hf.idle()
    assert.deepEqual(rules(at, 'a'), ['taint.grant'])
  })

  test('given after a start was skipped is none for the run that makes up for it', async (t) => {
    const { hf, flow, place: at } = await place(t, (ctx) => send(ctx, 'ada@ek.example'))
    const off = new HoldfastError('FLAG_OFF', 'off')
    await hf.log.append([skippedPart({ run: 'a', workflow: flow, input: null, label: MAIL }, off, 'intake')])
    await grant(hf, { operation: 'outside.send' })
    await startSkipped(hf.runtime, 'a')
    await hf.idle()
    assert.deepEqual(rules(at, 'a'), ['taint.grant'])
  })

  test('holds after a restart, and for its time', async (t) => {
    const { hf, flow, place: at } = await place(t, (ctx) => send(ctx, 'ada@ek.example'))
    await grant(hf, { operation: 'outside.send', expiresAt: at.clock.now() + 60_000 })
    const again = await at.reopen()
    await again.start(flow, null, { id: 'a', label: MAIL })
    await at.outcome('a')
    at.clock.advance(60_000)
    await again.start(flow, null, { id: 'b', label: MAIL })
    await again.idle()
    assert.deepEqual([rules(at, 'a'), rules(at, 'b')], [['taint.granted'], ['taint.grant']])
  })

  test('is not handed out against the policy, twice under one id, or of what is no operation', async (t) => {
    const policy: PolicySettings = { ...POLICY, grants: { never: ['bank.*'], maxAgeMs: null } }
    const { hf } = await place(t, async () => null, { policy })
    await assert.rejects(grant(hf, { operation: 'bank.pay' }), { code: 'GRANT_REFUSED' })
    for (const operation of ['outside.*', '*', 'outside', '']) {
      await assert.rejects(grant(hf, { operation }), { code: 'INPUT_INVALID' }, operation)
    }
    await assert.rejects(grant(hf, { operation: 'outside.send', expiresAt: 0 }), { code: 'INPUT_INVALID' })
    await assert.rejects(grant(hf, { operation: 'outside.send', id: 'mine' }), { code: 'INPUT_INVALID' })
    await grant(hf, { operation: 'outside.send', id: 'g-mine' })
    await grant(hf, { operation: 'outside.send', id: 'g-mine' })
    assert.equal(grants(hf).length, 1)
    await assert.rejects(grant(hf, { operation: 'outside.send', id: 'g-mine', agent: 'flow' }), {
      code: 'GRANT_CONFLICT',
    })
    await assert.rejects(revokeGrant(hf, 'g-none'), { code: 'GRANT_UNKNOWN' })
  })
})

describe('what a run has read', () => {
  test('what an operation brings from outside is no word of the owner’s, also after a restart', async (t) => {
    const run = async (ctx: Context) => {
      const orders = await ctx.act<string>('read', 'outside.fetch', null)
      await ctx.sleep('1h')
      return send(ctx, /\S+@\S+/.exec(orders)?.[0] ?? '')
    }
    const { hf, flow, done, place: at } = await place(t, run, { residentRuns: 0 })
    await grant(hf, { operation: 'outside.send' })
    await hf.start(flow, null, { id: 'a' })
    await hf.idle()
    await at.reopen()
    await at.pass()
    assert.deepEqual(rules(at, 'a'), ['taint.argument'])
    assert.deepEqual(done, [])
    const [review] = at.hf.reviews()
    assert.match(JSON.stringify(review?.warnings), /outside\.fetch/)
    const read = at.events('a').find(({ kind }) => kind === 'effect.succeeded')
    assert.deepEqual(read?.label, { trust: 'external', sources: ['outside.fetch'], readers: null })
  })

  test('what an operation from outside throws is no word of the owner’s either; what the policy says of it is', async (t) => {
    const run = async (ctx: Context, input: unknown) => {
      const refusal = await ctx.act('read', 'outside.fetch', input as Json).catch(String)
      return send(ctx, /\S+@\S+/.exec(String(refusal))?.[0] ?? 'ada@ek.example')
    }
    let deny: string[] = []
    const policy = () => ({ ...POLICY, operations: { ...POLICY.operations, deny } })
    const { hf, flow, done, place: at } = await place(t, run, { policy })
    await grant(hf, { operation: 'outside.send' })
    await hf.start(flow, 'refused', { id: 'a' })
    await at.pass()
    assert.deepEqual([rules(at, 'a'), done], [['taint.argument'], []])
    const failed = at.events('a').find(({ kind }) => kind === 'effect.failed')
    assert.deepEqual(failed?.label, { trust: 'external', sources: ['outside.fetch'], readers: null })
    deny = ['outside.fetch']
    await hf.start(flow, 'refused', { id: 'b' })
    await at.outcome('b')
    assert.deepEqual([rules(at, 'b'), done], [['access.allow'], [{ to: 'ada@ek.example' }]])
  })

  test('an input without fields is critical as a whole: what decides may stand within', async (t) => {
    const {
      hf,
      flow,
      done,
      place: at,
    } = await place(t, (ctx, input) => ctx.act('send', 'outside.send', input))
    await grant(hf, { operation: 'outside.send' })
    await hf.start(flow, [{ to: 'eve@evil.example' }], { id: 'a', label: MAIL })
    await hf.start(flow, 'eve@evil.example', { id: 'b', label: MAIL })
    await hf.start(flow, [{ to: 'ada@ek.example' }], { id: 'c', label: MAIL })
    await hf.idle()
    assert.deepEqual(
      ['a', 'b', 'c'].map((run) => rules(at, run)),
      [['taint.argument'], ['taint.argument'], ['taint.granted']],
    )
    assert.deepEqual(done, [[{ to: 'ada@ek.example' }]])
  })

  test('what the owner gave it is the owner’s word still, and nothing else that it was given is', async (t) => {
    const run = async (ctx: Context, input: unknown): Promise<unknown> => {
      await ctx.act('read', 'outside.fetch', null)
      return await send(ctx, (input as { to: string }).to)
    }
    const { hf, flow, done, place: at } = await place(t, run)
    await grant(hf, { operation: 'outside.send' })
    const given = { to: 'new@firm.example' }
    await hf.start(flow, given, { id: 'own', label: OWNER })
    await hf.start(flow, given, { id: 'other' })
    await hf.idle()
    assert.deepEqual([rules(at, 'own'), rules(at, 'other')], [['taint.granted'], ['taint.argument']])
    assert.deepEqual(done, [given])
  })

  test('private data keeps what leaves from leaving unseen', async (t) => {
    const {
      hf,
      flow,
      done,
      place: at,
    } = await place(t, async (ctx) => {
      await ctx.act('look', 'outside.look', null)
      return send(ctx, 'ada@ek.example')
    })
    await grant(hf, { operation: 'outside.send' })
    await hf.start(flow, null, { id: 'a' })
    await at.pass()
    assert.deepEqual([rules(at, 'a'), done], [['two.private'], []])
    await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await at.outcome('a')
    assert.deepEqual(done, [{ to: 'ada@ek.example' }])
  })

  test('an effect is judged by what was read when it was asked for, in its retries and after a restart too', async (t) => {
    let attempts = 0
    const down = defineConnector({
      name: 'down',
      operations: {
        send: {
          manifest: { effect: 'external', criticalArguments: ['to'] },
          input: z.any(),
          output: z.any(),
          perform: async () => {
            attempts += 1
            if (attempts < 3) throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed')
            return null
          },
        },
      },
    })
    const both = async (ctx: Context): Promise<null> => {
      const sent = ctx.act('send', 'down.send', { to: 'anybody@x.example' })
      await ctx.act('read', 'outside.fetch', null)
      await sent
      return null
    }
    const { hf, flow, place: at } = await place(t, both, { connectors: [outside([]), down] })
    await hf.start(flow, null, { id: 'a' })
    await hf.idle()
    await at.reopen()
    await at.outcome('a')
    assert.deepEqual([rules(at, 'a'), attempts], [['access.allow', 'access.allow', 'access.allow'], 3])
  })

  test('what a reopened run does again is judged by what it has read by then', async (t) => {
    const done: Json[] = []
    const closed = defineConnector({
      name: 'closed',
      operations: {
        send: {
          manifest: { effect: 'external', criticalArguments: ['to'] },
          input: z.any(),
          output: z.any(),
          perform: async (input: Json) => {
            if (!isMended) throw new HoldfastError('CONNECTOR_REFUSED', 'no such mailbox')
            done.push(input)
            return null
          },
        },
      },
    })
    let isMended = false
    const run = async (ctx: Context): Promise<unknown> => {
      if (!isMended) return ctx.act('send', 'closed.send', { to: 'typo@ek.example' })
      const orders = await ctx.act<string>('read', 'outside.fetch', null)
      return ctx.act('send', 'closed.send', { to: /\S+@\S+/.exec(orders)?.[0] ?? '' })
    }
    const { hf, flow, place: at } = await place(t, run, { connectors: [outside([]), closed] })
    await hf.start(flow, null, { id: 'a' })
    await hf.idle()
    isMended = true
    await hf.deadLetters.retry('a')
    await hf.idle()
    assert.deepEqual([rules(at, 'a'), done], [['access.allow', 'taint.argument'], []])
  })
})

describe('an approved proposal', () => {
  const propose = async (ctx: Context, to: string): Promise<{ to: string }> => {
    const { value } = await ctx.review('ask', {
      action: 'send',
      summary: 's',
      reason: 'r',
      confidence: 1,
      proposal: { to },
    })
    return value as { to: string }
  }

  test('lets its own bytes go, once; others are a review of their own', async (t) => {
    const {
      hf,
      flow,
      done,
      place: at,
    } = await place(t, async (ctx) => {
      const { to } = await propose(ctx, 'new@firm.example')
      await send(ctx, to)
      await Promise.all([send(ctx, to, 'again'), send(ctx, 'eve@evil.example', 'other')])
      return null
    })
    await hf.start(flow, null, { id: 'a', label: MAIL })
    await hf.idle()
    await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await hf.idle()
    assert.deepEqual(done, [{ to: 'new@firm.example' }])
    assert.deepEqual(
      [rules(at, 'a'), rules(at, 'a', 'again'), rules(at, 'a', 'other')],
      [['taint.endorsed'], ['taint.grant'], ['taint.argument']],
    )
    assert.equal(hf.reviews().length, 2)
  })

  test('lets them go once, also after a restart', async (t) => {
    const run = async (ctx: Context): Promise<unknown> => {
      const { to } = await propose(ctx, 'new@firm.example')
      await send(ctx, to)
      await ctx.sleep('1h')
      return await send(ctx, to, 'again')
    }
    const { hf, flow, done, place: at } = await place(t, run, { residentRuns: 0 })
    await hf.start(flow, null, { id: 'a', label: MAIL })
    await hf.idle()
    await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
    await hf.idle()
    await at.reopen()
    await at.pass()
    assert.deepEqual([rules(at, 'a'), rules(at, 'a', 'again')], [['taint.endorsed'], ['taint.grant']])
    assert.deepEqual(done, [{ to: 'new@firm.example' }])
  })

  test('seen whole, it leaves though private data was read', async (t) => {
    for (const [read, rule] of [
      ['outside.look', 'taint.endorsed'],
      ['outside.books', 'access.allow'],
    ] as const) {
      const run = async (ctx: Context): Promise<unknown> => {
        await ctx.act('look', read, null)
        return await send(ctx, (await propose(ctx, 'new@firm.example')).to)
      }
      const { hf, flow, done, place: at } = await place(t, run)
      await hf.start(flow, null, { id: 'a' })
      await hf.idle()
      await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
      await hf.idle()
      assert.deepEqual([rules(at, 'a'), done], [[rule], [{ to: 'new@firm.example' }]], read)
    }
  })

  test('that was rejected lets nothing go', async (t) => {
    const {
      hf,
      flow,
      done,
      place: at,
    } = await place(t, async (ctx) => send(ctx, (await propose(ctx, 'x@y.example')).to))
    await hf.start(flow, null, { id: 'a', label: MAIL })
    await hf.idle()
    await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'rejected' })
    await at.pass()
    assert.deepEqual([rules(at, 'a'), done], [['taint.argument'], []])
  })
})
