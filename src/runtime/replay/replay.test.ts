import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { type AnyWorkflow, type Context, defineWorkflow, type Proposal } from '../../kernel/workflow.ts'
import { defineConnector } from '../../ports/connector.ts'
import type { Model } from '../../ports/model.ts'
import { type OpenOptions, openHoldfast } from '../../sdk.ts'
import type { Holdfast } from '../holdfast.ts'
import { WorkflowRegistry } from '../life/workflow-registry.ts'
import type { Divergence } from './divergence.ts'
import { type ReplayReport, verifyRun } from './replay.ts'

type Code = (ctx: Context, input: { amount: number }) => Promise<unknown>

/** How often the world was touched, or code run that must not be run again. */
let touched = 0

const bank = defineConnector({
  name: 'bank',
  operations: {
    pay: {
      manifest: { effect: 'external', idempotency: 'none' },
      input: z.any(),
      output: z.any(),
      perform: async (input: { amount: number; unclear?: boolean }) => {
        touched += 1
        if (input.unclear) throw new Error('the line broke')
        return { paid: input.amount }
      },
    },
  },
})

const model: Model = {
  provider: 'parrot',
  model: 'p-1',
  host: 'localhost',
  ask: async () => {
    touched += 1
    const usage = { inputTokens: 10, outputTokens: 2, priceMicros: 30, latencyMs: 1 }
    return { answer: { answer: 'yes', confidence: 0.9, reasons: [] }, usage }
  },
}

const child = defineWorkflow({
  name: 'child',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx, input: number) => await ctx.step('double', () => input * 2),
})

function ledger(run: Code): AnyWorkflow {
  return defineWorkflow({ name: 'ledger', version: 1, input: z.any(), output: z.any(), run })
}

interface Recording {
  readonly hf: Holdfast
  /** Replays the run on other code, by default on the same. */
  replay(other?: Code): Promise<ReplayReport>
  diverges(other: Code): Promise<Divergence>
}

/** Runs `code` as run `r`, to its end or until it waits, and hands over the recording. */
async function recording(
  code: Code,
  check: (recording: Recording) => Promise<void>,
  {
    drive = async () => {},
    ...options
  }: { drive?: (hf: Holdfast) => Promise<unknown> } & Partial<OpenOptions> = {},
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-replay-'))
  const workflow = ledger(code)
  const hf = await openHoldfast({ dir, workflows: [workflow, child], connectors: [bank], ...options })
  try {
    await hf.start(workflow, { amount: 5 }, { id: 'r' })
    await hf.idle()
    await drive(hf)
    await hf.idle()
    const replay = async (other: Code = code): Promise<ReplayReport> => {
      const before = { touched, head: hf.log.head() }
      const report = await verifyRun(hf.log, new WorkflowRegistry([ledger(other), child]), 'r')
      assert.deepEqual({ touched, head: hf.log.head() }, before, 'a replay does nothing')
      return report
    }
    const diverges = async (other: Code): Promise<Divergence> => {
      const { verdict, divergence } = await replay(other)
      assert.equal(verdict, 'diverged')
      return divergence as Divergence
    }
    await check({ hf, replay, diverges })
  } finally {
    await hf.close()
    rmSync(dir, { recursive: true })
  }
}

const REVIEWED = {
  operations: { allow: [], deny: [], review: ['bank.*'] },
  egress: { allow: [] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
}

function proposal(summary = 'Pay 5'): Proposal {
  return { action: 'pay', summary, reason: 'it is due', confidence: 0.8, proposal: { amount: 5 } }
}

const count = (): number => {
  touched += 1
  return 1
}
const fail = (): never => {
  touched += 1
  throw Object.assign(new Error('sold out'), { code: 'SOLD_OUT', retryable: false })
}
const pick = (answer: string, source = 'book:1') => ({
  ask: 'Is it due?',
  material: { amount: 5 },
  answer: z.string(),
  rules: () => ({ answer, confidence: 0.7, reasons: [], source }),
})

/** One of each. */
const everything: Code = async (ctx, { amount }) => {
  const one = await ctx.step('count', count)
  const sum = await ctx.step('sum', () => amount + one, { pure: true })
  const due = await ctx.decide('due', pick('yes'))
  const said = await ctx.review('ask', proposal())
  await ctx.sleep(1)
  const order = await ctx.waitFor('ordered', { key: 'k', timeout: '1h', name: 'order' })
  const paid = await ctx.act('pay', 'bank.pay', { amount: sum })
  await ctx.emit({ kind: 'paid', key: 'k', data: { sum } })
  const doubled = await ctx.call('double it', child, sum)
  const error = await ctx.step('sell', fail).catch((reason: { code: string }) => reason.code)
  const [verdict, id] = [said.verdict, order?.id ?? null]
  return {
    sum,
    due,
    verdict,
    id,
    paid,
    doubled,
    error,
    now: ctx.now(),
    random: ctx.random(),
    uuid: ctx.uuid(),
  }
}

async function answerAndOrder(hf: Holdfast): Promise<void> {
  await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'approved' })
  await hf.emit({ kind: 'ordered', key: 'k', id: 'o-1' })
  await hf.run('r').result()
}

describe('a run on the code it ran on', () => {
  test('is the same, and nothing is done again', () =>
    recording(
      everything,
      async ({ replay }) => {
        const { verdict, divergence, operations, changedCode, workflow, version } = await replay()
        assert.equal(divergence, null)
        assert.deepEqual(
          { verdict, operations, changedCode, workflow, version },
          { verdict: 'same', operations: 10, changedCode: [], workflow: 'ledger', version: 1 },
        )
      },
      { drive: answerAndOrder },
    ))

  test('is the same with branches and races, in whatever order they ended', async () => {
    const pause = (ms: number) => () => new Promise<number>((resolve) => setTimeout(resolve, ms, ms))
    const code: Code = async (ctx) => {
      const waits = Array.from({ length: 6 }, (_, i) => Math.floor(ctx.random(`wait ${i}`) * 12))
      const trail: string[] = []
      const branch = async (i: number) => {
        await ctx.step(`first ${i}`, pause(waits[i] ?? 0))
        trail.push(`first ${i} at ${ctx.now()}`)
        await ctx.sleep(`pause ${i}`, waits[5 - i] ?? 0)
        trail.push(`pause ${i}`)
        return await ctx.step('again', () => i).catch(() => -1)
      }
      const all = await Promise.all(waits.map((_, i) => branch(i)))
      const winner = await Promise.race([
        ctx.step('slow', pause(30)),
        ctx.step('quick', pause(1)),
        ctx.sleep('timer', 3),
      ])
      await ctx.step('after', count)
      return { trail, all, winner }
    }
    for (let i = 0; i < 8; i += 1) {
      await recording(
        code,
        async ({ replay }) => {
          const { divergence, verdict } = await replay()
          assert.deepEqual({ divergence, verdict }, { divergence: null, verdict: 'same' })
        },
        { drive: (hf) => hf.run('r').result() },
      )
    }
  })

  test('is the same when it ended with an error', () =>
    recording(
      async (ctx) => await ctx.step('sell', fail),
      async ({ replay }) => assert.equal((await replay()).verdict, 'same'),
    ))

  test('is the same when the operator settled an unknown outcome and the policy asked or denied', () =>
    recording(
      async (ctx) => {
        await ctx.act('pay', 'bank.pay', { amount: 1, unclear: true })
        return await ctx.act('forbidden', 'bank.pay', { amount: 2 }).catch((error) => error.code)
      },
      async ({ hf, replay }) => {
        assert.equal(await hf.run('r').result(), 'POLICY_DENIED')
        const names = hf.log.readStream('run/r').map(({ body }) => body?.name)
        assert.ok(names.includes('pay (approval)') && names.includes('pay (outcome of attempt 1)'))
        assert.equal((await replay()).divergence, null)
      },
      {
        policy: {
          operations: { allow: [], deny: [], review: ['bank.*'] },
          egress: { allow: [] },
          budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
        },
        drive: async (hf) => {
          for (const verdict of ['approved', 'approved', 'rejected'] as const) {
            await hf.answer(hf.reviews()[0]?.id ?? '', { verdict })
            await hf.idle()
          }
        },
      },
    ))

  test('knows an effect that waits for the word of the operator when its run ends', () =>
    recording(
      async (ctx) =>
        await Promise.race([ctx.act('pay', 'bank.pay', { amount: 5 }), ctx.step('count', count)]),
      async ({ replay }) => assert.equal((await replay()).verdict, 'same'),
      { policy: REVIEWED },
    ))

  test('leaves out of account what a run that was cut off did not get to do before it had all it needed', async (t) => {
    const place = await openPlace(t, { workflows: [] })
    const label = SYSTEM
    const started = { workflow: 'ledger', version: 1, input: { amount: 5 }, seed: 's' }
    const bodies = [
      ['run.started', started],
      ['timer.set', { name: 'short', at: 1, ms: 1 }],
      ['timer.set', { name: 'long', at: 2, ms: 2, parks: true }],
      ['timer.fired', { name: 'short', wakes: true }],
      ['timer.fired', { name: 'long' }],
      ['run.completed', { output: null }],
    ] as const
    const events = bodies.map(([kind, body]) => ({ kind, body, actor: 'test', label }))
    await place.hf.log.append([{ stream: 'run/r', expectedVersion: 0, events }])
    const code: Code = async (ctx) => {
      void ctx.sleep('short', 1).then(() => ctx.emit({ kind: 'told' }))
      await ctx.sleep('long', 2)
      return null
    }
    const report = await verifyRun(place.hf.log, new WorkflowRegistry([ledger(code)]), 'r')
    assert.equal(report.verdict, 'same')
  })

  test('leaves a step out of account that lost a race and never ended', () =>
    recording(
      async (ctx) => {
        const stuck = ctx.step('stuck', () => new Promise<string>(() => {}))
        const first = await Promise.race([stuck, ctx.step('count', count)])
        return [first, await ctx.step('count', count)]
      },
      async ({ replay }) => assert.equal((await replay()).verdict, 'same'),
      { drive: (hf) => hf.run('r').result() },
    ))
})

describe('changed code', () => {
  const base: Code = async (ctx) => {
    const one = await ctx.step('one', count)
    const two = await ctx.step('two', count)
    return one + two
  }

  test('missing: a step was added', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => {
        const one = await ctx.step('one', count)
        await ctx.step('new', count)
        return one + (await ctx.step('two', count))
      })
      assert.deepEqual([found.name, found.what, found.position], ['new', 'missing', 2])
      assert.match(found.explanation, /asks for the step "new"/)
    }))

  test('missing: an effect was added that nobody waits for', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => {
        void ctx.act('leak', 'bank.pay', { amount: 9 })
        return (await ctx.step('one', count)) + (await ctx.step('two', count))
      })
      assert.deepEqual([found.name, found.what, found.recorded], ['leak', 'missing', null])
      assert.deepEqual(found.present, { operation: 'bank.pay', input: { amount: 9 } })
    }))

  test('missing: a timer was added that nobody waits for, before the run came to rest', () =>
    recording(
      async (ctx) => await ctx.sleep('nap', 1),
      async ({ diverges }) => {
        const found = await diverges(async (ctx) => {
          void ctx.sleep('extra', 1)
          await ctx.sleep('nap', 1)
        })
        assert.deepEqual([found.name, found.what, found.present], ['extra', 'missing', { ms: 1 }])
      },
      { drive: (hf) => hf.run('r').result() },
    ))

  test('missing: not the loser of a race is blamed', () => {
    const stuck = () => new Promise<string>(() => {})
    return recording(
      async (ctx) => {
        await Promise.race([ctx.step('stuck', stuck), ctx.step('one', count)])
        return await ctx.step('two', count)
      },
      async ({ diverges }) => {
        const { name, what } = await diverges(async (ctx) => {
          await Promise.race([ctx.step('stuck', stuck), ctx.step('one', count)])
          await ctx.step('new', count)
          return await ctx.step('two', count)
        })
        assert.deepEqual([name, what], ['new', 'missing'])
      },
      { drive: (hf) => hf.run('r').result() },
    )
  })

  test('not-reached: a step was taken out', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => 1 + (await ctx.step('one', count)))
      assert.deepEqual([found.name, found.what, found.position], ['two', 'not-reached', 3])
    }))

  test('kind: a step became a timer', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => {
        await ctx.step('one', count)
        await ctx.sleep('two', 10)
      })
      const { name, what, recorded, present, position } = found
      assert.deepEqual(
        { name, what, recorded, present, position },
        { name: 'two', what: 'kind', recorded: 'step', present: 'timer', position: 3 },
      )
    }))

  test('code: the function of a step changed', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => {
        const one = await ctx.step('one', count)
        const two = await ctx.step('two', () => count() + 1)
        return one + two
      })
      assert.deepEqual([found.name, found.what, found.position], ['two', 'code', 3])
    }))

  test('code: of a step that failed as well', () =>
    recording(
      async (ctx) => await ctx.step('sell', fail).catch(() => 'none'),
      async ({ diverges }) => {
        const found = await diverges(async (ctx) => await ctx.step('sell', () => fail()).catch(() => 'none'))
        assert.deepEqual([found.name, found.what], ['sell', 'code'])
      },
    ))

  test('output: another one, or another end', () =>
    recording(base, async ({ diverges }) => {
      const other = await diverges(async (ctx, input) => Number(await base(ctx, input)) + 1)
      assert.deepEqual([other.what, other.recorded, other.present], ['output', { value: 2 }, { value: 3 }])
      const failed = await diverges(async (ctx, input) => {
        await base(ctx, input)
        throw Object.assign(new Error('no'), { code: 'NO' })
      })
      assert.deepEqual([failed.what, failed.present], ['output', { error: { code: 'NO', message: 'no' } }])
      assert.match(failed.explanation, /fails with NO, but the run is on record as completed/)
    }))

  test('not-reached: the end, when the code waits for something of its own', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx, input) => {
        await base(ctx, input)
        await new Promise(() => {})
      })
      assert.deepEqual([found.name, found.what, found.position], ['end', 'not-reached', 4])
    }))

  test('the first divergence is named when there are several', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => {
        const [one] = await Promise.all([
          ctx.step('one', async () => 3, { pure: true }),
          ctx.step('two', () => count() + 2),
        ])
        return one
      })
      assert.deepEqual([found.name, found.what], ['one', 'result'])
    }))
})

describe('changed input', () => {
  const cases: readonly { name: string; before: Code; after: Code; where: RegExp }[] = [
    {
      name: 'effect',
      before: async (ctx) => await ctx.act('effect', 'bank.pay', { to: { name: 'Ann' }, amount: 1 }),
      after: async (ctx) => await ctx.act('effect', 'bank.pay', { to: { name: 'Bob' }, amount: 1 }),
      where: /another input\.to\.name /,
    },
    {
      name: 'timer',
      before: async (ctx) => await ctx.sleep('timer', 1),
      after: async (ctx) => await ctx.sleep('timer', 2),
      where: /another ms /,
    },
    {
      name: 'wait',
      before: async (ctx) => await ctx.waitFor('a', { name: 'wait', key: 'k', timeout: 1 }),
      after: async (ctx) => await ctx.waitFor('a', { name: 'wait', key: 'other', timeout: 1 }),
      where: /another key /,
    },
    {
      name: 'wait',
      before: async (ctx) => await ctx.waitFor('a', { name: 'wait', timeout: 1 }),
      after: async (ctx) => await ctx.waitFor('a', { name: 'wait', timeout: '2s' }),
      where: /another timeoutMs /,
    },
    {
      name: 'review',
      before: async (ctx) => await ctx.review('review', proposal()),
      after: async (ctx) => await ctx.review('review', proposal('Pay 6')),
      where: /another summary /,
    },
    {
      name: 'child',
      before: async (ctx) => await ctx.call('child', child, 1),
      after: async (ctx) => await ctx.call('child', child, 2),
      where: /another input /,
    },
    {
      name: 'emit told',
      before: async (ctx) => await ctx.emit({ kind: 'told', data: { n: 1 } }),
      after: async (ctx) => await ctx.emit({ kind: 'told', data: { n: 2 } }),
      where: /another data\.n /,
    },
  ]
  for (const { name, before, after, where } of cases) {
    test(`${name}: ${where}`, () =>
      recording(
        before,
        async ({ replay, diverges }) => {
          assert.notEqual((await replay()).verdict, 'diverged')
          const found = await diverges(after)
          assert.deepEqual([found.name, found.what], [name, 'input'])
          assert.match(found.explanation, where)
        },
        { drive: async (hf) => (name === 'review' ? null : await hf.run('r').result()) },
      ))
  }
})

describe('what can be done once more', () => {
  const base: Code = async (ctx, { amount }) => {
    const due = await ctx.decide('due', pick('yes'))
    return [due.answer, await ctx.step('sum', () => amount + 1, { pure: true })]
  }

  test('a pure step that gives something else', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx, { amount }) => {
        const due = await ctx.decide('due', pick('yes'))
        return [due.answer, await ctx.step('sum', () => amount + 2, { pure: true })]
      })
      const { name, what, recorded, present } = found
      assert.deepEqual(
        { name, what, recorded, present },
        { name: 'sum', what: 'result', recorded: { value: 6 }, present: { value: 7 } },
      )
    }))

  test('a pure step that throws, or does not come to an end', () =>
    recording(base, async ({ diverges }) => {
      const variant =
        (work: () => number | Promise<number>): Code =>
        async (ctx) => {
          const due = await ctx.decide('due', pick('yes'))
          return [due.answer, await ctx.step('sum', work, { pure: true })]
        }
      const thrown = await diverges(
        variant(() => {
          throw new Error('too much')
        }),
      )
      assert.deepEqual(
        [thrown.what, thrown.present],
        ['result', { error: { code: 'STEP_FAILED', message: 'too much' } }],
      )
      const stuck = await diverges(variant(() => new Promise<number>(() => {})))
      assert.deepEqual([stuck.name, stuck.what], ['sum', 'result'])
      assert.match(stuck.explanation, /does not come to an end/)
    }))

  test('a pure step that takes its time', () =>
    recording(base, async ({ replay }) => {
      const report = await replay(async (ctx, { amount }) => {
        const later = () => new Promise<number>((resolve) => setTimeout(resolve, 20, amount + 1))
        const due = await ctx.decide('due', pick('yes'))
        return [due.answer, await ctx.step('sum', later, { pure: true })]
      })
      assert.deepEqual([report.verdict, report.changedCode], ['same', ['sum']])
    }))

  test('a pure step, or rules, of changed code that give the same', () =>
    recording(base, async ({ replay }) => {
      const report = await replay(async (ctx, { amount }) => {
        const due = await ctx.decide('due', pick('yes', 'book:2'))
        return [due.answer, await ctx.step('sum', async () => 1 + amount, { pure: true })]
      })
      assert.equal(report.divergence, null)
      assert.deepEqual(report.changedCode, ['due', 'sum'])
    }))

  test('rules that answer something else', () =>
    recording(base, async ({ diverges }) => {
      const found = await diverges(async (ctx) => await ctx.decide('due', pick('no')))
      assert.deepEqual([found.name, found.what], ['due', 'result'])
      assert.equal((found.present as { answer: string }).answer, 'no')
    }))

  test('not a model: its answer stands, whatever the rules say, unless another question is asked', () =>
    recording(
      async (ctx) => (await ctx.decide('due', pick('by rules'))).answer,
      async ({ hf, replay, diverges }) => {
        assert.equal(await hf.run('r').result(), 'yes')
        assert.equal(
          (await replay(async (ctx) => (await ctx.decide('due', pick('other'))).answer)).verdict,
          'same',
        )
        const found = await diverges(async (ctx) => {
          return (await ctx.decide('due', { ...pick('by rules'), ask: 'Is it late?' })).answer
        })
        assert.deepEqual([found.name, found.what], ['due', 'input'])
        assert.match(found.explanation, /another ask /)
      },
      { models: [model] },
    ))
})

describe('a run that has not ended', () => {
  const waits: Code = async (ctx) => {
    await ctx.step('one', count)
    return (await ctx.review('ask', proposal())).verdict
  }

  test('is unfinished when all on record was reproduced', () =>
    recording(waits, async ({ replay }) => {
      const { verdict, operations, divergence } = await replay()
      assert.deepEqual(
        { verdict, operations, divergence },
        { verdict: 'unfinished', operations: 2, divergence: null },
      )
    }))

  test('diverges when the code asks for something else instead, or ends', () =>
    recording(waits, async ({ diverges }) => {
      const added = await diverges(async (ctx) => {
        await ctx.step('one', count)
        await ctx.step('new', count)
        return (await ctx.review('ask', proposal())).verdict
      })
      assert.deepEqual([added.name, added.what], ['new', 'missing'])
      const ended = await diverges(async (ctx) => {
        await ctx.step('one', count)
        void ctx.review('ask', proposal())
        return 'done'
      })
      assert.deepEqual([ended.what, ended.recorded, ended.present], ['output', null, { value: 'done' }])
      assert.match(ended.explanation, /on record as waiting/)
      const removed = await diverges(async (ctx) => {
        await ctx.step('one', count)
        await new Promise(() => {})
      })
      assert.deepEqual([removed.name, removed.what], ['ask', 'not-reached'])
    }))

  test('is the same once it was cancelled', () =>
    recording(waits, async ({ replay }) => assert.equal((await replay()).verdict, 'same'), {
      drive: (hf) => hf.cancel('r', 'enough'),
    }))
})

describe('a run that can not be replayed', () => {
  const one: Code = async (ctx) => await ctx.step('one', count)

  test('has erased bodies', () =>
    recording(one, async ({ hf, replay }) => {
      await hf.log.erase({ positions: [2] }, { actor: 'operator', reason: 'asked for' })
      await assert.rejects(replay(), { code: 'BODY_ERASED' })
    }))

  test('has a workflow that is not registered, or does not exist', () =>
    recording(one, async ({ hf }) => {
      await assert.rejects(verifyRun(hf.log, new WorkflowRegistry([child]), 'r'), {
        code: 'WORKFLOW_UNKNOWN',
      })
      await assert.rejects(verifyRun(hf.log, new WorkflowRegistry([child]), 'x'), { code: 'RUN_NOT_FOUND' })
    }))
})
