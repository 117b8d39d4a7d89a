/** A trigger: a workflow that is started by published events, one by one or several together. */
import { type Duration, durationMs } from '../../kernel/duration.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { AnyWorkflow, ReceivedEvent, Workflow } from '../../kernel/workflow.ts'

export interface Trigger<Input = unknown> {
  /** Letters, digits, `.`, `_` and `-`; its runs are `trigger/<name>/<position of the last event>`. */
  readonly name: string
  /** Kind of the published events. */
  readonly on: string
  /** Which of them; default all. Must be pure. */
  readonly where?: (event: ReceivedEvent) => boolean
  readonly workflow: Workflow<Input, never> | AnyWorkflow
  /** Which events are gathered together; default the event's key. Must be pure. */
  readonly key?: (event: ReceivedEvent) => string
  /** Made for each run from the events that start it, the oldest first; one, unless they are gathered. */
  input(events: readonly ReceivedEvent[]): Input
  /** One run for all events of a key that come until none has come for so long; `atMost` after the first of them. */
  readonly debounce?: Duration | { readonly quiet: Duration; readonly atMost?: Duration }
  /** One run for each `max` events of a key, or for those that have come `within` that time of the first. */
  readonly batch?: { readonly max: number; readonly within: Duration }
}

/** Any trigger, whatever its workflow takes. */
// biome-ignore lint/suspicious/noExplicitAny: input is contravariant, so `unknown` would refuse every trigger
export type AnyTrigger = Trigger<any>

/** Events that one run is started with, at most. */
const MOST_GATHERED = 1_000

/** @throws INPUT_INVALID for a name, a kind, a length of time or a number that is none, or both ways to gather */
export function defineTrigger<Input>(
  trigger: Omit<Trigger<Input>, 'workflow'> & { readonly workflow: Workflow<Input, never> | AnyWorkflow },
): Trigger<Input> {
  const { name, on, debounce, batch } = trigger
  const max = batch?.max ?? 1
  const isNamed = /^[a-zA-Z][\w.-]*$/.test(name) && typeof on === 'string' && on !== ''
  const gathers = Number.isInteger(max) && max >= 1 && max <= MOST_GATHERED
  if (!isNamed || !gathers || (debounce !== undefined && batch !== undefined)) {
    throw new HoldfastError('INPUT_INVALID', `A trigger can't be ${JSON.stringify(name)} on ${String(on)}`, {
      details: { name, on: String(on), max },
      fix: `Start the name with a letter, go on with letters, digits, \`.\`, \`_\` or \`-\`; name a kind; give debounce or batch, not both, with at most ${MOST_GATHERED} events.`,
    })
  }
  gatheringOf(trigger)
  return Object.freeze({ ...trigger })
}

/** When events that belong together are enough, and when what has come is handed over. */
export interface Gathering {
  readonly max: number
  /** From the times of the first and the last event, milliseconds since 1970. */
  due(first: number, last: number): number
}

/** @throws INPUT_INVALID */
export function gatheringOf({ debounce, batch }: Pick<AnyTrigger, 'debounce' | 'batch'>): Gathering {
  if (batch !== undefined) {
    const within = durationMs(batch.within)
    return { max: batch.max, due: (first) => first + within }
  }
  if (debounce === undefined) return { max: 1, due: (first) => first }
  const { quiet, atMost } = typeof debounce === 'object' ? debounce : { quiet: debounce }
  const quietMs = durationMs(quiet)
  const atMostMs = atMost === undefined ? Number.POSITIVE_INFINITY : durationMs(atMost)
  return { max: MOST_GATHERED, due: (first, last) => Math.min(last + quietMs, first + atMostMs) }
}
