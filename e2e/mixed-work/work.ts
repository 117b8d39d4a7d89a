/** The work of the office: an order with effects, a review, children, timers and an event; a quote; a ledger. */
import { z } from 'zod'
import type { outgoingMail } from '../../src/mail/outgoing.ts'
import {
  type Connector,
  defineAgent,
  defineConnector,
  definePipeline,
  defineWorkflow,
  HoldfastError,
} from '../../src/sdk.ts'

export function mailAddress(n: number): string {
  return `customer-${n}@example.org`
}

/** The key of a charge of an order: the bank counts by it. */
export function bankConnector(url: string): Connector {
  const ask = async (method: string, key: string, signal: AbortSignal): Promise<number> => {
    const response = await fetch(`${url}/charges/${encodeURIComponent(key)}`, { method, signal })
    return response.status
  }
  return defineConnector({
    name: 'bank',
    operations: {
      charge: {
        manifest: { title: 'Charge a card', effect: 'external', idempotency: 'none', timeoutMs: 5_000 },
        input: z.object({ amount: z.number() }),
        output: z.object({ key: z.string() }),
        async perform(_, { idempotencyKey: key, signal }) {
          const status = await ask('POST', key, signal)
          if (status === 503) throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'The bank is busy')
          return { key }
        },
        async lookup(_, { idempotencyKey: key, signal }) {
          const status = await ask('GET', key, signal)
          return status === 200 ? { found: 'yes', output: { key } } : { found: 'no' }
        },
        async undo(_, { key }, { signal }) {
          const status = await ask('DELETE', key, signal)
          if (status === 503) throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'The bank is busy')
        },
      },
    },
  })
}

const parcel = defineWorkflow({
  name: 'parcel',
  version: 1,
  input: z.number(),
  output: z.string(),
  async run(ctx, n) {
    const packed = await ctx.step('pack', () => `parcel ${n}`)
    await ctx.sleep('dry', '30ms')
    return packed
  },
})

const orderInput = z.object({ n: z.number(), mailTo: z.string() })

export const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: orderInput,
  output: z.string(),
  async run(ctx, { n, mailTo }) {
    const { key } = await ctx.act<{ key: string }>('charge', 'bank.charge', { amount: n })
    await ctx.emit({ kind: 'booked', key: `account-${n % 3}`, data: { amount: n, charge: key } })
    const [packed, confirmed] = await Promise.all([
      ctx.call('pack', parcel, n),
      ctx.waitFor('confirmed', { key: `order-${n}`, timeout: '10m' }),
    ])
    if (confirmed === null) throw new HoldfastError('INPUT_INVALID', `Order ${n} was not confirmed`)
    const proposal = {
      action: 'ship',
      summary: `Ship ${packed}`,
      reason: 'paid',
      confidence: 1,
      proposal: {},
    }
    const { verdict } = await ctx.review('ship', proposal)
    await ctx.act('tell', 'smtp.send', {
      from: { name: 'Office', address: 'office@example.com' },
      to: [{ name: '', address: mailTo }],
      subject: `Order ${n}`,
      text: `${packed}: ${verdict}`,
      inReplyTo: null,
      references: [],
    } satisfies z.infer<typeof outgoingMail>)
    return `${packed} ${verdict}`
  },
})

export const quote = definePipeline({
  name: 'quote',
  version: 1,
  input: z.object({ n: z.number() }),
  output: z.object({ price: z.number() }),
  deadline: '1m',
  async run(ctx, { n }) {
    const price = await ctx.step('price', () => n * 10)
    await ctx.emit({ kind: 'booked', key: `account-${n % 3}`, data: { amount: 0, charge: `quote-${n}` } })
    return { price }
  },
})

/** Adds up what was booked on an account; every fourth booking is noted in a step of its own. */
export const ledger = defineAgent({
  name: 'ledger',
  version: 1,
  on: ['booked'],
  state: z.object({ sum: z.number(), bookings: z.array(z.string()) }),
  initial: { sum: 0, bookings: [] },
  async handle(ctx, event, state) {
    const { amount, charge } = event.data as { amount: number; charge: string }
    const booking = state.bookings.length % 4 === 3 ? await ctx.step('note', () => charge) : charge
    return { sum: state.sum + amount, bookings: [...state.bookings, booking] }
  },
})

export const WORKFLOWS = [order, parcel, quote]
export const AGENTS = [ledger]
