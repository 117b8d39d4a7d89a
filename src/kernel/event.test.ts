import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { commitHashInput, GENESIS_HASH, headerText } from './event.ts'
import { SYSTEM } from './label.ts'

const event = {
  position: 7,
  stream: 'run/r',
  version: 2,
  kind: 'step.completed',
  time: 1_000,
  actor: 'operator',
  cause: null,
  correlation: null,
  label: SYSTEM,
}

test('the text of a header stays what the commits on record were hashed by', () => {
  assert.equal(
    headerText(event, 'system', 'abc'),
    '7 2 1000 - 5:run/r14:step.completed8:operator6:system-abc\n',
  )
  assert.equal(
    headerText({ ...event, cause: 3, correlation: 'r' }, 'system', 'abc'),
    '7 2 1000 3 5:run/r14:step.completed8:operator6:system1:rabc\n',
  )
  assert.equal(commitHashInput(GENESIS_HASH, 'x\n'), `${'0'.repeat(64)}\nx\n`)
})

test('two headers that differ in any field have different texts', () => {
  const text = fc.constantFrom('', 'a', '1', '1:a', 'aa', '-', ' ')
  const id = fc.option(fc.integer({ min: 1, max: 3 }))
  const header = fc.record({ stream: text, kind: text, actor: text, correlation: fc.option(text), cause: id })
  const of = (fields: object, label: string): string => headerText({ ...event, ...fields }, label, 'abc')
  fc.assert(
    fc.property(header, header, text, text, (a, b, one, other) => {
      const isSame = one === other && JSON.stringify(a) === JSON.stringify(b)
      assert.equal(of(a, one) === of(b, other), isSame)
    }),
    { numRuns: 1_000 },
  )
})
