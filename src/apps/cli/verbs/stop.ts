/**
 * `holdfast stop`, `holdfast resume`. A stop is written into the workspace first, where every process that has it open
 * looks before it does anything; then it is put on record, by that process or here. So it works at once, whoever has
 * the workspace open, and however busy that one is.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '../../../adapters/system/ids.ts'
import { stopFile } from '../../../adapters/system/stop-file.ts'
import { HoldfastError, isHoldfastError } from '../../../kernel/errors.ts'
import type { Stop } from '../../../ports/stop-switch.ts'
import type { Resumed } from '../../commands/stop.ts'
import { assertWorkspace } from '../../workspace-files.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { age, count } from '../views/view.ts'

/** Whoever has the workspace open obeys the file: there is no need to wait long until it lets go. */
const PATIENCE_MS = 1_000
/** How long a program that answers no commands is given to take note of an order. */
const TAKEN_MS = 5_000
const LOOK_MS = 100

export const stop: VerbRun = async (call) => {
  const { dir, out, io } = call
  assertWorkspace(dir)
  const file = stopFile(dir)
  const reason = textOption(call, 'reason') ?? ''
  const ordered = file.read()
  if (ordered?.order !== 'stop') {
    await file.write({ order: 'stop', id: newId(), at: Date.now(), reason })
  }
  io.progress('Stopped; putting it on record')
  const stopped = await carryOut(call, 'stop', { reason }, io, PATIENCE_MS).catch(unlessLocked)
  const recorded = stopped !== null
  if (out.json) out.document({ stopped: true, recorded, stop: stopped })
  else out.text([stoppedText(stopped, call), ...(recorded ? [] : [UNRECORDED])].join('\n'))
  return 0
}

export const resume: VerbRun = async (call) => {
  const { dir, out, io } = call
  assertWorkspace(dir)
  const resumed = await carryOut(call, 'resume', {}, io, PATIENCE_MS).catch(unlessLocked)
  if (resumed === null) await orderResume(dir)
  if (out.json) out.document(resumed ?? { stops: null, held: null })
  else out.text(resumed === null ? TAKEN : resumedText(resumed))
  return 0
}

const TAKEN = 'The program that has the workspace open has put it on record: work goes on.'
const UNRECORDED =
  'A program has the workspace open that answers no commands: it obeys from now on, and puts the stop on record when it sees it.'

function stoppedText(stop: Stop | null, call: Call): string {
  const since = stop === null ? 'now' : age(stop.since, Date.now())
  const for_ = since === 'now' ? '' : ` (for ${since})`
  return `Stopped${for_}: nothing reaches outside, no model is asked. \`${call.command('resume')}\` lets work go on.`
}

function resumedText({ stops, held }: Resumed): string {
  if (stops.length === 0) return 'Work was not stopped.'
  return held === 0 ? 'Work goes on.' : `Work goes on, with ${count(held, 'thing')} that waited.`
}

function unlessLocked(error: unknown): null {
  if (isHoldfastError(error) && error.code === 'WORKSPACE_LOCKED') return null
  throw error
}

/** To a program that has the workspace open and answers no commands. @throws WORKSPACE_LOCKED when it does not take it */
async function orderResume(dir: string): Promise<void> {
  const file = stopFile(dir)
  await file.write({ order: 'resume', id: newId(), at: Date.now(), reason: '' })
  for (let waited = 0; waited < TAKEN_MS; waited += LOOK_MS) {
    if (file.read() === null) return
    await sleep(LOOK_MS)
  }
  throw new HoldfastError(
    'WORKSPACE_LOCKED',
    'A program has the workspace open, and has not taken the order',
    {
      details: { dir },
      fix: 'The order stands in holdfast.stop: the program takes it when it looks, or the next one that opens the workspace.',
    },
  )
}
