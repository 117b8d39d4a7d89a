/**
 * Compensation: a trip is booked, the hotel has no room, and the flight is given back. The workflow only says
 * that it wants that; the connector says how a flight is given back.
 *
 *     node examples/compensation.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for the outside systems. */
const flights = new Set<string>()

const travel = defineConnector({
  name: 'travel',
  operations: {
    flight: {
      manifest: { title: 'Book a flight', effect: 'reversible', idempotency: 'key' },
      input: z.string(),
      output: z.object({ booking: z.string() }),
      async perform(_to, { idempotencyKey }) {
        flights.add(idempotencyKey)
        return { booking: idempotencyKey }
      },
      // Given what was asked for and what came of it. Safe to repeat.
      async undo(_to, { booking }) {
        flights.delete(booking)
      },
    },
    hotel: {
      manifest: { title: 'Book a hotel', effect: 'irreversible' },
      input: z.string(),
      output: z.null(),
      async perform() {
        throw new HoldfastError('CONNECTOR_REFUSED', 'no room')
      },
    },
  },
})

const trip = defineWorkflow({
  name: 'trip',
  version: 1,
  input: z.string(),
  output: z.string(),
  compensate: 'on-failure',
  async run(ctx, to) {
    await ctx.act('flight', 'travel.flight', to)
    await ctx.act('hotel', 'travel.hotel', to)
    return `off to ${to}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-compensation-'))
const holdfast = await openHoldfast({ dir, workflows: [trip], connectors: [travel] })
const run = await holdfast.start(trip, 'Oslo', { id: 'trip-1' })
await assert.rejects(run.result(), { code: 'CONNECTOR_REFUSED' })

// The rollback began in the commit of the failure; asking for it again gives the same one.
const rollback = await holdfast.rollback('trip-1')
const { undone } = await rollback.result()
console.log(rollback.id, undone)
assert.deepEqual(undone, [{ run: 'trip-1', name: 'flight', operation: 'travel.flight' }])
assert.equal(flights.size, 0)
await holdfast.close()
rmSync(dir, { recursive: true })
