/**
 * The process behind `holdfast up`. It holds the workspace, takes mail in as it comes, lets the runs go on,
 * and answers commands at the socket. To stop is to take no more commands, no more mail, let finish what is
 * under way, fold everything into the file, and let go.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import type { Environment } from '../../adapters/system/environment.ts'
import { watchFiles } from '../../adapters/system/watched-files.ts'
import { toErrorRecord } from '../../kernel/errors.ts'
import { createRedactor } from '../../policy/redactor.ts'
import { whyStopped } from '../../ports/stop-switch.ts'
import type { Redactor } from '../../ports/vault.ts'
import type { CommandIo } from '../commands/command.ts'
import { inbox } from '../commands/inbox.ts'
import type { InboxItem } from '../commands/inbox-item.ts'
import { loadAutonomy } from '../config/autonomy-file.ts'
import { loadConfig } from '../config/config.ts'
import { AUTONOMY_FILE, CONFIG_FILE, FLAGS_FILE, POLICY_FILE } from '../config/file-names.ts'
import { loadPolicy } from '../config/policy-file.ts'
import { idleOrStopped, MailIn, type TakenIn } from '../mail-in.ts'
import type { WebhookServer } from '../webhooks/webhook-server.ts'
import { openWorkspace, PLAYBOOK_FILE, type Workspace } from '../workspace.ts'
import { type CommandServer, serveCommands } from './command-server.ts'
import { IntakeLoop } from './intake-loop.ts'
import type { News } from './news.ts'
import { NewsDesk } from './news-desk.ts'
import { RetentionLoop } from './retention-loop.ts'
import { deliverSample } from './sample.ts'

/** How the process speaks. */
export interface Voice {
  progress(line: string): void
  note(line: string): void
  /** The workspace is open and takes commands. */
  started(started: { readonly dir: string; readonly socket: string; readonly sample: number }): void
  /** What waited at the start has been worked off. */
  ready(taken: TakenIn | null, items: readonly InboxItem[]): void
  /** Something happened meanwhile. */
  news(news: News): void
  /** More came at once than can be told one by one. */
  taken(taken: TakenIn, waiting: number): void
  stopping(): void
}

export interface RunningOptions {
  readonly dir: string
  readonly env: Environment
  /** Default one of its own. */
  readonly redactor?: Redactor
  readonly version: string
  /** Bring in the sample mailbox if this is the first start. */
  readonly sample: boolean
  /** Stop when everything that waits has been worked off. */
  readonly once: boolean
  readonly stop: AbortSignal
  readonly voice: Voice
}

/** Commands under way get this long when the process stops. */
const COMMAND_GRACE_MS = 5_000

/** Resolves when it has stopped. @throws WORKSPACE_MISSING, WORKSPACE_LOCKED, CONFIG_INVALID */
export async function runWorkspace(options: RunningOptions): Promise<void> {
  const { dir, env, version, voice, stop, redactor = createRedactor() } = options
  const workspace = await openWorkspace({ dir, env, redactor })
  let server: CommandServer | null = null
  try {
    server = await serveCommands(workspace, { pid: process.pid, version, started: Date.now() })
    const sample = options.sample ? await deliverSample(workspace) : 0
    voice.started({ dir: workspace.dir, socket: server.path, sample })
    const stopped = whyStopped(workspace.work.current())
    if (stopped !== null) voice.note(`Nothing reaches outside: ${stopped}.`)
    await work(workspace, options)
    if (stop.aborted) voice.stopping()
  } finally {
    await server?.stop(COMMAND_GRACE_MS)
    await workspace.close()
  }
}

async function work(workspace: Workspace, { voice, stop, once }: RunningOptions): Promise<void> {
  const io: CommandIo = { ...voice, emit: async () => {}, signal: stop }
  const mailIn = new MailIn(workspace)
  const taken = await mailIn.take(io)
  await idleOrStopped(workspace, stop)
  if (stop.aborted) return
  const shown = await inbox.run(workspace, {}, io)
  const webhooks = once ? null : await webhooksOf(workspace, voice)
  const unwatch = watchOperatorsFiles(workspace, voice)
  voice.ready(taken, shown)
  if (once) return unwatch()
  const desk = new NewsDesk(workspace.log, voice)
  const loop = new IntakeLoop(workspace, mailIn, io, desk)
  const retention = new RetentionLoop(workspace, workspace.holdfast.runtime.clock, io)
  const ends = [loop.watch(), desk.listen(), retention.start(), unwatch]
  await stopped(stop)
  for (const end of ends) end()
  await Promise.all([loop.done, retention.done, webhooks?.stop()])
}

/** null when none are configured. @throws CONFIG_INVALID when nothing can listen there */
async function webhooksOf(
  { holdfast, secrets, loaded }: Workspace,
  voice: Voice,
): Promise<WebhookServer | null> {
  const { listen, maxBytes, from } = loaded.config.webhooks
  if (listen === null) return null
  const { receiveWebhooks } = await import('../webhooks/receive-webhooks.ts')
  const note = (line: string): void => voice.note(line)
  const server = await receiveWebhooks(holdfast, { secrets, listen, from, maxBytes, note })
  note(
    `Webhooks are received at ${server.url}/webhooks/NAME: ${Object.keys(from).join(', ') || 'none named'}.`,
  )
  return server
}

async function stopped(stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await once(stop, 'abort')
}

/** A mistake in a file is told when it is made, not when the file is next needed. */
function watchOperatorsFiles({ dir, playbooks, flags }: Workspace, voice: Voice): () => void {
  const atNextStart = (file: string, check: () => Promise<unknown>) => () => {
    void check().then(
      () => voice.note(`${file} was changed and is valid; it holds from the next start on.`),
      (error: unknown) =>
        voice.note(`${file} was changed and has a mistake.\n${toErrorRecord(error).message}`),
    )
  }
  return watchFiles({
    [join(dir, PLAYBOOK_FILE)]() {
      const problem = playbooks.problem()
      if (problem === null)
        voice.note('The playbook was changed and is valid; it holds from the next decision on.')
      else voice.note(`The playbook has a mistake; the last valid one stays in force.\n${problem.message}`)
    },
    [join(dir, FLAGS_FILE)]() {
      void flags.problem().then((problem) => {
        if (problem === null) voice.note('The flags were changed and are valid; they hold from now on.')
        else voice.note(`The flags have a mistake; the last valid ones stay in force.\n${problem.message}`)
      })
    },
    [join(dir, POLICY_FILE)]: atNextStart(POLICY_FILE, () => loadPolicy({ dir, hosts: [], own: [] })),
    [join(dir, AUTONOMY_FILE)]: atNextStart(AUTONOMY_FILE, () => loadAutonomy(dir)),
    [join(dir, CONFIG_FILE)]: atNextStart(CONFIG_FILE, () => loadConfig({ dir, env: {} })),
  })
}
