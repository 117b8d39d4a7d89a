import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNote, noteKey } from './note.ts'

test('notes are told apart by their kind and what they are about, not by what they say of it', () => {
  const subjects = [
    { kind: 'graph.started', body: { graph: 'g' } },
    { kind: 'graph.started', body: { graph: 'h' } },
    { kind: 'node.ended', body: { graph: 'g', node: 'a' } },
    { kind: 'node.ended', body: { graph: 'g', node: 'b' } },
    { kind: 'node.ended', body: { graph: 'h', node: 'a' } },
    { kind: 'patch.noted', body: { patch: 'p' } },
    { kind: 'patch.noted', body: { patch: 'q' } },
  ] as const
  assert.equal(new Set(subjects.map(noteKey)).size, subjects.length)
  for (const { kind, body } of subjects) {
    assert.equal(noteKey({ kind, body: { ...body, state: 'done' } }), noteKey({ kind, body }))
  }
})

test('only the kinds of notes are notes', () => {
  assert.deepEqual(['graph.started', 'step.completed', 'toString'].map(isNote), [true, false, false])
})
