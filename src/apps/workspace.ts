/**
 * A workspace opened for the main job: configuration, policy, playbook, connectors, models and the runtime,
 * wired by hand. `holdfast up` and every command that works alone go through here.
 *
 *     holdfast.yaml   policy.yaml   autonomy.yaml   flags.yaml   playbooks/…   what the operator edits
 *     mail/Inbox      mail/Sent     mail/outbox                           mail, in Maildir format
 *     holdfast.db                                                         the log and what is folded from it
 *     holdfast.sock                                                       while `holdfast up` runs
 */
import { join, resolve } from 'node:path'
import { modelsFromEnvironment } from '../adapters/ai-sdk/model.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Environment } from '../adapters/system/environment.ts'
import { fileVault } from '../adapters/vault/vault.ts'
import { maildirConnector } from '../connectors/maildir/connector.ts'
import { type MaildirInbox, maildirInbox } from '../connectors/maildir/inbox.ts'
import { contactsIn } from '../customers/contacts.ts'
import type { customerFacts } from '../customers/facts.ts'
import { customerName } from '../customers/read.ts'
import { FlagBook } from '../flags/flag-book.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { AnyWorkflow } from '../kernel/workflow.ts'
import { isKnownThread, readMessage, wroteBefore } from '../mail/mail-index.ts'
import { createRedactor } from '../policy/redactor.ts'
import type { Secrets } from '../policy/secrets.ts'
import type { Clock } from '../ports/clock.ts'
import type { Connector } from '../ports/connector.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Model } from '../ports/model.ts'
import type { StopSwitch } from '../ports/stop-switch.ts'
import type { Redactor } from '../ports/vault.ts'
import type { Holdfast } from '../runtime/holdfast.ts'
import { type Contact, openHoldfast } from '../sdk.ts'
import { loadPlaybook, type Playbook, playbookHash } from '../templates/lead-qualification/playbook.ts'
import { leadQualification } from '../templates/lead-qualification/workflow.ts'
import {
  openPlaybookLibrary,
  type PlaybookLibrary,
  type PlaybookShelf,
  withVariants,
} from '../templates/playbook-library.ts'
import { loadAutonomy } from './config/autonomy-file.ts'
import { type LoadedConfig, loadConfig } from './config/config.ts'
import { FLAGS_FILE, flagSource } from './config/flags-file.ts'
import type { Flags } from './config/layers.ts'
import { resolveInWorkspace } from './config/paths.ts'
import { loadPolicy, policyText } from './config/policy-file.ts'
import { adoptPolicy } from './config/policy-versions.ts'
import { learnSecrets, secretOrHandle } from './config/secret-sources.ts'
import { Intake } from './intake.ts'
import { WORKSPACE_PROJECTIONS } from './log-only.ts'
import { assertWorkspace, PLAYBOOK_FILE, playbookVariantFile, playbookVariants } from './workspace-files.ts'

export { createWorkspace, PLAYBOOK_FILE } from './workspace-files.ts'

/** Leads wait for days, and many at once: few stay in memory, and one that is woken replays in a moment. */
const RESIDENT_RUNS = 100

export interface Workspace {
  readonly dir: string
  readonly env: Environment
  readonly loaded: LoadedConfig
  readonly holdfast: Holdfast
  readonly log: EventLog
  readonly secrets: Secrets
  readonly work: StopSwitch
  /** Knows the secrets of the vault and of the environment: nothing is told past it. */
  readonly redactor: Redactor
  readonly workflows: readonly AnyWorkflow[]
  /** The same workflows, judging and drafting by this playbook whichever a run began with: for trying it out. */
  workflowsWith(playbook: Playbook): readonly AnyWorkflow[]
  /** Hosts of the mail server and the models that are configured. */
  readonly hosts: readonly string[]
  /** The owner's addresses: in the address book, whatever `policy.yaml` says. */
  readonly own: readonly string[]
  readonly connectors: readonly Connector[]
  readonly models: readonly Model[]
  /** Addresses and phone numbers of customers in a text. */
  contactsIn(text: string): readonly Contact[]
  readonly playbooks: PlaybookLibrary<Playbook>
  readonly flags: FlagBook
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
  /** Default one of its own. */
  readonly redactor?: Redactor
  /** false: runs that were left under way stay as they are, for looking only. Default true. */
  readonly recover?: boolean
}

/** @throws WORKSPACE_MISSING, WORKSPACE_LOCKED, CONFIG_INVALID, PLAYBOOK_INVALID only when there never was a valid one */
export async function openWorkspace(options: OpenWorkspaceOptions): Promise<Workspace> {
  const dir = resolve(options.dir)
  assertWorkspace(dir)
  const { env, clock = systemClock(), redactor = createRedactor() } = options
  const loaded = await loadConfig({ dir, env, ...(options.flags ? { flags: options.flags } : {}) })
  const { config } = loaded
  const models = await modelsFromEnvironment(env, {
    use: config.models.use,
    keys: config.models.keys,
    reveal: (name, by) => theSecrets().reveal(name, by),
    prices: config.models.prices,
    now: () => clock.now(),
  })
  const hosts = [...models.map(({ host }) => host), ...(config.smtp.host === null ? [] : [config.smtp.host])]
  const ownAddresses = config.owner.addresses
  const policy = await loadPolicy({ dir, hosts, own: ownAddresses })
  const autonomy = await loadAutonomy(dir)
  const inboxDir = config.mail.in.maildir === null ? null : resolveInWorkspace(dir, config.mail.in.maildir)
  const secretsAt = { dir, env, settings: loaded.settings }
  await learnSecrets(redactor, secretsAt)
  const password =
    config.smtp.host === null ? null : await secretOrHandle('HOLDFAST_SMTP_PASSWORD', secretsAt)
  const connectors = await connectorsOf(dir, loaded, inboxDir, password, clock)

  const late: {
    log?: EventLog
    secrets?: Secrets
    flags?: FlagBook
    factsOf?: typeof customerFacts
    playbooks?: PlaybookLibrary<Playbook>
  } = {}
  const libraries = new Map<string, PlaybookLibrary<Playbook>>()
  const leadWith = (playbooks: PlaybookShelf<Playbook>) =>
    leadQualification({
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
      playbooks,
      sendOperation: `${config.mail.out.connector}.send`,
      from: { name: config.owner.name, address: ownAddresses[0] ?? 'owner@localhost.localdomain' },
    })
  const workflow = leadWith({
    current: () => theShelf().current(),
    version: (hash, variant) => theShelf().version(hash, variant),
  })
  function theLog(): EventLog {
    if (late.log === undefined) throw new HoldfastError('LOG_CLOSED', 'The log is not open yet')
    return late.log
  }
  function theSecrets(): Secrets {
    if (late.secrets === undefined) throw new HoldfastError('LOG_CLOSED', 'The log is not open yet')
    return late.secrets
  }
  function libraryOf(name: string, file: string): PlaybookLibrary<Playbook> {
    const known = libraries.get(name)
    if (known !== undefined) return known
    const source = { name, file: join(dir, file), parse: loadPlaybook, hash: playbookHash }
    const library = openPlaybookLibrary(theLog(), source)
    libraries.set(name, library)
    return library
  }
  const thePlaybook = () => libraryOf('lead-qualification', PLAYBOOK_FILE)
  const variantOf = (name: string) => libraryOf(`lead-qualification.${name}`, playbookVariantFile(name))
  const thePlaybooks = () => {
    late.playbooks ??= { ...thePlaybook(), problem: problemOfPlaybooks }
    return late.playbooks
  }
  const theShelf = () =>
    withVariants(thePlaybooks(), { names: () => playbookVariants(dir), library: variantOf })
  const problemOfPlaybooks = () =>
    [thePlaybook(), ...playbookVariants(dir).map(variantOf)]
      .map((library) => library.problem())
      .find((problem) => problem !== null) ?? null

  function theFlags(): FlagBook {
    const log = theLog()
    late.flags ??= new FlagBook({
      log,
      clock,
      source: flagSource({ file: join(dir, FLAGS_FILE) }),
      customerFacts: (customer) => late.factsOf?.(log.tables, customer) ?? {},
      ready: async () => {
        late.factsOf ??= (await import('../customers/facts.ts')).customerFacts
      },
    })
    return late.flags
  }

  const contacts = (text: string): readonly Contact[] =>
    contactsIn(theLog().tables, text, config.owner.region)
  const holdfast = await openHoldfast({
    dir,
    contactsIn: contacts,
    workflows: [workflow],
    connectors,
    models,
    policy,
    autonomy,
    flags: theFlags,
    projections: WORKSPACE_PROJECTIONS,
    clock,
    activeRuns: config.limits.activeRuns,
    residentRuns: RESIDENT_RUNS,
    ...(options.recover === undefined ? {} : { recover: options.recover }),
    vault: fileVault({ dir, env }),
    redactor,
    onLog: (log, secrets) => {
      late.log = log
      late.secrets = secrets
    },
  })
  const { runtime, log } = holdfast
  if (options.recover !== false) await adoptPolicy(log, await policyText(dir))
  return {
    dir,
    env,
    loaded,
    holdfast,
    log,
    secrets: theSecrets(),
    work: holdfast.work,
    redactor,
    workflows: [workflow],
    workflowsWith: (playbook) => [leadWith(onlyPlaybook(playbook))],
    hosts,
    own: ownAddresses,
    connectors,
    models,
    contactsIn: contacts,
    playbooks: thePlaybooks(),
    flags: theFlags(),
    intake: new Intake({ runtime, workflow, ownAddresses, region: config.owner.region }),
    inbox: inboxDir === null ? null : maildirInbox({ dir: inboxDir, clock }),
    close: () => holdfast.close(),
  }
}

function onlyPlaybook(playbook: Playbook): PlaybookShelf<Playbook> {
  return {
    current: () =>
      Promise.reject(new HoldfastError('PLAYBOOK_INVALID', 'A playbook on trial is never in force')),
    version: () => playbook,
  }
}

async function connectorsOf(
  dir: string,
  { config }: LoadedConfig,
  inboxDir: string | null,
  password: string | null,
  clock: Clock,
): Promise<Connector[]> {
  const sentDir = resolveInWorkspace(dir, config.mail.out.sentDir)
  const now = (): number => clock.now()
  const connectors = [maildirConnector({ sentDir, now, ...(inboxDir === null ? {} : { inboxDir }) })]
  const { host, port, secure, user } = config.smtp
  if (host !== null) {
    const auth = user === null ? null : { user, pass: password ?? '' }
    const { smtpConnector } = await import('../connectors/smtp/connector.ts')
    connectors.push(
      smtpConnector({ host, port, secure, auth, sentDir, outboxDir: join(dir, 'mail', 'outbox'), now }),
    )
  }
  return connectors
}
