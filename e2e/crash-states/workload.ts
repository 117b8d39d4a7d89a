/**
 * What is recorded: `node workload.ts DIR full|normal`. It appends to the real log, in groups of many sizes, with
 * blobs, an erasure and many checkpoints of SQLite, and says on stdout up to where it was told that all is durable.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openSqliteEventLog } from '../../src/adapters/sqlite/event-log.ts'
import { SYSTEM } from '../../src/kernel/label.ts'
import { fractionsFrom } from './fraction.ts'
import { tally } from './tally.ts'

const [dir = '', synchronous = 'full'] = process.argv.slice(2)
const GROUPS = 60
const MOST_TOGETHER = 6
const MOST_TEXT = 6_000

const log = openSqliteEventLog({ dir, clock: { now: () => 0 }, projections: [tally] })
if (synchronous === 'normal') log.tables.get('PRAGMA synchronous = NORMAL')
// Small, that the recording holds many of them.
log.tables.get('PRAGMA wal_autocheckpoint = 40')
const random = fractionsFrom(7)

for (let group = 0; group < GROUPS; group += 1) {
  const together = 1 + Math.floor(random() * MOST_TOGETHER)
  await Promise.all(Array.from({ length: together }, (_, i) => append(`s-${(group + i) % 9}`)))
  if (group === GROUPS / 2) {
    await log.erase({ positions: [3, 4, 5] }, { actor: 'test', reason: 'recorded' })
    acknowledge()
    log.compact()
  }
}
await log.close()

async function append(stream: string): Promise<void> {
  const body = { text: 'x'.repeat(Math.floor(random() * MOST_TEXT)) }
  const bytes = Buffer.from(body.text)
  const blob = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes }
  const events = [{ kind: 'thing.happened', actor: 'test', label: SYSTEM, body }]
  await log.append([{ stream, expectedVersion: 'any', events }], random() < 0.2 ? [blob] : [])
  acknowledge()
}

function acknowledge(): void {
  writeSync(1, `ack ${log.head().position}\n`)
}
