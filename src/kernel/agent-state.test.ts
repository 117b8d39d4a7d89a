import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Carrier, carry, foldState, labelAfter, type SinceWhole, SNAPSHOT_RULE } from './agent-state.ts'
import type { StoredEvent } from './event.ts'
import type { Json, JsonObject } from './json.ts'
import { externalFrom, type Label, SYSTEM } from './label.ts'

const rule = { everyEvents: 5, everyBytes: 200 }
const large = (n: number): Json => ({ text: 'x'.repeat(600), n })
const none: SinceWhole = { events: 0, bytes: 0 }

function handled(body: JsonObject | null, version = 1, label: Label = SYSTEM): StoredEvent {
  const kind = 'agent.handled'
  const header = { position: version, stream: 'agent/a/k', version, time: 1_000, actor: 'agent:a' }
  return { ...header, kind, cause: null, correlation: null, label, body }
}

const isPatch = (carrier: Carrier): boolean => 'patch' in carrier

test('a large state that changes a little is carried by a patch, which adds up', () => {
  const { carrier, since } = carry({ state: large(1), since: { events: 2, bytes: 100 } }, large(2), 1, rule)
  assert.deepEqual(carrier, { patch: [[['n'], 2]] })
  assert.deepEqual(since, { events: 3, bytes: 100 + JSON.stringify([[['n'], 2]]).length })
})

test('it is carried whole at first, when it is small, when it is mostly new, and now and then', () => {
  const whole = (before: Parameters<typeof carry>[0], after: Json, count = 1): void => {
    assert.deepEqual(carry(before, after, count, rule), { carrier: { state: after }, since: none })
  }
  whole(null, large(1))
  whole({ state: 1, since: none }, 2)
  whole({ state: 'a'.repeat(600), since: none }, 'b'.repeat(600))
  whole({ state: large(1), since: { events: 3, bytes: 0 } }, large(2), 2)
  whole({ state: large(1), since: { events: 0, bytes: 195 } }, large(2))
})

test('the limits are met exactly', () => {
  const text = (units: number): Json => ({ n: 1, text: 'x'.repeat(units - '{"n":1,"text":""}'.length) })
  const before = (units: number) => ({ state: { ...(text(units) as JsonObject), n: 2 }, since: none })
  assert.ok(!isPatch(carry(before(512), text(512), 1, rule).carrier), 'no more than 512 units are small')
  assert.ok(isPatch(carry(before(513), text(513), 1, rule).carrier))
  const patchSize = JSON.stringify([[['n'], 2]]).length
  const at = (events: number, bytes: number) =>
    isPatch(carry({ state: large(1), since: { events, bytes } }, large(2), 1, rule).carrier)
  assert.deepEqual([at(3, 0), at(4, 0)], [true, false])
  assert.deepEqual([at(0, 199 - patchSize), at(0, 200 - patchSize)], [true, false])
  const halves = { kept: 'k'.repeat(300), changed: 'a'.repeat(200) }
  const size = JSON.stringify(halves).length
  const patch = (length: number) => JSON.stringify([[['changed'], 'b'.repeat(length)]]).length
  const changed = (length: number) => ({ kept: halves.kept, changed: 'b'.repeat(length) })
  const equal = Array.from({ length: 400 }, (_, i) => i).find(
    (length) => patch(length) * 2 === size - 200 + length,
  )
  assert.ok(equal !== undefined)
  const generous = { everyEvents: 9, everyBytes: 9_999 }
  const carried = (length: number) =>
    carry({ state: halves, since: none }, changed(length), 1, generous).carrier
  assert.ok(!isPatch(carried(equal)), 'a patch of half the size saves too little')
  assert.ok(isPatch(carried(equal - 1)))
})

test('however a state was carried, it comes back', () => {
  const state = fc.record(
    { pad: fc.constantFrom('', 'x'.repeat(700)), n: fc.integer(), list: fc.array(fc.nat()) },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(state, fc.integer({ min: 1, max: 3 })), { minLength: 1 }), (states) => {
      let before: { state: Json; since: SinceWhole } | null = null
      const events: StoredEvent[] = []
      for (const [after, count] of states) {
        const { carrier, since } = carry(before, after, count, rule)
        assert.ok(since.events < rule.everyEvents && since.bytes < rule.everyBytes)
        events.push(handled({ ...carrier, version: 4, count }, events.length + 1))
        before = { state: after, since }
        const more = { agentVersion: 4, label: SYSTEM, externalSince: null }
        assert.deepEqual(foldState(events), { ...before, ...more })
      }
    }),
  )
})

test('events of other kinds leave no state', () => {
  assert.equal(foldState([]), null)
  assert.equal(foldState([{ ...handled({ state: 1 }), kind: 'agent.paused' }]), null)
})

test('a state whose parts were erased is erased until a whole one comes', () => {
  const whole = handled({ state: { n: 1 }, version: 1 })
  const patch = handled({ patch: [[['n'], 2]], count: 1, version: 1 })
  assert.equal(foldState([handled(null)]), 'erased')
  assert.equal(foldState([patch]), 'erased')
  assert.equal(foldState([whole, handled(null), patch]), 'erased')
  const mail = externalFrom('mail:m-1')
  assert.deepEqual(foldState([handled(null), patch, handled({ state: null, version: 2 }, 3, mail)]), {
    state: null,
    agentVersion: 2,
    label: mail,
    since: none,
    externalSince: 3,
  })
})

test('a state names its sources, until they are so many that it is itself the source', () => {
  const sources = (count: number) =>
    Array.from({ length: count }, (_, i) => `mail:${String(i).padStart(2, '0')}`)
  const label: Label = { trust: 'external', sources: sources(15), readers: ['owner'] }
  assert.deepEqual(labelAfter(label, externalFrom('mail:15'), 'agent:a').sources, sources(16))
  const many = { ...label, sources: sources(16) }
  assert.deepEqual(labelAfter(many, externalFrom('mail:16'), 'agent:a'), { ...label, sources: ['agent:a'] })
})

test('unless it is said otherwise, a state is whole every 100 events or 64 KiB', () => {
  assert.deepEqual(SNAPSHOT_RULE, { everyEvents: 100, everyBytes: 65_536 })
})

test('since when it is from outside is kept; where records of before do not say, since the first that is', () => {
  const mail = externalFrom('mail:m-1')
  const sinceOf = (...events: StoredEvent[]) => {
    const state = foldState(events)
    return state === null || state === 'erased' ? state : state.externalSince
  }
  const whole = { version: 1, state: large(1) }
  const patch = { version: 1, count: 1, patch: [[['n'], 2]] }
  assert.equal(sinceOf(handled(whole, 10)), null)
  assert.equal(sinceOf(handled({ ...whole, externalSince: 4 }, 10, mail)), 4)
  assert.equal(sinceOf(handled(whole, 10), handled({ ...patch, externalSince: 4 }, 11, mail)), 4)
  const old = [handled(whole, 10), handled(patch, 11, mail), handled(whole, 12, mail)]
  assert.equal(sinceOf(...old), 11)
  assert.equal(sinceOf(...old, handled({ ...whole, externalSince: 11 }, 13, mail)), 11)
})
