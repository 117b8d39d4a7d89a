/**
 * Stop everything: from that moment on nothing leaves, whichever run would do it; also over a restart. What was held goes on
 * when work is resumed, each effect once.
 *
 *     node examples/stop.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, openHoldfast, why } from 'holdfast'
import { z } from 'zod'

const sent: string[] = []

const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { title: 'Send a letter', effect: 'external', idempotency: 'none' },
      input: z.string(),
      output: z.null(),
      async perform(to) {
        sent.push(to)
        return null
      },
    },
  },
})

const letter = defineWorkflow({
  name: 'letter',
  version: 1,
  input: z.string(),
  output: z.string(),
  async run(ctx, to) {
    const text = await ctx.step('write', () => `Dear ${to}`)
    await ctx.act('send', 'post.send', to)
    return text
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-stop-'))
const before = await openHoldfast({ dir, workflows: [letter], connectors: [post] })
await (await before.start(letter, 'Ada', { id: 'ada' })).result()

await before.work.stop('odd letters')
for (const to of ['Bo', 'Cy']) await before.start(letter, to, { id: to.toLowerCase() })
await before.idle()
console.log(why(before, 'bo').summary)
console.log(before.alerts().map(({ message }) => message))
assert.deepEqual(sent, ['Ada'], 'runs begin and steps are done, but nothing leaves')
await before.close()

// The stop is on record: the next process heeds it.
const after = await openHoldfast({ dir, workflows: [letter], connectors: [post] })
await after.idle()
assert.equal(after.work.current()?.reason, 'odd letters')
assert.deepEqual(sent, ['Ada'])

const lifted = await after.work.resume()
console.log('lifted:', lifted.map(({ reason }) => reason).join(', '))
assert.deepEqual(await Promise.all(['bo', 'cy'].map((id) => after.run(id).result())), ['Dear Bo', 'Dear Cy'])
assert.deepEqual(sent.toSorted(), ['Ada', 'Bo', 'Cy'])
assert.equal(after.work.current(), null)

await after.close()
rmSync(dir, { recursive: true })
