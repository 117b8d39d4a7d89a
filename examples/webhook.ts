/**
 * A webhook: another system delivers an order, signed with a secret that both have; a run begins with it, once.
 *
 *     node examples/webhook.ts
 */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  defineTrigger,
  defineWorkflow,
  fileVault,
  openHoldfast,
  receiveWebhooks,
  type Secrets,
} from 'holdfast'
import { z } from 'zod'

const packed: string[] = []

const pack = defineWorkflow({
  name: 'pack',
  version: 1,
  input: z.object({ item: z.string() }),
  output: z.number(),
  run: async (ctx, { item }) => await ctx.step('pack', () => packed.push(item)),
})

const placed = z.object({ item: z.string() })

const orders = defineTrigger({
  name: 'orders',
  on: 'order.placed',
  workflow: pack,
  input: ([event]) => placed.parse(event?.data),
})

const home = mkdtempSync(join(tmpdir(), 'holdfast-webhook-'))
const dir = join(home, 'workspace')
const opened: { secrets?: Secrets } = {}
const holdfast = await openHoldfast({
  dir,
  workflows: [pack],
  triggers: [orders],
  // The master key is made here; left out, the environment says where it is.
  vault: fileVault({ dir, env: { XDG_DATA_HOME: join(home, 'data') } }),
  onLog: (_, given) => {
    opened.secrets = given
  },
})
const { secrets } = opened
assert.ok(secrets)

const SHARED = 'what the shop and we know'
await secrets.set('shop-hook', SHARED)
const webhooks = await receiveWebhooks(holdfast, {
  secrets,
  listen: '127.0.0.1:0',
  from: {
    shop: { secrets: ['vault:shop-hook', 'vault:shop-hook-next'], kind: 'order.placed', key: 'customer' },
  },
})

// What the shop does, by the rules of Standard Webhooks.
async function deliver(id: string, body: string): Promise<unknown> {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const mac = createHmac('sha256', SHARED).update(`${id}.${timestamp}.${body}`).digest('base64')
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
  const response = await fetch(`${webhooks.url}/webhooks/shop`, { method: 'POST', headers, body })
  return { status: response.status, ...((await response.json()) as object) }
}

const order = JSON.stringify({ customer: 'c-1', item: 'a lamp' })
console.log(await deliver('msg-1', order))
console.log('again', await deliver('msg-1', order))
await holdfast.idle()
assert.deepEqual(packed, ['a lamp'])

await webhooks.stop()
await holdfast.close()
rmSync(home, { recursive: true })
