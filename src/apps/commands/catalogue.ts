/** Every command by its name, loaded when it is first asked for. */
import { HoldfastError } from '../../kernel/errors.ts'
import { validate } from '../../kernel/schema.ts'
import type { AnyCommand, Command } from './command.ts'

export const COMMANDS = {
  ingest: async () => (await import('./ingest.ts')).ingest,
  inbox: async () => (await import('./inbox.ts')).inbox,
  'review show': async () => (await import('./review-show.ts')).reviewShow,
  'review answer': async () => (await import('./review-answer.ts')).reviewAnswer,
  'review equals': async () => (await import('./review-batch.ts')).reviewEquals,
  'review answer all': async () => (await import('./review-batch.ts')).reviewAnswerAll,
  'review snooze': async () => (await import('./review-later.ts')).reviewSnooze,
  'review delegate': async () => (await import('./review-later.ts')).reviewDelegate,
  reviews: async () => (await import('./reviews.ts')).reviews,
  delegations: async () => (await import('./review-later.ts')).delegations,
  'delegation revoke': async () => (await import('./review-later.ts')).delegationRevoke,
  queue: async () => (await import('./queue.ts')).queue,
  schedules: async () => (await import('./schedules.ts')).schedules,
  'schedule pause': async () => (await import('./schedules.ts')).schedulePause,
  'schedule resume': async () => (await import('./schedules.ts')).scheduleResume,
  'schedule run': async () => (await import('./schedules.ts')).scheduleRun,
  triggers: async () => (await import('./triggers.ts')).triggers,
  'trigger pause': async () => (await import('./triggers.ts')).triggerPause,
  'trigger resume': async () => (await import('./triggers.ts')).triggerResume,
  'trigger retry': async () => (await import('./triggers.ts')).triggerRetry,
  runs: async () => (await import('./runs.ts')).runs,
  'run show': async () => (await import('./run-show.ts')).runShow,
  'run replay': async () => (await import('./run-replay.ts')).runReplay,
  'run retry': async () => (await import('./dead-letters.ts')).runRetry,
  'run discard': async () => (await import('./dead-letters.ts')).runDiscard,
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLetters,
  'run rollback': async () => (await import('./run-rollback.ts')).runRollback,
  'run cancel': async () => (await import('./run-cancel.ts')).runCancel,
  'run fork': async () => (await import('./run-fork.ts')).runFork,
  why: async () => (await import('./why.ts')).why,
  'what-if': async () => (await import('./what-if.ts')).whatIf,
  preflight: async () => (await import('./preflight.ts')).preflight,
  agents: async () => (await import('./agents.ts')).agents,
  'agent show': async () => (await import('./agents.ts')).agentShow,
  'agent change': async () => (await import('./agents.ts')).agentChange,
  'agent retry': async () => (await import('./agents.ts')).agentRetry,
  autonomy: async () => (await import('./autonomy.ts')).autonomy,
  'autonomy calibration': async () => (await import('./autonomy.ts')).autonomyCalibration,
  'autonomy set': async () => (await import('./autonomy.ts')).autonomySet,
  'autonomy accept': async () => (await import('./autonomy.ts')).autonomyAccept,
  'autonomy decline': async () => (await import('./autonomy.ts')).autonomyDecline,
  'autonomy demote': async () => (await import('./autonomy.ts')).autonomyDemote,
  'autonomy compare': async () => (await import('./autonomy.ts')).autonomyCompare,
  anomalies: async () => (await import('./anomalies.ts')).anomalies,
  'anomaly lift': async () => (await import('./anomalies.ts')).anomalyLift,
  grants: async () => (await import('./grants.ts')).grants,
  'grant give': async () => (await import('./grants.ts')).grantGive,
  'grant revoke': async () => (await import('./grants.ts')).grantRevoke,
  lineage: async () => (await import('./lineage.ts')).lineage,
  'policy test': async () => (await import('./policy.ts')).policyTest,
  'policy what-if': async () => (await import('./policy.ts')).policyWhatIf,
  breakers: async () => (await import('./breakers.ts')).breakers,
  'breaker close': async () => (await import('./breakers.ts')).breakerClose,
  customers: async () => (await import('./customers.ts')).customers,
  'customer show': async () => (await import('./customers.ts')).customerShow,
  flags: async () => (await import('./flags.ts')).flags,
  'flag show': async () => (await import('./flags.ts')).flagShow,
  'flag explain': async () => (await import('./flags.ts')).flagExplain,
  'flag change': async () => (await import('./flags.ts')).flagChange,
  'flag skipped': async () => (await import('./flags.ts')).flagSkipped,
  'flag start': async () => (await import('./flags.ts')).flagStart,
  backup: async () => (await import('./backup.ts')).backup,
  stop: async () => (await import('./stop.ts')).stop,
  resume: async () => (await import('./stop.ts')).resume,
  backups: async () => (await import('./backup.ts')).backupList,
  'backup destroy': async () => (await import('./backup.ts')).backupDestroy,
  retain: async () => (await import('./retain.ts')).retain,
  erase: async () => (await import('./erase.ts')).erase,
  'log checkpoint': async () => (await import('./log.ts')).logCheckpoint,
  'log verify': async () => (await import('./log.ts')).logVerify,
  'log rebuild': async () => (await import('./log.ts')).logRebuild,
  'log export': async () => (await import('./log.ts')).logExport,
  'vault list': async () => (await import('./vault.ts')).vaultList,
  'vault set': async () => (await import('./vault.ts')).vaultSet,
  'vault rotate': async () => (await import('./vault.ts')).vaultRotate,
  'vault remove': async () => (await import('./vault.ts')).vaultRemove,
  'vault export': async () => (await import('./vault.ts')).vaultExport,
  'vault import': async () => (await import('./vault.ts')).vaultImport,
  'vault rekey': async () => (await import('./vault.ts')).vaultRekey,
  inspect: async () => (await import('./inspect.ts')).inspect,
} as const satisfies Record<string, () => Promise<AnyCommand>>

export type CommandName = keyof typeof COMMANDS
type CommandOf<Name extends CommandName> = Awaited<ReturnType<(typeof COMMANDS)[Name]>>
export type DataOf<Name extends CommandName> =
  CommandOf<Name> extends Command<infer _, infer Data> ? Data : never
export type ParamsOf<Name extends CommandName> =
  CommandOf<Name> extends Command<infer Params, infer _> ? Params : never

/** @throws USAGE when there is no such command. */
export async function loadCommand(name: string): Promise<AnyCommand> {
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new HoldfastError('USAGE', `There is no command ${JSON.stringify(name)}`, {
      details: { name, known: Object.keys(COMMANDS) },
    })
  }
  return await COMMANDS[name as CommandName]()
}

/** @throws INPUT_INVALID */
export async function checkParams(command: AnyCommand, params: unknown): Promise<unknown> {
  return await validate(command.params, params, `What was given to ${command.name}`)
}
