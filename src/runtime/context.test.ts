/** Each primitive of `ctx`, as a workflow sees it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../apps/testing/place.ts'
import { HoldfastError } from '../kernel/errors.ts'
import {
  type AnyWorkflow,
  type Context,
  defineWorkflow,
  type StepAttempt,
  type Workflow,
} from '../kernel/workflow.ts'
import { verifyRun } from './replay/replay.ts'

function flow<Input = unknown, Output = unknown>(
  run: (ctx: Context, input: Input) => Promise<Output>,
  name = 'flow',
): Workflow<Input, Output> {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

/** Runs `code` as run `r` until it ends, letting time pass. */
async function outcome(
  t: Parameters<typeof openPlace>[0],
  code: (ctx: Context, input: unknown) => Promise<unknown>,
  options: PlaceOptions & { others?: AnyWorkflow[]; input?: unknown } = {},
): Promise<{ output: unknown; place: Place }> {
  const workflow = flow(code)
  const { others = [], input = null, ...rest } = options
  const place = await openPlace(t, { workflows: [workflow, ...others], ...rest })
  await place.hf.start(workflow, input, { id: 'r' })
  const output = await place.outcome('r').catch((error: unknown) => error)
  return { output, place }
}

function code(output: unknown): string {
  assert.ok(output instanceof HoldfastError, `${output} is an error`)
  return output.code
}

/** What verification by replay says of run `r`. */
async function verdict({ hf }: Place): Promise<string> {
  return (await verifyRun(hf.log, hf.runtime.workflows, 'r')).verdict
}

describe('step', () => {
  test('gives its result, which is on record', async (t) => {
    const { output, place } = await outcome(t, async (ctx) => await ctx.step('count', () => ({ n: 1 })))
    assert.deepEqual(output, { n: 1 })
    assert.deepEqual(place.kinds('r'), ['run.started', 'step.completed', 'run.completed'])
    assert.equal(place.bodies('r', 'step.completed')[0]?.attempts, 1)
  })

  test('is tried again with growing waits until it succeeds, under one idempotency key', async (t) => {
    const seen: { attempt: number; idempotencyKey: string; time: number }[] = []
    const clockOf: { now?: () => number } = {}
    const workflow = flow(async (ctx) =>
      ctx.step('flaky', ({ attempt, idempotencyKey }) => {
        seen.push({ attempt, idempotencyKey, time: clockOf.now?.() ?? 0 })
        if (attempt < 4) throw new Error(`attempt ${attempt}`)
        return 'done'
      }),
    )
    const place = await openPlace(t, { workflows: [workflow] })
    clockOf.now = () => place.clock.now()
    await place.hf.start(workflow, null, { id: 'r' })
    assert.equal(await place.outcome('r'), 'done')
    assert.deepEqual(
      seen.map(({ attempt }) => attempt),
      [1, 2, 3, 4],
    )
    assert.equal(new Set(seen.map(({ idempotencyKey }) => idempotencyKey)).size, 1)
    const waits = seen.slice(1).map(({ time }, i) => time - (seen[i]?.time ?? 0))
    for (const [i, full] of [200, 400, 800].entries()) {
      assert.ok((waits[i] ?? 0) >= full / 2 && (waits[i] ?? 0) <= full, `${waits}`)
    }
  })

  test('asks nothing of ctx in its function, which a replay does not call', async (t) => {
    for (const options of [{}, { timeout: '1m' }] as const) {
      const { output, place } = await outcome(t, async (ctx) =>
        ctx.step('outer', async () => await ctx.step('inner', () => 1), options),
      )
      assert.equal(code(output), 'INPUT_INVALID')
      assert.match(String(output), /The function of step "outer" asks for "inner"/)
      assert.deepEqual(place.kinds('r'), ['run.started', 'step.failed', 'run.failed'])
      assert.equal(await verdict(place), 'same')
    }
    const asks: readonly [string, (ctx: Context) => unknown][] = [
      ['step', (ctx) => ctx.step('inner', () => 1)],
      ['sleep', (ctx) => ctx.sleep('inner', '1h')],
      ['emit', (ctx) => ctx.emit({ kind: 'inner' })],
      ['map', (ctx) => ctx.map('inner', [1], () => 1)],
      ['flag', (ctx) => ctx.flag('inner', true)],
      ['patched', (ctx) => ctx.patched('inner')],
      ['uuid', (ctx) => ctx.uuid('inner')],
      ['continueAs', (ctx) => ctx.continueAs('inner')],
    ]
    for (const [what, ask] of asks) {
      for (const wait of [() => undefined, () => Promise.resolve(), () => turns(3)]) {
        const { output, place } = await outcome(t, async (ctx) =>
          ctx.step('outer', async () => {
            await wait()
            return await ask(ctx)
          }),
        )
        assert.match(String(output), /The function of step "outer" asks for/, what)
        assert.deepEqual(place.kinds('r'), ['run.started', 'step.failed', 'run.failed'], what)
        assert.equal(await verdict(place), 'same')
      }
    }
    const { output } = await outcome(t, async (ctx) => {
      const first = ctx.step('first', async () => await Promise.resolve(1))
      return [await ctx.step('second', () => 2), await first]
    })
    assert.deepEqual(output, [2, 1], 'a step beside one whose function has not come back is none within it')
  })

  test('whose function wakes code beside it, of this run and of others, is not taken for what that asks', async (t) => {
    let place: Place | null = null
    const other = flow(async (ctx) => [await ctx.step('own', () => 1), typeof ctx.uuid()], 'other')
    const workflow = flow(async (ctx) => {
      let wake = (_: unknown): void => {}
      const woken = new Promise((resolve) => {
        wake = resolve
      })
      const beside = async (): Promise<unknown> => {
        const event = await ctx.waitFor('go')
        await woken
        return [
          event?.data,
          await ctx.step('beside', async () => await Promise.resolve(typeof event)),
          typeof ctx.uuid(),
        ]
      }
      const work = async (own: StepAttempt): Promise<unknown> => {
        await place?.hf.emit({ kind: 'go', data: 7 })
        const run = await place?.hf.start(other, null)
        own.heartbeat('on')
        wake(null)
        await turns(20)
        return await run?.result()
      }
      return await Promise.all([beside(), ctx.step('long', work, { heartbeat: '1m' })])
    })
    place = await openPlace(t, { workflows: [workflow, other] })
    await place.hf.start(workflow, null, { id: 'r' })
    assert.deepEqual(await place.outcome('r'), [
      [7, 'object', 'string'],
      [1, 'string'],
    ])
  })

  test('gives up after its attempts with STEP_FAILED, or with the code of the error', async (t) => {
    let tries = 0
    const { output, place } = await outcome(t, async (ctx) => {
      const plain = ctx.step('plain', () => {
        tries += 1
        throw new Error('no luck')
      })
      const own = ctx.step('own', () => {
        throw Object.assign(new Error('none left'), { code: 'OUT_OF_STOCK' })
      })
      return (await Promise.allSettled([plain, own])).map(
        (one) => one.status === 'rejected' && one.reason.code,
      )
    })
    assert.deepEqual(output, ['STEP_FAILED', 'OUT_OF_STOCK'])
    assert.equal(tries, 5)
    assert.equal(place.bodies('r', 'step.failed')[0]?.attempts, 5)
  })

  test('its own retry policy holds, and the run fails with the code when nobody catches it', async (t) => {
    let tries = 0
    const { output } = await outcome(t, async (ctx) =>
      ctx.step(
        'own',
        () => {
          tries += 1
          throw Object.assign(new Error('none left'), { code: 'OUT_OF_STOCK' })
        },
        { retry: { attempts: 2, firstDelay: '1h' } },
      ),
    )
    assert.deepEqual([code(output), tries], ['OUT_OF_STOCK', 2])
    assert.equal((output as Error).message, 'none left')
  })

  test('waits for its next attempt, though the run is woken in between', async (t) => {
    let tries = 0
    const workflow = flow(async (ctx) => {
      const flaky = ctx.step('flaky', () => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
      })
      await Promise.all([flaky, ctx.waitFor('poke').then(() => ctx.step('poked', () => 1))])
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.emit({ kind: 'poke' })
    await place.hf.idle()
    assert.equal(place.bodies('r', 'step.completed')[0]?.name, 'poked')
    assert.equal(tries, 1)
    await place.outcome('r')
    assert.equal(tries, 2)
  })

  test('is not tried again when that can not help', async (t) => {
    let tries = 0
    const { output } = await outcome(t, async (ctx) =>
      ctx.step('final', () => {
        tries += 1
        throw Object.assign(new Error('wrong number'), { code: 'WRONG_NUMBER', retryable: false })
      }),
    )
    assert.deepEqual([code(output), tries], ['WRONG_NUMBER', 1])
  })

  test('is tried again after the errors that its policy names, and after no others', async (t) => {
    const tries: Record<string, number> = {}
    const { output } = await outcome(t, async (ctx) => {
      const failing = (name: string, code: string, retry: { only?: string[]; never?: string[] }) =>
        ctx.step(
          name,
          () => {
            tries[name] = (tries[name] ?? 0) + 1
            throw Object.assign(new Error(name), { code })
          },
          { retry: { attempts: 3, ...retry } },
        )
      const all = [
        failing('only this', 'BUSY', { only: ['BUSY'] }),
        failing('only another', 'BROKEN', { only: ['BUSY'] }),
        failing('never this', 'BUSY', { never: ['BUSY'] }),
        failing('never wins', 'BUSY', { only: ['BUSY'], never: ['BUSY'] }),
      ]
      return (await Promise.allSettled(all)).map((one) => one.status === 'rejected' && one.reason.code)
    })
    assert.deepEqual(output, ['BUSY', 'BROKEN', 'BUSY', 'BUSY'])
    assert.deepEqual(tries, { 'only this': 3, 'only another': 1, 'never this': 1, 'never wins': 1 })
  })

  test('is aborted at its time limit, and tried again', async (t) => {
    let aborted = 0
    const slow = flow((ctx) =>
      ctx.step(
        'slow',
        ({ attempt, signal }) =>
          attempt === 2
            ? 'in time'
            : new Promise((_, reject) => {
                signal.addEventListener('abort', () => {
                  aborted += 1
                  reject(signal.reason)
                })
              }),
        { timeout: '10s' },
      ),
    )
    const place = await openPlace(t, { workflows: [slow] })
    await place.hf.start(slow, null, { id: 'r' })
    await turns()
    place.clock.advance(9_999)
    await turns()
    assert.equal(aborted, 0)
    place.clock.advance(1)
    assert.equal(await place.outcome('r'), 'in time')
    assert.equal(aborted, 1)
    const failure = place.bodies('r', 'attempt.failed')[0]?.error as { code: string }
    assert.equal(failure.code, 'STEP_TIMEOUT')
  })

  test('a value that is not JSON is refused at once', async (t) => {
    let tries = 0
    const { output } = await outcome(t, async (ctx) =>
      ctx.step('when', () => {
        tries += 1
        return { at: new Date(0) }
      }),
    )
    assert.deepEqual([code(output), tries], ['VALUE_NOT_JSON', 1])
  })

  test('no result is null', async (t) => {
    const { output } = await outcome(t, async (ctx) => [await ctx.step('nothing', () => {})])
    assert.deepEqual(output, [null])
  })
})

describe('names', () => {
  test('a name used again counts up', async (t) => {
    const { output, place } = await outcome(t, async (ctx) => {
      const results = []
      for (let i = 0; i < 3; i += 1) results.push(await ctx.step('poll', () => i))
      return results
    })
    assert.deepEqual(output, [0, 1, 2])
    assert.deepEqual(
      place.bodies('r', 'step.completed').map(({ name }) => name),
      ['poll', 'poll#2', 'poll#3'],
    )
  })

  test('two under way together under one name are refused', async (t) => {
    const { output } = await outcome(t, async (ctx) => {
      const both = [ctx.step('charge', () => 1), ctx.step('charge', () => 2)]
      return (await Promise.allSettled(both)).map((one) =>
        one.status === 'fulfilled' ? one.value : one.reason.code,
      )
    })
    assert.deepEqual(output, [1, 'STEP_NAME_REUSED'])
  })

  test('a name that another one has counted up to is not given twice', async (t) => {
    const { output } = await outcome(t, async (ctx) => {
      const first = await ctx.step('poll#2', () => 'first')
      const second = await ctx.step('poll', () => 'second')
      const third = await ctx.step('poll', () => 'third')
      return [first, second, third]
    })
    assert.deepEqual(output, ['first', 'second', 'third'])
  })

  test('sleeps, waits and publications may share theirs', async (t) => {
    const { output, place } = await outcome(t, async (ctx) => {
      await Promise.all([ctx.sleep(10), ctx.sleep(20), ctx.emit({ kind: 'a' }), ctx.emit({ kind: 'a' })])
      return 'done'
    })
    assert.equal(output, 'done')
    assert.deepEqual(
      place.bodies('r', 'timer.fired').map(({ name }) => name),
      ['sleep', 'sleep#2'],
    )
  })

  test('a name must be a text', async (t) => {
    const { output } = await outcome(t, async (ctx) => await ctx.step('', () => 1))
    assert.equal(code(output), 'INPUT_INVALID')
  })
})

describe('sleep', () => {
  test('passes in time of the clock', async (t) => {
    const workflow = flow(async (ctx) => {
      const before = ctx.now()
      await ctx.sleep('nap', '3 days')
      return ctx.now() - before
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const run = await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    assert.equal(run.status(), 'waiting')
    place.clock.advance(3 * 86_400_000 - 1)
    await turns()
    assert.equal(run.status(), 'waiting')
    place.clock.advance(1)
    assert.equal(await run.result(), 3 * 86_400_000)
  })

  test('what is no length of time is refused', async (t) => {
    const { output } = await outcome(t, async (ctx) => await ctx.sleep('soon'))
    assert.equal(code(output), 'INPUT_INVALID')
  })

  test('a fraction of a millisecond does no harm', async (t) => {
    const { output } = await outcome(t, async (ctx) => {
      await ctx.sleep(1000 / 3)
      return 'awake'
    })
    assert.equal(output, 'awake')
  })
})

describe('now, random, uuid', () => {
  test('are the same on replay, and other in another run', async (t) => {
    const seen: unknown[] = []
    const workflow = flow(async (ctx) => {
      const drawn = [ctx.now(), ctx.random(), ctx.random(), ctx.random('dice'), ctx.uuid(), ctx.uuid()]
      await ctx.sleep('1h')
      const later = [ctx.now(), ctx.random(), ctx.uuid('order')]
      seen.push([...drawn, ...later])
      await ctx.sleep('1h')
      return [...drawn, ...later]
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.start(workflow, null, { id: 's' })
    const [r, s] = [await place.outcome('r'), await place.outcome('s')] as unknown as [unknown[], unknown[]]
    assert.ok(seen.length >= 4, 'each was replayed')
    assert.equal(new Set(seen.map((one) => JSON.stringify(one))).size, 2)
    assert.equal(new Set(r).size, r.length)
    assert.notDeepEqual(r.slice(1), s.slice(1))
  })
})

describe('together and in a race', () => {
  test('on replay the same one wins, though the loser has come in as well by then', async (t) => {
    const winners: string[] = []
    const workflow = flow(async (ctx) => {
      const late = ctx.sleep('late', '2h').then(() => 'late')
      const early = ctx.sleep('early', '1h').then(() => 'early')
      const winner = await Promise.race([late, early])
      winners.push(winner)
      await ctx.step(`won by ${winner}`, () => 1)
      await ctx.sleep('rest', '3h')
      return winner
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    assert.equal(await place.outcome('r'), 'early')
    assert.ok(winners.length >= 3, 'it was replayed after both had come in')
    assert.deepEqual(new Set(winners), new Set(['early']))
  })

  test('on replay branches go on in the same order', async (t) => {
    const orders = new Set<string>()
    const workflow = flow(async (ctx) => {
      const order: string[] = []
      const branch = async (name: string, hours: number): Promise<void> => {
        await ctx.sleep(name, `${hours}h`)
        order.push(name)
        const drawn = ctx.random('shared')
        await ctx.step(`${name} ${order.length}`, () => drawn)
        order.push(`${name}!`)
      }
      await Promise.all([branch('c', 3), branch('a', 1), branch('b', 2)])
      await ctx.sleep('rest', '1h')
      orders.add(order.join())
      return ctx.random('shared')
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.outcome('r')
    assert.deepEqual([...orders], ['a,a!,b,b!,c,c!'])
    assert.deepEqual(
      place.bodies('r', 'step.completed').map(({ name }) => name),
      ['a 1', 'b 3', 'c 5'],
    )
  })
})

describe('decide', () => {
  test('without a model the rules answer', async (t) => {
    const { output, place } = await outcome(t, async (ctx) =>
      ctx.decide('lead', {
        ask: 'Is it a lead?',
        material: { text: 'Please send an offer' },
        answer: z.boolean(),
        rules: () => ({ answer: true, confidence: 0.9, reasons: ['offer'], source: 'book:1' }),
      }),
    )
    assert.deepEqual(output, {
      answer: true,
      confidence: 0.9,
      reasons: ['offer'],
      provenance: { tier: 'rules', source: 'book:1' },
    })
    assert.deepEqual(place.kinds('r'), ['run.started', 'decision.made', 'run.completed'])
  })
})

describe('emit and waitFor', () => {
  test('take texts for kinds and keys: nothing else would ever come', async (t) => {
    for (const given of [null, 5, {}] as never[]) {
      for (const ask of [
        (ctx: Context) => ctx.waitFor(given),
        (ctx: Context) => ctx.waitFor('paid', { key: given }),
        (ctx: Context) => ctx.emit({ kind: given }),
        (ctx: Context) => ctx.emit({ kind: 'paid', key: given }),
      ]) {
        const { output } = await outcome(t, async (ctx) => await ask(ctx))
        assert.equal(code(output), 'INPUT_INVALID')
      }
    }
  })

  test('an event wakes the run that waits for its kind and key', async (t) => {
    const workflow = flow(async (ctx, key: string) => (await ctx.waitFor('paid', { key }))?.data)
    const place = await openPlace(t, { workflows: [workflow] })
    const [a, b] = [
      await place.hf.start(workflow, 'inv-1', { id: 'a' }),
      await place.hf.start(workflow, 'inv-2', { id: 'b' }),
    ]
    await place.hf.idle()
    await place.hf.emit({ kind: 'paid', key: 'inv-2', data: { amount: 5 } })
    assert.deepEqual(await b.result(), { amount: 5 })
    assert.equal(a.status(), 'waiting')
    await place.hf.emit({ kind: 'refunded', key: 'inv-1' })
    await place.hf.idle()
    assert.equal(a.status(), 'waiting')
  })

  test('a received event tells when and where it was published', async (t) => {
    const workflow = flow(async (ctx) => await ctx.waitFor('paid'))
    const place = await openPlace(t, { workflows: [workflow] })
    const run = await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.emit({ kind: 'paid', id: 'e-1', data: [1] })
    const event = place.hf.log.readStream('event/e-1')[0]
    assert.deepEqual(await run.result(), {
      id: 'e-1',
      kind: 'paid',
      key: '',
      data: [1],
      time: place.clock.now(),
      position: event?.position,
    })
  })

  test('events published before the wait are kept, and received in order, each once', async (t) => {
    const workflow = flow(async (ctx) => {
      await ctx.sleep('1h')
      const received = []
      for (let i = 0; i < 4; i += 1) {
        received.push((await ctx.waitFor('line', { timeout: '1m' }))?.data ?? 'none')
      }
      return received
    })
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.emit({ kind: 'line', data: 'before the run' })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    for (const data of ['first', 'second', 'third']) await place.hf.emit({ kind: 'line', data })
    assert.deepEqual(await place.outcome('r'), ['first', 'second', 'third', 'none'])
  })

  test('an earlier event goes first, though a later one shares its commit with the wait', async (t) => {
    const workflow = flow(async (ctx) => {
      await ctx.sleep('1h')
      return [(await ctx.waitFor('line'))?.data, (await ctx.waitFor('line'))?.data]
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const run = await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.emit({ kind: 'line', data: 'first' })
    let waits = 0
    const append = place.hf.log.append.bind(place.hf.log)
    Object.assign(place.hf.log, {
      append: (...given: Parameters<typeof append>) => {
        const opens = given[0].some(({ events }) => events.some(({ kind }) => kind === 'wait.started'))
        if (opens && waits++ === 0) void place.hf.emit({ kind: 'line', data: 'second' })
        return append(...given)
      },
    })
    place.clock.advance(3_600_000)
    assert.deepEqual(await run.result(), ['first', 'second'])
  })

  test('of two waits open together the older one receives the event, and the other the next', async (t) => {
    const workflow = flow(async (ctx) => {
      const both = await Promise.all([ctx.waitFor('go'), ctx.waitFor('go')])
      return both.map((event) => event?.data)
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const run = await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.emit({ kind: 'go', data: 1 })
    await place.hf.idle()
    assert.equal(run.status(), 'waiting')
    await place.hf.emit({ kind: 'go', data: 2 })
    assert.deepEqual(await run.result(), [1, 2])
    assert.equal(await verdict(place), 'same')
  })

  test('at its time limit a wait gives null', async (t) => {
    const { output, place } = await outcome(
      t,
      async (ctx) => await ctx.waitFor('paid', { timeout: '3 days' }),
    )
    assert.equal(output, null)
    assert.deepEqual(place.kinds('r'), ['run.started', 'wait.started', 'wait.ended', 'run.completed'])
  })

  test('an event at the very time limit: one of the two, and the other has no effect', async (t) => {
    const workflow = flow(async (ctx) => {
      const event = await ctx.waitFor('paid', { timeout: '1h' })
      return [event?.data ?? null, (await ctx.waitFor('paid', { timeout: '1h' }))?.data ?? null]
    })
    for (const first of ['event', 'limit']) {
      const place = await openPlace(t, { workflows: [workflow] })
      await place.hf.start(workflow, null, { id: 'r' })
      await place.hf.idle()
      if (first === 'limit') place.clock.advance(3_600_000)
      void place.hf.emit({ kind: 'paid', data: 5 })
      if (first === 'event') place.clock.advance(3_600_000)
      const received = await place.outcome<unknown[]>('r')
      assert.deepEqual(received.toSorted(), [5, null], `${first} first: ${received}`)
      assert.equal(place.kinds('r').filter((kind) => kind === 'wait.ended').length, 2)
    }
  })

  test('what a run emits is published exactly once, however often it is replayed', async (t) => {
    const workflow = flow(async (ctx) => {
      await ctx.emit({ kind: 'told', key: 'k', data: { n: 1 } })
      await ctx.sleep('1h')
      await ctx.emit({ kind: 'told', key: 'k', data: { n: 2 } })
      await ctx.sleep('1h')
      return 'done'
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.outcome('r')
    const published = [...place.hf.log.read()].filter(({ kind }) => kind === 'event.published')
    assert.deepEqual(
      published.map(({ body }) => [body?.id, body?.data]),
      [
        ['r/emit told k', { n: 1 }],
        ['r/emit told k#2', { n: 2 }],
      ],
    )
  })

  test('the same event id twice is one event; with other content it is refused', async (t) => {
    const workflow = flow(async (ctx) => (await ctx.waitFor('paid'))?.data)
    const place = await openPlace(t, { workflows: [workflow] })
    const twice = { kind: 'paid', id: 'e-1', data: { amount: 5 } }
    await Promise.all([place.hf.emit(twice), place.hf.emit(twice)])
    await place.hf.emit(twice)
    assert.equal(place.hf.log.versionOf('event/e-1'), 1)
    await assert.rejects(place.hf.emit({ ...twice, data: { amount: 6 } }), { code: 'EVENT_ID_CONFLICT' })
    const both = await Promise.allSettled([
      place.hf.emit({ kind: 'paid', id: 'e-2', data: 1 }),
      place.hf.emit({ kind: 'paid', id: 'e-2', data: 2 }),
    ])
    assert.deepEqual(
      both.map((one) => (one.status === 'rejected' ? one.reason.code : 'published')),
      ['published', 'EVENT_ID_CONFLICT'],
    )
  })

  test('a workflow too meets EVENT_ID_CONFLICT as an error that it can catch', async (t) => {
    const { output, place } = await outcome(
      t,
      async (ctx) => {
        await ctx.emit({ kind: 'paid', id: 'e-1', data: 1 })
        await ctx.emit({ kind: 'paid', id: 'e-1', data: 1 })
        await ctx.sleep('1h')
        const refused = await ctx.emit({ kind: 'paid', id: 'e-1', data: 2 }).catch((error) => error.code)
        await ctx.sleep('1h')
        return refused
      },
      { residentRuns: 0 },
    )
    assert.equal(output, 'EVENT_ID_CONFLICT')
    assert.equal(place.hf.log.versionOf('event/e-1'), 1)
    assert.equal(await verdict(place), 'same', 'a replay meets it again')
  })
})

describe('call', () => {
  const double = flow(async (ctx, n: number) => await ctx.step('double', () => n * 2), 'double')
  const fail = flow(async (ctx) => {
    await ctx.sleep('1m')
    throw Object.assign(new Error('none left'), { code: 'OUT_OF_STOCK' })
  }, 'fail')

  test('gives the output of a child run of its own', async (t) => {
    const { output, place } = await outcome(
      t,
      async (ctx) => (await ctx.call('a', double, 2)) + (await ctx.call('b', double, 3)),
      { others: [double] },
    )
    assert.equal(output, 10)
    assert.equal(place.hf.run('r/a').status(), 'completed')
    assert.deepEqual(place.events('r/a')[0]?.body?.parent, {
      run: 'r',
      name: 'a',
      mode: 'call',
      onParentClose: 'cancel',
    })
  })

  test('throws the code of the child’s error', async (t) => {
    const { output } = await outcome(
      t,
      async (ctx) => await ctx.call('child', fail, null).catch((error) => [error.code, error.message]),
      { others: [fail] },
    )
    assert.deepEqual(output, ['OUT_OF_STOCK', 'none left'])
  })

  test('an input that does not fit fails the child, and with it the call', async (t) => {
    const strict = defineWorkflow({
      name: 'strict',
      version: 1,
      input: z.number(),
      output: z.number(),
      run: async (_, n) => n,
    })
    const { output } = await outcome(
      t,
      async (ctx) => await ctx.call('child', strict, 'seven' as unknown as number),
      { others: [strict] },
    )
    assert.equal(code(output), 'INPUT_INVALID')
  })

  test('what is no workflow can’t be called, spawned or started', async (t) => {
    for (const given of [null, {}, { name: 'w' }, { name: 'w', version: '1' }] as never[]) {
      for (const by of ['call', 'spawn'] as const) {
        const { output } = await outcome(t, async (ctx) => await ctx[by]('child', given, null))
        assert.equal(code(output), 'INPUT_INVALID')
      }
      const place = await openPlace(t, { workflows: [double] })
      await assert.rejects(place.hf.start(given, 1), { code: 'INPUT_INVALID', message: /no workflow/ })
    }
  })

  test('many children at a time, replayed, each started once', async (t) => {
    const { output, place } = await outcome(
      t,
      async (ctx) =>
        await Promise.all(
          Array.from({ length: 20 }, async (_, i) => {
            await ctx.sleep(`before ${i}`, i % 3)
            return await ctx.call(`child ${i}`, double, i)
          }),
        ),
      { others: [double], residentRuns: 0, activeRuns: 2 },
    )
    assert.deepEqual(
      output,
      Array.from({ length: 20 }, (_, i) => i * 2),
    )
    const started = [...place.hf.log.read()].filter(({ kind }) => kind === 'run.started')
    assert.equal(started.length, 21)
  })

  test('a run that has the id of the child already is a conflict, not a circle', async (t) => {
    const workflow = flow(async (ctx) => await ctx.call('a', double, 2).catch((error) => error.code))
    const place = await openPlace(t, { workflows: [workflow, double] })
    await place.hf.start(double, 9, { id: 'r/a' })
    await place.hf.start(workflow, null, { id: 'r' })
    assert.equal(await place.outcome('r'), 'RUN_ID_CONFLICT')
    assert.equal(await place.outcome('r/a'), 18)
    assert.equal(await verdict(place), 'same', 'a replay meets it again')
  })
})

describe('the end of a run', () => {
  test('an output that does not fit its schema fails the run', async (t) => {
    const workflow = defineWorkflow({
      name: 'wrong',
      version: 1,
      input: z.any(),
      output: z.object({ n: z.number() }),
      run: async () => ({ n: 'seven' }) as unknown as { n: number },
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const run = await place.hf.start(workflow, null)
    await assert.rejects(run.result(), { code: 'OUTPUT_INVALID', message: /\bn: / })
  })

  test('an output that is not JSON fails the run', async (t) => {
    const { output } = await outcome(t, async () => ({ size: 1n }))
    assert.equal(code(output), 'VALUE_NOT_JSON')
  })

  test('an error without a code fails it with RUN_FAILED, whatever was thrown', async (t) => {
    const { output } = await outcome(t, async () => {
      throw Object.create(null)
    })
    assert.equal(code(output), 'RUN_FAILED')
  })

  test('nothing follows it, though what lost a race comes in the same moment', async (t) => {
    const workflow = flow(async (ctx) => {
      await Promise.race([ctx.waitFor('go', { name: 'won' }), ctx.sleep('lost', '1h')])
      return 'done'
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const append = place.hf.log.append.bind(place.hf.log)
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    Object.assign(place.hf.log, {
      append: (...given: Parameters<typeof append>) => {
        const appended = append(...given)
        const ends = given[0].some(({ events }) => events.some(({ kind }) => kind === 'run.completed'))
        if (ends) place.clock.advance(3_600_000)
        return appended
      },
    })
    await place.hf.emit({ kind: 'go' })
    assert.equal(await place.outcome('r'), 'done')
    assert.equal(place.kinds('r').at(-1), 'run.completed')
  })
})
