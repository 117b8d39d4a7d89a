import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqliteEventLog } from '../adapters/sqlite/event-log.ts'
import { OWNER } from '../kernel/label.ts'
import { ManualClock } from '../ports/testing/manual-clock.ts'
import { openPlaybookLibrary } from './playbook-library.ts'

const dir = mkdtempSync(join(tmpdir(), 'holdfast-library-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('what another one records at the same moment does not keep a version off the record', async () => {
  const file = join(dir, 'playbook.yaml')
  writeFileSync(file, 'second')
  const log = openSqliteEventLog({ dir, clock: new ManualClock(), projections: [] })
  const append = log.append.bind(log)
  let isFirst = true
  const contended = Object.create(log, {
    readStream: { value: log.readStream.bind(log) },
    append: {
      async value(...given: Parameters<typeof append>) {
        if (isFirst) {
          isFirst = false
          const body = { name: 'test', hash: 'first', text: 'first' }
          const event = { kind: 'playbook.adopted', body, actor: 'operator', label: OWNER }
          await append([{ stream: 'playbook/test', expectedVersion: 0, events: [event] }])
        }
        return await append(...given)
      },
    },
  }) as typeof log
  const parse = (text: string) => text
  const library = openPlaybookLibrary(contended, { name: 'test', file, parse, hash: (text) => text })
  assert.equal(await library.current(), 'second')
  assert.deepEqual(
    log.readStream('playbook/test').map(({ body }) => body?.hash),
    ['first', 'second'],
  )
  await log.close()
})
