/**
 * A connector that needs a token: the vault keeps it, the manifest names it, the log says that it was used.
 *
 *     node examples/secret.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, fileVault, openHoldfast, type Secrets } from 'holdfast'
import { z } from 'zod'

const TOKEN = 'token-5f2c9d81e7'
const shown: string[] = []

const bank = defineConnector({
  name: 'bank',
  operations: {
    pay: {
      manifest: {
        title: 'Pay a bill',
        effect: 'external',
        secrets: ['bank-token'],
        criticalArguments: ['to'],
      },
      input: z.object({ to: z.string(), amount: z.number() }),
      output: z.object({ receipt: z.string() }),
      async perform(_bill, { secret }) {
        const token = await secret('bank-token')
        shown.push(token)
        return { receipt: `paid with ${token}` }
      },
    },
  },
})

const bill = defineWorkflow({
  name: 'bill',
  version: 1,
  input: z.object({ to: z.string(), amount: z.number() }),
  output: z.object({ receipt: z.string() }),
  run: async (ctx, input) => await ctx.act<{ receipt: string }>('pay', 'bank.pay', input),
})

const home = mkdtempSync(join(tmpdir(), 'holdfast-example-'))
const dir = join(home, 'workspace')
const opened: { secrets?: Secrets } = {}
const hf = await openHoldfast({
  dir,
  workflows: [bill],
  connectors: [bank],
  // The master key is made here; left out, the environment says where it is.
  vault: fileVault({ dir, env: { XDG_DATA_HOME: join(home, 'data') } }),
  onLog: (_, secrets) => {
    opened.secrets = secrets
  },
})
const { secrets } = opened
assert.ok(secrets)

await secrets.set('bank-token', TOKEN)
const run = await hf.start(bill, { to: 'printer', amount: 40 }, { id: 'bill-1' })
console.log(await run.result())
assert.deepEqual(shown, [TOKEN])

const [listed] = await secrets.list()
console.log(`${listed?.name}: version ${listed?.version}, last used by ${listed?.usedBy}`)
await hf.close()

for (const file of readdirSync(dir)) assert.ok(!readFileSync(join(dir, file)).includes(TOKEN), file)
console.log('The token is in no file of the workspace.')
rmSync(home, { recursive: true })
