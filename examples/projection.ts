/**
 * A table of your own over the log: kept in the same commit as the events, and made anew from them at any time. Beside it,
 * what reads the log directly: all of it, one stream, and each commit as it comes.
 *
 *     node examples/projection.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast, type Projection } from 'holdfast'
import { z } from 'zod'

const sale = defineWorkflow({
  name: 'sale',
  version: 1,
  input: z.object({ customer: z.string(), cents: z.int() }),
  output: z.null(),
  async run(ctx, { customer, cents }) {
    await ctx.emit({ kind: 'sold', key: customer, data: { cents } })
    return null
  },
})

/** Turnover by customer. Depends on nothing but the events and its own table. */
const turnover: Projection = {
  name: 'turnover',
  version: 1,
  tables: ['turnover'],
  schema: 'CREATE TABLE turnover (customer TEXT PRIMARY KEY, cents INTEGER NOT NULL) STRICT;',
  kinds: ['event.published'],
  apply({ body }, tables) {
    // An erased body is null: then there is nothing to count.
    if (body?.kind !== 'sold') return
    const { cents } = z.object({ cents: z.int() }).parse(body.data)
    tables.run(
      'INSERT INTO turnover VALUES (?, ?) ON CONFLICT DO UPDATE SET cents = cents + excluded.cents',
      String(body.key),
      cents,
    )
  },
}

const dir = mkdtempSync(join(tmpdir(), 'holdfast-projection-'))
const holdfast = await openHoldfast({ dir, workflows: [sale], projections: [turnover] })
const { log } = holdfast

let commits = 0
const stop = log.onCommit(() => {
  commits += 1
})
for (const [customer, cents] of [
  ['ada', 900],
  ['bo', 500],
  ['ada', 100],
] as const)
  await (await holdfast.start(sale, { customer, cents })).result()
stop()

const rows = log.tables.all('SELECT customer, cents FROM turnover ORDER BY customer')
console.log(rows)
assert.deepEqual(
  rows.map(({ customer, cents }) => [customer, cents]),
  [
    ['ada', 1000],
    ['bo', 500],
  ],
)

// Folded anew from the log and compared: no table differs from what the events say.
const { differing, tables } = log.rebuild({ replace: false })
console.log(`${tables.turnover} rows compared, differing: ${differing.length}`)
assert.deepEqual(differing, [])

const sold = [...log.read()].filter(({ kind, body }) => kind === 'event.published' && body?.kind === 'sold')
console.log(`${log.head().position} events in ${commits} commits, ${sold.length} of them sales`)
assert.equal(sold.length, 3)
await holdfast.close()

// With another version, what it makes of the past is another table, from the next opening on.
const doubled: Projection = {
  ...turnover,
  version: 2,
  apply: (event, own) => {
    turnover.apply(event, own)
    turnover.apply(event, own)
  },
}
const after = await openHoldfast({ dir, workflows: [sale], projections: [doubled] })
assert.equal(
  after.log.tables.get<{ cents: number }>("SELECT cents FROM turnover WHERE customer = 'ada'")?.cents,
  2000,
)
await after.close()
rmSync(dir, { recursive: true })
