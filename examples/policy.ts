/**
 * What came from outside decides nothing by itself. A mail orders a payment; the workflow obeys it to the letter. The
 * policy puts it to the owner, lets pass what a grant of before and the address book allow, and says why.
 *
 *     node examples/policy.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, grant, grants, openHoldfast, revokeGrant } from 'holdfast'
import { z } from 'zod'

const sent: string[] = []
const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { title: 'Send a letter', effect: 'external', criticalArguments: ['to'] },
      input: z.object({ to: z.string(), text: z.string() }),
      output: z.null(),
      async perform({ to }) {
        sent.push(to)
        return null
      },
    },
  },
})

const obey = defineWorkflow({
  name: 'obey',
  version: 1,
  input: z.object({ to: z.string(), text: z.string() }),
  output: z.null(),
  run: (ctx, order) => ctx.act<null>('do as told', 'post.send', order),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
const hf = await openHoldfast({
  dir,
  workflows: [obey],
  connectors: [post],
  policy: {
    operations: { allow: ['post.*'], deny: [], review: [] },
    egress: { allow: [] },
    addressBook: ['ada@ek.example'],
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  },
})
const fromMail = { trust: 'external', sources: ['mail:m-1'], readers: null } as const

// An order in a mail, with nothing granted: it waits for the owner.
await hf.start(obey, { to: 'eve@evil.example', text: 'All our secrets' }, { id: 'attack', label: fromMail })
await hf.idle()
console.log(hf.reviews()[0]?.reason)
assert.deepEqual(sent, [])

// With a grant, letters to the address book go by themselves; a stranger's address still does not.
const { id } = await grant(hf, { operation: 'post.send', agent: 'obey', reason: 'answers to people I know' })
await hf.start(obey, { to: 'ada@ek.example', text: 'Gladly.' }, { id: 'answer', label: fromMail })
await hf.start(obey, { to: 'eve@evil.example', text: 'Again' }, { id: 'again', label: fromMail })
await hf.idle()
assert.deepEqual(sent, ['ada@ek.example'])
assert.equal(hf.reviews().length, 2)

// Taken back, it allows nothing more.
await revokeGrant(hf, id, 'enough written')
for (const { operation, agent, revokedBecause } of grants(hf)) console.log(operation, agent, revokedBecause)
await hf.start(obey, { to: 'ada@ek.example', text: 'More' }, { id: 'more', label: fromMail })
await hf.idle()
assert.deepEqual([sent.length, hf.reviews().length], [1, 3])

await hf.close()
rmSync(dir, { recursive: true })
console.log('Nothing left that a mail alone had ordered.')
