import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { distance, textDistance } from '../../kernel/closeness.ts'
import type { HoldfastError } from '../../kernel/errors.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import type { Model } from '../../ports/model.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { Outside } from '../testing/outside.ts'
import type { WhatIfReport, WhatIfRun } from './changes.ts'
import type { WhatIfOptions } from './what-if.ts'

type T = Parameters<typeof openPlace>[0]

interface Book {
  readonly bar?: number
  readonly text?: (name: string) => string
  readonly ask?: string
  readonly version?: number
  readonly more?: (ctx: Context) => Promise<unknown>
}

let asked = 0

/** Decides by rules whether a mail is worth an answer, drafts it, has it approved, and sends it. */
function letters({
  bar = 5,
  text = (name) => `Dear ${name}, thank you.`,
  ask = '?',
  ...rest
}: Book = {}): Workflow<{ name: string; score: number }, unknown> {
  return defineWorkflow({
    name: 'letter',
    version: rest.version ?? 1,
    input: z.any(),
    output: z.any(),
    async run(ctx, { name, score }) {
      const doubled = await ctx.step('double', () => score * 2, { pure: true })
      await ctx.step('look up', () => {
        asked += 1
        return 1
      })
      const worth = await ctx.decide('worth', {
        ask,
        material: { score },
        answer: z.boolean(),
        rules: () => ({ answer: score >= bar, confidence: doubled / 20, reasons: [], source: `bar ${bar}` }),
      })
      if (!worth.answer) return 'not worth it'
      const draft = { to: name, body: text(name) }
      const answer = await ctx.review('draft', {
        action: 'send',
        summary: name,
        reason: 'it is worth it',
        confidence: 1,
        proposal: draft,
      })
      if (answer.verdict === 'rejected') return 'rejected'
      await ctx.act('send', 'post.send', answer.value)
      await rest.more?.(ctx)
      return 'sent'
    },
  })
}

const OPEN: PolicySettings = {
  operations: { allow: ['post.*', 'model.*'], deny: [], review: [] },
  egress: { allow: ['localhost'] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
}

type Answer = 'approved' | 'rejected' | { body: string } | null

interface Past {
  readonly place: Place
  readonly outside: Outside
  tried(options?: WhatIfOptions): Promise<WhatIfReport>
  one(options?: WhatIfOptions): Promise<WhatIfRun>
}

/** Letters to each of these, with what the operator said to them. */
async function past(
  t: T,
  people: readonly (readonly [name: string, score: number, answer: Answer])[],
  book: Book = {},
  models: readonly Model[] = [],
): Promise<Past> {
  const outside = new Outside()
  const workflow = letters(book)
  const place = await openPlace(t, {
    workflows: [workflow],
    connectors: [outside.connector],
    models,
    policy: OPEN,
  })
  for (const [name, score, answer] of people) {
    const run = await place.hf.start(workflow, { name, score }, { id: name })
    await place.hf.idle()
    const review = place.hf.reviews().find((one) => one.run === name)
    if (review === undefined || answer === null) continue
    if (typeof answer === 'string') await place.hf.answer(review.id, { verdict: answer })
    else await place.hf.answer(review.id, { verdict: 'edited', changes: answer })
    await run.result()
  }
  const tried = async (options: WhatIfOptions = {}): Promise<WhatIfReport> => {
    const before = { head: place.hf.log.head(), asked, calls: outside.calls.length, models: called }
    const report = await place.hf.whatIf(options)
    const after = { head: place.hf.log.head(), asked, calls: outside.calls.length, models: called }
    assert.deepEqual(after, before, 'nothing was done, asked or recorded')
    return report
  }
  const one = async (options: WhatIfOptions = {}): Promise<WhatIfRun> => {
    const report = await tried(options)
    assert.equal(report.details.length, 1, JSON.stringify(report))
    return report.details[0] as WhatIfRun
  }
  return { place, outside, tried, one }
}

let called = 0
const oracle: Model = {
  provider: 'oracle',
  model: 'o-1',
  host: 'localhost',
  ask: async () => {
    called += 1
    const usage = { inputTokens: 10, outputTokens: 2, priceMicros: 300, latencyMs: 1 }
    return { answer: { answer: true, confidence: 0.9, reasons: [] }, usage }
  },
}

describe('what-if', () => {
  test('with nothing changed, nothing is otherwise', async (t) => {
    const { tried } = await past(t, [
      ['ann', 9, 'approved'],
      ['bob', 8, 'rejected'],
      ['cyd', 7, { body: 'Dear Cyd' }],
      ['dan', 1, null],
    ])
    const { runs, same, changed, stopped, details } = await tried()
    assert.deepEqual([runs, same, changed, stopped, details], [4, 4, 0, 0, []])
  })

  test('another bar: a decision, and with it the proposal, the effect and the end', async (t) => {
    const { one, tried } = await past(t, [
      ['ann', 9, 'approved'],
      ['bob', 6, 'approved'],
    ])
    const workflows = [letters({ bar: 7 })]
    const bob = await one({ workflows })
    assert.equal(bob.run, 'bob')
    assert.deepEqual(bob.decisions, [
      {
        name: 'worth',
        before: { answer: true, confidence: 0.6, tier: 'rules' },
        after: { answer: false, confidence: 0.6, tier: 'rules' },
        isOtherQuestion: false,
      },
    ])
    assert.deepEqual(
      bob.proposals.map(({ name, after, verdict, closer }) => [name, after, verdict, closer]),
      [['draft', null, 'approved', 'further']],
    )
    assert.deepEqual(
      bob.effects.map(({ name, change }) => [name, change]),
      [['send', 'dropped']],
    )
    assert.deepEqual(bob.end, { before: { value: 'sent' }, after: { value: 'not worth it' } })
    assert.equal(bob.stopped, null)
    const { decisions, effects, ends, changed } = await tried({ workflows })
    assert.deepEqual([decisions, effects.dropped, ends, changed], [1, 1, 1, 1])
  })

  test('what the code asks for and the record has not: it says so and stops there', async (t) => {
    const { one } = await past(t, [['dan', 1, null]])
    const dan = await one({ workflows: [letters({ bar: 0 })] })
    assert.deepEqual(
      dan.proposals.map(({ before, after, verdict }) => [before, after, verdict]),
      [[null, { to: 'dan', body: 'Dear dan, thank you.' }, null]],
    )
    assert.equal(dan.stopped?.at, 'draft')
    assert.match(dan.stopped?.why ?? '', /a proposal "draft" that the operator has not answered/)
    assert.equal(dan.end, null)
  })

  test('a new step, effect or child behind the record stops it too; a new event does not', async (t) => {
    const { one } = await past(t, [['ann', 9, 'approved']])
    const more = async (run: Book['more'] & {}) => await one({ workflows: [letters({ more: run })] })
    const step = await more((ctx) => ctx.step('archive', () => 1))
    assert.match(step.stopped?.why ?? '', /the step "archive", which the run has not on record/)
    const effect = await more((ctx) => ctx.act('copy', 'post.send', { to: 'me' }))
    assert.deepEqual(
      effect.effects.map(({ name, change, after }) => [name, change, after]),
      [['copy', 'added', { operation: 'post.send', input: { to: 'me' } }]],
    )
    assert.equal(effect.stopped?.at, 'copy')
    const event = await more((ctx) => ctx.emit({ kind: 'sent' }))
    assert.deepEqual([event.effects[0]?.change, event.stopped, event.end], ['added', null, null])
    const unknown = await more((ctx) => ctx.act('fax', 'fax.send', {}))
    assert.match(unknown.stopped?.why ?? '', /There is no operation fax\.send/)
  })

  test('another draft is compared with what the operator made of the old one', async (t) => {
    const { tried } = await past(t, [
      ['ann', 9, 'approved'],
      ['bob', 8, 'rejected'],
      ['cyd', 7, { body: 'Dear cyd, thank you. Shall we talk on Monday?' }],
      ['eve', 7, { body: 'No.' }],
      ['fay', 6, null],
    ])
    const workflows = [letters({ text: (name) => `Dear ${name}, thank you. Shall we talk?` })]
    const { proposals, effects, details } = await tried({ workflows })
    const said = Object.fromEntries(details.map(({ run, proposals: [first] }) => [run, first?.closer]))
    assert.deepEqual(said, {
      ann: 'further',
      bob: 'cannot tell',
      cyd: 'closer',
      eve: 'as close',
      fay: 'cannot tell',
    })
    assert.deepEqual(proposals, { closer: 1, further: 1, 'as close': 1, 'cannot tell': 2 })
    assert.equal(effects.changed, 1, 'what was approved as it was would go out otherwise')
    const fay = details.find(({ run }) => run === 'fay')
    assert.match(fay?.stopped?.why ?? '', /the record ends here: the review "draft" was not over/)
  })

  test('a stricter policy: what would have been denied, or would have needed a word', async (t) => {
    const { one } = await past(t, [['ann', 9, 'approved']])
    const ruled = (operations: Partial<PolicySettings['operations']>) => ({
      policy: { ...OPEN, operations: { ...OPEN.operations, ...operations } },
    })
    const denied = await one(ruled({ deny: ['post.send'] }))
    assert.deepEqual(
      denied.policy.map(({ name, before, after }) => [name, before.answer, after.answer, after.rule]),
      [['send', 'allow', 'deny', 'access.deny']],
    )
    assert.deepEqual(
      denied.effects.map(({ name, change }) => [name, change]),
      [['send', 'dropped']],
    )
    assert.match(JSON.stringify(denied.end?.after), /POLICY_DENIED/)
    const reviewed = await one(ruled({ review: ['post.send'] }))
    assert.deepEqual([reviewed.policy[0]?.after.answer, reviewed.stopped?.at], ['review', 'send'])
    assert.match(reviewed.stopped?.why ?? '', /needs your word/)
  })

  test('an approval on record counts, and a policy that allows what it denied says what it can not know', async (t) => {
    const outside = new Outside({ manifest: { effect: 'external', hosts: ['post.example'] } })
    const sends = defineWorkflow({
      name: 'send',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await ctx.act('send', 'post.send', 1).catch((error: HoldfastError) => error.code),
    })
    const OPEN_TO_POST = { ...OPEN, egress: { allow: ['post.example'] } }
    const policy = { ...OPEN_TO_POST, operations: { allow: [], deny: [], review: ['post.*'] } }
    const place = await openPlace(t, { workflows: [sends], connectors: [outside.connector], policy })
    for (const [id, verdict] of [
      ['yes', 'approved'],
      ['no', 'rejected'],
    ] as const) {
      await place.hf.start(sends, 1, { id })
      await place.hf.idle()
      await place.hf.answer(place.hf.reviews()[0]?.id ?? '', { verdict })
      await place.outcome(id)
    }
    assert.equal((await place.hf.whatIf()).same, 2)
    const open = await place.hf.whatIf({ policy: OPEN_TO_POST })
    assert.equal(open.policy, 2)
    const [nowhere] = (await place.hf.whatIf({ runs: ['yes'], policy: { ...policy, egress: { allow: [] } } }))
      .details
    assert.deepEqual(
      nowhere?.effects[0]?.change,
      'dropped',
      'the word of the operator does not open the way out',
    )
    await place.reopen({
      policy: { ...OPEN_TO_POST, operations: { allow: [], deny: ['post.*'], review: [] } },
    })
    await place.hf.start(sends, 1, { id: 'denied' })
    await place.outcome('denied')
    const [denied] = (await place.hf.whatIf({ runs: ['denied'], policy: OPEN_TO_POST })).details
    assert.equal(denied?.effects[0]?.change, 'added')
    assert.match(denied?.stopped?.why ?? '', /the policy would allow "send" now/)
  })

  test('models: their answers are from the record, and what they would cost is told', async (t) => {
    const { one, tried } = await past(t, [['ann', 1, 'approved']], {}, [oracle])
    const same = await tried()
    assert.deepEqual(same.cost.before, { modelCalls: 1, priceMicros: 300, unpricedCalls: 0 })
    assert.deepEqual(same.cost.after, same.cost.before)
    const other = await one({ workflows: [letters({ ask: 'Is it worth an answer?' })] })
    assert.equal(other.decisions[0]?.isOtherQuestion, true)
    assert.equal(other.decisions[0]?.after.answer, true)
    assert.deepEqual(other.cost.after, { modelCalls: 1, priceMicros: 0, unpricedCalls: 1 })
    const without = await one({ policy: { ...OPEN, operations: { ...OPEN.operations, deny: ['model.*'] } } })
    assert.deepEqual(without.cost.after, { modelCalls: 0, priceMicros: 0, unpricedCalls: 0 })
    assert.deepEqual(without.policy[0]?.operation, 'model.oracle')
    assert.deepEqual(
      without.decisions.map(({ before, after }) => [before?.tier, after.tier, after.answer]),
      [['model', 'rules', false]],
    )
    assert.deepEqual(without.end?.after, { value: 'not worth it' })
  })

  test('a pure step that gives something else is handed on', async (t) => {
    const { place } = await past(t, [['ann', 9, 'approved']])
    const other = letters()
    const run = async (ctx: Context, input: { name: string; score: number }) =>
      await other.run(ctx, { ...input, score: input.score + 1 })
    const [ann] = (await place.hf.whatIf({ workflows: [{ ...other, run }] })).details
    assert.deepEqual(ann?.steps, ['double'])
    assert.equal(ann?.decisions[0]?.after.confidence, 1)
  })

  test('what was given to a fork stands', async (t) => {
    const { place, tried } = await past(t, [['ann', 9, 'approved']])
    const fork = await place.hf.fork('ann', { from: 'worth', result: { answer: false }, id: 'f' })
    assert.equal(await fork.result(), 'not worth it')
    assert.equal((await tried({ runs: ['f'] })).same, 1)
  })

  test('which runs: by id, workflow, time and number, the newest first; on the highest version', async (t) => {
    const { place, tried } = await past(t, [
      ['ann', 9, 'approved'],
      ['bob', 9, 'approved'],
    ])
    const runs: string[] = []
    await tried({ limit: 1, onRun: ({ run }) => runs.push(run) })
    assert.deepEqual(runs, ['bob'])
    assert.equal((await tried({ since: place.clock.now() + 1 })).runs, 0)
    assert.equal((await tried({ workflow: 'other' })).runs, 0)
    assert.equal((await tried({ runs: ['ann'] })).runs, 1)
    await assert.rejects(tried({ runs: ['nobody'] }), { code: 'RUN_NOT_FOUND' })
    const second = letters({ version: 2, bar: 10 })
    const newer = await tried({ workflows: [letters(), second] })
    assert.deepEqual(
      newer.details.map(({ version, triedVersion }) => [version, triedVersion]),
      [
        [1, 2],
        [1, 2],
      ],
    )
    const none = await tried({ workflows: [] })
    assert.match(none.details[0]?.stopped?.why ?? '', /No workflow letter/)
    await place.hf.log.erase({ positions: [2] }, { actor: 'test', reason: 'asked for' })
    assert.match((await tried({ runs: ['ann'] })).details[0]?.stopped?.why ?? '', /erased/)
  })
})

test('how far apart two proposals are', () => {
  assert.equal(textDistance('a b c', 'a b c'), 0)
  assert.equal(textDistance('a b', 'c d'), 1)
  assert.equal(textDistance('a b c d', 'a c'), 1 - 4 / 6)
  assert.equal(distance({}, {}), 0)
  assert.equal(distance({ to: 'x', n: 1 }, { to: 'x', n: 2 }), 0.5)
  assert.equal(distance({ list: [1] }, { list: [1], more: true }), 0.5)
})
