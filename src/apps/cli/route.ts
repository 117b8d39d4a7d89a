/**
 * Two ways for one command: by the process that serves the workspace where there is one, otherwise alone.
 * Alone it opens the workspace, takes in what mail waits and lets the runs advance until all of them wait,
 * does the command, lets them advance again, and closes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../adapters/system/environment.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { Redactor } from '../../ports/vault.ts'
import {
  type CommandName,
  checkParams,
  type DataOf,
  loadCommand,
  type ParamsOf,
} from '../commands/catalogue.ts'
import type { AnyCommand, CommandIo } from '../commands/command.ts'
import { assertWorkspace } from '../workspace-files.ts'
import { askRunning, NOBODY } from './client.ts'

export interface Site {
  readonly dir: string
  readonly env: Environment
  /** Knows the secrets that were opened here. */
  readonly redactor: Redactor
  /** Whether somebody typed the command. Default false. */
  readonly attended?: boolean
}

/** How long to wait for a process that is starting, or shutting down, or for another command. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 100
const CLOSE_GRACE_MS = 2_000

/** @throws WORKSPACE_MISSING, WORKSPACE_LOCKED, and whatever the command throws */
export async function carryOut<Name extends CommandName>(
  site: Site,
  name: Name,
  params: ParamsOf<Name>,
  io: CommandIo,
  patienceMs = PATIENCE_MS,
): Promise<DataOf<Name>> {
  assertWorkspace(site.dir)
  const giveUpAt = Date.now() + patienceMs
  for (;;) {
    const answer = await askRunning(site.dir, name, params, io, site.attended)
    if (answer !== NOBODY) return answer as DataOf<Name>
    const alone = await openAlone(site, await loadCommand(name), io).catch(ifLocked)
    if (!(alone instanceof HoldfastError)) return site.redactor.json((await alone(params)) as DataOf<Name>)
    if (Date.now() > giveUpAt || io.signal.aborted) throw alone
    io.progress('Another process has the workspace open; waiting for it')
    await sleep(PAUSE_MS)
  }
}

function ifLocked(error: unknown): HoldfastError {
  if (isHoldfastError(error) && error.code === 'WORKSPACE_LOCKED') return error
  throw error
}

/** A function that does the command on the workspace, which is open now, and closes it. */
async function openAlone(
  { dir, env, redactor, attended }: Site,
  command: AnyCommand,
  io: CommandIo,
): Promise<(params: unknown) => Promise<unknown>> {
  if (command.needs === 'log') {
    const { openLogOnly } = await import('../log-only.ts')
    const open = await openLogOnly(dir, env, redactor)
    const work = async (given: unknown) => await command.run(open, await checkParams(command, given), io)
    return (given) => unlessStopped(work(given), io.signal, () => open.close())
  }
  const { openWorkspace } = await import('../workspace.ts')
  const { advancing } = await import('../mail-in.ts')
  const workspace = await openWorkspace({ dir, env, redactor, recover: command.advances })
  if (attended) await (await import('../presence.ts')).noteAttended(workspace, io)
  const work = async (given: unknown): Promise<unknown> => {
    const params = await checkParams(command, given)
    const run = () => command.run(workspace, params, io)
    return command.advances ? await advancing(workspace, run, io) : await run()
  }
  const close = () => workspace.holdfast.close({ graceMs: CLOSE_GRACE_MS })
  return (given) => unlessStopped(work(given), io.signal, close)
}

/** Rejects as soon as `signal` is aborted, without waiting for the work; closes either way. */
async function unlessStopped<T>(
  work: Promise<T>,
  signal: AbortSignal,
  close: () => Promise<void>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(new HoldfastError('HOLDFAST_CLOSED', 'The command was stopped'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  work.catch(() => {})
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
    await close()
  }
}
