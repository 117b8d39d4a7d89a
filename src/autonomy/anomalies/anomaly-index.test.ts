import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { anomalyIndex, hourOf } from './anomaly-index.ts'

const AGENTS = ['letters', 'agent:writer']
const HOUR_MS = 3_600_000

function event(kind: string, body: JsonObject): NewEvent {
  return { kind, body, actor: 'test', label: SYSTEM }
}

interface Deed {
  readonly run: number
  readonly kind: string
  readonly agent: number
  readonly people: readonly number[]
  readonly number: number
  readonly passes: number
}

const deed: fc.Arbitrary<Deed> = fc.record({
  run: fc.nat(5),
  kind: fc.constantFrom(
    'run.started',
    'policy.decided',
    'policy.decided',
    'model.called',
    'timer.set',
    'timer.fired',
    'run.completed',
    'run.failed',
    'anomaly.found',
    'anomaly.lifted',
  ),
  agent: fc.nat(1),
  people: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
  number: fc.nat(1_000_000),
  passes: fc.nat(3 * HOUR_MS),
})

function bodyOf({ kind, agent: of, people, number }: Deed, hour: number): JsonObject {
  const agent = AGENTS[of] ?? ''
  switch (kind) {
    case 'run.started':
      return { workflow: agent, input: { secret: 'ada' } }
    case 'policy.decided':
      return {
        answer: 'allow',
        counted: {
          agent,
          hour,
          ...(people.length === 0 ? {} : { recipients: people.map(String) }),
          ...(number % 3 === 0 ? { own: true } : {}),
          ...(number % 2 === 0 ? { amounts: { 'post.send sum': number / 100 } } : {}),
        },
      }
    case 'model.called':
      return { priceMicros: number % 5 === 0 ? null : number }
    case 'timer.set':
      return { name: 'x', parks: true }
    case 'timer.fired':
      return { name: 'x', wakes: true }
    case 'anomaly.found':
      return { anomaly: `a-${number}`, agent, severity: 'lower', reason: 'as it was' }
    default:
      return kind === 'anomaly.lifted' ? { agent, reason: 'well' } : {}
  }
}

async function happen(log: EventLog, clock: ManualClock, one: Deed): Promise<void> {
  clock.advance(one.passes)
  const stream = one.kind.startsWith('anomaly') ? 'anomaly/x' : `run/${one.run}`
  const events = [event(one.kind, bodyOf(one, hourOf(clock.now())))]
  await log.append([{ stream, expectedVersion: 'any', events }])
}

test('folded anew it is what it was, also where any of the bodies are erased', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { minLength: 5, maxLength: 40 }),
      fc.array(fc.nat(39), { maxLength: 10 }),
      async (deeds, erased) => {
        const dir = mkdtempSync(join(tmpdir(), 'anomalies-'))
        const clock = new ManualClock()
        const log = openSqliteEventLog({ dir, clock, projections: [anomalyIndex] })
        try {
          for (const one of deeds) await happen(log, clock, one)
          assert.deepEqual(log.rebuild({ replace: false }).differing, [])
          const positions = [...new Set(erased)].filter((at) => at < deeds.length).map((at) => at + 1)
          if (positions.length > 0) await log.erase({ positions }, { actor: 'test', reason: 'a test' })
          assert.deepEqual(log.rebuild({ replace: false }).differing, [])
        } finally {
          await log.close()
          rmSync(dir, { recursive: true })
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('what is erased leaves numbers, and nobody', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'anomalies-'))
  const clock = new ManualClock()
  const log = openSqliteEventLog({ dir, clock, projections: [anomalyIndex] })
  const decided = { run: 1, kind: 'policy.decided', agent: 0, people: [1, 2], number: 4, passes: 0 }
  await happen(log, clock, decided)
  const hours = () => log.tables.all('SELECT * FROM anomalies_hours').map((row) => ({ ...row }))
  const before = hours()
  assert.equal(before[0]?.recipients, 2)
  await log.erase({ positions: [1] }, { actor: 'test', reason: 'a test' })
  assert.deepEqual(hours(), before)
  assert.deepEqual(log.tables.all('SELECT * FROM anomalies_recipients'), [])
  await log.close()
  rmSync(dir, { recursive: true })
})
