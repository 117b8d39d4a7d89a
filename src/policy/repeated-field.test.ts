import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { repeatedField } from './repeated-field.ts'

for (const [text, name] of [
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['[{"a":{"b":1, "c":[], "b" :2}}]', 'b'],
  ['{"":1,"":1}', ''],
  ['{"a":{"a":1},"b":[{"a":1},{"a":1},"a","a"]}', null],
  [String.raw`{"a":"{\"a\":","b":"a","c":"\\"}`, null],
  ['"a"', null],
] as const) {
  test(`${text}: ${name}`, () => assert.equal(repeatedField(text), name))
}

test('what was written by a program has none, and is found where one is put in', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
      const text = JSON.stringify(object)
      assert.equal(repeatedField(text), null)
      const [name = ''] = Object.keys(object)
      assert.equal(repeatedField(`${text.slice(0, -1)},${JSON.stringify(name)}:null}`), name)
    }),
  )
})
