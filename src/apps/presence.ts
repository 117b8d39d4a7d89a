/** What a command that somebody typed does for absence: it is a sign of the operator. */
import { noteSeen } from '../policy/presence/presence.ts'
import type { CommandIo } from './commands/command.ts'
import type { Workspace } from './workspace.ts'

/** Durable once this resolves, where it has to be put on record. Says so when the operator was away. */
export async function noteAttended({ log, holdfast }: Workspace, io: Pick<CommandIo, 'note'>): Promise<void> {
  const { gate, clock } = holdfast.runtime
  const { awaySince } = await noteSeen(log, gate.policy(), { way: 'cli', now: clock.now() })
  if (awaySince === null || awaySince === 0) return
  const since = new Date(awaySince).toISOString()
  io.note(`You were away since ${since}: what would have left meanwhile waits in \`holdfast inbox\`.`)
}
