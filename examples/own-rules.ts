/**
 * What a program of yours puts to the policy: an objection of its own, a limit that it keeps itself, and whose address it is
 * that stands in a letter. Each is asked at every decision, and stands on record with its rule.
 *
 *     node examples/own-rules.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Contact,
  defineConnector,
  defineWorkflow,
  type Meter,
  type Objector,
  openHoldfast,
} from 'holdfast'
import { z } from 'zod'

const letter = z.object({ to: z.string(), text: z.string() })
const sent: string[] = []

const post = defineConnector({
  name: 'post',
  operations: {
    send: {
      manifest: { title: 'Send a letter', effect: 'external', carries: { content: ['text'] } },
      input: letter,
      output: z.null(),
      async perform({ to }) {
        sent.push(to)
        return null
      },
    },
  },
})

const write = defineWorkflow({
  name: 'write',
  version: 1,
  input: letter,
  output: z.null(),
  run: (ctx, input) => ctx.act<null>('send', 'post.send', input),
})

/** An objection: deny, review, or null for none. */
const noRivals: Objector = ({ input }) => {
  const { to } = letter.parse(input)
  if (!to.endsWith('@rival.example')) return null
  return { answer: 'deny', rule: 'own.rivals', reason: `${to} is with a rival` }
}

/** A limit that is counted here: three stamps are in the drawer. */
const stamps = (): Meter[] => [
  { name: 'stamps', what: 'stamps used', unit: 'stamps', limit: 3, spent: sent.length, cost: 1 },
]

/** Whose addresses stand in a text, as the program knows its customers. */
const contactsIn = (text: string): Contact[] =>
  [...text.matchAll(/\b(\w+)@customers\.example/g)].map(([value, customer = '']) => ({
    what: 'the mail address',
    value,
    customer,
  }))

const dir = mkdtempSync(join(tmpdir(), 'holdfast-own-rules-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [write],
  connectors: [post],
  objectors: [noRivals],
  meters: stamps,
  contactsIn,
})

async function ruleOn(to: string, text: string): Promise<string> {
  const { id } = await holdfast.start(write, { to, text }, { customer: 'ada' })
  await holdfast.idle()
  const decided = holdfast.log.readStream(`run/${id}`).find(({ kind }) => kind === 'policy.decided')
  console.log(`${decided?.body?.answer} by ${decided?.body?.rule}: ${decided?.body?.reason}`)
  return `${decided?.body?.answer} by ${decided?.body?.rule}`
}

const ada = 'ada@customers.example'
assert.equal(await ruleOn(ada, 'See you on Monday.'), 'allow by access.allow')
assert.equal(await ruleOn('eve@rival.example', 'See you on Monday.'), 'deny by own.rivals')
assert.equal(await ruleOn(ada, `As I wrote to ${ada}.`), 'allow by access.allow')
assert.equal(await ruleOn(ada, 'As I wrote to bo@customers.example.'), 'review by guard.personal')
assert.equal(await ruleOn(ada, 'Until Monday.'), 'allow by access.allow')
assert.equal(await ruleOn(ada, 'And once more.'), 'review by budget.stamps')
assert.deepEqual(sent, [ada, ada, ada])

await holdfast.close()
rmSync(dir, { recursive: true })
