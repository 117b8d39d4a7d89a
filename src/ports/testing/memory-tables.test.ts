import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../../kernel/event.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { Projection } from '../projection.ts'
import { memoryTables } from './memory-tables.ts'

const counts: Projection = {
  name: 'counts',
  version: 1,
  tables: ['counts'],
  schema: 'CREATE TABLE counts (kind TEXT PRIMARY KEY, number INTEGER NOT NULL)',
  kinds: ['order.placed', 'order.paid'],
  apply(event, tables) {
    tables.run(
      'INSERT INTO counts VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET number = number + 1',
      event.kind,
    )
  },
}

function eventOf(kind: string, position: number): StoredEvent {
  const header = { position, stream: 'order/1', version: position, kind, time: 0, actor: 'test' }
  return { ...header, cause: null, correlation: null, label: SYSTEM, body: {} }
}

test('a projection folds the kinds it names and no others', () => {
  const { tables, apply } = memoryTables([counts])
  for (const [i, kind] of ['order.placed', 'order.placed', 'order.paid', 'order.lost'].entries()) {
    apply(eventOf(kind, i + 1))
  }
  const rows = tables.all<{ kind: string; number: number }>('SELECT * FROM counts ORDER BY kind')
  assert.deepEqual(
    rows.map((row) => [row.kind, row.number]),
    [
      ['order.paid', 1],
      ['order.placed', 2],
    ],
  )
  assert.equal(tables.get('SELECT * FROM counts WHERE kind = ?', 'order.lost'), undefined)
  assert.equal([...tables.iterate('SELECT * FROM counts')].length, 2)
})
