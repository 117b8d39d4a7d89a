import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, type Json, toJson } from './json.ts'

/** What the journal gives back. */
function stored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

test('a value is the same live and from the journal', () => {
  fc.assert(
    fc.property(fc.object({ withNullPrototype: true, withSparseArray: true }), (value) => {
      let json: Json
      try {
        json = toJson(value)
      } catch {
        return
      }
      assert.deepEqual(json, stored(json))
    }),
  )
})

test('plain JSON comes through unchanged, and as a copy', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(toJson(value), stored(value))
    }),
  )
  const inner = { list: [1] }
  const copy = toJson({ inner }) as { inner: { list: number[] } }
  inner.list.push(2)
  assert.deepEqual(copy, { inner: { list: [1] } })
})

test('what JSON leaves out is left out at once', () => {
  assert.equal(toJson(undefined), null)
  assert.deepEqual(toJson({ a: undefined, b: [undefined, 1] }), { b: [null, 1] })
  assert.deepEqual(toJson(new Array(1)), [null])
  assert.ok(Object.is(toJson(-0), 0))
})

test('an object is asked for its JSON', () => {
  assert.equal(toJson(new URL('https://example.com/')), 'https://example.com/')
  assert.deepEqual(toJson({ toJSON: () => ({ a: 1 }) }), { a: 1 })
  assert.deepEqual(toJson({ toJSON: 'a field' }), { toJSON: 'a field' })
})

test('a key `__proto__` is data', () => {
  const value = toJson(JSON.parse('{"__proto__": {"admin": true}}')) as object
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal((value as { admin?: boolean }).admin, undefined)
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

for (const [what, value] of [
  ['a Date', new Date(0)],
  ['a Map', new Map()],
  ['a Set', new Set()],
  ['a bigint', 1n],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['binary data', new Uint8Array(1)],
  ['a cycle', cycle],
  ['a promise', Promise.resolve(1)],
  ['an Error', new Error('lost')],
  ['a RegExp', /a/],
] as const) {
  test(`${what} is refused, with its path`, () => {
    assert.throws(() => toJson({ list: [value] }, 'result'), {
      code: 'VALUE_NOT_JSON',
      message: /^result\.list\[0\]/,
    })
  })
}

test('where it is and what to do is said', () => {
  assert.throws(() => toJson({ at: new Date(0) }), {
    details: { path: 'value.at' },
    fix: /toISOString.*so that a replay sees the same value/,
  })
})

test('the path goes through what gives its own JSON, which may not be itself', () => {
  assert.throws(() => toJson({ a: { toJSON: () => ({ at: [new Date(0)] }) } }), {
    details: { path: 'value.a.at[0]' },
  })
  const own = { toJSON: () => own }
  assert.throws(() => toJson([own]), { message: /^value\[0\] is a cycle/ })
})

test('what is nested too deep is refused, not the end of the stack', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 1
    for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { value }
    return value
  }
  assert.deepEqual(toJson(nested(500)), nested(500))
  for (const depth of [501, 100_000]) {
    assert.throws(() => toJson(nested(depth), 'result'), {
      code: 'VALUE_NOT_JSON',
      message: /^result is nested more than 500 deep/,
    })
  }
})

test('the same object twice is no cycle', () => {
  const twice = { n: 1 }
  assert.deepEqual(toJson([twice, twice]), [{ n: 1 }, { n: 1 }])
})

test('equal values have equal canonical texts, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse())
      assert.equal(canonicalJson(toJson(turned)), canonicalJson(toJson(value)))
      assert.deepEqual(JSON.parse(canonicalJson(toJson(value))), stored(value))
    }),
  )
})
