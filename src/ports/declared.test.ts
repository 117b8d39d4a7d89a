/** What a manifest may say, and what is made of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type Connector, defineConnector, type Operation } from './connector.ts'

/** With `parts` as plain JavaScript would give them. */
function define(parts: Record<string, unknown> = {}): Connector {
  const whole = { manifest: {}, input: z.any(), output: z.any(), perform: async () => null, ...parts }
  return defineConnector({ name: 'books', operations: { enter: whole as unknown as Operation } })
}

describe('an operation that says it is reversible', () => {
  test('is refused without an undo: nothing would take back what passes where what leaves is asked about', () => {
    assert.throws(() => define({ manifest: { effect: 'reversible' } }), {
      code: 'INPUT_INVALID',
      message: 'books.enter is declared reversible, and has no undo',
      details: { operation: 'books.enter', field: 'effect' },
      fix: /Give it an `undo`, or say `external` or `irreversible`/,
    })
  })

  test('is taken with one, and what says nothing of itself is irreversible, whatever it has', () => {
    const undo = async () => {}
    const { manifest } = define({ manifest: { effect: 'reversible' }, undo }).operations.enter ?? {}
    assert.deepEqual([manifest?.effect, manifest?.hasUndo], ['reversible', true])
    assert.equal(define({ undo }).operations.enter?.manifest.effect, 'irreversible')
  })
})
