import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from './json.ts'
import { diffJson, patchJson } from './json-patch.ts'

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>
const text = (value: Json): string => JSON.stringify(value)

test('the patched value is the next one, field by field and in order', () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const was = text(before)
      assert.equal(text(patchJson(before, JSON.parse(text(diffJson(before, after) as Json)))), text(after))
      assert.equal(text(before), was)
    }),
    { numRuns: 500 },
  )
})

test('values that share most of their fields differ by little', () => {
  const shared = fc.record({ kept: json, a: json, list: fc.array(json) }, { requiredKeys: ['kept'] })
  fc.assert(
    fc.property(shared, shared, (before, next) => {
      const after = { ...next, kept: before.kept }
      const patch = diffJson(before as Json, after as Json)
      assert.equal(text(patchJson(before as Json, patch)), text(after as Json))
    }),
  )
  assert.deepEqual(diffJson({ n: 1, mails: ['a', 'b'], old: 1 }, { n: 2, mails: ['a', 'b', 'c'] }), [
    [['old']],
    [['n'], 2],
    [['mails', 2], 'c'],
  ])
  assert.deepEqual(diffJson([1, 2, 3], [1]), [[[2]], [[1]]])
  assert.deepEqual(diffJson({ a: 1 }, { a: 1 }), [])
})

test('a field named like the prototype is a field', () => {
  const before = JSON.parse('{"a":{}}') as Json
  const after = JSON.parse('{"a":{"__proto__":{"x":1}}}') as Json
  const patched = patchJson(before, diffJson(before, after))
  assert.equal(text(patched), text(after))
  assert.equal(({} as { x?: number }).x, undefined)
})
