import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeLabel, encodeLabel, externalFrom, joinLabels, type Label, OWNER, SYSTEM } from './label.ts'

const RANK = { external: 0, system: 1, owner: 2 }
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')).map((list) => list.sort())
const label: fc.Arbitrary<Label> = fc.record(
  {
    trust: fc.constantFrom('owner', 'system', 'external'),
    sources: names,
    readers: fc.option(names),
  },
  { noNullPrototype: true },
)

test('joining lowers trust, widens the sources and narrows the readers', () => {
  fc.assert(
    fc.property(label, label, (a, b) => {
      const joined = joinLabels(a, b)
      assert.equal(RANK[joined.trust], Math.min(RANK[a.trust], RANK[b.trust]))
      assert.deepEqual(new Set(joined.sources), new Set([...a.sources, ...b.sources]))
      const mayRead = ({ readers }: Label, reader: string): boolean => readers?.includes(reader) ?? true
      for (const reader of ['a', 'b', 'c', 'd', 'anybody']) {
        assert.equal(mayRead(joined, reader), mayRead(a, reader) && mayRead(b, reader))
      }
    }),
  )
})

test('joining is a semilattice: in any order and grouping, however often', () => {
  fc.assert(
    fc.property(label, label, label, (a, b, c) => {
      assert.deepEqual(joinLabels(a, b), joinLabels(b, a))
      assert.deepEqual(joinLabels(joinLabels(a, b), c), joinLabels(a, joinLabels(b, c)))
      assert.deepEqual(joinLabels(a, a), a)
    }),
  )
})

test('a label comes back from its stored form', () => {
  fc.assert(fc.property(label, (one) => assert.deepEqual(decodeLabel(encodeLabel(one)), one)))
  assert.equal(encodeLabel(SYSTEM), 'system')
  assert.equal(encodeLabel(OWNER), 'owner')
  const nowhere: Label = { trust: 'external', sources: [], readers: null }
  for (const one of [SYSTEM, OWNER, nowhere]) assert.deepEqual(decodeLabel(one.trust), one)
})

test('what would not come back is no label', () => {
  for (const odd of [
    null,
    5,
    {},
    { ...SYSTEM, trust: 'internal' },
    { ...SYSTEM, trust: 'toString' },
    { ...SYSTEM, trust: undefined },
    { ...SYSTEM, sources: 'mail' },
    { ...SYSTEM, sources: ['mail', 5] },
    { ...SYSTEM, readers: undefined },
    { ...SYSTEM, readers: [null] },
  ]) {
    const isRefused = {
      code: 'INPUT_INVALID',
      message: /^A label can't have (the trust|these sources and readers)/,
    }
    assert.throws(() => encodeLabel(odd as Label), isRefused)
  }
  const wrong = { ...SYSTEM, trust: 'internal' } as unknown as Label
  assert.throws(() => encodeLabel(wrong), { message: "A label can't have the trust internal" })
})

test('what came from outside names its source', () => {
  assert.deepEqual(externalFrom('mail:m-1').sources, ['mail:m-1'])
})

test('the owner’s word next to a mail is no longer the owner’s word', () => {
  assert.equal(joinLabels(OWNER, externalFrom('mail:m-1')).trust, 'external')
})
