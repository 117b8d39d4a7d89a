/** `grants`, `grant give`, `grant revoke`: what the owner has allowed beforehand. */
import { z } from 'zod'
import { constraintSchema } from '../../policy/request-line.ts'
import { grant as give, type ListedGrant, grants as listed, type NewGrant, revokeGrant } from '../../sdk.ts'
import { workspaceCommand } from './command.ts'

export const grants = workspaceCommand({
  name: 'grants',
  params: z.strictObject({ all: z.boolean() }),
  advances: false,
  async run({ holdfast }, { all }): Promise<ListedGrant[]> {
    const now = holdfast.runtime.clock.now()
    const holds = ({ revokedAt, expiresAt }: ListedGrant): boolean =>
      revokedAt === null && (expiresAt === null || expiresAt > now)
    return listed(holdfast).filter((one) => all || holds(one))
  },
})

export const grantGive = workspaceCommand({
  name: 'grant give',
  params: z.strictObject({
    operation: z.string(),
    agent: z.string().exactOptional(),
    customer: z.string().exactOptional(),
    segment: z.string().exactOptional(),
    arguments: z.record(z.string(), constraintSchema),
    forMs: z.number().positive().nullable(),
    reason: z.string().exactOptional(),
  }),
  advances: false,
  async run({ holdfast }, { forMs, ...scope }): Promise<ListedGrant> {
    const until = forMs === null ? {} : { expiresAt: holdfast.runtime.clock.now() + forMs }
    return await give(holdfast, { ...scope, ...until } as NewGrant)
  },
})

export const grantRevoke = workspaceCommand({
  name: 'grant revoke',
  params: z.strictObject({ id: z.string().min(1), reason: z.string().nullable() }),
  advances: false,
  async run({ holdfast }, { id, reason }): Promise<{ grant: string; held: boolean }> {
    return { grant: id, held: await revokeGrant(holdfast, id, reason ?? undefined) }
  },
})
