/**
 * One process of a company whose offers want a word: `node review-process.ts DIR VERSION ask`, which starts an offer,
 * prints its review and waits to be killed; or `… VERSION answer ID HASH`, which answers it and prints what came of
 * it. With VERSION 2 the new code of the workflow stands beside the old. The outside world is a file that each letter
 * appends a line to.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { armFromEnvironment } from '../../src/apps/cli/crash-env.ts'
import { isHoldfastError } from '../../src/kernel/errors.ts'
import { type Context, defineConnector, defineWorkflow, openHoldfast } from '../../src/sdk.ts'

const [dir = '', version = '1', what = 'ask', id = '', hash = ''] = process.argv.slice(2)
const ledger = join(dir, 'ledger.txt')
armFromEnvironment(process.env)

const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { effect: 'external', idempotency: 'none', criticalArguments: ['to'] },
      input: z.object({ to: z.string(), text: z.string() }),
      output: z.object({ sent: z.boolean() }),
      async perform({ to, text }, { idempotencyKey }) {
        appendFileSync(ledger, `${idempotencyKey} ${to} ${text}\n`, { flush: true })
        return { sent: true }
      },
      lookup: async (_, { idempotencyKey }) =>
        existsSync(ledger) && readFileSync(ledger, 'utf8').includes(`${idempotencyKey} `)
          ? { found: 'yes', output: { sent: true } }
          : { found: 'no' },
    },
  },
})

/** The new code asks for another thing; a run that began with the old one goes on with that. */
function offer(number: number, greeting: string) {
  return defineWorkflow({
    name: 'offer',
    version: number,
    input: z.null(),
    output: z.any(),
    async run(ctx: Context) {
      const price = await ctx.step('price', () => 100 * number)
      const answer = await ctx.review('offer', {
        action: 'send-offer',
        summary: 'Offer to Ada',
        reason: 'asked for',
        confidence: 0.9,
        proposal: { to: 'ada@ek.example', text: `${greeting}: ${price}` },
        operation: 'post.send',
        deadline: '7 days',
      })
      if (answer.verdict !== 'approved') return answer.verdict
      await ctx.act('send', 'post.send', answer.value)
      return `sent ${answer.value.text}`
    },
  })
}

const versions = [offer(1, 'Hello'), offer(2, 'Dear')]
const workflows = versions.slice(0, Number(version))
try {
  const hf = await openHoldfast({ dir, workflows, connectors: [post] })
  if (what === 'ask') {
    await hf.start(versions[0] as (typeof versions)[number], null, { id: 'o-1' })
    await hf.idle()
    const [review] = hf.reviews()
    console.log(JSON.stringify(review))
    setInterval(() => {}, 1_000)
  } else {
    const run = hf.run('o-1')
    if (hf.review(id).status === 'waiting') await hf.answer(id, { verdict: 'approved', hash, way: 'test' })
    console.log(JSON.stringify(await run.result()))
    await hf.close()
  }
} catch (error) {
  console.log(isHoldfastError(error) ? error.code : String(error))
  // Its alarms would keep it alive.
  process.exit(1)
}
