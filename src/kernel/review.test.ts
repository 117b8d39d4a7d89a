import assert from 'node:assert/strict'
import { test } from 'node:test'
import { externalFrom, SYSTEM } from './label.ts'
import {
  editOf,
  expiryOf,
  type FieldKind,
  fieldsOf,
  isOwnersWord,
  LONGEST_LOOK_MS,
  lookMs,
  misfit,
  type Risk,
  typed,
} from './review.ts'

const RISK: Risk = {
  operation: 'shop.hold',
  effect: 'reversible',
  hasUndo: true,
  criticalArguments: [],
  dataClass: null,
}

test('fields have the kind of their values, unless the workflow says another', () => {
  const proposal = { a: 'x', b: 'x\ny', c: 1, d: true, e: null, f: ['x'], g: 'x' }
  const fields = fieldsOf(proposal, { g: { options: ['x'] }, a: { kind: 'address' } }, () => SYSTEM)
  assert.deepEqual(
    fields.map(({ kind }) => kind),
    ['address', 'long-text', 'number', 'boolean', 'json', 'json', 'choice'],
  )
  assert.ok(fields.every(({ editable }) => editable))
  assert.deepEqual(fields[6]?.options, ['x'])
})

test('a field has the label of the operation that it is from', () => {
  const labelOf = (from: string | null) => (from === 'mail' ? externalFrom('mail:1') : SYSTEM)
  const fields = fieldsOf({ a: 1, b: 2 }, { a: { from: 'mail', title: 'A', editable: false } }, labelOf)
  assert.deepEqual(fields[0]?.label, externalFrom('mail:1'))
  assert.deepEqual([fields[0]?.title, fields[0]?.editable, fields[0]?.from], ['A', false, 'mail'])
  assert.deepEqual([fields[1]?.label, fields[1]?.title, fields[1]?.from], [SYSTEM, 'b', null])
})

test('a value fits its kind or not', () => {
  const fits = (kind: FieldKind, value: never | unknown, options: string[] | null = null) =>
    misfit({ kind, options }, value as never) === null
  for (const [kind, good, bad] of [
    ['text', 'x', 1],
    ['long-text', 'x\ny', null],
    ['number', 1, '1'],
    ['boolean', false, 'false'],
    ['address', 'ada@ek.example', 'ada'],
    ['address', 'ada@ek.example', 'Ada <ada@ek.example>'],
    ['address', 'ada@ek.example', 'ada@ek.example, eve@evil.example'],
    ['date', '2026-03-01', '1 March'],
    ['date', '2026-03-01T09:30:00Z', '2026-13-01'],
  ] as const) {
    assert.ok(fits(kind, good), `${kind}: ${good}`)
    assert.ok(!fits(kind, bad), `${kind}: ${bad}`)
  }
  assert.ok(fits('json', { any: ['thing'] }))
  assert.ok(fits('choice', 'a', ['a', 'b']))
  assert.ok(!fits('choice', 'c', ['a', 'b']))
  assert.ok(!fits('choice', 'c'))
})

test('what is typed is read by the kind', () => {
  assert.equal(typed('number', ' 12 '), 12)
  assert.equal(typed('number', 'twelve'), 'twelve')
  assert.equal(typed('boolean', 'true'), true)
  assert.deepEqual(typed('json', '{"a":1}'), { a: 1 })
  assert.equal(typed('text', '12'), '12')
})

test('silence approves only what can be undone, and where nothing looks wrong', () => {
  const becomes = (risk: Risk | null, warnings = 0) => expiryOf('approve', risk, warnings).becomes
  assert.equal(becomes(RISK), 'approve')
  assert.equal(becomes({ ...RISK, effect: 'read', hasUndo: false }), 'approve')
  assert.equal(becomes({ ...RISK, hasUndo: false }), 'escalate')
  assert.equal(becomes({ ...RISK, effect: 'external' }), 'escalate')
  assert.equal(becomes({ ...RISK, effect: 'irreversible' }), 'escalate')
  assert.equal(becomes(null), 'escalate')
  assert.equal(becomes(RISK, 1), 'escalate')
  for (const other of ['keep', 'escalate', 'reject'] as const)
    assert.deepEqual(expiryOf(other, null, 1), { becomes: other, why: null })
})

test('a look counts for ten minutes at most, and is shared by what was shown together', () => {
  assert.equal(lookMs(1_000, 61_000, 1), 60_000)
  assert.equal(lookMs(0, 61_000, 2), 30_500)
  assert.equal(lookMs(0, 10 * LONGEST_LOOK_MS, 1), LONGEST_LOOK_MS)
  assert.equal(lookMs(5, 0, 1), 0)
})

test('only the operator’s yes is the owner’s word', () => {
  assert.ok(isOwnersWord('approved', 'cli'))
  assert.ok(isOwnersWord('edited', 'program'))
  assert.ok(!isOwnersWord('rejected', 'cli'))
  assert.ok(!isOwnersWord('responded', 'cli'))
  for (const way of ['rule', 'expiry', 'autonomy']) assert.ok(!isOwnersWord('approved', way), way)
})

test('an edit is told field by field and as a whole', () => {
  assert.deepEqual(editOf({ a: 'x y', b: 1 }, { a: 'x z', b: 1 }), { edits: { a: 0.5 }, distance: 0.25 })
  assert.deepEqual(editOf({ a: 1 }, { a: 1 }), { edits: {}, distance: 0 })
})
