/**
 * Feature flags: a part of the customers, a share of them, and a switch for a whole workflow. A run keeps the answer
 * that it was given; each answer is on record with its reason; a program asks by the client of OpenFeature.
 *
 *     node examples/flags.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpenFeature } from '@openfeature/server-sdk'
import { defineWorkflow, flagProvider, openHoldfast } from 'holdfast'
import { z } from 'zod'

const FLAGS = `
version: 1
segments:
  nordic:
    where:
      - { field: country, operator: in, value: [SE, NO, DK, FI] }
flags:
  welcome.video:                # a film for the north, and for a tenth of the others
    rules:
      - { segment: nordic, serve: on }
      - split: { on: 10 }
  workflow.welcome:             # the switch of the workflow of this name
    default: on
`

const dir = mkdtempSync(join(tmpdir(), 'holdfast-flags-'))
const file = join(dir, 'flags.yaml')
writeFileSync(file, FLAGS)

const welcome = defineWorkflow({
  name: 'welcome',
  version: 1,
  input: z.object({ name: z.string() }),
  output: z.string(),
  async run(ctx, { name }) {
    const withVideo = await ctx.flag('welcome.video', false)
    await ctx.sleep('let it settle', '200ms')
    return `Hello ${name}${withVideo ? ', here is a film' : ''}`
  },
})

const countries: Record<string, string> = { 'c-ada': 'SE', 'c-uwe': 'DE' }
const holdfast = await openHoldfast({
  dir,
  workflows: [welcome],
  flags: { file },
  customerFacts: (customer) => ({ country: countries[customer] ?? '' }),
})

const run = await holdfast.start(welcome, { name: 'Ada' }, { id: 'ada', customer: 'c-ada' })
await holdfast.idle()
// The run has asked; whatever becomes of the file, it keeps what it was told.
writeFileSync(file, FLAGS.replace('serve: on', 'serve: off').replace('default: on', 'enabled: false'))
assert.equal(await run.result(), 'Hello Ada, here is a film')

const evaluated = holdfast.log.readStream('run/ada').find(({ kind }) => kind === 'flag.evaluated')
console.log(evaluated?.body)
assert.equal(evaluated?.body?.reason, 'TARGETING_MATCH')

// The workflow is switched off now: who starts it is told, and nothing begins.
await assert.rejects(holdfast.start(welcome, { name: 'Uwe' }, { customer: 'c-uwe' }), { code: 'FLAG_OFF' })

// In a program of your own, by the client of OpenFeature.
await OpenFeature.setProviderAndWait(flagProvider(holdfast))
const client = OpenFeature.getClient()
const details = await client.getBooleanDetails('welcome.video', false, { targetingKey: 'c-ada' })
console.log(details)
assert.deepEqual([details.value, details.reason], [false, 'TARGETING_MATCH'])

await OpenFeature.close()
await holdfast.close()
rmSync(dir, { recursive: true })
