/** `holdfast log checkpoint|verify|rebuild|export` */
import { type Checkpoint, readCheckpoint } from '../../../kernel/checkpoint.ts'
import { HoldfastError } from '../../../kernel/errors.ts'
import { inputName, inputText } from '../input-file.ts'
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { count } from '../views/view.ts'

/** One JSON document, also on a terminal: it is to be kept. */
export const logCheckpoint: VerbRun = async (call) => {
  call.out.document(await carryOut(call, 'log checkpoint', {}, call.io))
  return 0
}

export const logVerify: VerbRun = async (call) => {
  const { out, io } = call
  const file = textOption(call, 'against')
  const against = file === undefined ? undefined : await checkpointIn(file)
  const report = await carryOut(call, 'log verify', against === undefined ? {} : { against }, io)
  if (out.json) out.document(report)
  else {
    const { events, erased, blobs, head } = report
    const gone = erased > 0 ? `, ${erased} of them erased` : ''
    out.text(
      `${out.colors.green('The log is whole')}: ${count(events, 'event')}${gone}, ${count(blobs, 'raw mail')}.\n` +
        `Head: ${head.position} ${head.hash}`,
    )
    if (against !== undefined) {
      out.text(`It goes on from the checkpoint at ${against.position}, taken ${against.time}.`)
    }
  }
  return 0
}

/** @throws FILE_UNREADABLE, INPUT_INVALID */
async function checkpointIn(file: string): Promise<Checkpoint> {
  return readCheckpoint(parsed(await inputText(file)), inputName(file))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

export const logRebuild: VerbRun = async (call) => {
  const { out, io, options } = call
  const check = options.check === true
  const report = await carryOut(call, 'log rebuild', { check }, io)
  if (out.json) out.document(report)
  else {
    const tables = Object.keys(report.tables).length
    const rows = Object.values(report.tables).reduce((sum, number) => sum + number, 0)
    const what = `${count(report.events, 'event')} → ${count(rows, 'row')} in ${count(tables, 'table')}`
    if (check) out.text(`${out.colors.green('The tables are what the log says')}: ${what}.`)
    else if (report.differing.length === 0) out.text(`Rebuilt; nothing was different: ${what}.`)
    else out.text(`Rebuilt: ${what}. Different before: ${report.differing.join(', ')}.`)
  }
  return 0
}

export const logExport: VerbRun = async (call) => {
  const { io } = call
  const given = textOption(call, 'after') ?? '0'
  const after = Number(given)
  if (!Number.isInteger(after) || after < 0) {
    throw new HoldfastError('USAGE', `--after ${JSON.stringify(given)} is not a position`, {
      fix: 'Give the position of the last event that you have; 0 for none.',
    })
  }
  await carryOut(call, 'log export', { after }, io)
  return 0
}
