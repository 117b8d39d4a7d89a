import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from './json.ts'
import { subjectsOf } from './subjects.ts'

test('the single values within a value are what it is about', () => {
  const cases: [Json, Json[]][] = [
    ['ada@ek.example', ['ada@ek.example']],
    [5, [5]],
    [false, [false]],
    [null, []],
    [
      ['a', ['b', null]],
      ['a', 'b'],
    ],
    [{ to: 'a', amounts: [1, 2], nobody: null }, ['a', 1, 2]],
  ]
  for (const [value, subjects] of cases) assert.deepEqual(subjectsOf(value), subjects, JSON.stringify(value))
})

test('a name beside an address decides nothing; any other does', () => {
  assert.deepEqual(subjectsOf({ name: 'Ada', address: 'ada@ek.example' }), ['ada@ek.example'])
  assert.deepEqual(subjectsOf([{ name: 'Ada <eve@evil.example>', address: 'ada@ek.example' }]), [
    'ada@ek.example',
  ])
  assert.deepEqual(subjectsOf({ name: 'Ada', amount: 5 }), ['Ada', 5])
  assert.deepEqual(subjectsOf({ name: 'Ada', address: null }), ['Ada'])
  assert.deepEqual(subjectsOf({ name: 'Eve', address: 'Road 1, Ada' }), ['Eve', 'Road 1, Ada'])
  assert.deepEqual(subjectsOf({ name: ['Eve'], address: 'ada@ek.example' }), ['Eve', 'ada@ek.example'])
  assert.deepEqual(subjectsOf({ address: 'ada@ek.example', cc: 'eve@evil.example' }), [
    'ada@ek.example',
    'eve@evil.example',
  ])
})

test('a text with one address in angle brackets is about the address', () => {
  for (const text of ['Ada <ada@ek.example>', '<ada@ek.example>', 'Ada E. King <ada@ek.example>  '])
    assert.deepEqual(subjectsOf(text), ['ada@ek.example'], text)
})

test('a text that may be read as more than one address stays as it is', () => {
  for (const text of [
    'eve@evil.example, Ada <ada@ek.example>',
    'eve@evil.example; <ada@ek.example>',
    'eve@evil.example <ada@ek.example>',
    '<eve@evil.example> <ada@ek.example>',
    'Ada <ada@ek.example>, eve@evil.example',
    'Ada <ada@ek.example> eve',
    'Ada <ada@ek.example, eve@evil.example>',
    'Ada <ada @ek.example>',
    'Ada <ada@ek.example >',
    'Ada <ada@ek. example>',
    'Ada <ada@>',
    'Ada <@ek.example>',
    'Ada <ada>',
    'Ada > <ada@ek.example>',
  ])
    assert.deepEqual(subjectsOf(text), [text], text)
})
