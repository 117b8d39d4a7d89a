/** `holdfast erase` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import type { Erased } from '../../commands/erase.ts'
import type { ErasePlan } from '../../erasure/erase-customer.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { count, moment } from '../views/view.ts'

/** Most places that are named. */
const MOST_NAMED = 20

export const erase: VerbRun = async (call) => {
  const { out, io, args, options } = call
  const dryRun = options.dryRun === true
  const reason = textOption(call, 'reason') ?? ''
  const params = {
    customer: args[0] ?? '',
    reason,
    cancelRuns: options.cancelRuns === true,
    mentions: options.mentions === true,
    finish: options.finish === true,
    endBackups: options.endBackups === true,
  }
  if (!dryRun && reason === '') {
    throw new HoldfastError('USAGE', 'An erasure goes on record with a reason: give --reason TEXT')
  }
  if (!dryRun && options.yes !== true && !(await isSure(call, params))) return 130
  const report = await carryOut(call, 'erase', { ...params, dryRun }, io)
  if (out.json) out.document(report)
  else out.text(textOf(report, call))
  return report.dryRun || report.done ? 0 : 1
}

/** Asks on a terminal, with what would be erased. @throws USAGE where nobody can be asked */
async function isSure(call: Call, params: Omit<ParamsOf<'erase'>, 'dryRun'>): Promise<boolean> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new HoldfastError('USAGE', 'Erasing can not be taken back: say --yes, or look first with --dry-run')
  }
  const plan = await carryOut(call, 'erase', { ...params, dryRun: true }, call.io)
  const { confirm, isCancel } = await import('@clack/prompts')
  const message = `${planText(plan)}\nErase it for good?`
  const answer = await confirm({ message, initialValue: false, output: process.stderr })
  return !isCancel(answer) && answer
}

function planText(plan: ErasePlan): string {
  const { runs, openRuns, events, mentions, sharedStates, files, elsewhere } = plan
  const lines = [
    `${count(events, 'event')}, ${count(runs.length, 'run')}, ${count(files.length, 'file')} in the mail folders`,
    ...(sharedStates > 0 ? [`${count(sharedStates, 'state')} of agents that hold something of them`] : []),
    ...(openRuns.length > 0 ? [`Not ended, to be cancelled with --cancel-runs: ${openRuns.join(', ')}`] : []),
    ...(mentions.length > 0
      ? [
          `Named in ${count(mentions.length, 'event')} of others, erased only with --mentions: ${streamsOf(plan).join(', ')}`,
        ]
      : []),
    ...elsewhere.map((folder) => `Left alone, as it lies outside the workspace: ${folder}`),
  ]
  return lines.join('\n')
}

function streamsOf({ mentions }: ErasePlan): string[] {
  return [...new Set(mentions.map(({ stream }) => stream))].slice(0, MOST_NAMED)
}

function textOf(report: Erased, call: Call): string {
  if (report.dryRun) return `Would be erased: ${planText(report)}.`
  const { events, blobs, files, search, cancelled, done, elsewhere } = report
  const { traces } = search
  const searched = `${count(search.files, 'file')}, ${(search.bytes / 2 ** 20).toFixed(1)} MiB`
  return [
    events === 0
      ? 'What the log held of them had gone before.'
      : `Erased: ${count(events, 'event')}, ${count(blobs, 'raw mail')}, ${count(files.length, 'file')} in the mail folders.`,
    ...(cancelled.length > 0 ? [`Cancelled: ${cancelled.join(', ')}.`] : []),
    ...elsewhere.map((folder) => `Left alone, as it lies outside the workspace: ${folder}`),
    traces.length === 0
      ? `${call.out.colors.green('Nothing is left')}: ${searched} searched for names, addresses, phone numbers and texts.`
      : `${call.out.colors.red('Found')} in ${searched}:`,
    ...traces
      .slice(0, MOST_NAMED)
      .map(({ file, what, text }) => `  ${file}: ${what} ${JSON.stringify(text)}`),
    ...(traces.length > MOST_NAMED ? [`  and ${traces.length - MOST_NAMED} more`] : []),
    ...backupLines(report.backups),
    ...(done ? [] : [AFTER_FINDING]),
  ].join('\n')
}

/** What is to be said of the backups that were made before. */
function backupLines({ left, destroyed }: Extract<Erased, { dryRun: false }>['backups']): string[] {
  return [
    ...(destroyed.length > 0
      ? [`Nobody can read these backups any more, their keys are destroyed: ${destroyed.join(', ')}.`]
      : []),
    ...left.map(({ id, to, until }) =>
      until === null
        ? `The backup in ${to} may hold them still. It is a plain copy: delete it yourself.`
        : `Backup ${id} in ${to} may hold them still. Its key is destroyed ${moment(until)}; --end-backups does it at once.`,
    ),
  ]
}

const AFTER_FINDING =
  'What others said of them goes with --mentions. Backups and files of your own are yours to delete. Then repeat the ' +
  'command; with --finish it ends as it is. Until then erasure.pending.json holds what was searched for.'
