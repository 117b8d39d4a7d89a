/**
 * The life of an agent: paused, draining, in quarantine and retired, as a whole or for one key. What it does not handle
 * waits, and nothing is lost; states can be read all the while.
 *
 *     node examples/agent-life.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineAgent, openHoldfast } from 'holdfast'
import { z } from 'zod'

const till = defineAgent({
  name: 'till',
  version: 1,
  on: ['paid'],
  state: z.object({ sum: z.number() }),
  initial: { sum: 0 },
  handle: (_, event, { sum }) => ({ sum: sum + Number(event.data) }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-agent-life-'))
let holdfast = await openHoldfast({ dir, workflows: [], agents: [till] })

async function paid(key: string, data: number): Promise<void> {
  await holdfast.emit({ kind: 'paid', key, data })
  await holdfast.idle()
}
const sumOf = (key: string) => holdfast.agent(till, key).query(({ sum }) => sum)
function told(): void {
  const { lifecycle, reason, pending } = holdfast.agent(till).status()
  console.log(`${lifecycle}${reason && ` (${reason})`}: ${pending} wait`)
}

// Paused: what comes waits, also over a restart.
await paid('ada', 1)
await holdfast.agent(till).pause('stock-taking')
await paid('ada', 10)
await holdfast.close()
holdfast = await openHoldfast({ dir, workflows: [], agents: [till] })
told()
assert.equal(await sumOf('ada'), 1)

// Draining: what had come by then is handled, what comes later waits. At 0 it is drained.
await holdfast.agent(till).drain('closing time')
await paid('ada', 100)
told()
assert.equal(await sumOf('ada'), 11)

await holdfast.agent(till).resume()
await holdfast.idle()
assert.equal(await sumOf('ada'), 111)

// One key in quarantine; the others go on.
await holdfast.agent(till, 'bo').quarantine('is this still Bo?')
await paid('bo', 5)
await paid('ada', 1_000)
for (const { key, lifecycle, pending } of holdfast.agent(till).instances())
  console.log(key, lifecycle, pending)
assert.deepEqual([await sumOf('bo'), await sumOf('ada')], [0, 1_111])
await holdfast.agent(till, 'bo').resume()
await holdfast.idle()
assert.equal(await sumOf('bo'), 5)

// Retired: for good. Its states can still be read.
await holdfast.agent(till).retire('replaced by the bank')
await paid('ada', 10_000)
told()
assert.equal(await sumOf('ada'), 1_111)
await assert.rejects(holdfast.agent(till).resume(), { code: 'AGENT_RETIRED' })

await holdfast.close()
rmSync(dir, { recursive: true })
