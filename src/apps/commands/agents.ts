/** `agents`, `agent show NAME [KEY]`, `agent change`, `agent retry`: the agents and their instances. */
import { z } from 'zod'
import { toErrorRecord } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import type { InstanceStatus } from '../../runtime/agents/agent-handle.ts'
import type { AgentSummary, InstanceSummary, SetAside } from '../../runtime/agents/lists.ts'
import { workspaceCommand } from './command.ts'

export interface ShownAgent extends AgentSummary {
  /** Those that changed last come first. */
  readonly latest: readonly InstanceSummary[]
  readonly aside: readonly SetAside[]
  /** With a key. */
  readonly instance: ShownInstance | null
}

export interface ShownInstance extends InstanceStatus {
  readonly state: Json
  /** Why the state can't be read, if it can't. */
  readonly problem: string | null
}

const name = z.string().min(1)
const key = z.string().optional()

export const agents = workspaceCommand({
  name: 'agents',
  params: z.strictObject({}),
  advances: true,
  run: async ({ holdfast }): Promise<AgentSummary[]> => holdfast.agents.summaries(),
})

export const agentShow = workspaceCommand({
  name: 'agent show',
  params: z.strictObject({ name, key, limit: z.int().min(1).max(100_000) }),
  advances: true,
  async run({ holdfast }, { name: agent, key: instance, limit }): Promise<ShownAgent> {
    const handle = holdfast.agent(agent)
    return {
      ...handle.status(),
      latest: handle.instances(limit),
      aside: handle.setAside(),
      instance:
        instance === undefined
          ? null
          : {
              ...holdfast.agent(agent, instance).status(),
              ...(await stateOf(holdfast.agents, agent, instance)),
            },
    }
  },
})

async function stateOf(
  known: { state(agent: string, key: string): Promise<Json> },
  agent: string,
  instance: string,
): Promise<Pick<ShownInstance, 'state' | 'problem'>> {
  try {
    return { state: await known.state(agent, instance), problem: null }
  } catch (error) {
    return { state: null, problem: toErrorRecord(error).message }
  }
}

export const agentChange = workspaceCommand({
  name: 'agent change',
  params: z.strictObject({
    name,
    key,
    lifecycle: z.enum(['enabled', 'paused', 'draining', 'quarantined', 'retired']),
    reason: z.string(),
  }),
  advances: true,
  async run({ holdfast }, { name: agent, key: instance, lifecycle, reason }): Promise<AgentSummary> {
    await holdfast.agents.change(agent, lifecycle, {
      reason,
      ...(instance === undefined ? {} : { key: instance }),
    })
    return holdfast.agents.summary(agent)
  },
})

export const agentRetry = workspaceCommand({
  name: 'agent retry',
  params: z.strictObject({ name, key: z.string(), position: z.int().min(1) }),
  advances: true,
  async run({ holdfast }, { name: agent, key: instance, position }): Promise<InstanceStatus> {
    await holdfast.agents.retry(agent, instance, position)
    await holdfast.agents.idle()
    return holdfast.agent(agent, instance).status()
  },
})
