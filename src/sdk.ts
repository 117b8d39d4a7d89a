/**
 * The public entry: define workflows and connectors, open a workspace, start runs.
 *
 *     const order = defineWorkflow({ name: 'order', version: 1, input, output, async run(ctx, input) { … } })
 *     const hf = await openHoldfast({ dir, workflows: [order], connectors: [] })
 *     const run = await hf.start(order, { … }, { id: 'order-17' })
 *     await run.result()
 *     await hf.close()
 */
import { resolve } from 'node:path'
import { type BackupOptions, makeBackup } from './adapters/backup/backup.ts'
import { newBackupId } from './adapters/backup/backup-keys.ts'
import type { BackupManifest } from './adapters/backup/manifest.ts'
import { type RestoreOptions, type RestoreReport, restoreBackup } from './adapters/backup/restore.ts'
import { openSqliteEventLog } from './adapters/sqlite/event-log.ts'
import { systemClock } from './adapters/system/clock.ts'
import { processEnvironment } from './adapters/system/environment.ts'
import { newId } from './adapters/system/ids.ts'
import { stopFile } from './adapters/system/stop-file.ts'
import { fileVault } from './adapters/vault/vault.ts'
import { Backups, type BackupsOptions, keyFinder, recordMade } from './apps/backups/backups.ts'
import type { FlagDefinitions } from './apps/config/flags-file.ts'
import { flagsOf } from './apps/config/flags-of.ts'
import type { ErasedPerson, ErasePersonOptions } from './apps/erasure/erase-person.ts'
import { LOG_PROJECTIONS } from './apps/log-projections.ts'
import type { WebhookOptions } from './apps/webhooks/receive-webhooks.ts'
import type { WebhookServer } from './apps/webhooks/webhook-server.ts'
import { attentionCheck, type CheckInput } from './autonomy/attention.ts'
import { AutonomyByEvidence } from './autonomy/autonomy.ts'
import { AUTONOMY_DEFAULTS } from './autonomy/settings.ts'
import { type AnyAgent, handlingWorkflow } from './kernel/agent.ts'
import type { AnyWorkflow } from './kernel/workflow.ts'
import type { Objector } from './policy/deciding.ts'
import { createGate } from './policy/gate.ts'
import { grantsFor } from './policy/grants.ts'
import type { Contact } from './policy/guardrails/outgoing.ts'
import { noteSeen } from './policy/presence/presence.ts'
import { createRedactor } from './policy/redactor.ts'
import { registeredOnly } from './policy/registered-only.ts'
import type { Meter } from './policy/request.ts'
import { Secrets } from './policy/secrets.ts'
import { FileStopSwitch } from './policy/stopping/stop-switch.ts'
import type { AutonomySettings } from './ports/autonomy-settings.ts'
import type { Clock } from './ports/clock.ts'
import type { Connector } from './ports/connector.ts'
import type { EventLog } from './ports/event-log.ts'
import type { Facts, Flags } from './ports/flags.ts'
import type { EffectRequest } from './ports/gate.ts'
import type { Model } from './ports/model.ts'
import type { PolicySettings } from './ports/policy-settings.ts'
import type { Projection } from './ports/projection.ts'
import { whyStopped } from './ports/stop-switch.ts'
import type { OpenVault, Redactor } from './ports/vault.ts'
import { Agents } from './runtime/agents/agents.ts'
import { quarantineParts } from './runtime/agents/quarantine.ts'
import { clearAlert, isRaised, raiseAlert } from './runtime/alert-index.ts'
import { Holdfast } from './runtime/holdfast.ts'
import {
  type RetentionOptions,
  type RetentionReport,
  type RetentionRule,
  retain as retainRuns,
} from './runtime/retention/retention.ts'
import { Runtime } from './runtime/runtime.ts'
import type { AnySchedule } from './runtime/schedules/schedule.ts'
import type { AnyTrigger } from './runtime/triggers/trigger.ts'

export interface OpenOptions {
  /** Folder of the workspace; created when missing. One process at a time. */
  readonly dir: string
  readonly workflows: readonly AnyWorkflow[]
  /** An earlier version beside the present one serves only the runs that began with it. */
  readonly agents?: readonly AnyAgent[]
  /** What is started at the times of a cron expression. */
  readonly schedules?: readonly AnySchedule[]
  /** What is started by published events. */
  readonly triggers?: readonly AnyTrigger[]
  readonly connectors?: readonly Connector[]
  /** In order of preference. Default none: decisions are made by rules. */
  readonly models?: readonly Model[]
  /** Default: what is registered may be used, and nothing else. */
  readonly policy?: PolicySettings | (() => PolicySettings)
  /**
   * Feature flags: a file like flags.yaml, read again when it has changed; what it would say; or your own, once the log is open.
   */
  readonly flags?: { readonly file: string } | FlagDefinitions | (() => Flags)
  /** What is known of a customer, for the segments of the flags. Default: nothing. */
  readonly customerFacts?: (customer: string) => Facts
  /** How control is handed over by evidence. What is not given is taken from the defaults: everything is reviewed. */
  readonly autonomy?: Partial<AutonomySettings> | (() => AutonomySettings)
  /** The segment of a customer, for levels of its own. Default: the first of `segments` that autonomy knows, else `all`. */
  readonly segmentOf?: (customer: string | null) => string
  /** Segments that a customer belongs to, for rules, grants and levels that name them. Default: those of the flags. */
  readonly segments?: (customer: string) => readonly string[]
  /** What of other limits on an effect is used up, beside the budgets of the policy. Default none. */
  readonly meters?: (request: EffectRequest) => readonly Meter[]
  /** Addresses and phone numbers of customers that stand in a text, for the guardrails. Default: none is known. */
  readonly contactsIn?: (text: string) => readonly Contact[]
  /** What may object to an effect beside the policy; asked at every decision, and on record with its rule. */
  readonly objectors?: readonly Objector[]
  /** Projections of your own, kept in the same transaction as the events. */
  readonly projections?: readonly Projection[]
  readonly clock?: Clock
  /** Where secrets are kept. Default: `vault.json` in `dir`, with the master key where the environment says. */
  readonly vault?: OpenVault
  /** What knows the secrets, and replaces them wherever they turn up. Default one of its own. */
  readonly redactor?: Redactor
  /** Given the log as soon as it is open, before any run goes on: for workflows that read from it. */
  readonly onLog?: (log: EventLog, secrets: Secrets) => void
  /** Runs under way at once, default 200. */
  readonly activeRuns?: number
  /** Parked runs kept in memory, default 500. */
  readonly residentRuns?: number
  /** Deaths of the process in a row that a run may be under way at without getting on, before it fails; default 10. */
  readonly cutOffs?: number
  /** Instances of each agent kept in memory, default 2,000. */
  readonly residentInstances?: number
  /** false: runs that were left under way stay as they are, for looking only. Default true. */
  readonly recover?: boolean
}

/** The alert of a stop. */
const WORK_STOPPED = 'work-stopped'

/**
 * Opens a workspace and goes on with every run that was left under way.
 * @throws WORKSPACE_LOCKED when another process has it open; WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED
 */
export async function openHoldfast(options: OpenOptions): Promise<Holdfast> {
  const clock = options.clock ?? systemClock()
  const connectors = options.connectors ?? []
  const models = options.models ?? []
  const agents = options.agents ?? []
  const policy = options.policy ?? registeredOnly(connectors, models)
  const redactor = options.redactor ?? createRedactor()
  const openVault = options.vault ?? fileVault({ dir: options.dir, env: processEnvironment() })
  const log = openSqliteEventLog({
    dir: options.dir,
    clock,
    projections: [...LOG_PROJECTIONS, ...(options.projections ?? [])],
    redact: redactor.json,
  })
  try {
    const secrets = new Secrets({ vault: openVault(log.id), log, redactor, clock })
    await secrets.learn()
    options.onLog?.(log, secrets)
    const settings = typeof policy === 'function' ? policy : () => policy
    const flags = options.flags === undefined ? undefined : await flagsOf(log, clock, options)
    const segments = options.segments ?? flags?.segmentsOf.bind(flags)
    const alert = {
      raise: (message: string) => raiseAlert(WORK_STOPPED, '', message),
      clear: () => clearAlert(WORK_STOPPED, ''),
    }
    const work = new FileStopSwitch({ log, file: stopFile(options.dir), clock, newId, alert })
    const gate = createGate({
      stopped: () => whyStopped(work.current()),
      connectors,
      models,
      settings,
      tables: log.tables,
      clock,
      secrets,
      watch: () => autonomy.watch,
      grants: (operation) => grantsFor(log.tables, operation),
      known: options.contactsIn === undefined ? {} : { contactsIn: options.contactsIn },
      ...(segments === undefined ? {} : { segments }),
      onCommit: (listener) => log.onCommit(listener),
      ...(options.meters === undefined ? {} : { meters: options.meters }),
      ...(options.objectors === undefined ? {} : { objectors: options.objectors }),
    })
    const { autonomy: given = {}, segmentOf } = options
    const autonomy: AutonomyByEvidence = new AutonomyByEvidence({
      log,
      clock,
      settings: typeof given === 'function' ? given : () => ({ ...AUTONOMY_DEFAULTS, ...given }),
      ...(segmentOf === undefined ? {} : { segmentOf }),
      ...(segments === undefined ? {} : { segmentsOf: segments }),
      ...(flags === undefined ? {} : { flags }),
      manifestOf: (operation) => gate.manifestOf(operation),
      alerts: { raise: raiseAlert, clear: clearAlert, isRaised: (...of) => isRaised(log.tables, ...of) },
      lifecycle: (...change) => quarantineParts(log.tables, ...change),
      start: async ({ run, input, customer, label }) => {
        const about = customer === null ? {} : { customer }
        await holdfast.start(attentionCheck, input as unknown as CheckInput, { id: run, label, ...about })
      },
    })
    const runtime = new Runtime({
      log,
      gate,
      ...(flags === undefined ? {} : { flags }),
      autonomy,
      clock,
      workflows: [...options.workflows, ...agents.map(handlingWorkflow), attentionCheck],
      ...(options.activeRuns === undefined ? {} : { activeRuns: options.activeRuns }),
      ...(options.residentRuns === undefined ? {} : { residentRuns: options.residentRuns }),
      ...(options.cutOffs === undefined ? {} : { cutOffs: options.cutOffs }),
    })
    const { residentInstances } = options
    const holdfast = new Holdfast(
      runtime,
      new Agents(runtime, { agents, ...(residentInstances === undefined ? {} : { residentInstances }) }),
      newId,
      { schedules: options.schedules, triggers: options.triggers, work },
    )
    if (options.recover !== false) {
      await flags?.current()
      await work.open()
      await autonomy.open()
      await holdfast.agents.open()
      runtime.recover()
      holdfast.desk.open()
      holdfast.deadLetters.open()
      holdfast.budgetExpiry.open()
      await holdfast.schedules.open()
      await holdfast.triggers.open()
    }
    return holdfast
  } catch (error) {
    await log.close()
    throw error
  }
}

/**
 * Backs a workspace up while its runs go on: the log, and the `files` that are named. Resolves when the backup
 * is on disk; its checkpoint says up to where it goes.
 * @param to folder to make; it may be there and empty
 * @throws FOLDER_NOT_EMPTY
 */
export async function backup(
  { log, runtime }: Holdfast,
  to: string,
  options: Pick<BackupOptions, 'files' | 'signal' | 'progress'> = {},
): Promise<BackupManifest> {
  const [made, head] = [runtime.clock.now(), log.head().position]
  const manifest = await makeBackup({ ...options, log, to, now: made })
  await recordMade(log, newBackupId(), { to: resolve(to), made, head, manifest })
  return manifest
}

/**
 * Backups that are sealed with a key of their own, which is destroyed when its time is over or after an erasure: made by
 * `make`, ended by `lookAfter`, which is to be called from time to time.
 * @param options.dir the workspace. `keys`: folder of the keys, default `backup-keys` in it
 */
export function sealedBackups(
  { log }: Holdfast,
  options: Pick<BackupsOptions, 'dir' | 'keys' | 'afterErasureMs'>,
): Backups {
  return new Backups({ ...options, log, env: processEnvironment() })
}

/**
 * Makes a backup into a workspace, verified before it gets its name. What was under way, and what older runs
 * do from then on, is looked up outside before it is done: it may have been done after the backup was made.
 * @param dir folder to make; it may be there and empty
 * @param options.projections the ones that the workspace is opened with, to be compared with the log
 * @param options.keys folder of the keys of sealed backups. Default: where it was put, or beside the backup
 * @throws BACKUP_INVALID, BACKUP_KEY_GONE, VAULT_KEY_MISSING, FOLDER_NOT_EMPTY, LOG_CORRUPT, LOG_REPLACED, LOG_TRUNCATED, LOG_REWRITTEN
 */
export async function restore(
  from: string,
  dir: string,
  options: Pick<RestoreOptions, 'signal' | 'progress' | 'prepare' | 'keyOf'> &
    Pick<OpenOptions, 'projections' | 'clock'> & { readonly keys?: string | undefined } = {},
): Promise<RestoreReport> {
  const { projections = [], clock = systemClock(), keys, ...rest } = options
  const open = (place: string): EventLog =>
    openSqliteEventLog({ dir: place, clock, projections: [...LOG_PROJECTIONS, ...projections] })
  const keyOf = rest.keyOf ?? keyFinder({ from, env: processEnvironment(), keys })
  return await restoreBackup({ ...rest, from, dir, open, keyOf })
}

/**
 * Erases what runs held that ended long enough ago, published events, and what the states of agents were before
 * their newest snapshots, each by the first rule of its sort that fits; what none fits is kept.
 * Call it from time to time; `log.compact()` gives the room back.
 */
export async function retain(
  { log, runtime }: Holdfast,
  rules: readonly RetentionRule[],
  options: Pick<RetentionOptions, 'streamsOf' | 'dryRun' | 'signal'> = {},
): Promise<RetentionReport> {
  return await retainRuns(log, { ...options, rules, now: runtime.clock.now() })
}

/**
 * Erases somebody: the bodies of what is about them, and their names wherever they are kept, in headers too. Resolves
 * with what was erased, what others said of them, and where anything of them is still found. May be repeated.
 * @throws CUSTOMER_BUSY when runs about them have not ended
 */
export async function erase(holdfast: Holdfast, options: ErasePersonOptions): Promise<ErasedPerson> {
  const { erasePerson } = await import('./apps/erasure/erase-person.ts')
  return await erasePerson(holdfast, options)
}

/**
 * Takes deliveries of others on a port of this machine: each is one published event, with a label from outside, however
 * often it comes. Stop what this resolves with before you close.
 * @throws CONFIG_INVALID when nothing can listen there; SECRET_INVALID for what is no handle
 */
export async function receiveWebhooks(holdfast: Holdfast, options: WebhookOptions): Promise<WebhookServer> {
  const webhooks = await import('./apps/webhooks/receive-webhooks.ts')
  return await webhooks.receiveWebhooks(holdfast, options)
}

export type { ListedBackup } from './adapters/backup/backup-keys.ts'
export type { BackupManifest } from './adapters/backup/manifest.ts'
export type { RestoreReport } from './adapters/backup/restore.ts'

/**
 * The operator gave a sign, by which way a program learnt of it: what leaves needs no review on account of absence for
 * another while. Resolves with since when the operator was away, if so; 0 for never seen.
 */
export async function seen({ log, runtime }: Holdfast, way = 'program'): Promise<number | null> {
  const signed = await noteSeen(log, runtime.gate.policy(), { way, now: runtime.clock.now() })
  return signed.awaySince
}

export { fasterClock } from './adapters/system/clock.ts'
export { fileVault } from './adapters/vault/vault.ts'
export type { Backups } from './apps/backups/backups.ts'
export type { FlagDefinitions } from './apps/config/flags-file.ts'
export type { ErasedPerson, ErasePersonOptions } from './apps/erasure/erase-person.ts'
export { answers, delegations, verifyRun, why } from './apps/looking.ts'
export { flagProvider } from './flags/provider.ts'
export { type Agent, defineAgent, type Lifecycle } from './kernel/agent.ts'
export type { BreakerSettings } from './kernel/breaker.ts'
export { type Checkpoint, checkpointOf, readCheckpoint } from './kernel/checkpoint.ts'
export type { ErrorCode } from './kernel/error-table.ts'
export { HoldfastError } from './kernel/errors.ts'
export { definePipeline, type Pipeline, type PipelineContext } from './kernel/pipeline.ts'
export type { FieldOptions, OnExpiry, ReviewField, Risk } from './kernel/review.ts'
export { type Context, defineWorkflow, type Proposal, type Workflow } from './kernel/workflow.ts'
export type { Explanation, Reason } from './observe/explain/explanation.ts'
export { type BudgetState, budgets } from './policy/budget-list.ts'
export type { Objector } from './policy/deciding.ts'
export { grant, grants, type ListedGrant, type NewGrant, revokeGrant } from './policy/grants.ts'
export type { Contact } from './policy/guardrails/outgoing.ts'
export { GUARDRAILS } from './policy/guardrails/rules.ts'
export type { Meter } from './policy/request.ts'
export type { Secrets } from './policy/secrets.ts'
export type { Anomalies, Anomaly, AnomalySettings, Normal } from './ports/anomalies.ts'
export type {
  Autonomy,
  Calibration,
  Level,
  Reliability,
  Remit,
  ShadowProposal,
  Standing,
  Vigilance,
} from './ports/autonomy.ts'
export type { AutonomySettings } from './ports/autonomy-settings.ts'
export type { Clock } from './ports/clock.ts'
export {
  type Connector,
  defineConnector,
  type Lookup,
  type Operation,
  type OperationContext,
  type OperationManifest,
  type PerformContext,
} from './ports/connector.ts'
export type { FlagAnswer, Flags } from './ports/flags.ts'
export type { Model } from './ports/model.ts'
export type { BudgetRule, Guardrails, PolicySettings } from './ports/policy-settings.ts'
export type { Projection } from './ports/projection.ts'
export type { Stop, StopSwitch } from './ports/stop-switch.ts'
export type { OpenVault, Vault } from './ports/vault.ts'
export type { AgentHandle, InstanceHandle, InstanceStatus } from './runtime/agents/agent-handle.ts'
export type { AgentSummary, InstanceSummary, SetAside } from './runtime/agents/lists.ts'
export type { Alert } from './runtime/alert-index.ts'
export type { Answer } from './runtime/answer.ts'
export type { BreakerRow } from './runtime/breakers/breaker-index.ts'
export type { EmittedEvent, RunHandle } from './runtime/handles.ts'
export type { Holdfast } from './runtime/holdfast.ts'
export type { StartOptions } from './runtime/life/run-start.ts'
export type { DeadEvent, DeadLetterList, DeadRun } from './runtime/reopening/dead-letters.ts'
export type { Retried, RetryOptions } from './runtime/reopening/plan.ts'
export type { Fork, ForkOptions } from './runtime/replay/fork.ts'
export { type PreflightBreak, type PreflightReport, preflight } from './runtime/replay/preflight.ts'
export type { ReplayReport } from './runtime/replay/replay.ts'
export type { RetentionReport, RetentionRule } from './runtime/retention/retention.ts'
export type { AnswerRecord } from './runtime/reviews/answer-records.ts'
export type { BatchAnswer } from './runtime/reviews/batch.ts'
export type { Delegation } from './runtime/reviews/delegation-index.ts'
export type { DelegateOptions } from './runtime/reviews/delegation-scope.ts'
export type { Review } from './runtime/reviews/review-index.ts'
export type { Shown } from './runtime/reviews/shown.ts'
export { defineSchedule, type MissedPolicy, type Schedule } from './runtime/schedules/schedule.ts'
export type { ScheduleState } from './runtime/schedules/schedules.ts'
export { defineTrigger, type Trigger } from './runtime/triggers/trigger.ts'
export type { TriggerState } from './runtime/triggers/triggers.ts'
export type { WhatIfReport, WhatIfRun } from './runtime/what-if/changes.ts'
export type { WhatIfOptions } from './runtime/what-if/what-if.ts'
