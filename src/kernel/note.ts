/**
 * A note is a fact that the code of a run makes known and waits for no outcome of: the shape of a graph, the
 * end of one of its nodes, a patch that it has. It is on record before whatever the run does next.
 */
import type { JsonObject } from './json.ts'

export interface Note {
  readonly kind: 'graph.started' | 'node.ended' | 'patch.noted'
  readonly body: JsonObject
}

/** The fields by which two notes of one kind are told apart. */
const SUBJECT: Readonly<Record<Note['kind'], readonly string[]>> = {
  'graph.started': ['graph'],
  'node.ended': ['graph', 'node'],
  'patch.noted': ['patch'],
}

export function isNote(kind: string): kind is Note['kind'] {
  return Object.hasOwn(SUBJECT, kind)
}

/** The same for a note that a replay makes again. */
export function noteKey({ kind, body }: Note): string {
  return JSON.stringify([kind, ...SUBJECT[kind].map((field) => body[field] ?? null)])
}
