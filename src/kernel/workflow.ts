/**
 * A workflow is a plain async function over a context. Everything that must survive a crash, or must not
 * be done twice, goes through the context and is journaled by name; the code in between must be
 * deterministic (no clock, no randomness, no input or output of its own).
 */
import type { Children } from './children.ts'
import type { Concurrency } from './concurrency.ts'
import type { Duration } from './duration.ts'
import { HoldfastError } from './errors.ts'
import type { FlagSubject } from './flag.ts'
import type { Json, JsonObject } from './json.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { ReviewOptions, ReviewVerdict } from './review.ts'
import { checkScheduling, type Scheduling } from './scheduling.ts'
import type { Schema } from './schema.ts'

export interface Workflow<Input = unknown, Output = unknown> extends Scheduling<Input> {
  readonly name: string
  /** A run goes on with the version it began with. */
  readonly version: number
  readonly input: Schema<Input>
  readonly output: Schema<Output>
  /**
   * `on-failure`: when a run fails or is cancelled, what it did is undone, last first, by the run
   * `rollback/<id>`, which is started in the same commit. Default: nothing is undone by itself.
   */
  readonly compensate?: 'on-failure'
  /** Set by `definePipeline`: the run fails when it passes them. Default: none. */
  readonly bounds?: Bounds
  run(ctx: Context, input: Input): Promise<Output>
}

/** What a bounded run may take. */
export interface Bounds {
  /** Milliseconds from its start to its end. */
  readonly deadlineMs: number
  /** Operations asked for, of any kind. */
  readonly maxSteps: number
}

/** Any workflow, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: input is contravariant, so `unknown` would refuse every workflow
export type AnyWorkflow = Workflow<any, any>

/** @throws INPUT_INVALID when the name or the version has not the right form. */
export function defineWorkflow<Input, Output>(definition: Workflow<Input, Output>): Workflow<Input, Output> {
  const { name, version } = definition
  if (!/^[a-zA-Z][\w.-]*$/.test(name) || !Number.isInteger(version) || version < 1) {
    throw new HoldfastError(
      'INPUT_INVALID',
      `A workflow can't be ${JSON.stringify(name)} version ${version}`,
      {
        details: { name, version },
        fix: 'Start the name with a letter, go on with letters, digits, `.`, `_` or `-`; count versions from 1.',
      },
    )
  }
  if (definition.compensate !== undefined && definition.compensate !== 'on-failure') {
    throw new HoldfastError('INPUT_INVALID', `Workflow ${name} can't compensate ${definition.compensate}`, {
      details: { name, compensate: definition.compensate },
      fix: 'Give `on-failure`, or leave it out.',
    })
  }
  checkScheduling(name, definition)
  return Object.freeze({ ...definition })
}

export interface StepOptions {
  /** What is not given is taken from `STEP_RETRY`: 5 attempts, 200 ms, doubled, at most 30 s. */
  readonly retry?: Partial<RetryPolicy>
  /** Limit of one attempt; default none. A step that passes it is aborted by `signal` and tried again. */
  readonly timeout?: Duration
  /**
   * Limit of all attempts and the waits between them, from the moment the step is first asked for, by the clock and
   * across restarts; default none. Past it, or when no attempt could begin before it, the step fails with
   * STEP_TIMEOUT.
   */
  readonly totalTimeout?: Duration
  /**
   * The longest time between two calls of `attempt.heartbeat`, and before the first; default none. An attempt that
   * is silent for longer is aborted by `signal` (STEP_HEARTBEAT_LOST) and tried again.
   */
  readonly heartbeat?: Duration
  /**
   * The function computes its result from what it captures and touches nothing else. Verification then
   * runs it again and compares; other steps are only checked for changed code. Default false.
   */
  readonly pure?: boolean
}

export interface StepAttempt {
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted at a timeout, when the heartbeat is lost, at cancellation and when the process shuts down. */
  readonly signal: AbortSignal
  /** The same for every attempt of this step, unique among steps. */
  readonly idempotencyKey: string
  /**
   * Says that the attempt goes on, and with `details` how far it is. Needs the option `heartbeat`. Details are on
   * record at most once in half a heartbeat, and the latest when the attempt fails: what is told in the last half
   * before a crash may be lost.
   * @throws VALUE_NOT_JSON; INPUT_INVALID for a step without the option
   */
  heartbeat(details?: unknown): void
  /** What an attempt before this one has told last, also before a crash; null for nothing. */
  readonly lastDetails: Json
}

export interface ActOptions {
  /**
   * What is not given is taken from `EFFECT_RETRY`: 10 attempts, 1 s, tripled, at most 30 min. It says how often
   * an effect is tried that is certain not to have been done; one that may have been done is found out about.
   */
  readonly retry?: Partial<RetryPolicy>
}

export interface Question<Answer> {
  /** What is asked, in the owner's words. Never holds outside content. */
  readonly ask: string
  /** What it is asked about. Given to a model as quoted data, never as instruction. */
  readonly material: JsonObject
  readonly answer: Schema<Answer>
  /**
   * The answer by rules: used when there is no model, or the model fails. Must be deterministic: what they throw is
   * the outcome.
   */
  readonly rules: () => Ruled<Answer>
}

export interface Ruled<Answer> {
  readonly answer: Answer
  /** 0 to 1: how sure the rules are. */
  readonly confidence: number
  readonly reasons: readonly Json[]
  /** Which rules, such as the hash of a playbook. */
  readonly source: string
}

export interface Decided<Answer> {
  readonly answer: Answer
  /** 0 to 1. */
  readonly confidence: number
  /** Each reason with the words it rests on, as the rules or the model gave them. */
  readonly reasons: readonly Json[]
  readonly provenance: {
    readonly tier: 'rules' | 'model'
    readonly source: string
    readonly because?: string
  }
}

export interface Proposal extends ReviewOptions {
  /** What happens on approval, as `noun-verb` or an operation: `send-reply`. */
  readonly action: string
  /** One line for the inbox. */
  readonly summary: string
  /** Why it is proposed. */
  readonly reason: string
  /** 0 to 1. */
  readonly confidence: number
  /** What will be done, as fields; `fields` says more of them. */
  readonly proposal: JsonObject
  /** The words and facts it rests on. */
  readonly evidence?: readonly Json[]
  /** What looks wrong, such as instructions hidden in a mail. */
  readonly warnings?: readonly Json[]
}

export interface ReviewAnswer {
  readonly verdict: ReviewVerdict
  /** The proposal as approved or edited, or the alternative that was chosen. */
  readonly value: JsonObject
  /** With `responded`: what the operator wants changed. */
  readonly instruction: string | null
  readonly reason: string | null
  /** How it was answered: `cli`, `program` and their like by the operator; `rule` by a delegation, `expiry` by its deadline. */
  readonly way: string
}

export interface ReceivedEvent {
  readonly id: string
  readonly kind: string
  readonly key: string
  readonly data: Json
  /** Milliseconds since 1970 at which it was published. */
  readonly time: number
  readonly position: number
}

export interface WaitOptions {
  /** Only events published with this key; default ''. */
  readonly key?: string
  /** After it the wait ends with null; default: no limit. */
  readonly timeout?: Duration
  /** Name in the journal; default made of kind and key. */
  readonly name?: string
  /** Aborted, the wait is abandoned: it rejects with OPERATION_ABANDONED and receives nothing any more. */
  readonly signal?: AbortSignal
}

export interface SleepOptions {
  /** Aborted, the timer is abandoned: it rejects with OPERATION_ABANDONED and wakes nobody. */
  readonly signal?: AbortSignal
}

/** An effect, of the run that is rolled back or of one that it called. */
export interface RolledBack {
  readonly run: string
  readonly name: string
  readonly operation: string
}

/** What became of the effects of a run that was rolled back. */
export interface Rollback {
  readonly run: string
  /** In the order in which they were undone. */
  readonly undone: readonly RolledBack[]
  /** Without an undo, or not known whether done; the operator has dealt with them. */
  readonly byHand: readonly RolledBack[]
  /** As those, left as they are on the operator's word. */
  readonly left: readonly RolledBack[]
}

/** Names must be unique among operations under way together; one used again later counts up (`poll`, `poll#2`). */
export interface Context extends Concurrency, Children {
  readonly run: { readonly id: string; readonly workflow: string; readonly customer: string | null }

  /** Runs `work` and journals its result: completed at most once, however often it is attempted.
   * @throws STEP_FAILED, or the code of the error, when the retry policy gives up. */
  step<Result>(
    name: string,
    work: (attempt: StepAttempt) => Result | Promise<Result>,
    options?: StepOptions,
  ): Promise<Result>
  /**
   * A typed answer with confidence and provenance: from the model portfolio, else by the rules.
   * @throws DECISION_FAILED, or the code of the error, when the rules throw
   */
  decide<Answer>(name: string, question: Question<Answer>): Promise<Decided<Answer>>
  /**
   * What a feature flag says for the customer of the run; `fallback` where there is no such flag, or it has another
   * type. Put on record with variant and reason: for as long as the run lasts the answer stays, whatever becomes of the
   * flag. A run asks once for each flag and subject, and hears the same when it asks again.
   */
  flag(name: string, fallback: boolean, subject?: FlagSubject): Promise<boolean>
  flag(name: string, fallback: number, subject?: FlagSubject): Promise<number>
  flag(name: string, fallback: string, subject?: FlagSubject): Promise<string>
  /** An effect through a connector, past the policy, e.g. `ctx.act('send reply', 'smtp.send', mail)`.
   * @throws POLICY_DENIED, CONNECTOR_REFUSED, CONNECTOR_UNAVAILABLE (retries used up), EFFECT_ABANDONED */
  act<Output = Json>(name: string, operation: string, input: unknown, options?: ActOptions): Promise<Output>
  /** Asks the operator and waits for the answer, for days if need be, or until its `deadline`. */
  review(name: string, proposal: Proposal): Promise<ReviewAnswer>
  /** A durable timer: it goes on across restarts. */
  sleep(duration: Duration, options?: SleepOptions): Promise<void>
  sleep(name: string, duration: Duration, options?: SleepOptions): Promise<void>
  /**
   * Waits for an event published since the run began and not received by an earlier wait; null at the timeout.
   * Of several open waits for one kind and key the oldest receives the next event, so do not leave one behind:
   * a wait that loses a `Promise.race` stays open. `ctx.race`, a timeout or a signal closes it.
   */
  waitFor(kind: string, options?: WaitOptions): Promise<ReceivedEvent | null>
  /** Publishes an event exactly once. */
  emit(event: {
    readonly kind: string
    readonly key?: string
    readonly data?: unknown
    readonly id?: string
  }): Promise<void>
  /**
   * Undoes what this run and the runs that it called have done so far, last first, and waits for it. What has
   * no undo is shown to the operator. Called again, it is the same rollback.
   * @throws ROLLBACK_INCOMPLETE when an undo failed
   */
  compensate(): Promise<Rollback>

  /**
   * Whether this run takes the new path of a change to the code: true where it comes to this place for the
   * first time, false where its journal shows that older code has gone past it. Says the same for one id as
   * long as the run lasts. Once no run is left that older code began, take the call and the old path out.
   *
   *     if (ctx.patched('check address')) await ctx.step('check address', …)
   */
  patched(id: string): boolean

  /** Milliseconds since 1970 of the last thing this run has seen, at first of its beginning: replay sees the same. */
  now(): number
  /** In [0, 1), from the run's seed: replay sees the same. Not for secrets. */
  random(name?: string): number
  /** From the run's seed: replay sees the same. */
  uuid(name?: string): string
}
