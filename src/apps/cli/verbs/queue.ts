/** `holdfast queue` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { queueView } from '../views/queue-view.ts'
import { viewOf } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 50

export const queue: VerbRun = async (call) => {
  const { out, io } = call
  const lanes = await carryOut(call, 'queue', { limit: limitOf(call, LIMIT) }, io)
  if (out.json) out.document(lanes)
  else out.text(queueView(lanes, viewOf(call)))
  return 0
}
