import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkConnector } from '../../ports/connector.contract.ts'
import { maildirConnector } from './connector.ts'
import { filesIn, MAIL, temporaryFolder } from './testing/mail.ts'

const now = () => Date.parse('2026-10-05T12:00:00Z')

function connectorIn(dir: string) {
  return maildirConnector({ sentDir: join(dir, 'Sent'), inboxDir: join(dir, 'Inbox'), now })
}

test('it offers to receive only where there is an inbox', () => {
  assert.deepEqual(Object.keys(connectorIn('/nowhere').operations), ['send', 'receive'])
  assert.deepEqual(Object.keys(maildirConnector({ sentDir: '/nowhere', now }).operations), ['send'])
})

test('it holds to the contract of connectors', async (t) => {
  const dir = temporaryFolder(t)
  writeFileSync(join(dir, 'file'), '')
  const report = await checkConnector({
    connector: connectorIn(dir),
    samples: {
      send: { input: MAIL, seen: async () => filesIn(dir, 'Sent', 'cur').length },
      receive: { input: {}, seen: async () => filesIn(dir, 'Inbox', 'cur').length },
    },
    broken: connectorIn(join(dir, 'file')),
  })
  assert.deepEqual(
    report.rows.filter((row) => !row.ok),
    [],
  )
  assert(report.ok && report.rows.length > 25)
})
