import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SYSTEM } from '../../kernel/label.ts'
import { SAMPLE_OWNER } from '../server/sample.ts'
import { createWorkspace, openWorkspace } from '../workspace.ts'
import { anomalies, anomalyLift } from './anomalies.ts'

const io = { progress() {}, note() {}, emit: async () => {}, signal: new AbortController().signal }
const LEADS = 'lead-qualification'

test('what was found is listed and lifted, also by the next process', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'anomalies-'))
  t.after(() => rm(dir, { recursive: true }))
  await createWorkspace(dir, SAMPLE_OWNER)
  const first = await openWorkspace({ dir, env: {} })
  const none = await anomalies.run(first, { all: false, normal: true }, io)
  assert.deepEqual([none.anomalies, none.quarantined, none.normal], [[], [], []])
  const found = { anomaly: 'a-00000001', agent: LEADS, severity: 'quarantine', measure: 'recipients' }
  const numbers = { what: null, seen: 10, of: 1, expected: 0, limit: 10, excess: 5.2, samples: 14 }
  const body = { ...found, ...numbers, from: 0, to: 86_400_000, reason: 'as on record' }
  const event = { kind: 'anomaly.found', actor: 'autonomy', label: SYSTEM, body }
  await first.log.append([{ stream: `anomaly/${LEADS}`, expectedVersion: 'any', events: [event] }])
  await first.close()

  const workspace = await openWorkspace({ dir, env: {} })
  t.after(() => workspace.close())
  const shown = await anomalies.run(workspace, { all: false, normal: false }, io)
  assert.deepEqual([shown.quarantined, shown.normal, shown.windowMs], [[LEADS], null, 86_400_000])
  assert.deepEqual(
    shown.anomalies.map(({ id, seen, expected }) => [id, seen, expected]),
    [['a-00000001', 10, 0]],
  )
  const of = async (agent: string) =>
    (await anomalies.run(workspace, { agent, all: true, normal: false }, io)).anomalies
  assert.equal((await of('others')).length, 0)
  const [lifted] = await anomalyLift.run(workspace, { agent: LEADS, reason: 'a fair' }, io)
  assert.equal(lifted?.liftedBecause, 'a fair')
  assert.equal((await anomalies.run(workspace, { all: false, normal: false }, io)).anomalies.length, 0)
  assert.equal((await of(LEADS)).length, 1)
  await assert.rejects(anomalyLift.run(workspace, { agent: LEADS, reason: '' }, io), {
    code: 'ANOMALY_NOT_FOUND',
  })
})
