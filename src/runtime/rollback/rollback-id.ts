/** The workflow that undoes what a run did, by name: what it does is in `rollback-workflow.ts`. */
import type { Json } from '../../kernel/json.ts'
import type { Schema } from '../../kernel/schema.ts'
import { defineWorkflow, type Rollback, type Workflow } from '../../kernel/workflow.ts'

export interface RollbackInput {
  /** Whose effects are undone, with those of the runs that it has called. */
  readonly run: string
}

const PREFIX = 'rollback/'

/** One run is rolled back by one run, however often that is asked for. */
export function rollbackId(run: string): string {
  return PREFIX + run
}

export function isRollback(run: string): boolean {
  return run.startsWith(PREFIX)
}

/** The run that is rolled back by this one. */
export function rolledBackBy(rollback: string): string {
  return rollback.slice(PREFIX.length)
}

/** To start it by; the runtime has it registered with its code. */
export const ROLLBACK: Workflow<RollbackInput, Rollback> = defineWorkflow({
  name: 'holdfast.rollback',
  version: 1,
  input: objectWith<RollbackInput>('run'),
  output: objectWith<Rollback>('undone'),
  run: () => Promise.reject(new Error('the runtime has its own')),
})

function objectWith<T>(field: string): Schema<T> {
  const validate = (value: unknown) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, field)
      ? { value: value as T }
      : { issues: [{ message: `has no ${field}`, path: [field] }] }
  return { '~standard': { version: 1, vendor: 'holdfast', validate } }
}

/** What an undo is asked for with: whose effect it is, what it was given and what it gave. */
export interface UndoInput {
  readonly of: { readonly run: string; readonly name: string }
  readonly input: Json
  readonly output: Json
}

/** What only the code of a rollback may ask for: an effect to be undone. */
export const UNDO: unique symbol = Symbol('undo')

export interface Undoing {
  [UNDO](name: string, operation: string, input: UndoInput): Promise<Json>
}
