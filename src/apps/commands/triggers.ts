/** `triggers`, `trigger retry NAME POSITION` */
import { z } from 'zod'
import type { TriggerState } from '../../runtime/triggers/triggers.ts'
import { workspaceCommand } from './command.ts'

export const triggers = workspaceCommand({
  name: 'triggers',
  params: z.strictObject({}),
  advances: true,
  async run({ holdfast }): Promise<TriggerState[]> {
    return holdfast.triggers.list()
  },
})

export const triggerRetry = workspaceCommand({
  name: 'trigger retry',
  params: z.strictObject({ name: z.string().min(1), position: z.number().int().positive() }),
  advances: true,
  async run({ holdfast }, { name, position }) {
    return await holdfast.triggers.retry(name, position)
  },
})
