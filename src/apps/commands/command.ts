/**
 * What the operator can ask for. A command is defined once; the running process carries it out for those
 * that reach its socket, and the command line does it alone when no process runs. Its data is JSON; how it
 * looks on a terminal is the command line's affair.
 */
import type { z } from 'zod'
import type { Environment } from '../../adapters/system/environment.ts'
import type { Json } from '../../kernel/json.ts'
import type { Secrets } from '../../policy/secrets.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { StopSwitch } from '../../ports/stop-switch.ts'
import type { Workspace } from '../workspace.ts'

/** How a command speaks while it works. */
export interface CommandIo {
  /** How far it is; the next one takes its place. */
  progress(line: string): void
  /** What the operator should know and keep in sight. */
  note(line: string): void
  /** One row of a stream; resolves when the reader can take the next. */
  emit(row: Json): Promise<void>
  /** Aborted when whoever asked is gone, or wants no more. */
  readonly signal: AbortSignal
}

/** What there is for a command that only reads the log. */
export interface OpenLog {
  readonly dir: string
  readonly log: EventLog
  readonly secrets: Secrets
  /** The switch that stops everything. */
  readonly work: StopSwitch
  /** Says where the master key of the vault is. */
  readonly env: Environment
}

interface CommandBase<Params> {
  /** As it is typed: `run show`. */
  readonly name: string
  readonly params: z.ZodType<Params>
}

/** Needs no more than the log: works while configuration, policy or playbook are broken. */
export interface LogCommand<Params, Data> extends CommandBase<Params> {
  readonly needs: 'log'
  /** Nothing is taken in and no run goes on for its sake. */
  readonly advances: false
  run(open: OpenLog, params: Params, io: CommandIo): Promise<Data>
}

export interface WorkspaceCommand<Params, Data> extends CommandBase<Params> {
  readonly needs: 'workspace'
  /** Whether a command line that works alone takes in mail and lets the runs advance, before and after. */
  readonly advances: boolean
  run(workspace: Workspace, params: Params, io: CommandIo): Promise<Data>
}

export type Command<Params, Data> = LogCommand<Params, Data> | WorkspaceCommand<Params, Data>

/** Any command, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: parameters are contravariant, so `unknown` would refuse every command
export type AnyCommand = Command<any, any>

/** Gives the types of its parts to a command that reads the log. */
export function logCommand<Params, Data>(
  command: Omit<LogCommand<Params, Data>, 'needs' | 'advances'>,
): LogCommand<Params, Data> {
  return { ...command, needs: 'log', advances: false }
}

/** Gives the types of its parts to a command on the open workspace. */
export function workspaceCommand<Params, Data>(
  command: Omit<WorkspaceCommand<Params, Data>, 'needs'>,
): WorkspaceCommand<Params, Data> {
  return { ...command, needs: 'workspace' }
}
