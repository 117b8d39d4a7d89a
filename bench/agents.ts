/** How many events a second agents take: published, routed and handled, each durable. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { defineAgent, openHoldfast } from '../src/sdk.ts'

const account = defineAgent({
  name: 'account',
  version: 1,
  on: ['amount.booked'],
  state: z.object({ balance: z.number(), bookings: z.number() }),
  initial: { balance: 0, bookings: 0 },
  handle: (_, event, { balance, bookings }) => ({
    balance: balance + Number((event.data as { amount: number }).amount),
    bookings: bookings + 1,
  }),
})

/** `events` of them over `keys` instances, `inFlight` being published at a time; until the last is handled. */
export async function agentEventsPerSecond(events: number, keys: number, inFlight: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const holdfast = await openHoldfast({ dir, workflows: [], agents: [account] })
  try {
    const began = performance.now()
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < events) {
        next += 1
        const data = { amount: next % 100, text: 'x'.repeat(100) }
        await holdfast.emit({ kind: 'amount.booked', key: `account-${(next * 7919) % keys}`, data })
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
    await holdfast.idle()
    const perSecond = (events / (performance.now() - began)) * 1000
    const { bookings } = await holdfast.agent(account, 'account-0').query()
    assert.equal(bookings, events / keys)
    return perSecond
  } finally {
    await holdfast.close()
    rmSync(dir, { recursive: true, force: true })
  }
}
