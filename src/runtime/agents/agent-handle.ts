/** What a host program does with an agent, or with one of its instances. */
import type { Agent, AnyAgent } from '../../kernel/agent.ts'
import type { Agents } from './agents.ts'
import {
  type AgentSummary,
  type InstanceSummary,
  instanceSummaries,
  type SetAside,
  setAsideEvents,
} from './lists.ts'

export class AgentHandle {
  readonly name: string
  readonly #agents: Agents

  constructor(agents: Agents, name: string) {
    this.#agents = agents
    this.name = name
  }

  /** @throws AGENT_UNKNOWN */
  status(): AgentSummary {
    return this.#agents.summary(this.name)
  }

  /** Those that changed last come first. */
  instances(limit = 100): InstanceSummary[] {
    return instanceSummaries(this.#agents.tables, this.name, limit)
  }

  setAside(): SetAside[] {
    return setAsideEvents(this.#agents.tables, this.name)
  }

  /** Handles nothing for now; what comes waits, and what is under way goes on. */
  async pause(reason = ''): Promise<void> {
    await this.#agents.change(this.name, 'paused', { reason })
  }

  /** Enabled again: what waited is handled, and instances whose state did not fit are tried again. */
  async resume(): Promise<void> {
    await this.#agents.change(this.name, 'enabled')
  }

  /** Handles what was published up to now; what comes later waits until it is resumed. */
  async drain(reason = ''): Promise<void> {
    await this.#agents.change(this.name, 'draining', { reason })
  }

  /** As paused, because something is wrong with it. */
  async quarantine(reason: string): Promise<void> {
    await this.#agents.change(this.name, 'quarantined', { reason })
  }

  /** Handles nothing more, for good; what is under way goes on, states can still be read. */
  async retire(reason = ''): Promise<void> {
    await this.#agents.change(this.name, 'retired', { reason })
  }
}

export interface InstanceStatus extends InstanceSummary {
  readonly setAside: readonly SetAside[]
}

export class InstanceHandle<State> {
  readonly key: string
  readonly #agents: Agents
  readonly #name: string

  constructor(agents: Agents, agent: string, key: string) {
    this.#agents = agents
    this.#name = agent
    this.key = key
  }

  /**
   * The state as the next event would find it, or what `select` takes of it. No handler is woken.
   * @throws AGENT_UNKNOWN, AGENT_STATE_UNFIT, BODY_ERASED
   */
  async query(): Promise<State>
  async query<Selected>(select: (state: State) => Selected): Promise<Selected>
  async query<Selected>(select?: (state: State) => Selected): Promise<State | Selected> {
    const state = (await this.#agents.state(this.#name, this.key)) as State
    return select === undefined ? state : select(state)
  }

  status(): InstanceStatus {
    const row = this.#agents.instance(this.#name, this.key)
    const setAside = setAsideEvents(this.#agents.tables, this.#name, this.key)
    return {
      key: this.key,
      lifecycle: row?.lifecycle ?? 'enabled',
      reason: row?.reason ?? '',
      handled: row?.handled ?? 0,
      pending: row?.waiting ?? 0,
      run: row?.run ?? null,
      updated: row?.updated ?? 0,
      setAside,
    }
  }

  async pause(reason = ''): Promise<void> {
    await this.#agents.change(this.#name, 'paused', { key: this.key, reason })
  }

  async resume(): Promise<void> {
    await this.#agents.change(this.#name, 'enabled', { key: this.key })
  }

  async quarantine(reason: string): Promise<void> {
    await this.#agents.change(this.#name, 'quarantined', { key: this.key, reason })
  }

  /** Handles an event that was set aside again, next in turn, against the present state. @throws EVENT_NOT_SET_ASIDE */
  async retry(position: number): Promise<void> {
    await this.#agents.retry(this.#name, this.key, position)
  }
}

/** An agent by its definition or its name: with a key, one of its instances. */
export interface AgentAccess {
  (agent: AnyAgent | string): AgentHandle
  <State>(agent: Agent<State>, key: string): InstanceHandle<State>
  (agent: string, key: string): InstanceHandle<unknown>
}

export function agentAccess(agents: Agents): AgentAccess {
  const access = (agent: AnyAgent | string, key?: string): AgentHandle | InstanceHandle<unknown> => {
    const name = typeof agent === 'string' ? agent : agent.name
    return key === undefined ? new AgentHandle(agents, name) : new InstanceHandle(agents, name, key)
  }
  return access as AgentAccess
}
