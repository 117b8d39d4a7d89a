import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import { externalFrom, SYSTEM } from '../kernel/label.ts'
import { openHoldfast } from '../sdk.ts'
import { type CloudEvent, toCloudEvent } from './cloud-events.ts'
import { anyWorkflow, withWorkspace } from './testing/workspace.ts'

const event: StoredEvent = {
  position: 7,
  stream: 'run/o-1',
  version: 2,
  kind: 'step.completed',
  time: Date.UTC(2026, 10, 23, 0, 24, 5, 123),
  actor: 'workflow:order',
  cause: 6,
  correlation: 'o-1',
  label: externalFrom('mail:m-1'),
  body: { name: 'count', result: 1 },
}

/** The rules of CloudEvents 1.0.2 and its JSON format that a producer must keep. */
function assertCloudEvent(given: CloudEvent): void {
  const { data, ...attributes } = JSON.parse(JSON.stringify(given)) as Record<string, unknown>
  for (const name of ['id', 'source', 'specversion', 'type']) {
    assert.ok(typeof attributes[name] === 'string' && attributes[name] !== '', `${name} is required`)
  }
  assert.equal(attributes.specversion, '1.0')
  assert.doesNotThrow(() => new URL(String(attributes.source)), 'source is a URI')
  assert.match(String(attributes.type), /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/)
  assert.match(String(attributes.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
  assert.notEqual(attributes.subject, '')
  if (data === undefined) assert.equal(attributes.datacontenttype, undefined)
  else assert.equal(attributes.datacontenttype, 'application/json')
  for (const [name, value] of Object.entries(attributes)) {
    assert.match(name, /^[a-z0-9]{1,20}$/, 'names have small letters and digits only, at most 20')
    const isInteger = Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
    assert.ok(isInteger || typeof value === 'string' || typeof value === 'boolean', `type of ${name}`)
  }
}

test('an event has the required attributes, and its own as extensions', () => {
  const cloudEvent = toCloudEvent(event, '7a21cd1b')
  assertCloudEvent(cloudEvent)
  assert.deepEqual(cloudEvent, {
    specversion: '1.0',
    id: '7',
    source: 'urn:holdfast:7a21cd1b',
    type: 'holdfast.step.completed',
    subject: 'run/o-1',
    time: '2026-11-23T00:24:05.123Z',
    position: 7,
    streamversion: 2,
    actor: 'workflow:order',
    trust: 'external',
    sources: 'mail:m-1',
    causeposition: 6,
    correlation: 'o-1',
    datacontenttype: 'application/json',
    data: { name: 'count', result: 1 },
  })
})

test('what there is not is left out, not null', () => {
  const label = { ...SYSTEM, readers: ['operator', 'accountant'] }
  const cloudEvent = toCloudEvent({ ...event, cause: null, correlation: null, label }, '7a21cd1b')
  assertCloudEvent(cloudEvent)
  const present = Object.keys(cloudEvent)
  for (const name of ['causeposition', 'correlation', 'sources']) assert.ok(!present.includes(name))
  assert.equal(cloudEvent.readers, 'operator accountant')
})

test('an erased body is said to be erased, and has no data', () => {
  const cloudEvent = toCloudEvent({ ...event, body: null }, '7a21cd1b')
  assertCloudEvent(cloudEvent)
  assert.equal(cloudEvent.erased, true)
  assert.ok(!('data' in cloudEvent) && !('datacontenttype' in cloudEvent))
})

test('every event of a real log passes', () =>
  withWorkspace(
    (dir) =>
      openHoldfast({ dir, workflows: [anyWorkflow('w', async (ctx) => await ctx.step('s', () => 1))] }),
    async (hf) => {
      await hf.start(
        anyWorkflow('w', async () => 0),
        null,
        { id: 'r' },
      )
      await hf.idle()
      await hf.log.erase({ positions: [1] }, { actor: 'operator', reason: 'asked for' })
      const all = [...hf.log.read()].map((one) => toCloudEvent(one, hf.log.id))
      assert.ok(all.length >= 4)
      all.forEach(assertCloudEvent)
    },
  ))
