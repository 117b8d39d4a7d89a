/**
 * A workspace opened for the main job: configuration, policy, playbook, connectors, models and the runtime,
 * wired by hand. `holdfast up` and every command that works alone go through here.
 *
 *     holdfast.yaml   policy.yaml   playbooks/lead-qualification.yaml     what the operator edits
 *     mail/Inbox      mail/Sent     mail/outbox                           mail, in Maildir format
 *     holdfast.db                                                         the log and what is folded from it
 *     holdfast.sock                                                       while `holdfast up` runs
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { modelsFromEnvironment } from '../adapters/ai-sdk/model.ts'
import { LOG_FILE } from '../adapters/sqlite/event-log.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Environment } from '../adapters/system/environment.ts'
import { maildirConnector } from '../connectors/maildir/connector.ts'
import { type MaildirInbox, maildirInbox } from '../connectors/maildir/inbox.ts'
import { smtpConnector } from '../connectors/smtp/connector.ts'
import { customersProjection } from '../customers/projection.ts'
import { customerName } from '../customers/read.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { AnyWorkflow } from '../kernel/workflow.ts'
import { isKnownThread, mailIndex, readMessage, wroteBefore } from '../mail/mail-index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Connector } from '../ports/connector.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Model } from '../ports/model.ts'
import type { Holdfast } from '../runtime/holdfast.ts'
import { openHoldfast } from '../sdk.ts'
import { loadPlaybook, type Playbook, playbookHash } from '../templates/lead-qualification/playbook.ts'
import { leadQualification } from '../templates/lead-qualification/workflow.ts'
import { openPlaybookLibrary, type PlaybookLibrary } from '../templates/playbook-library.ts'
import {
  CONFIG_FILE,
  type LoadedConfig,
  loadConfig,
  resolveInWorkspace,
  smtpPassword,
} from './config/config.ts'
import { defaultConfigText, type OwnerAnswers } from './config/default-config.ts'
import type { Flags } from './config/layers.ts'
import { DEFAULT_POLICY_TEXT, loadPolicy, POLICY_FILE } from './config/policy-file.ts'
import { Intake } from './intake.ts'

export const PLAYBOOK_FILE = 'playbooks/lead-qualification.yaml'
const DEFAULT_PLAYBOOK = new URL('../templates/lead-qualification/playbook.yaml', import.meta.url)

export interface Workspace {
  readonly dir: string
  readonly loaded: LoadedConfig
  readonly holdfast: Holdfast
  readonly log: EventLog
  readonly workflows: readonly AnyWorkflow[]
  readonly connectors: readonly Connector[]
  readonly models: readonly Model[]
  readonly playbooks: PlaybookLibrary<Playbook>
  readonly intake: Intake
  /** null when no inbox is configured. */
  readonly inbox: MaildirInbox | null
  close(): Promise<void>
}

export interface OpenWorkspaceOptions {
  readonly dir: string
  readonly env: Environment
  readonly flags?: Flags
  readonly clock?: Clock
  /** false: runs that were left under way stay as they are, for looking only. Default true. */
  readonly recover?: boolean
}

/** What the workspace folds from its log besides what the runtime does. */
export const WORKSPACE_PROJECTIONS = [mailIndex, customersProjection]

export function isWorkspace(dir: string): boolean {
  return existsSync(join(dir, CONFIG_FILE)) || existsSync(join(dir, LOG_FILE))
}

/** @throws WORKSPACE_MISSING */
export function assertWorkspace(dir: string): void {
  if (isWorkspace(dir)) return
  throw new HoldfastError('WORKSPACE_MISSING', `${dir} is not a workspace`, { details: { dir } })
}

/** Writes the files that the operator edits; leaves those that are there. Returns the ones it wrote. */
export async function createWorkspace(dir: string, owner: OwnerAnswers = {}): Promise<string[]> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const files: [string, string][] = [
    [PLAYBOOK_FILE, signedBy(owner, await readFile(DEFAULT_PLAYBOOK, 'utf8'))],
    [POLICY_FILE, DEFAULT_POLICY_TEXT],
    [CONFIG_FILE, defaultConfigText(owner)],
  ]
  const written: string[] = []
  for (const [name, text] of files) {
    const file = join(dir, name)
    await mkdir(dirname(file), { recursive: true })
    if (existsSync(file)) continue
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
    written.push(name)
  }
  return written
}

/** The example playbook with the owner's names in place of the example's, where they are given. */
function signedBy({ name, business }: OwnerAnswers, playbook: string): string {
  if (!name || playbook.includes(`\n  owner: ${name}\n`)) return playbook
  const studio = business || name
  const signature = studio === name ? [name] : [name, studio]
  const lines = [
    'business:',
    `  name: ${JSON.stringify(studio)}`,
    `  owner: ${JSON.stringify(name)}`,
    ...(/^ {2}#.*\n {2}language:.*$/m.exec(playbook) ?? []),
    '  signature: |',
    ...signature.map((line) => `    ${line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()}`),
    '',
  ]
  return playbook.replace(/^business:\n(?: {2}.*\n)+/m, () => lines.join('\n'))
}

/** @throws WORKSPACE_MISSING, WORKSPACE_LOCKED, CONFIG_INVALID, PLAYBOOK_INVALID only when there never was a valid one */
export async function openWorkspace(options: OpenWorkspaceOptions): Promise<Workspace> {
  const dir = resolve(options.dir)
  assertWorkspace(dir)
  const { env, clock = systemClock() } = options
  const loaded = await loadConfig({ dir, env, ...(options.flags ? { flags: options.flags } : {}) })
  const { config } = loaded
  const models = await modelsFromEnvironment(env, {
    use: config.models.use,
    prices: config.models.prices,
    now: clock.now,
  })
  const hosts = [...models.map(({ host }) => host), ...(config.smtp.host === null ? [] : [config.smtp.host])]
  const policy = await loadPolicy({ dir, hosts })
  const inboxDir = config.mail.in.maildir === null ? null : resolveInWorkspace(dir, config.mail.in.maildir)
  const connectors = await connectorsOf(dir, loaded, inboxDir, options, clock)

  const ownAddresses = config.owner.addresses
  const late: { log?: EventLog; playbooks?: PlaybookLibrary<Playbook> } = {}
  const workflow = leadQualification({
    message: (id) => readMessage(theLog(), id),
    facts: (message) => {
      const received = theLog().readStream(`mail/${message.id}`)[0]
      const before = received?.position ?? Number.MAX_SAFE_INTEGER
      const customer = received?.body?.customer
      return {
        ownAddresses,
        knownThread: isKnownThread(theLog().tables, message, before),
        knownCustomer: typeof customer === 'string' && wroteBefore(theLog().tables, customer, before),
      }
    },
    customerName: (customer) => customerName(theLog().tables, customer),
    playbooks: {
      current: () => thePlaybooks().current(),
      version: (hash) => thePlaybooks().version(hash),
      problem: () => thePlaybooks().problem(),
    },
    sendOperation: `${config.mail.out.connector}.send`,
    from: { name: config.owner.name, address: ownAddresses[0] ?? 'owner@localhost.localdomain' },
  })
  function theLog(): EventLog {
    if (late.log === undefined) throw new HoldfastError('LOG_CLOSED', 'The log is not open yet')
    return late.log
  }
  function thePlaybooks(): PlaybookLibrary<Playbook> {
    late.playbooks ??= openPlaybookLibrary(theLog(), {
      name: 'lead-qualification',
      file: join(dir, PLAYBOOK_FILE),
      parse: loadPlaybook,
      hash: playbookHash,
    })
    return late.playbooks
  }

  const holdfast = await openHoldfast({
    dir,
    workflows: [workflow],
    connectors,
    models,
    policy,
    projections: WORKSPACE_PROJECTIONS,
    clock,
    activeRuns: config.limits.activeRuns,
    ...(options.recover === undefined ? {} : { recover: options.recover }),
    onLog: (log) => {
      late.log = log
    },
  })
  const { runtime, log } = holdfast
  return {
    dir,
    loaded,
    holdfast,
    log,
    workflows: [workflow],
    connectors,
    models,
    playbooks: thePlaybooks(),
    intake: new Intake({ runtime, workflow, ownAddresses, region: config.owner.region }),
    inbox: inboxDir === null ? null : maildirInbox({ dir: inboxDir, clock }),
    close: () => holdfast.close(),
  }
}

async function connectorsOf(
  dir: string,
  { config }: LoadedConfig,
  inboxDir: string | null,
  options: OpenWorkspaceOptions,
  clock: Clock,
): Promise<Connector[]> {
  const sentDir = resolveInWorkspace(dir, config.mail.out.sentDir)
  const now = clock.now
  const connectors = [maildirConnector({ sentDir, now, ...(inboxDir === null ? {} : { inboxDir }) })]
  const { host, port, secure, user } = config.smtp
  if (host !== null) {
    const password = await smtpPassword(config, { dir, env: options.env })
    const auth = user === null ? null : { user, pass: password ?? '' }
    connectors.push(
      smtpConnector({ host, port, secure, auth, sentDir, outboxDir: join(dir, 'mail', 'outbox'), now }),
    )
  }
  return connectors
}
