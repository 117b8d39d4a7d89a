/**
 * Guardrails: whatever leaves is looked at once more, whoever asked for it. A key in a letter is denied for good, a card number
 * is put to the owner, and what is too long as well.
 *
 *     node examples/guardrails.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, GUARDRAILS, openHoldfast } from 'holdfast'
import { z } from 'zod'

const sent: string[] = []

const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { title: 'Send a letter', effect: 'external', carries: { content: ['text'] } },
      input: z.object({ to: z.string(), text: z.string() }),
      output: z.null(),
      async perform({ text }) {
        sent.push(text)
        return null
      },
    },
  },
})

const write = defineWorkflow({
  name: 'write',
  version: 1,
  input: z.object({ to: z.string(), text: z.string() }),
  output: z.null(),
  run: (ctx, letter) => ctx.act<null>('send', 'post.send', letter),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-guardrails-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [write],
  connectors: [post],
  policy: {
    operations: { allow: ['post.send'], deny: [], review: [] },
    egress: { allow: [] },
    guardrails: { ...GUARDRAILS, maxLength: 100 },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  },
})

async function letter(id: string, text: string): Promise<string> {
  const run = await holdfast.start(write, { to: 'ada@hall.example', text }, { id })
  await holdfast.idle()
  const decided = holdfast.log.readStream(`run/${id}`).find(({ kind }) => kind === 'policy.decided')
  console.log(`${decided?.body?.answer} by ${decided?.body?.rule}: ${decided?.body?.reason}`)
  return run.status()
}

assert.equal(await letter('plain', 'See you on Monday.'), 'completed')
// A key, here one that no service has given: denied, and nobody's approval lifts that.
assert.equal(await letter('key', `The key is ${'AKIA'}${'QYLPMN5HHHFPZAM2'}`), 'failed')
assert.equal(await letter('card', 'My card is 4111 1111 1111 1111'), 'waiting')
assert.equal(await letter('long', 'All the best. '.repeat(10)), 'waiting')
assert.deepEqual(sent, ['See you on Monday.'])

const card = holdfast.reviews().find(({ run }) => run === 'card')
assert.ok(card)
await holdfast.answer(card.id, { verdict: 'approved', hash: card.hash })
await holdfast.idle()
assert.deepEqual(sent.slice(1), ['My card is 4111 1111 1111 1111'])

await holdfast.close()
rmSync(dir, { recursive: true })
