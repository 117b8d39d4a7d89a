/** `autonomy`, `autonomy calibration|set|accept|decline|demote|compare`: how far agents may go without the operator. */
import { z } from 'zod'
import type { JsonObject } from '../../kernel/json.ts'
import {
  type Calibration,
  LEVELS,
  type ShadowProposal,
  type Standing,
  type Vigilance,
} from '../../ports/autonomy.ts'
import { workspaceCommand } from './command.ts'

export interface ShownAutonomy {
  readonly standings: readonly Standing[]
  /** Proposals made in shadow that wait to be compared with what was done. */
  readonly shadows: readonly ShadowProposal[]
  readonly vigilance: Vigilance
}

const remit = { agent: z.string(), action: z.string(), segment: z.string().default('all') }
const level = z.enum(LEVELS)

export const autonomy = workspaceCommand({
  name: 'autonomy',
  params: z.strictObject({}),
  advances: true,
  run: async ({ holdfast: { autonomy: known } }): Promise<ShownAutonomy> => ({
    standings: known.standings(),
    shadows: known.shadows(),
    vigilance: known.vigilance(),
  }),
})

export const autonomyCalibration = workspaceCommand({
  name: 'autonomy calibration',
  params: z.strictObject({}),
  advances: true,
  run: async ({ holdfast }): Promise<Calibration[]> => holdfast.autonomy.calibrations(),
})

export const autonomySet = workspaceCommand({
  name: 'autonomy set',
  params: z.strictObject({
    ...remit,
    level: level.optional(),
    ceiling: level.optional(),
    reason: z.string().default(''),
  }),
  advances: true,
  run: async ({ holdfast }, { level: wanted, ceiling, reason, ...of }): Promise<Standing> =>
    await holdfast.autonomy.set(of, {
      reason,
      ...(wanted === undefined ? {} : { level: wanted }),
      ...(ceiling === undefined ? {} : { ceiling }),
    }),
})

export const autonomyAccept = workspaceCommand({
  name: 'autonomy accept',
  params: z.strictObject(remit),
  advances: true,
  run: async ({ holdfast }, of): Promise<Standing> => await holdfast.autonomy.accept(of),
})

export const autonomyDecline = workspaceCommand({
  name: 'autonomy decline',
  params: z.strictObject({ ...remit, reason: z.string().default('') }),
  advances: true,
  run: async ({ holdfast }, { reason, ...of }): Promise<Standing> =>
    await holdfast.autonomy.decline(of, reason),
})

export const autonomyDemote = workspaceCommand({
  name: 'autonomy demote',
  params: z.strictObject({ ...remit, reason: z.string().default('') }),
  advances: true,
  run: async ({ holdfast }, { reason, ...of }): Promise<Standing> =>
    await holdfast.autonomy.demote(of, { cause: 'operator', reason }),
})

export const autonomyCompare = workspaceCommand({
  name: 'autonomy compare',
  params: z.strictObject({
    review: z.string().min(1),
    did: z.enum(['same', 'nothing']).optional(),
    /** What was done, field by field, where it was something else; what is not named was as proposed. */
    fields: z.record(z.string(), z.json()).optional(),
  }),
  advances: true,
  async run(
    { holdfast },
    { review, did, fields },
  ): Promise<{ review: string; difference: number; error: boolean }> {
    const done = did === undefined ? { fields: (fields ?? {}) as JsonObject } : { did }
    return { review, ...(await holdfast.autonomy.compare(review, done)) }
  },
})
