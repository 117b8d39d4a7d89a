/** `anomalies`, `anomaly lift`: what agents did that is far from their own past. */
import { z } from 'zod'
import type { Anomaly, Normal } from '../../ports/anomalies.ts'
import { workspaceCommand } from './command.ts'

export interface ShownAnomalies {
  readonly anomalies: readonly Anomaly[]
  /** Names of the agents that are in quarantine. */
  readonly quarantined: readonly string[]
  /** What is normal for each agent; null where it was not asked for. */
  readonly normal: readonly Normal[] | null
  /** What is counted together, in milliseconds. */
  readonly windowMs: number
}

export const anomalies = workspaceCommand({
  name: 'anomalies',
  params: z.strictObject({
    agent: z.string().min(1).exactOptional(),
    all: z.boolean().default(false),
    normal: z.boolean().default(false),
  }),
  advances: true,
  async run({ holdfast }, { agent, all, normal }): Promise<ShownAnomalies> {
    const { anomalies: known } = holdfast.autonomy
    return {
      anomalies: known.list({ all }).filter((one) => agent === undefined || one.agent === agent),
      quarantined: known.quarantined(),
      normal: normal ? known.normal(agent) : null,
      windowMs: known.settings.windowMs,
    }
  },
})

export const anomalyLift = workspaceCommand({
  name: 'anomaly lift',
  params: z.strictObject({ agent: z.string().min(1), reason: z.string().default('') }),
  advances: true,
  run: async ({ holdfast }, { agent, reason }): Promise<Anomaly[]> =>
    await holdfast.autonomy.anomalies.lift(agent, reason),
})
