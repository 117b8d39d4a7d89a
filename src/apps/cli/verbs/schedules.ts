/** `holdfast schedules`, `holdfast schedule pause|resume|run` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { schedulesView, scheduleText } from '../views/schedules-view.ts'
import { viewOf } from '../views/view.ts'

export const schedules: VerbRun = async (call) => {
  const { out, io } = call
  const all = await carryOut(call, 'schedules', {}, io)
  if (out.json) out.document(all)
  else out.text(schedulesView(all, viewOf(call)))
  return 0
}

export const schedulePause: VerbRun = async (call) => {
  const { args, out, io } = call
  const state = await carryOut(call, 'schedule pause', { name: args[0] ?? '' }, io)
  if (out.json) out.document(state)
  else out.text(scheduleText(state))
  return 0
}

export const scheduleResume: VerbRun = async (call) => {
  const { args, out, io } = call
  const state = await carryOut(call, 'schedule resume', { name: args[0] ?? '' }, io)
  if (out.json) out.document(state)
  else out.text(scheduleText(state))
  return 0
}

export const scheduleRun: VerbRun = async (call) => {
  const { args, out, io } = call
  const started = await carryOut(call, 'schedule run', { name: args[0] ?? '' }, io)
  if (out.json) out.document(started)
  else out.text(`Run ${started.run} was started.`)
  return 0
}
