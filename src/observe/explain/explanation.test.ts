import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { defineConnector } from '../../ports/connector.ts'
import { why } from '../../sdk.ts'
import { anyWorkflow } from '../testing/workspace.ts'
import type { Explanation, Reason } from './explanation.ts'

type T = Parameters<typeof openPlace>[0]

const proposal = { action: 'pay', summary: 'Pay Ann', reason: 'due', confidence: 1, proposal: {} }
let manner: 'down' | 'lost' | 'refuse' | 'hangs' = 'down'
let letGo = (): void => {}

const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { effect: 'external' },
      input: z.any(),
      output: z.any(),
      perform: async () => {
        if (manner === 'down') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'nobody answers')
        if (manner === 'refuse') throw new HoldfastError('CONNECTOR_REFUSED', 'no such box')
        if (manner === 'lost') throw new Error('the line broke')
        await new Promise<void>((resolve) => {
          letGo = resolve
        })
        return 'sent'
      },
    },
  },
})

async function explained(
  t: T,
  code: Parameters<typeof anyWorkflow>[1],
  others: readonly ReturnType<typeof anyWorkflow>[] = [],
): Promise<{ place: Place; explanation: Explanation; reason: Reason }> {
  const workflow = anyWorkflow('order', code)
  const place = await openPlace(t, { workflows: [workflow, ...others], connectors: [post] })
  await place.hf.start(workflow, null, { id: 'r' })
  if (manner !== 'hangs') await place.hf.idle()
  const explanation = why(place.hf, 'r')
  return { place, explanation, reason: explanation.reasons[0] as Reason }
}

/** The kinds of the events that it rests on. */
function kindsOf(place: Place, { positions }: Pick<Reason, 'positions'>): (string | undefined)[] {
  return positions.map((position) => place.hf.log.event(position)?.kind)
}

test('a review: your answer, with what to type', async (t) => {
  const { place, explanation, reason } = await explained(t, (ctx) => ctx.review('ask', proposal))
  const [review] = place.hf.reviews()
  assert.equal(explanation.summary, `It waits for your answer to ${review?.id}: Pay Ann.`)
  assert.deepEqual([reason.kind, reason.command, reason.until], ['review', `review ${review?.id}`, null])
  assert.equal(reason.since, review?.requested)
  assert.deepEqual(kindsOf(place, reason), ['review.requested'])
})

test('an event with and without a limit, and a timer', async (t) => {
  const { place, explanation } = await explained(t, (ctx) =>
    Promise.all([
      ctx.waitFor('paid', { key: 'ann', timeout: '1h' }),
      ctx.waitFor('gone'),
      ctx.sleep('nap', '2h'),
    ]),
  )
  const now = place.clock.now()
  assert.match(explanation.summary, /the first of 3 things/)
  assert.deepEqual(
    explanation.reasons.map(({ kind, words, until }) => [kind, words, until && until - now]),
    [
      ['event', 'the event "gone"', null],
      ['event', 'the event "paid" for ann', 3_600_000],
      ['timer', 'the timer "nap"', 7_200_000],
    ],
  )
  assert.match(explanation.reasons[0]?.next ?? '', /no time limit/)
  assert.match(explanation.reasons[1]?.next ?? '', /or else then, without it/)
  assert.deepEqual(
    explanation.reasons.flatMap((one) => kindsOf(place, one)),
    ['wait.started', 'wait.started', 'timer.set'],
  )
})

test('the next attempt of a step and of an effect, with what went wrong, and how many there are', async (t) => {
  manner = 'down'
  const fails = (): never => {
    throw new Error('not yet')
  }
  const { place, explanation } = await explained(t, (ctx) =>
    Promise.all([
      ctx.step('count', fails, { retry: { attempts: 3, firstDelay: '1m' } }),
      ctx.act('send', 'post.send', 1),
    ]),
  )
  const [send, count] = explanation.reasons.toSorted((a, b) => (a.until ?? 0) - (b.until ?? 0))
  assert.equal(count?.words, 'attempt 2 of 3 of the step "count"')
  assert.equal(count?.error?.message, 'not yet')
  assert.ok((count?.until ?? 0) > place.clock.now())
  assert.equal(send?.words, 'attempt 2 of 10 of the effect "send"')
  assert.equal(send?.error?.code, 'CONNECTOR_UNAVAILABLE')
  assert.deepEqual(kindsOf(place, send as Reason), ['attempt.failed'])
})

test('a connector that is down', async (t) => {
  manner = 'down'
  const sends = anyWorkflow('sends', (ctx) => ctx.act('send', 'post.send', 1))
  const { place } = await explained(t, (ctx) => ctx.act('send', 'post.send', 1), [sends])
  const held = () => place.hf.log.tables.get<{ run: string }>('SELECT run FROM breakers_held LIMIT 1')
  for (let i = 0; i < 20 && held() === undefined; i += 1) {
    await place.hf.start(sends, null, { id: `s-${i}` })
    await place.hf.idle()
  }
  const { reasons } = why(place.hf, held()?.run ?? '')
  const reason = reasons.find(({ kind }) => kind === 'connector')
  assert.match(reason?.words ?? '', /the connector post, which is down, for the effect "send"/)
  assert.equal(reason?.error?.code, 'CONNECTOR_UNAVAILABLE')
  assert.ok((reason?.until ?? 0) > place.clock.now())
  assert.deepEqual(kindsOf(place, reason as Reason), ['effect.held'])
})

test('children, and what they in turn wait for', async (t) => {
  const leaf = anyWorkflow('leaf', (ctx) => ctx.sleep('nap', '1h'))
  const middle = anyWorkflow('middle', (ctx) => ctx.call('leaf', leaf, null))
  const { place, reason } = await explained(t, (ctx) => ctx.call('middle', middle, null), [leaf, middle])
  assert.equal(reason.words, 'its child run r/middle')
  assert.deepEqual(kindsOf(place, reason), ['child.started'])
  const [below] = reason.because?.reasons ?? []
  assert.equal(below?.words, 'its child run r/middle/leaf')
  assert.equal(below?.because?.summary, 'It waits for the timer "nap".')
  assert.equal(reason.until, place.clock.now() + 3_600_000, 'it ends at the latest when the timer does')
})

test('an effect of which nobody knows: the question is told, with the effect that it is about', async (t) => {
  manner = 'lost'
  const { explanation, reason } = await explained(t, (ctx) => ctx.act('send', 'post.send', 1))
  assert.equal(explanation.status, 'waiting')
  assert.match(reason.words, /your answer to r-[0-9a-f]+: Was this done\?/)
  assert.match(reason.next, /The effect "send" waits for it/)
})

test('under way: which attempt of which operation, since when', async (t) => {
  manner = 'hangs'
  let release = (): void => {}
  const { place } = await explained(t, (ctx) =>
    Promise.all([
      ctx.act('send', 'post.send', 1),
      ctx.step(
        'count',
        () =>
          new Promise<void>((resolve) => {
            release = resolve
          }),
      ),
      ctx.waitFor('gone'),
    ]),
  )
  while (place.bodies('r', 'effect.intended').length === 0) await new Promise((next) => setImmediate(next))
  const explanation = why(place.hf, 'r')
  assert.equal(explanation.status, 'running')
  assert.deepEqual(
    explanation.reasons.slice(0, 2).map(({ kind, words }) => [kind, words]),
    [
      ['effect', 'the effect "send" to be done, attempt 1'],
      ['step', 'the operation "count" to be done'],
    ],
  )
  assert.deepEqual(kindsOf(place, explanation.reasons[0] as Reason), ['effect.intended'])
  manner = 'down'
  letGo()
  release()
  await place.hf.idle()
})

test('under way when the process ended: it goes on when the workspace is opened', async (t) => {
  manner = 'down'
  const { place } = await explained(t, (ctx) => ctx.waitFor('go'))
  await place.reopen({ recover: false, workflows: [] })
  await place.hf.log.append([
    {
      stream: 'run/r',
      expectedVersion: 'any',
      events: [
        {
          kind: 'step.completed',
          actor: 'test',
          label: { trust: 'system', sources: [], readers: null },
          body: { name: 'x', result: 1, wakes: true },
        },
      ],
    },
  ])
  assert.match(why(place.hf, 'r').summary, /was under way when its process ended/)
})

test('a promise that is not of ctx', async (t) => {
  const hangs = anyWorkflow('order', async (ctx) => {
    await ctx.step('one', () => 1)
    await new Promise(() => {})
  })
  const place = await openPlace(t, { workflows: [hangs] })
  await place.hf.start(hangs, null, { id: 'r' })
  await turns(200)
  const { summary, reasons, fix } = why(place.hf, 'r')
  assert.match(summary, /something that no operation of its own gives it/)
  assert.deepEqual(reasons, [])
  assert.ok(fix)
  await place.hf.cancel('r')
})

test('stalled: the error, and how to mend it', async (t) => {
  const { place, explanation, reason } = await explained(t, (ctx) => ctx.act('fax', 'fax.send', 1))
  assert.equal(explanation.status, 'stalled')
  assert.equal(explanation.summary, 'It can not go on: No connector offers this operation.')
  assert.equal(explanation.error?.code, 'OPERATION_UNKNOWN')
  assert.ok(explanation.fix)
  assert.match(reason.next, /tried again every half minute/)
  assert.deepEqual(kindsOf(place, reason), ['run.stalled'])
  await place.reopen({ workflows: [] })
  await place.hf.idle()
  const other = why(place.hf, 'r')
  assert.equal(other.error?.code, 'WORKFLOW_UNKNOWN')
  assert.match(other.reasons[0]?.next ?? '', /opened with code that fits/)
  assert.ok(other.commands.includes('preflight'))
})

test('failed: where and why, and the way on', async (t) => {
  manner = 'refuse'
  const { place, explanation } = await explained(t, (ctx) => ctx.act('send', 'post.send', 1))
  assert.equal(explanation.status, 'failed')
  assert.match(explanation.summary, /It failed at "send": .*no such box/)
  assert.deepEqual(explanation.commands, [
    'run show r',
    'run retry r',
    'run fork r --from "send"',
    'run discard r',
  ])
  assert.deepEqual(kindsOf(place, explanation), ['effect.failed', 'run.failed'])
})

test('cancelled, completed, and a run that there is not', async (t) => {
  manner = 'down'
  const { place } = await explained(t, (ctx) => ctx.waitFor('go'))
  await place.hf.cancel('r', 'answered by phone')
  const { summary, reasons } = why(place.hf, 'r')
  assert.equal(summary, 'It was cancelled by operator: answered by phone.')
  assert.deepEqual(reasons, [])
  assert.throws(() => why(place.hf, 'x'), { code: 'RUN_NOT_FOUND' })
  const done = await explained(t, async () => 1)
  assert.equal(done.explanation.summary, 'It has completed; nothing more happens.')
})

test('queued: which limit, and after how many others', async (t) => {
  const waits = anyWorkflow('order', (ctx) => ctx.waitFor('go'))
  const limited = { ...waits, concurrency: { key: () => 'ann', limit: 1 } } as typeof waits
  const place = await openPlace(t, { workflows: [limited] })
  for (const id of ['a', 'b', 'c']) await place.hf.start(limited, null, { id })
  await place.hf.idle()
  const { status, summary, reasons } = why(place.hf, 'c')
  assert.equal(status, 'queued')
  assert.match(summary, /It has not begun/)
  assert.match(reasons[0]?.words ?? '', /one of 1 places of ".*ann", after 1 before it/)
  assert.equal(reasons[0]?.command, 'queue')
})
