/** The operations of a run as the log tells them: one entry each, from all the events that bear its name. */
import { effectOfReview } from '../kernel/effect-review.ts'
import type { ErrorRecord } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { OperationType } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { joinLabels, type Label } from '../kernel/label.ts'
import type { StoryAside } from './story-asides.ts'
import {
  beatOf,
  type Fact,
  recoveriesOf,
  type StoryBeat,
  type StoryFailure,
  type StoryModelCall,
  type StoryRecovery,
  type StoryVerdict,
  toFailure,
  toModelCall,
  toVerdict,
} from './story-facts.ts'
import type { StoryUndo } from './story-rollback.ts'

export interface StoryOperation {
  readonly name: string
  readonly type: OperationType
  /** open: it waits, is under way, or was so when the run ended. unknown: perhaps done, perhaps not. */
  readonly state: 'done' | 'failed' | 'open' | 'unknown'
  /** Name of the effect on whose behalf the operator was asked; null for what the workflow asked for. */
  readonly askedBy: string | null
  /** Id of the review, the child run or the published event. */
  readonly ref: string | null
  /** Milliseconds since 1970; null for a step, of which only the end is on record. */
  readonly started: number | null
  readonly ended: number | null
  readonly attempts: number
  readonly failures: readonly StoryFailure[]
  /** What a step has told last of how far it is; null for nothing. */
  readonly beat: StoryBeat | null
  /** Input of an effect, question of a decision, proposal of a review, time of a timer … ; of a step its limit. */
  readonly saw: Json
  readonly produced: Json
  readonly error: ErrorRecord | null
  /** Who settled it; who asked for it while it is open. */
  readonly actor: string
  /** Of what it produced; of what it saw while it is open. */
  readonly label: Label
  readonly policy: readonly StoryVerdict[]
  readonly models: readonly StoryModelCall[]
  readonly recoveries: readonly StoryRecovery[]
  /** Where its outcome is from, in a forked run: nothing was done for it here. null for all else. */
  readonly copied: { readonly run: string; readonly position: number; readonly amended: boolean } | null
  /** Of a review: what happened to it between question and answer. */
  readonly asides: readonly StoryAside[]
  /** Of an effect that was taken back later. */
  readonly undone: StoryUndo | null
  /** Of all its events. */
  readonly positions: readonly number[]
}

/**
 * @param published the body of a published event, by its id; null when it was erased
 * @param undone effects that a rollback took back, by name
 * @param asidesOf what happened to a review besides question and answer
 */
export function storyOperations(
  events: readonly StoredEvent[],
  published: (id: string) => JsonObject | null,
  undone: ReadonlyMap<string, StoryUndo>,
  asidesOf: (review: string) => readonly StoryAside[],
): StoryOperation[] {
  const facts = events.filter((event): event is Fact => typeof event.body?.name === 'string')
  const byName = Map.groupBy(facts, ({ body }) => String(body.name))
  return [...byName].map(([name, own]) => {
    const plain = toOperation(name, own, published)
    const asides = plain.type === 'review' && plain.ref !== null ? asidesOf(plain.ref) : []
    const operation = { ...plain, asides, undone: undone.get(name) ?? null }
    const asker = operation.type === 'review' ? effectOfReview(name) : null
    return asker !== null && byName.has(asker) ? { ...operation, askedBy: asker } : operation
  })
}

const OPENS = new Set([
  'step.begun',
  'timer.set',
  'wait.started',
  'review.requested',
  'child.started',
  'effect.intended',
  'undo.intended',
])
const FAILS = new Set(['step.failed', 'decision.failed', 'effect.failed', 'undo.failed'])
const SETTLES = new Set([
  ...FAILS,
  'step.completed',
  'effect.succeeded',
  'undo.succeeded',
  'decision.made',
  'flag.evaluated',
  'review.answered',
  'timer.fired',
  'wait.ended',
  'publication.made',
  'child.ended',
  'outcome.copied',
])

/** A spawned child is not waited for. */
function settles({ kind, body }: Fact): boolean {
  return SETTLES.has(kind) || (kind === 'child.started' && body.mode === 'spawn')
}

function toOperation(
  name: string,
  facts: readonly Fact[],
  published: (id: string) => JsonObject | null,
): StoryOperation {
  const [first] = facts as [Fact, ...Fact[]]
  const type = typeOf(first)
  const opened = facts.find(({ kind }) => OPENS.has(kind))
  const settled = facts.findLast(settles)
  const teller = settled ?? first
  const failures = facts.filter(({ kind }) => kind === 'attempt.failed').map(toFailure)
  const asking = opened ?? facts.find(({ kind }) => kind === 'policy.decided') ?? first
  const ref = refOf(type, facts)
  return {
    name,
    type,
    state: stateOf(facts, settled),
    askedBy: null,
    ref,
    started: type === 'step' || first.kind === 'outcome.copied' ? null : first.time,
    ended: settled?.time ?? null,
    attempts: attemptsOf(type, facts, settled, failures),
    failures,
    beat: beatOf(facts),
    saw: type === 'publication' ? contentOf(published(ref ?? '')) : sawOf(type, asking, settled),
    produced: settled === undefined ? null : producedOf(settled),
    error: settled === undefined ? null : errorOf(settled),
    actor: teller.actor,
    label: settled?.label ?? facts.map(({ label }) => label).reduce(joinLabels),
    policy: facts.filter(({ kind }) => kind === 'policy.decided').map(toVerdict),
    models: facts.filter(({ kind }) => kind === 'model.called').map(toModelCall),
    recoveries: recoveriesOf(facts),
    copied: copiedOf(first),
    asides: [],
    undone: null,
    positions: facts.map(({ position }) => position),
  }
}

/** The kinds of events begin with the type of their operation, but for three that several types share. */
function typeOf({ kind, body }: Fact): OperationType {
  if (kind === 'attempt.failed' || kind === 'outcome.copied') return body.type as OperationType
  if (kind === 'model.called') return 'decision'
  if (kind !== 'policy.decided') return kind.slice(0, kind.indexOf('.')) as OperationType
  const { type } = body.request as JsonObject
  return type === 'model' ? 'decision' : (type as OperationType)
}

function stateOf(facts: readonly Fact[], settled: Fact | undefined): StoryOperation['state'] {
  if (settled !== undefined) return errorOf(settled) === null ? 'done' : 'failed'
  return recoveriesOf(facts).at(-1)?.settled === null ? 'unknown' : 'open'
}

/** What an `outcome.copied` holds stands where the event that it copies has it. */
function outcomeOf({ kind, body }: Fact): JsonObject {
  if (kind !== 'outcome.copied') return body
  const { ok, value, error } = body.outcome as JsonObject
  return ok === true ? { value: value ?? null } : { error: error ?? null }
}

function errorOf(settled: Fact): ErrorRecord | null {
  return (outcomeOf(settled).error as unknown as ErrorRecord | undefined) ?? null
}

function copiedOf({ kind, body }: Fact): StoryOperation['copied'] {
  if (kind !== 'outcome.copied') return null
  const { run, position } = body.of as JsonObject
  return { run: String(run), position: Number(position), amended: body.amended === true }
}

function refOf(type: OperationType, facts: readonly Fact[]): string | null {
  const field = { review: 'review', child: 'run', publication: 'id' }[type as string]
  const ref = field === undefined ? null : facts[0]?.body[field]
  return typeof ref === 'string' ? ref : null
}

function attemptsOf(
  type: OperationType,
  facts: readonly Fact[],
  settled: Fact | undefined,
  failures: readonly StoryFailure[],
): number {
  if (type === 'effect' || type === 'undo')
    return facts.filter(({ kind }) => kind === `${type}.intended`).length
  if (type === 'step') return Number(settled?.body.attempts ?? failures.length)
  return 1
}

const SHOWN: Partial<Record<OperationType, readonly string[]>> = {
  effect: ['operation', 'input'],
  undo: ['operation', 'input'],
  review: [
    'action',
    'customer',
    'summary',
    'reason',
    'confidence',
    'proposal',
    'risk',
    'deadline',
    'options',
    'evidence',
    'warnings',
  ],
  step: ['deadline'],
  timer: ['at', 'ms'],
  wait: ['kind', 'key', 'deadline'],
  child: ['workflow', 'run'],
}

function sawOf(type: OperationType, asking: Fact, settled: Fact | undefined): Json {
  if (type === 'decision' || type === 'flag') return settled?.body.asked ?? null
  const from = asking.kind === 'policy.decided' ? (asking.body.request as JsonObject) : asking.body
  return pick(from, SHOWN[type] ?? [])
}

/** What an event says, without since when its publisher had read from outside. */
function contentOf(published: JsonObject | null): JsonObject | null {
  if (published === null) return null
  const { externalSince: _, ...content } = published
  return content
}

const ANSWER = [
  'verdict',
  'value',
  'instruction',
  'reason',
  'way',
  'edits',
  'alternative',
  'delegation',
  'batch',
  'operatorMs',
]

function producedOf({ kind, body }: Fact): Json {
  switch (kind) {
    case 'step.completed':
      return body.result ?? null
    case 'effect.succeeded':
    case 'child.ended':
      return body.output ?? null
    case 'child.started':
      return body.run ?? null
    case 'wait.ended':
      return body.event ?? null
    case 'decision.made':
      return pick(body, ['answer', 'confidence', 'reasons', 'provenance'])
    case 'flag.evaluated':
      return pick(body, ['value', 'variant', 'reason', 'segment', 'version', 'problem'])
    case 'review.answered':
      return pick(body, ANSWER)
    case 'outcome.copied':
      return outcomeOf({ kind, body } as Fact).value ?? null
    default:
      return null
  }
}

function pick(body: JsonObject, fields: readonly string[]): Json {
  const there = fields.filter((field) => body[field] !== undefined)
  return there.length === 0 ? null : Object.fromEntries(there.map((field) => [field, body[field] ?? null]))
}
