/**
 * One process that brings an order to its end: `node order-process.ts DIR`. It prints the output, or the
 * code of what kept it from opening. The outside world is a file that each charge appends a line to.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { armFromEnvironment } from '../../src/apps/cli/crash-env.ts'
import { isHoldfastError } from '../../src/kernel/errors.ts'
import { crashPoint } from '../../src/ports/crash-points.ts'
import { type Context, defineConnector, defineWorkflow, openHoldfast } from '../../src/sdk.ts'

const [dir = ''] = process.argv.slice(2)
const ledger = join(dir, 'ledger.txt')
armFromEnvironment(process.env)

function charged(key: string): boolean {
  return existsSync(ledger) && readFileSync(ledger, 'utf8').split('\n').includes(key)
}

const bank = defineConnector({
  name: 'bank',
  operations: {
    charge: {
      manifest: { effect: 'external', idempotency: 'none' },
      input: z.object({ amount: z.number() }),
      output: z.object({ amount: z.number() }),
      perform: async ({ amount }, { idempotencyKey }) => {
        await new Promise((resolve) => setImmediate(resolve))
        appendFileSync(ledger, `${idempotencyKey}\n`, { flag: 'a', flush: true })
        crashPoint('connector.mid-send')
        return { amount }
      },
      lookup: async ({ amount }, { idempotencyKey }) =>
        charged(idempotencyKey) ? { found: 'yes', output: { amount } } : { found: 'no' },
    },
  },
})

const parcel = defineWorkflow({
  name: 'parcel',
  version: 1,
  input: z.string(),
  output: z.string(),
  run: async (ctx, item) => await ctx.step('pack', () => `packed ${item}`),
})

async function fulfil(ctx: Context): Promise<string[]> {
  const reserved = await ctx.step('reserve', () => 'reserved')
  const [first, second] = await Promise.all([
    ctx.act<{ amount: number }>('charge deposit', 'bank.charge', { amount: 1 }),
    ctx.act<{ amount: number }>('charge rest', 'bank.charge', { amount: 2 }),
  ])
  const proposal = { action: 'ship', summary: 'Ship it', reason: 'paid', confidence: 1, proposal: {} }
  const { verdict } = await ctx.review('ship', proposal)
  const packed = await ctx.call('pack', parcel, 'book')
  await ctx.emit({ kind: 'shipped', data: packed })
  await ctx.sleep('settle', '20ms')
  const received = await ctx.waitFor('received')
  return [reserved, `${first.amount + second.amount}`, verdict, packed, String(received?.data)]
}

const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: z.null(),
  output: z.array(z.string()),
  run: fulfil,
})

async function bring(): Promise<void> {
  const hf = await openHoldfast({ dir, workflows: [order, parcel], connectors: [bank] })
  const run = await hf.start(order, null, { id: 'o-1' })
  await hf.emit({ kind: 'received', data: 'thanks', id: 'e-1' })
  const result = run.result()
  for (let over = false; !over; ) {
    await hf.idle()
    for (const { id } of hf.reviews()) await hf.answer(id, { verdict: 'approved' })
    over = await Promise.race([result.then(() => true), pause(5, false)])
  }
  console.log(JSON.stringify(await result))
  await hf.close()
}

process.on('unhandledRejection', (error) => {
  console.log(`unhandled: ${error}`)
  process.exit(3)
})
await bring().catch((error) => {
  console.log(isHoldfastError(error) ? error.code : String(error))
  process.exitCode = 1
})
