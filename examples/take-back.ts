/**
 * Taking back in the middle: the hotel has no room, so the workflow takes back what it did so far, waits until that
 * is done, and goes on another way. Compare compensation.ts, where the failed run ends.
 *
 *     node examples/take-back.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for the outside system: what is booked, and where there is no room. */
const booked: string[] = []
const full = new Set(['hotel in Oslo'])

const travel = defineConnector({
  name: 'travel',
  operations: {
    book: {
      manifest: { title: 'Book something', effect: 'reversible', idempotency: 'natural' },
      input: z.string(),
      output: z.null(),
      async perform(what) {
        if (full.has(what)) throw new HoldfastError('CONNECTOR_REFUSED', `no room: ${what}`)
        booked.push(what)
        return null
      },
      async undo(what) {
        console.log('taken back:', what)
        if (booked.includes(what)) booked.splice(booked.indexOf(what), 1)
      },
    },
  },
})

const trip = defineWorkflow({
  name: 'trip',
  version: 1,
  input: z.array(z.string()),
  output: z.string(),
  async run(ctx, [first = '', second = '']) {
    try {
      await ctx.act('flight', 'travel.book', `flight to ${first}`)
      await ctx.act('car', 'travel.book', `car in ${first}`)
      await ctx.act('hotel', 'travel.book', `hotel in ${first}`)
      return `off to ${first}`
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'CONNECTOR_REFUSED') throw error
      // All that this run and the runs it called have done, the last first. It is a run of its own, `rollback/trip-1`.
      const { undone } = await ctx.compensate()
      await ctx.act('train', 'travel.book', `train to ${second}`)
      return `off to ${second}, without ${undone.map(({ name }) => name).join(' and ')}`
    }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-take-back-'))
const holdfast = await openHoldfast({ dir, workflows: [trip], connectors: [travel] })
const run = await holdfast.start(trip, ['Oslo', 'Malmö'], { id: 'trip-1' })

const output = await run.result()
console.log(output)
assert.equal(output, 'off to Malmö, without car and flight')
// What was done afterwards stays.
assert.deepEqual(booked, ['train to Malmö'])
assert.equal(holdfast.run('rollback/trip-1').status(), 'completed')

await holdfast.close()
rmSync(dir, { recursive: true })
