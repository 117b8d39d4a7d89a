/**
 * A connector is a thin translation to one outside system. It holds no logic: what to do and when is
 * decided by workflows and the policy. Each operation declares in its manifest what it does to the world.
 *
 * The functions of a connector are kept out of reach of workflow code: `defineConnector` hands back only
 * the manifests, and `operationOf` is imported by the policy gate and the contract suite alone (the
 * architecture test holds that).
 */
import { BREAKER, type BreakerSettings } from '../kernel/breaker.ts'
import { durationMs } from '../kernel/duration.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { Schema } from '../kernel/schema.ts'
import { declared } from './declared.ts'
import type { RevealSecret } from './vault.ts'

/**
 * read: changes nothing. reversible: has an undo, without which none is taken for it. external: leaves the machine or is seen by others.
 * irreversible: can't be taken back. Undeclared is irreversible.
 */
export type EffectClass = 'read' | 'reversible' | 'external' | 'irreversible'

/**
 * key: the outside system itself drops a repeat with the same idempotency key, so repeating is safe.
 * natural: doing it twice leaves the same as doing it once. none: a repeat may do it twice.
 */
export type Idempotency = 'key' | 'natural' | 'none'

/** Names of input fields, by what they carry outside. */
export interface Carries {
  /** Whom it goes to. Not given: the mail addresses in its critical arguments. */
  readonly recipients?: readonly string[]
  /** What is written. Not given: all of the input. */
  readonly content?: readonly string[]
  /** Files: lists of `{ filename, contentType, size or content, encoding }`. Not given: whatever looks like one. */
  readonly attachments?: readonly string[]
}

export interface OperationManifest {
  /** One line for the operator, such as "Send a mail". */
  readonly title?: string
  /** Default `irreversible`. */
  readonly effect?: EffectClass
  /** Default `none`. */
  readonly idempotency?: Idempotency
  /**
   * Names of the input fields that decide whom or what it touches, such as `to`; `*` for every field. What came
   * from outside may not fill them unseen. Default none for a read, every field for anything else.
   */
  readonly criticalArguments?: readonly string[]
  /** Hosts it talks to; empty for none. Checked against the egress allow-list. */
  readonly hosts?: readonly string[]
  /**
   * What kind of data it carries. A run that has read `private` data lets nothing leave without the owner's word.
   * Default `personal`.
   */
  readonly dataClass?: 'public' | 'personal' | 'private'
  /**
   * Who wrote what it gives back: others (`external`), so that it is no word of the owner's; or the outside system
   * itself (`system`), as with a receipt. Default `external` for a read, else `system`.
   */
  readonly gives?: 'external' | 'system'
  /**
   * Where its lookup knows from: the outside system, or traces that it keeps in the workspace's own folders. A
   * restored backup may lack the latest traces, so that "no" is no proof then. Default `outside`.
   */
  readonly witness?: 'outside' | 'workspace'
  /**
   * What of its input leaves, for the guardrails. An operation that leaves and does not say is looked through
   * whole; for secrets every one is.
   */
  readonly carries?: Carries
  /** Names of the secrets that it may ask for, such as `smtp-password`. Default none. */
  readonly secrets?: readonly string[]
  /** Limit of one attempt in milliseconds, default 30,000. After it the outcome is unknown. */
  readonly timeoutMs?: number
  /** What one use of it costs, in millionths of a US dollar: for budgets. Default 0. */
  readonly priceMicros?: number
}

/** A manifest with its defaults filled in. */
export interface DeclaredManifest extends Required<OperationManifest> {
  /** Whether the operation can be taken back. */
  readonly hasUndo: boolean
}

export interface PerformContext {
  /** The same for every attempt of one effect, unique among effects: hand it to the outside system. */
  readonly idempotencyKey: string
  /** Aborted when the time limit passes or the process shuts down. */
  readonly signal: AbortSignal
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Is told what it really cost, in millionths of a US dollar. Default: nobody is. */
  readonly cost?: (priceMicros: number) => void
}

/** What an operation is handed: the gate adds the way to its secrets. */
export interface OperationContext extends PerformContext {
  /**
   * Says what it really cost, in millionths of a US dollar: budgets settle that, in place of what was reserved. The last
   * word counts, if it was done.
   */
  readonly cost: (priceMicros: number) => void
  /**
   * A secret that the manifest names. Ask before anything is done, and keep it no longer than the call lasts.
   * @throws CONNECTOR_REFUSED when it does not name it; CONNECTOR_UNAVAILABLE when the vault can't give it
   */
  readonly secret: RevealSecret
}

/**
 * yes: it was done, with this output. no: it surely was not done. unknown: can't tell. `ifDone` is what the
 * output would be if it was, for when the operator says so.
 */
export type Lookup<Output> =
  | { readonly found: 'yes'; readonly output: Output }
  | { readonly found: 'no'; readonly ifDone?: Output }
  | { readonly found: 'unknown'; readonly why?: string; readonly ifDone?: Output }

export interface Operation<Input = any, Output = any> {
  readonly manifest: OperationManifest
  readonly input: Schema<Input>
  readonly output: Schema<Output>
  /**
   * Does it once. Throws CONNECTOR_REFUSED (not done, don't retry), CONNECTOR_UNAVAILABLE (not done,
   * retry) or CONNECTOR_OUTCOME_UNKNOWN; anything else it throws counts as an unknown outcome.
   */
  perform(input: Input, context: OperationContext): Promise<Output>
  /** Asks the outside system whether the effect with this idempotency key was carried out. */
  lookup?(input: Input, context: OperationContext): Promise<Lookup<Output>>
  /** Takes it back. Safe to repeat. The key in `context` is that of the undo, not of the effect. */
  undo?(input: Input, output: Output, context: OperationContext): Promise<void>
}

/** What anyone may hold: names and manifests, no functions. */
export interface Connector {
  readonly name: string
  /** How its circuit breaker is set. */
  readonly breaker: BreakerSettings
  readonly operations: Readonly<Record<string, { readonly manifest: DeclaredManifest }>>
}

const hidden = new WeakMap<Connector, Readonly<Record<string, Operation>>>()

/** @throws INPUT_INVALID for a name or a manifest that can't be */
export function defineConnector<Operations extends Record<string, Operation>>(definition: {
  readonly name: string
  readonly operations: Operations
  /** When it counts as down; what is not given is 5 failures within a minute, then 30 s, doubled up to 15 minutes. */
  readonly breaker?: Partial<BreakerSettings>
}): Connector {
  if (!/^[a-z][a-z0-9-]*$/.test(definition.name)) {
    throw new HoldfastError(
      'INPUT_INVALID',
      `A connector can't be called ${JSON.stringify(definition.name)}`,
      {
        details: { name: definition.name },
        fix: 'Use small letters, digits and hyphens, such as `my-crm`.',
      },
    )
  }
  const operations = Object.fromEntries(
    Object.entries(definition.operations).map(([name, operation]) => [
      name,
      Object.freeze({ manifest: declared(`${definition.name}.${name}`, operation) }),
    ]),
  )
  const breaker = checkedBreaker(definition.name, { ...BREAKER, ...definition.breaker })
  const connector = Object.freeze({
    name: definition.name,
    breaker,
    operations: Object.freeze(operations),
  })
  hidden.set(connector, definition.operations)
  return connector
}

/** @throws INPUT_INVALID */
function checkedBreaker(name: string, breaker: BreakerSettings): BreakerSettings {
  const { failures, window, openFor, longest } = breaker
  for (const duration of [window, openFor, longest]) durationMs(duration)
  if (failures >= 1) return Object.freeze(breaker)
  throw new HoldfastError('INPUT_INVALID', `The breaker of ${name} can't open after ${failures} failures`, {
    details: { name, failures },
    fix: 'Give 1 or more; Infinity for a breaker that never opens.',
  })
}

/** The functions of an operation. For the policy gate and the contract suite only. */
export function operationOf(connector: Connector, name: string): Operation | undefined {
  const operations = hidden.get(connector)
  return operations && Object.hasOwn(operations, name) ? operations[name] : undefined
}
