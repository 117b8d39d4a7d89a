import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { HoldfastError } from '../kernel/errors.ts'
import { externalFrom } from '../kernel/label.ts'
import { defineConnector, type Lookup } from '../ports/connector.ts'
import type { Model } from '../ports/model.ts'
import { type Holdfast, openHoldfast } from '../sdk.ts'
import { type RunStory, runStory } from './run-story.ts'
import type { StoryOperation } from './story-operations.ts'
import { anyWorkflow, withWorkspace } from './testing/workspace.ts'

/** Does what its input says: `outcome` of the attempts in turn, `found` by the lookups. */
let attempts: string[] = []
let found: Lookup<string>['found'] = 'unknown'

const bank = defineConnector({
  name: 'bank',
  operations: {
    pay: {
      manifest: { title: 'Pay', effect: 'external', idempotency: 'none' },
      input: z.any(),
      output: z.any(),
      perform: async () => {
        const outcome = attempts.shift()
        if (outcome === 'unclear') throw new Error('the line broke')
        if (outcome === 'refused') throw new HoldfastError('CONNECTOR_REFUSED', 'no such account')
        return 'paid'
      },
      lookup: async () => (found === 'yes' ? { found, output: 'found' } : { found }),
    },
  },
})

function oracle(...answers: readonly string[]): Model {
  const left = [...answers]
  return {
    provider: 'oracle',
    model: 'o-1',
    host: 'localhost',
    ask: async () => {
      const answer = left.shift()
      if (answer === undefined) throw new HoldfastError('MODEL_UNAVAILABLE', 'it is silent')
      const usage = { inputTokens: 100, outputTokens: 7, priceMicros: 450, latencyMs: 3 }
      return { answer: { answer, confidence: 0.9, reasons: [] }, usage }
    },
  }
}

const question = {
  ask: 'Is it due?',
  material: { text: 'Pay now' },
  answer: z.string(),
  rules: () => ({ answer: 'no', confidence: 0.5, reasons: ['nothing said'], source: 'book:1' }),
}

const proposal = {
  action: 'pay',
  summary: 'Pay 5 to Ann',
  reason: 'it is due',
  confidence: 0.8,
  proposal: { amount: 5, to: 'Ann' },
}

function operation(story: RunStory, name: string): StoryOperation {
  return story.operations.find((one) => one.name === name) ?? assert.fail(`no ${name}`)
}

async function storyOf(hf: Holdfast): Promise<RunStory> {
  await hf.idle()
  return runStory(hf.log, 'r')
}

const child = anyWorkflow('child', async (_, input) => input)
let failures = 0

const everything = anyWorkflow('everything', async (ctx) => {
  const one = await ctx.step(
    'flaky',
    () => {
      failures += 1
      if (failures === 1) throw new Error('not yet')
      return 1
    },
    { retry: { firstDelay: 1 } },
  )
  const due = await ctx.decide('due', question)
  const again = await ctx.decide('again', question)
  const said = await ctx.review('ask', proposal)
  await ctx.sleep('nap', 5)
  const paid = await ctx.act('pay', 'bank.pay', { amount: 5 })
  await ctx.emit({ kind: 'paid', key: 'k', data: 5 })
  await ctx.waitFor('answered', { key: 't', timeout: 5, name: 'reply' })
  const nested = await ctx.call('rest', child, 3)
  return { one, due: due.answer, again: again.answer, verdict: said.verdict, paid, nested }
})

test('a whole run is told', async () => {
  failures = 0
  const setting = { workflows: [everything, child], connectors: [bank], models: [oracle('yes')] }
  await withWorkspace(
    (dir) => openHoldfast({ dir, ...setting }),
    async (hf) => {
      const handle = await hf.start(
        everything,
        { text: 'Pay now' },
        {
          id: 'r',
          customer: 'c-1',
          label: externalFrom('mail:m-1'),
        },
      )
      for (let i = 0; hf.reviews().length === 0 && i < 4_000; i += 1)
        await new Promise((next) => setTimeout(next, 5))
      const [review] = hf.reviews()
      await hf.answer(review?.id ?? '', { verdict: 'edited', changes: { to: 'Bob' }, reason: 'typo' })
      const output = (await handle.result()) as object
      const story = await storyOf(hf)

      const { operations, started, ended, durationMs, positions, ...header } = story
      assert.deepEqual(header, {
        run: 'r',
        workflow: 'everything',
        version: 1,
        status: 'completed',
        customer: 'c-1',
        parent: null,
        triggeredBy: null,
        rollback: null,
        reopenings: [],
        discarded: null,
        forkedFrom: null,
        forks: [],
        startedBy: 'operator',
        endedBy: 'workflow:everything',
        input: { text: 'Pay now' },
        label: externalFrom('mail:m-1'),
        output,
        error: null,
        waitsFor: [],
        cost: {
          modelCalls: 2,
          inputTokens: 100,
          outputTokens: 7,
          priceMicros: 450,
          unpricedCalls: 1,
          reviews: 1,
          answers: 1,
          operatorMs: 0,
        },
        erased: [],
        erasure: null,
        next: null,
        graphs: [],
      })
      assert.ok(ended !== null && durationMs === ended - started && durationMs > 0)
      const own = hf.log.readStream('run/r')
      assert.deepEqual(positions, [own[0]?.position, own.at(-1)?.position])
      assert.deepEqual(
        operations.map(({ name, type, state }) => [name, type, state]),
        [
          ['flaky', 'step', 'done'],
          ['due', 'decision', 'done'],
          ['again', 'decision', 'done'],
          ['ask', 'review', 'done'],
          ['nap', 'timer', 'done'],
          ['pay', 'effect', 'done'],
          ['emit paid k', 'publication', 'done'],
          ['reply', 'wait', 'done'],
          ['rest', 'child', 'done'],
        ],
      )
      const told = operations.flatMap((one) => one.positions)
      const named = own.filter(({ body }) => body?.name !== undefined).map(({ position }) => position)
      assert.deepEqual(
        told.sort((a, b) => a - b),
        named,
        'every event of an operation is named by it',
      )
      for (const { label } of operations) assert.ok(['external', 'owner'].includes(label.trust))

      const flaky = operation(story, 'flaky')
      assert.deepEqual([flaky.attempts, flaky.produced, flaky.saw, flaky.started], [2, 1, null, null])
      assert.deepEqual(
        flaky.failures.map(({ attempt, error }) => [attempt, error.message]),
        [[1, 'not yet']],
      )

      const due = operation(story, 'due')
      assert.deepEqual(due.saw, { ask: 'Is it due?', material: { text: 'Pay now' } })
      assert.deepEqual(due.produced, {
        answer: 'yes',
        confidence: 0.9,
        reasons: [],
        provenance: { tier: 'model', source: 'oracle:o-1' },
      })
      assert.deepEqual(
        due.policy.map(({ answer, rule, operation: asked }) => [answer, rule, asked]),
        [['allow', 'access.allow', 'model.oracle']],
      )
      const [call] = due.models
      assert.deepEqual(
        [call?.inputTokens, call?.outputTokens, call?.priceMicros, call?.error],
        [100, 7, 450, null],
      )

      const again = operation(story, 'again')
      assert.equal(again.models[0]?.error?.code, 'MODEL_UNAVAILABLE')
      assert.match(JSON.stringify(again.produced), /"tier":"rules".*silent/)

      const ask = operation(story, 'ask')
      assert.equal(ask.ref, review?.id)
      assert.equal((ask.saw as typeof proposal).summary, 'Pay 5 to Ann')
      assert.deepEqual(ask.produced, {
        verdict: 'edited',
        way: 'program',
        edits: { to: 1 },
        alternative: null,
        operatorMs: null,
        value: { amount: 5, to: 'Bob' },
        instruction: null,
        reason: 'typo',
      })
      assert.deepEqual([ask.actor, ask.label.trust], ['operator', 'owner'])

      const nap = operation(story, 'nap')
      assert.equal((nap.saw as { ms: number }).ms, 5)
      assert.ok((nap.ended ?? 0) >= (nap.saw as { at: number }).at)

      const pay = operation(story, 'pay')
      assert.deepEqual(pay.saw, { operation: 'bank.pay', input: { amount: 5 } })
      assert.deepEqual([pay.produced, pay.attempts, pay.recoveries], ['paid', 1, []])
      assert.deepEqual(pay.policy[0]?.reason, 'the operator approved a proposal with these very arguments')
      assert.deepEqual(pay.label, externalFrom('mail:m-1'))

      const emitted = operation(story, 'emit paid k')
      assert.deepEqual(emitted.saw, { id: 'r/emit paid k', kind: 'paid', key: 'k', data: 5 })
      assert.equal(emitted.ref, 'r/emit paid k')
      assert.deepEqual(operation(story, 'reply').produced, null)
      const rest = operation(story, 'rest')
      assert.deepEqual(
        [rest.ref, rest.produced, rest.saw],
        ['r/rest', 3, { workflow: 'child', run: 'r/rest' }],
      )
      assert.deepEqual(runStory(hf.log, 'r/rest').parent, { run: 'r', name: 'rest' })
    },
  )
})

const paying = anyWorkflow('paying', async (ctx) => await ctx.act('pay', 'bank.pay', { amount: 5 }))

test('an unclear outcome that the outside system settles', async () => {
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank] }),
    async (hf) => {
      attempts = ['unclear']
      found = 'yes'
      await (await hf.start(paying, null, { id: 'r' })).result()
      const { recoveries, state, produced, policy } = operation(await storyOf(hf), 'pay')
      assert.deepEqual([state, produced, policy.length], ['done', 'found', 2])
      assert.deepEqual(
        recoveries.map(({ why, settled }) => [why, settled]),
        [['the line broke', 'lookup']],
      )
      assert.equal(hf.log.event(recoveries[0]?.settledPosition ?? 0)?.kind, 'effect.succeeded')
      assert.equal(hf.log.event(recoveries[0]?.position ?? 0)?.kind, 'effect.unknown')
    },
  )
})

test('an unclear outcome that turns out not done is tried again', async () => {
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank] }),
    async (hf) => {
      attempts = ['unclear']
      found = 'no'
      await (await hf.start(paying, null, { id: 'r' })).result()
      const { recoveries, attempts: made, failures: failed } = operation(await storyOf(hf), 'pay')
      assert.deepEqual(
        [recoveries.map(({ settled }) => settled), made, failed.map(({ duringLookup }) => duringLookup)],
        [['again'], 2, [false]],
      )
    },
  )
})

test('an unclear outcome is unknown until the operator has settled it', async () => {
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank] }),
    async (hf) => {
      attempts = ['unclear']
      found = 'unknown'
      const run = await hf.start(paying, null, { id: 'r' })
      const before = await storyOf(hf)
      assert.equal(before.status, 'waiting')
      assert.deepEqual(
        before.operations.map(({ name, state, askedBy }) => [name, state, askedBy]),
        [
          ['pay', 'unknown', null],
          ['pay (outcome of attempt 1)', 'open', 'pay'],
        ],
      )
      assert.deepEqual([before.ended, before.durationMs, before.waitsFor.length], [null, null, 1])
      await hf.answer(hf.reviews()[0]?.id ?? '', { verdict: 'responded', instruction: 'leave it' })
      await assert.rejects(run.result(), { code: 'EFFECT_ABANDONED' })
      const after = await storyOf(hf)
      const { state, error, recoveries } = operation(after, 'pay')
      assert.deepEqual(
        [state, error?.code, recoveries.map(({ settled }) => settled)],
        ['failed', 'EFFECT_ABANDONED', ['given up']],
      )
      assert.deepEqual([after.status, after.error?.code], ['failed', 'EFFECT_ABANDONED'])
    },
  )
})

test('a refusal, and a denial with what was denied', async () => {
  const none = { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null }
  const policy = {
    operations: { allow: [], deny: ['bank.pay'], review: [] },
    egress: { allow: [] },
    budget: none,
  }
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank] }),
    async (hf) => {
      attempts = ['refused']
      await hf.start(paying, null, { id: 'r' })
      const { state, error, attempts: made } = operation(await storyOf(hf), 'pay')
      assert.deepEqual([state, error?.code, made], ['failed', 'CONNECTOR_REFUSED', 1])
    },
  )
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank], policy }),
    async (hf) => {
      await hf.start(paying, null, { id: 'r' })
      const { state, error, attempts: made, policy: verdicts, saw } = operation(await storyOf(hf), 'pay')
      assert.deepEqual([state, error?.code, made], ['failed', 'POLICY_DENIED', 0])
      assert.deepEqual([verdicts[0]?.answer, verdicts[0]?.rule], ['deny', 'access.deny'])
      assert.deepEqual(saw, { operation: 'bank.pay', input: { amount: 5 } })
    },
  )
})

test('what was erased is named and missing', async () => {
  await withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [paying], connectors: [bank] }),
    async (hf) => {
      attempts = []
      await (await hf.start(paying, { secret: 'Rosenkohl' }, { id: 'r' })).result()
      const [first] = hf.log.readStream('run/r')
      await hf.log.erase({ positions: [first?.position ?? 0] }, { actor: 'operator', reason: 'asked for' })
      const story = await storyOf(hf)
      assert.deepEqual([story.erased, story.input, story.status], [[first?.position], null, 'completed'])
      assert.equal(operation(story, 'pay').state, 'done')
      assert.ok(!JSON.stringify(story).includes('Rosenkohl'))
    },
  )
})

test('an unknown run is an error', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [] }),
    async (hf) => {
      assert.throws(() => runStory(hf.log, 'x'), { code: 'RUN_NOT_FOUND' })
    },
  ))
