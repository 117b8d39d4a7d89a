import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { checkConnector } from '../../ports/connector.contract.ts'
import { MAIL, temporaryFolder } from '../maildir/testing/mail.ts'
import { startServer } from '../testing/smtp-server.ts'
import { smtpConnector } from './connector.ts'

function connectorTo(port: number, dir: string, host = '127.0.0.1') {
  const sentDir = join(dir, 'Sent')
  const outboxDir = join(dir, 'outbox')
  return smtpConnector({ host, port, secure: false, auth: null, sentDir, outboxDir, now: () => 0 })
}

async function serverOf(t: TestContext, ...mood: Parameters<typeof startServer>) {
  const server = await startServer(...mood)
  t.after(() => server.close())
  return server
}

test('its manifest names the host, and does not promise that repeating is safe', () => {
  const manifest = connectorTo(25, '/nowhere', 'mx.example').operations.send?.manifest
  assert.deepEqual(
    [manifest?.hosts, manifest?.effect, manifest?.idempotency, manifest?.criticalArguments],
    [['mx.example'], 'external', 'none', ['to']],
  )
})

test('it holds to the contract of connectors', async (t) => {
  const { port, taken } = await serverOf(t)
  const silent = await serverOf(t, { atEnd: 'hang' })
  const report = await checkConnector({
    connector: connectorTo(port, temporaryFolder(t)),
    samples: { send: { input: MAIL, seen: async () => taken.length } },
    broken: connectorTo(1, temporaryFolder(t)),
    hanging: connectorTo(silent.port, temporaryFolder(t)),
  })
  assert.deepEqual(
    report.rows.filter((row) => !row.ok),
    [],
  )
  assert.deepEqual([report.ok, report.unchecked], [true, []])
})
