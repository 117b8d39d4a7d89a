/** `triggers`, `trigger pause|resume NAME`, `trigger retry NAME POSITION` */
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

export const triggerPause = workspaceCommand({
  name: 'trigger pause',
  params: z.strictObject({ name: z.string().min(1) }),
  advances: true,
  async run({ holdfast }, { name }): Promise<TriggerState> {
    return await holdfast.triggers.pause(name)
  },
})

export const triggerResume = workspaceCommand({
  name: 'trigger resume',
  params: z.strictObject({
    name: z.string().min(1),
    /** What was published meanwhile starts no run. */
    skip: z.boolean(),
  }),
  advances: true,
  async run({ holdfast }, { name, skip }): Promise<TriggerState> {
    return await holdfast.triggers.resume(name, { skip })
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
