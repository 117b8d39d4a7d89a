/**
 * What workflow code can ask for, as data: context/context.ts turns calls on `ctx` into operations and
 * hands them to a host. The live execution is one host, verification by replay another, so that both see the
 * same requests under the same names.
 */

import type { Parent } from '../kernel/children.ts'
import type { FlagValue } from '../kernel/flag.ts'
import type { ForkPoint } from '../kernel/fork-point.ts'
import type { OperationType } from '../kernel/journal.ts'
import type { Json } from '../kernel/json.ts'
import type { Note } from '../kernel/note.ts'
import type {
  ActOptions,
  AnyWorkflow,
  Context,
  Proposal,
  Question,
  StepAttempt,
  StepOptions,
} from '../kernel/workflow.ts'

export type Operation =
  | { readonly type: 'step'; readonly name: string; readonly work: StepWork; readonly options: StepOptions }
  | { readonly type: 'decision'; readonly name: string; readonly question: Question<unknown> }
  | {
      readonly type: 'flag'
      readonly name: string
      readonly flag: string
      readonly fallback: FlagValue
      readonly customer: string | null
      /** null: the customer, else the run. */
      readonly key: string | null
    }
  | {
      readonly type: 'effect'
      readonly name: string
      readonly operation: string
      readonly input: Json
      /** What the code gave as input, where the operator has changed it. */
      readonly asked?: Json
      readonly retry?: ActOptions['retry']
    }
  | {
      readonly type: 'undo'
      readonly name: string
      readonly operation: string
      readonly input: Json
      readonly retry?: ActOptions['retry']
    }
  | { readonly type: 'review'; readonly name: string; readonly proposal: Proposal }
  | { readonly type: 'timer'; readonly name: string; readonly ms: number }
  | {
      readonly type: 'wait'
      readonly name: string
      readonly kind: string
      readonly key: string
      readonly timeoutMs: number | null
    }
  | { readonly type: 'publication'; readonly name: string; readonly event: Publication }
  | {
      readonly type: 'child'
      readonly name: string
      readonly workflow: AnyWorkflow
      readonly input: Json
      readonly mode: Parent['mode']
      readonly onParentClose: Parent['onParentClose']
      /** Default: follows from the run and the name. */
      readonly id: string | null
    }

export type OperationOf<Type extends OperationType> = Extract<Operation, { type: Type }>
/** What only waits, and can be given up by the code. */
export type Abandonable = OperationOf<'wait' | 'timer'>
export type StepWork = (attempt: StepAttempt) => unknown

export interface Publication {
  readonly kind: string
  readonly key: string
  readonly data: Json
  readonly id: string | null
}

export interface OperationHost {
  readonly run: Context['run']
  readonly seed: string
  /** Where the run was forked from another; null for a run that was not. */
  readonly fork: ForkPoint | null
  /** Resolves with the journaled value of the operation, or rejects with its journaled error. */
  operate(operation: Operation): Promise<Json>
  /** Ends the run and begins the next; never resolves. @throws what keeps the next from beginning */
  continueAs(input: Json): Promise<never>
  /** The code gives up an operation: its promise rejects, unless it has been handed its outcome. */
  abandon(operation: Abandonable): void
  /** Puts what the code makes known on record, before whatever follows it; a note on record is left as it is. */
  note(note: Note): void
  /** Whether older code has gone past the place that the code has come to. */
  isBehind(): boolean
  /** Whether a note of this subject is on record. */
  hasNote(note: Note): boolean
  now(): number
}

/** What a bounded run puts on record with its successful end only: published events and runs that it starts. */
export function isHandOver(operation: Operation): boolean {
  return operation.type === 'publication' || (operation.type === 'child' && operation.mode === 'spawn')
}
