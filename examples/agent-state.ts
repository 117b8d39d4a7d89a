/**
 * The state of an agent on record: whole after so many events, and only what has changed in between; brought over to a
 * new version when its shape changes; and an agent that is new, but looks at all that ever was.
 *
 *     node examples/agent-state.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineAgent, openHoldfast } from 'holdfast'
import { z } from 'zod'

const entry = z.object({ day: z.number(), text: z.string() })
const entries = z.object({ entries: z.array(entry) })

const diary = defineAgent({
  name: 'diary',
  version: 1,
  on: ['noted'],
  state: entries,
  initial: { entries: [] },
  // A state of more than half a kilobyte is put on record as what has changed, and whole after ten events.
  snapshot: { everyEvents: 10 },
  handle: (_, { data }, state) => ({ entries: [...state.entries, entry.parse(data)].slice(-12) }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-agent-state-'))
const before = await openHoldfast({ dir, workflows: [], agents: [diary] })
for (let day = 1; day <= 40; day += 1) {
  await before.emit({ kind: 'noted', key: 'ada', data: { day, text: 'a long day '.repeat(10) } })
  await before.idle()
}
const records = before.log.readStream('agent/diary/ada').map(({ body }) => body)
const wholes = records.flatMap((body, i) => (body !== null && 'state' in body ? [i + 1] : []))
console.log(`${records.length} records, whole are numbers ${wholes.join(', ')}`)
const gaps = wholes.map((number, i) => number - (wholes[i - 1] ?? 0))
assert.ok(wholes.length < records.length && Math.max(...gaps) <= 10)
await before.close()

// Another shape, and how the old one becomes it.
const second = defineAgent({
  name: 'diary',
  version: 2,
  on: ['noted'],
  state: z.object({ days: z.array(z.number()) }),
  initial: { days: [] },
  migrate: (state) => ({ days: entries.parse(state).entries.map(({ day }) => day) }),
  handle: (_, { data }, { days }) => ({ days: [...days, entry.parse(data).day] }),
})

// This one is new. It takes up what was published before there was an agent of that name.
const counter = defineAgent({
  name: 'counter',
  version: 1,
  on: ['noted'],
  from: 'beginning',
  state: z.number(),
  initial: 0,
  handle: (_, __, count) => count + 1,
})

const after = await openHoldfast({ dir, workflows: [], agents: [second, counter] })
await after.emit({ kind: 'noted', key: 'ada', data: { day: 41, text: '' } })
// By name, to one agent alone, whatever kinds it handles.
await after.emit({ kind: 'reminded', key: 'ada', to: 'counter' })
await after.idle()
console.log(await after.agent(second, 'ada').query())
assert.deepEqual(
  await after.agent(second, 'ada').query(({ days }) => days),
  Array.from({ length: 13 }, (_, i) => 29 + i),
)
assert.equal(await after.agent(counter, 'ada').query(), 42)

await after.close()
rmSync(dir, { recursive: true })
