/**
 * An agent is a keyed actor: `onboarding/customer-42` is the instance of agent `onboarding` for the key
 * `customer-42`. Published events of its kinds are handled one at a time per key, in the order of the log,
 * each exactly once against the instance's state.
 *
 * - A handler that asks for nothing durable is a fold: old state and event in, new state out.
 * - One that does (a step, an effect, a sleep, a review …) is a run of its own, `agent/<name>/<key>@<position>`,
 *   begun from the start with the same event and state; so what it does before asking is done twice.
 */
import { HoldfastError } from './errors.ts'
import type { Json } from './json.ts'
import type { Schema } from './schema.ts'
import type { AnyWorkflow, Context, ReceivedEvent } from './workflow.ts'

export interface Agent<State = unknown> {
  readonly name: string
  /** Raise it when the shape of the state changes, or what a handler asks for. */
  readonly version: number
  /** Kinds of published events that it handles. */
  readonly on: readonly string[]
  /** Which instance an event is for; null: none. Default: the event's key. Must be pure. */
  readonly key?: (event: ReceivedEvent) => string | null
  /** Must give back what it takes: the state is checked each time it has changed. */
  readonly state: Schema<State>
  /** The state of an instance before its first event. */
  readonly initial: State | ((key: string) => State)
  /** Gives the new state. Deterministic but for what it asks of `ctx`, as a workflow's code. */
  handle(ctx: Context, event: ReceivedEvent, state: State): State | Promise<State>
  /** A state that an earlier version has left, as this one wants it. Default: as it is. */
  migrate?(state: Json, fromVersion: number): unknown
  /** What it sees when it is first opened: events from now on (default), or all there ever were. */
  readonly from?: 'now' | 'beginning'
  /** When the state is put on record whole again, not only what changed. Default: 100 events, 65,536 bytes. */
  readonly snapshot?: { readonly everyEvents?: number; readonly everyBytes?: number }
}

/** Any agent, whatever its state. */
// biome-ignore lint/suspicious/noExplicitAny: the state is contravariant in `handle`, so `unknown` would refuse every agent
export type AnyAgent = Agent<any>

/** `draining`: handles what came before, takes nothing new. `retired`: handles nothing more, for good. */
export type Lifecycle = 'enabled' | 'paused' | 'draining' | 'quarantined' | 'retired'

/** @throws INPUT_INVALID when name, version or kinds have not the right form. */
export function defineAgent<State>(definition: Agent<State>): Agent<State> {
  const { name, version, on } = definition
  const named = /^[a-zA-Z][\w.-]*$/.test(name) && Number.isInteger(version) && version >= 1
  if (!named || !Array.isArray(on) || !on.every((kind) => typeof kind === 'string' && kind !== '')) {
    throw new HoldfastError('INPUT_INVALID', `An agent can't be ${JSON.stringify(name)} version ${version}`, {
      details: { name, version, on },
      fix: 'Start the name with a letter, go on with letters, digits, `.`, `_` or `-`; count versions from 1; list the kinds.',
    })
  }
  checkBeginning(definition)
  return Object.freeze({ ...definition })
}

function checkBeginning({ name, from = 'now', snapshot = {} }: AnyAgent): void {
  const { everyEvents = 1, everyBytes = 1 } = snapshot
  const isCounted = [everyEvents, everyBytes].every((count) => typeof count === 'number' && count >= 1)
  if (isCounted && (from === 'now' || from === 'beginning')) return
  throw new HoldfastError(
    'INPUT_INVALID',
    `Agent ${name} can't begin from ${from}, or keep its state so often`,
    {
      details: { name, from, everyEvents, everyBytes },
      fix: 'Give `from` as "now" or "beginning", and numbers from 1 for `snapshot`.',
    },
  )
}

/** What one handling of an event is given when it is a run. */
export interface HandlingInput {
  readonly event: ReceivedEvent
  readonly state: Json
}

/** Before the agent's name in that of the workflow of its handlings; no other workflow's begins so. */
export const HANDLING = 'agent:'

/** The agent whose runs are of this workflow; null where they are of a workflow of its own name. */
export function agentOf(workflow: string): string | null {
  // The colon first: the policy asks this of each of its rules.
  const isHandling = workflow[HANDLING.length - 1] === ':' && workflow.startsWith(HANDLING)
  return isHandling ? workflow.slice(HANDLING.length) : null
}

/** Whether the operator means these runs by a name: of their workflow, or of the agent that handles events in them. */
export function isNameOf(given: string, workflow: string | null): boolean {
  if (workflow === null || given === workflow) return workflow !== null
  // Lengths first: the policy asks this of each of its grants.
  return workflow.length === HANDLING.length + given.length && agentOf(workflow) === given
}

/** The workflow of the runs in which an agent handles an event. Its output is the new state. */
export function handlingWorkflow(agent: AnyAgent): AnyWorkflow {
  return {
    name: HANDLING + agent.name,
    version: agent.version,
    input: HANDLING_INPUT,
    output: agent.state,
    run: async (ctx, { event, state }: HandlingInput) => await agent.handle(ctx, event, state),
  }
}

const HANDLING_INPUT: Schema<HandlingInput> = {
  '~standard': {
    version: 1,
    vendor: 'holdfast',
    validate: (value) => ({ value: value as HandlingInput }),
  },
}

export const AGENT_STREAM = 'agent/'

export function agentStream(agent: string): string {
  return AGENT_STREAM + agent
}

export function instanceStream(agent: string, key: string): string {
  return `${AGENT_STREAM}${agent}/${key}`
}

/** Agent and key of a stream; the key is null for the stream of the agent itself. Names have no slash. */
export function fromStream(stream: string): { readonly agent: string; readonly key: string | null } {
  const slash = stream.indexOf('/', AGENT_STREAM.length)
  if (slash < 0) return { agent: stream.slice(AGENT_STREAM.length), key: null }
  return { agent: stream.slice(AGENT_STREAM.length, slash), key: stream.slice(slash + 1) }
}

/** The run that handles the event at this position, for the first time or once more. */
export function handlingRun(agent: string, key: string, position: number, time = 1): string {
  return `${instanceStream(agent, key)}@${position}${time === 1 ? '' : `#${time}`}`
}
