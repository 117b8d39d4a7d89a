/** Who is slow, or many, does not hold the port: over real sockets, with limits that a test can wait for. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileVault } from '../../adapters/vault/vault.ts'
import { createRedactor } from '../../policy/redactor.ts'
import { Secrets } from '../../policy/secrets.ts'
import { openPlace } from '../testing/place.ts'
import { Webhooks } from './receive.ts'
import { serveWebhooks, type WebhookLimits } from './webhook-server.ts'

async function served(t: TestContext, limits: WebhookLimits) {
  const { hf, dir, clock } = await openPlace(t)
  const redactor = createRedactor()
  const vault = fileVault({ dir, env: { XDG_DATA_HOME: join(dir, 'data') } })(hf.log.id)
  const secrets = new Secrets({ vault, log: hf.log, redactor, clock })
  const sources = { shop: { secrets: ['hook'], kind: 'order.placed', key: null } }
  const webhooks = new Webhooks(hf, { secrets, sources })
  const common = { listen: '127.0.0.1:0', maxBytes: 1_000, redact: redactor.json, note: () => {} }
  const server = await serveWebhooks({ webhooks, limits, ...common })
  t.after(() => server.stop())
  const port = Number(new URL(server.url).port)
  return (): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    t.after(() => socket.destroy())
    return socket
  }
}

for (const [what, head] of [
  ['whose headers do not end', 'POST /webhooks/shop HTTP/1.1\r\nHost: here\r\n'],
  ['whose body does not end', 'POST /webhooks/shop HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n{'],
] as const) {
  test(`a delivery ${what} is cut off`, async (t) => {
    const open = await served(t, { requestMs: 200, connections: 10 })
    const socket = open()
    socket.write(head)
    const [said] = await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })
    assert.match(String(said), /^HTTP\/1\.1 408 /)
  })
}

test('more connections than may be are not taken', async (t) => {
  const open = await served(t, { requestMs: 60_000, connections: 3 })
  for (let i = 0; i < 3; i += 1) await once(open(), 'connect')
  const fourth = open()
  await once(fourth.resume(), 'close', { signal: AbortSignal.timeout(5_000) })
})
