/**
 * The agents of this process: brings committed events to those that take them, puts the end of a handling's
 * run and the instance's new state on record together, and does what the operator says about an agent.
 *
 * Why: docs/decisions/0021-agents-fold-or-run.md
 */
import {
  AGENT_STREAM,
  type AnyAgent,
  agentStream,
  fromStream,
  handlingWorkflow,
  instanceStream,
  type Lifecycle,
} from '../../kernel/agent.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { Journal } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { cloneJson } from '../../kernel/json-patch.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { carriedSince, sinceBody } from '../../kernel/outside.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { switchOf } from '../life/switches.ts'
import type { Runtime } from '../runtime.ts'
import { Delivery } from './delivery.ts'
import { Handling } from './handling.ts'
import { type InstanceRow, Instances, readInstance, readState } from './instances.ts'
import { type AgentSummary, agentSummaries, instanceOfRun, isSetAside } from './lists.ts'
import { alertPart, lifecycleEvent, STATE_ERASER, setAsideParts } from './records.ts'

export interface AgentsOptions {
  readonly agents: readonly AnyAgent[]
  /** Instances of each agent that are kept in memory. Default 2,000. */
  readonly residentInstances?: number
}

/** The newest version of each agent. @throws AGENT_DUPLICATE */
function newestOf(agents: readonly AnyAgent[]): AnyAgent[] {
  const newest = new Map<string, AnyAgent>()
  const seen = new Set<string>()
  for (const agent of agents) {
    const id = `${agent.name} version ${agent.version}`
    if (seen.has(id)) {
      throw new HoldfastError('AGENT_DUPLICATE', `Agent ${id} is registered twice`, {
        details: { name: agent.name, version: agent.version },
      })
    }
    seen.add(id)
    const known = newest.get(agent.name)
    if (known === undefined || known.version < agent.version) newest.set(agent.name, agent)
  }
  return [...newest.values()]
}

export class Agents {
  readonly #log: EventLog
  readonly #deliveries = new Map<string, Delivery>()
  readonly #stopListening: () => void

  constructor(runtime: Runtime, { agents, residentInstances = 2_000 }: AgentsOptions) {
    const { log, clock } = runtime
    this.#log = log
    for (const agent of newestOf(agents)) {
      const workflow = handlingWorkflow(agent)
      const instances = new Instances(log, agent, residentInstances)
      const handling = new Handling(agent, log, clock, instances, {
        start: (start) => runtime.startPart({ workflow, actor: `agent:${agent.name}`, ...start }),
        switched: (key) => switchOf(runtime, { what: 'agent', name: agent.name, customer: key }),
      })
      this.#deliveries.set(agent.name, new Delivery(agent, log, clock, instances, handling))
    }
    this.#stopListening = log.onCommit((events) => this.#onCommit(events))
    const beside = runtime.besideEnd
    runtime.besideEnd = (journal, end) => [...beside(journal, end), ...this.#besideEnd(journal, end)]
  }

  /** Puts agents that are new or changed on record, and goes on with what waits. */
  async open(): Promise<void> {
    const parts = [...this.#deliveries.values()].flatMap(({ agent }) => this.#definition(agent))
    if (parts.length > 0) await this.#log.append(parts)
    for (const delivery of this.#deliveries.values()) delivery.wake()
  }

  #definition(agent: AnyAgent): StreamAppend[] {
    const { name, version, on, from = 'now' } = agent
    const known = this.#log.tables.get<{ version: number; kinds: string }>(
      'SELECT version, kinds FROM agents WHERE name = ?',
      name,
    )
    if (known?.version === version && known.kinds === JSON.stringify(on)) return []
    const after = from === 'now' ? this.#log.head().position : 0
    const body = { version, on, after }
    const event: NewEvent = { kind: 'agent.defined', actor: `agent:${name}`, label: SYSTEM, body }
    return [{ stream: agentStream(name), expectedVersion: 'any', events: [event] }]
  }

  #onCommit(events: readonly StoredEvent[]): void {
    if (this.#deliveries.size === 0) return
    for (const event of events) {
      if (event.kind === 'event.published') {
        for (const delivery of this.#deliveries.values()) if (delivery.takes(event)) delivery.note(event)
      } else if (event.stream.startsWith(AGENT_STREAM)) this.#onOwn(event)
      else if (event.kind === 'bodies.erased') for (const one of this.#deliveries.values()) one.erased()
    }
    const head = events.at(-1)?.position ?? 0
    for (const delivery of this.#deliveries.values()) delivery.saw(head)
  }

  /** What the delivery has not done itself: the end of a handling's run, the operator's word. */
  #onOwn({ stream, kind, actor, correlation }: StoredEvent): void {
    if (kind === 'agent.routed') return
    if (kind === 'agent.handled' && correlation === null && actor !== STATE_ERASER) return
    const { agent, key } = fromStream(stream)
    const delivery = this.#deliveries.get(agent)
    if (key !== null) delivery?.instances.forget(key)
    delivery?.wake()
  }

  /** The new state, or that the event is set aside, in one commit with the end of the run that handled it. */
  #besideEnd({ run, start }: Journal, end: NewEvent): StreamAppend[] {
    if (!run.startsWith(AGENT_STREAM)) return []
    const handling = instanceOfRun(this.#log.tables, run)
    if (handling === undefined) return []
    const { agent, key, run_position: position, handled } = handling
    const actor = `agent:${agent}`
    const stream = instanceStream(agent, key)
    if (end.kind === 'run.completed') {
      const version = start?.workflowVersion ?? 0
      const state = end.body.output ?? null
      const since = sinceBody(carriedSince(end))
      const body = { version, from: position, count: 1, handled: handled + 1, waited: true, ...since, state }
      const event = {
        kind: 'agent.handled',
        actor,
        label: end.label,
        cause: position,
        correlation: run,
        body,
      }
      return [{ stream, expectedVersion: 'any', events: [event] }]
    }
    if (typeof end.body.next === 'string') {
      const { next } = end.body
      const body = { run: next }
      const event = { kind: 'agent.began', actor, label: SYSTEM, cause: position, correlation: next, body }
      return [{ stream, expectedVersion: 'any', events: [event] }]
    }
    const error = (end.body.error ?? {}) as JsonObject
    return setAsideParts({ agent, key, position, run, error })
  }

  // -- the operator's word -----------------------------------------------------------------------

  /**
   * Pauses, drains, quarantines, retires an agent or lets it go on; durable once this resolves.
   * @throws AGENT_UNKNOWN, AGENT_RETIRED
   */
  async change(
    agent: string,
    lifecycle: Lifecycle,
    { key, reason = '', actor = 'operator' }: { key?: string; reason?: string; actor?: string } = {},
  ): Promise<void> {
    const known = this.summary(agent)
    if (known.lifecycle === 'retired') {
      throw new HoldfastError('AGENT_RETIRED', `Agent ${agent} was retired`, { details: { agent } })
    }
    if (key !== undefined && (lifecycle === 'draining' || lifecycle === 'retired')) {
      throw new HoldfastError(
        'INPUT_INVALID',
        `Only a whole agent can be ${lifecycle}, not ${agent}/${key}`,
        {
          details: { agent, key, lifecycle },
          fix: 'Pause or quarantine the instance instead.',
        },
      )
    }
    const stream = key === undefined ? agentStream(agent) : instanceStream(agent, key)
    const events = [lifecycleEvent({ lifecycle, reason }, { actor, label: OWNER })]
    await this.#log.append([{ stream, expectedVersion: 'any', events }])
  }

  /**
   * Has an event that was set aside handled again, next of its key, against the present state.
   * @throws AGENT_UNKNOWN, EVENT_NOT_SET_ASIDE
   */
  async retry(agent: string, key: string, position: number): Promise<void> {
    this.summary(agent)
    const stream = instanceStream(agent, key)
    const expectedVersion = this.#log.versionOf(stream)
    if (!isSetAside(this.#log.tables, agent, key, position)) {
      throw new HoldfastError('EVENT_NOT_SET_ASIDE', `${agent}/${key} has not set event ${position} aside`, {
        details: { agent, key, position },
      })
    }
    const body = { position }
    const event: NewEvent = {
      kind: 'agent.retried',
      actor: 'operator',
      label: OWNER,
      cause: position,
      body,
    }
    await this.#log.append([
      { stream, expectedVersion, events: [event] },
      alertPart('alert.cleared', agent, key, position),
    ])
  }

  // -- looking -----------------------------------------------------------------------------------

  /** All agents that this workspace has ever known, by name. */
  summaries(): AgentSummary[] {
    return agentSummaries(this.#log.tables).map((summary) => this.#withGathered(summary))
  }

  /** @throws AGENT_UNKNOWN */
  summary(agent: string): AgentSummary {
    const [summary] = agentSummaries(this.#log.tables, agent)
    if (summary !== undefined) return this.#withGathered(summary)
    const known = agentSummaries(this.#log.tables).map(({ name }) => name)
    throw new HoldfastError(
      'AGENT_UNKNOWN',
      `There is no agent ${agent}; known are ${known.join(', ') || 'none'}`,
      {
        details: { agent, known },
      },
    )
  }

  #withGathered(summary: AgentSummary): AgentSummary {
    const gathered = this.#deliveries.get(summary.name)?.gathered ?? 0
    return { ...summary, pending: summary.pending + gathered }
  }

  /** undefined before its first event. */
  instance(agent: string, key: string): InstanceRow | undefined {
    return readInstance(this.#log, agent, key)
  }

  /**
   * The state of an instance as the next event would find it; no handler is woken. Without the agent's code in
   * this process it is what stands in the log, null before the first event.
   * @throws AGENT_UNKNOWN, AGENT_STATE_UNFIT, BODY_ERASED
   */
  async state(agent: string, key: string): Promise<Json> {
    const row = readInstance(this.#log, agent, key)
    const instances = this.#deliveries.get(agent)?.instances
    if (instances === undefined) {
      this.summary(agent)
      return row === undefined ? null : (readState(this.#log, agent, row)?.state ?? null)
    }
    const { state } = instances.resident(key) ?? (await instances.load(key, row))
    return cloneJson(state)
  }

  get tables(): TablesReader {
    return this.#log.tables
  }

  /** Instances in memory. */
  get resident(): number {
    return [...this.#deliveries.values()].reduce((sum, { instances }) => sum + instances.size, 0)
  }

  /** Resolves when no agent looks at events; with whether one did. Runs may be under way. */
  async idle(): Promise<boolean> {
    let worked = false
    for (const delivery of this.#deliveries.values()) if (await delivery.idle()) worked = true
    return worked
  }

  /** Stops looking at events; what is being handled is on record when this resolves. */
  async close(): Promise<void> {
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.close()))
    this.#stopListening()
  }
}
