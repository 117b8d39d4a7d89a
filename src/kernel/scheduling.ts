/** When and beside what runs of a workflow may begin: as defined, and as put on record at the start of a run. */
import { type Duration, durationMs } from './duration.ts'
import { HoldfastError } from './errors.ts'
import type { Json, JsonObject } from './json.ts'

/** Part of a workflow's definition; what is left out does not hold runs back. */
export interface Scheduling<Input = unknown> {
  /** Whole number; runs of a higher one go first, and one place in eight goes to whoever waits longest. Default 0. */
  readonly priority?: number
  /**
   * At most `limit` runs of one key are admitted and not ended; the others are `queued`. `key` is given the
   * input as it is on record, and must depend on nothing else; default: one key for the whole workflow.
   */
  readonly concurrency?: { readonly limit: number; key?(input: Input): string }
  /** At most `limit` runs of one key are admitted within any period of length `per`, across restarts. */
  readonly rate?: { readonly limit: number; readonly per: Duration; key?(input: Input): string }
}

/** A run's place in the queue, as its `run.started` has it. */
export interface QueuePlace {
  readonly priority: number
  readonly slot: { readonly key: string; readonly limit: number } | null
  readonly rate: { readonly key: string; readonly limit: number; readonly perMs: number } | null
  /** Milliseconds since 1970. */
  readonly notBefore: number | null
}

export interface PlaceOptions {
  readonly priority?: number | undefined
  /** Milliseconds since 1970. */
  readonly notBefore?: number | undefined
}

/** @throws INPUT_INVALID when a limit is not a whole number of 1 or more, or a period is not a length of time */
export function checkScheduling(name: string, { priority, concurrency, rate }: Scheduling): void {
  checkWhole(name, 'priority', priority ?? 0, Number.MIN_SAFE_INTEGER)
  checkWhole(name, 'concurrency.limit', concurrency?.limit ?? 1, 1)
  checkWhole(name, 'rate.limit', rate?.limit ?? 1, 1)
  if (rate !== undefined && durationMs(rate.per) < 1) throw invalid(name, 'rate.per', rate.per)
}

function checkWhole(name: string, field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw invalid(name, field, value)
}

function invalid(name: string, field: string, value: unknown): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `The ${field} of ${name} can't be ${String(value)}`, {
    details: { name, field },
    fix: 'Limits are whole numbers of 1 or more, a priority is any whole number, a period is like "1m".',
  })
}

/** @throws INPUT_INVALID when a key is not a text, or the code that makes it throws */
export function queuePlace(
  workflow: Scheduling & { readonly name: string },
  input: Json,
  options: PlaceOptions,
): QueuePlace {
  const { name, concurrency, rate } = workflow
  const priority = options.priority ?? workflow.priority ?? 0
  checkWhole(name, 'priority', priority, Number.MIN_SAFE_INTEGER)
  return {
    priority,
    slot: concurrency ? { key: keyOf(name, concurrency, input), limit: concurrency.limit } : null,
    rate: rate ? { key: keyOf(name, rate, input), limit: rate.limit, perMs: durationMs(rate.per) } : null,
    notBefore: options.notBefore ?? null,
  }
}

/** Keys of different workflows never meet. */
function keyOf(workflow: string, of: { key?(input: unknown): string }, input: Json): string {
  try {
    const key = of.key === undefined ? '' : of.key(input)
    if (typeof key === 'string') return key === '' ? workflow : `${workflow}:${key.toWellFormed()}`
  } catch (error) {
    throw new HoldfastError('INPUT_INVALID', `The key of a run of ${workflow} can't be made`, {
      details: { workflow },
      cause: error,
    })
  }
  throw new HoldfastError('INPUT_INVALID', `The key of a run of ${workflow} is not a text`, {
    details: { workflow },
  })
}

/** Whether nothing but the room in the process decides when the run begins. */
export function isUnbound({ slot, rate, notBefore }: QueuePlace): boolean {
  return slot === null && rate === null && notBefore === null
}

/** What is null is left out. */
export function placeToJson(place: QueuePlace): JsonObject {
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== null)) as JsonObject
}

export function placeFromJson(json: JsonObject): QueuePlace {
  return {
    priority: Number(json.priority ?? 0),
    slot: (json.slot as QueuePlace['slot'] | undefined) ?? null,
    rate: (json.rate as QueuePlace['rate'] | undefined) ?? null,
    notBefore: (json.notBefore as number | undefined) ?? null,
  }
}
