/** Runs that a run starts: its children, and the next of its own kind. */
import type { JsonObject } from './json.ts'
import type { Workflow } from './workflow.ts'

/** What becomes of a child that is open when its parent ends. */
export type ParentClose = 'cancel' | 'abandon'

export interface CallOptions {
  /** cancel (default): it is cancelled with the parent, and so on downwards. abandon: it goes on alone. */
  readonly onParentClose?: ParentClose
}

export interface SpawnOptions {
  /** Id of the child's run; default the parent's with the name behind a slash. */
  readonly id?: string
  /** As for `call`, but the default is abandon. */
  readonly onParentClose?: ParentClose
}

export interface Children {
  /**
   * Starts a child run and waits for its output.
   * @throws the code of the child's error; RUN_ID_CONFLICT
   */
  call<Input, Output>(
    name: string,
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: CallOptions,
  ): Promise<Output>
  /**
   * Starts a child run and gives its id, without waiting for its end.
   * @throws RUN_ID_CONFLICT
   */
  spawn<Input, Output>(
    name: string,
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: SpawnOptions,
  ): Promise<string>
  /**
   * Ends this run and starts the next of the same workflow, in its newest version, with an empty journal: for
   * workflows without an end. Both are one commit. The next run has the id `<first>~2`, `~3` …; whoever asks
   * for the result of one of them, or cancels it, means the last. Steps and effects under way come to their
   * end first; called children are cancelled unless abandoned.
   *
   *     return await ctx.continueAs({ since: lastSeen })
   *
   * @throws INPUT_INVALID, RUN_ID_CONFLICT, and the run goes on
   */
  continueAs(input: unknown): Promise<never>
}

export interface Parent {
  readonly run: string
  readonly name: string
  /** Whether the parent waits for its end. */
  readonly mode: 'call' | 'spawn'
  readonly onParentClose: ParentClose
}

/** Of runs from before there was a choice: called, and cancelled with its parent. */
export function readParent(started: JsonObject): Parent | null {
  const parent = (started.parent as unknown as Parent | null | undefined) ?? null
  return parent === null ? null : { ...parent, ...bondOf(parent as unknown as JsonObject) }
}

/** How a child is bound to its parent. */
export function bondOf({ mode, onParentClose }: JsonObject): Pick<Parent, 'mode' | 'onParentClose'> {
  return {
    mode: mode === 'spawn' ? 'spawn' : 'call',
    onParentClose: onParentClose === 'abandon' ? 'abandon' : 'cancel',
  }
}
