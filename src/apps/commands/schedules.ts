/** `schedules`, `schedule pause|resume|run NAME` */
import { z } from 'zod'
import type { ScheduleState } from '../../runtime/schedules/schedules.ts'
import { workspaceCommand } from './command.ts'

const named = z.strictObject({ name: z.string().min(1) })

export const schedules = workspaceCommand({
  name: 'schedules',
  params: z.strictObject({}),
  advances: true,
  async run({ holdfast }): Promise<ScheduleState[]> {
    return holdfast.schedules.list()
  },
})

export const schedulePause = workspaceCommand({
  name: 'schedule pause',
  params: named,
  advances: true,
  async run({ holdfast }, { name }): Promise<ScheduleState> {
    return await holdfast.schedules.pause(name)
  },
})

export const scheduleResume = workspaceCommand({
  name: 'schedule resume',
  params: named,
  advances: true,
  async run({ holdfast }, { name }): Promise<ScheduleState> {
    return await holdfast.schedules.resume(name)
  },
})

export const scheduleRun = workspaceCommand({
  name: 'schedule run',
  params: named,
  advances: true,
  async run({ holdfast }, { name }) {
    return await holdfast.schedules.run(name)
  },
})
