import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { commitHashInput, GENESIS_HASH, headerText, natureText, type StoredEvent } from './event.ts'
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

function header(fields: Partial<StoredEvent>, label: string): string {
  const given = { ...event, ...fields }
  return headerText(given, natureText(given, label), 'abc')
}

test('the text of a header stays what the commits on record were hashed by', () => {
  assert.equal(header({}, 'system'), '7 2 1000 - 5:run/r14:step.completed8:operator6:system-abc\n')
  assert.equal(
    header({ cause: 3, correlation: 'r' }, 'system'),
    '7 2 1000 3 5:run/r14:step.completed8:operator6:system1:rabc\n',
  )
  assert.equal(commitHashInput(GENESIS_HASH, 'x\n'), `${'0'.repeat(64)}\nx\n`)
})

test('two headers that differ in any field have different texts', () => {
  const text = fc.constantFrom('', 'a', '1', '1:a', 'aa', '-', ' ')
  const id = fc.option(fc.integer({ min: 1, max: 3 }))
  const headers = fc.record({
    stream: text,
    kind: text,
    actor: text,
    correlation: fc.option(text),
    cause: id,
  })
  fc.assert(
    fc.property(headers, headers, text, text, (a, b, one, other) => {
      const isSame = one === other && JSON.stringify(a) === JSON.stringify(b)
      assert.equal(header(a, one) === header(b, other), isSame)
    }),
    { numRuns: 1_000 },
  )
})

test('what is no text does not get into a header', () => {
  for (const field of ['kind', 'actor', 'stream', 'correlation']) {
    assert.throws(() => header({ [field]: 5 }, 'system'), {
      code: 'INPUT_INVALID',
      message: "5 can't stand in the header of an event: it is no text",
    })
  }
})
