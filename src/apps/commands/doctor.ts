/** `doctor`: everything that can be wrong, one row each, with what to do about it. */
import { existsSync } from 'node:fs'
import { access, constants, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { LOG_FILE } from '../../adapters/sqlite/place.ts'
import type { Environment } from '../../adapters/system/environment.ts'
import { STOP_FILE, stopFile } from '../../adapters/system/stop-file.ts'
import { isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { YamlProblem } from '../../templates/yaml-file.ts'
import { loadAutonomy } from '../config/autonomy-file.ts'
import { type LoadedConfig, loadConfig } from '../config/config.ts'
import { readIfThere } from '../config/file.ts'
import { AUTONOMY_FILE, POLICY_FILE } from '../config/file-names.ts'
import { loadFlags } from '../config/flags-file.ts'
import { resolveInWorkspace } from '../config/paths.ts'
import { loadPolicy, policyText } from '../config/policy-file.ts'
import { type KnownNames, unknownInAutonomy, unknownInPolicy, unknownText } from '../config/unknown-names.ts'
import { PENDING_FILE, readPending } from '../erasure/pending.ts'
import { asFileTrouble } from '../file-trouble.ts'
import { knownOperations } from '../known-names.ts'
import { socketOf } from '../server/socket.ts'
import { assertWorkspace } from '../workspace-files.ts'
import { backupsRow } from './doctor-backups.ts'
import { vaultRow } from './doctor-vault.ts'
import type { Inspection } from './inspect.ts'
import { checkPlaybook } from './playbook-check.ts'

export interface DoctorRow {
  readonly check: string
  readonly ok: boolean | 'warn'
  readonly detail: string
  /** What to do; '' when nothing is. */
  readonly fix: string
}

export interface DoctorSubject {
  readonly dir: string
  readonly env: Environment
  /** The process that serves the workspace; null for none. */
  readonly running: () => Promise<{ readonly pid: number } | null>
  /** Looks into the log, by that process or alone. */
  readonly inspect: () => Promise<Inspection>
}

export type Found = Omit<DoctorRow, 'check'>

const MIN_NODE = [24, 15] as const
/** Most files that are named. */
const MAX_NAMED = 5
const LITTLE_SPACE = 2 ** 30
const TOO_LITTLE_SPACE = 100 * 2 ** 20

export async function doctor(subject: DoctorSubject): Promise<DoctorRow[]> {
  const { dir, env } = subject
  const rows: DoctorRow[] = []
  const check = async (name: string, look: () => Promise<Found | null>): Promise<void> => {
    const found = await look().catch(failed)
    if (found !== null) rows.push({ check: name, ...found })
  }
  await check('node', async () => nodeVersion())
  await check('workspace', () => workspaceFiles(dir))
  if (rows.at(-1)?.ok === false) return rows
  await check('process', () => servingProcess(subject))
  let looked: Promise<Inspection> | null = null
  const inspect = (): Promise<Inspection> => {
    looked ??= subject.inspect()
    return looked
  }
  const known = async (): Promise<KnownNames> => {
    // A log that can't be looked into has a row of its own.
    const agents = await inspect().then(
      ({ agents }) => agents,
      () => null,
    )
    return { operations: knownOperations(), agents }
  }
  let loaded: LoadedConfig | null = null
  await check('configuration', async () => {
    loaded = await loadConfig({ dir, env })
    return configured(loaded)
  })
  await check('policy', async () => {
    const { operations, budget } = await loadPolicy({ dir, hosts: [], own: [] })
    const limit = budget.perDayUsd === null ? 'no limit' : `$${budget.perDayUsd}`
    const detail = `may do ${operations.allow.join(', ')}; models: ${limit} a day`
    const text = (await policyText(dir)) ?? ''
    return withNames(detail, POLICY_FILE, unknownInPolicy(text, await known()))
  })
  await check('autonomy', async () => {
    const { level, tiers, vigilance } = await loadAutonomy(dir)
    const tolerated = Object.entries(tiers).map(([name, { tolerance }]) => `${name} ${tolerance}`)
    const items = vigilance.rate === 0 ? 'no known-bad items' : `known-bad items at ${vigilance.rate}`
    const detail = `level ${level} at first; errors tolerated: ${tolerated.join(', ')}; ${items}`
    const text = (await readIfThere(join(dir, AUTONOMY_FILE))) ?? ''
    return withNames(detail, AUTONOMY_FILE, unknownInAutonomy(text, await known()))
  })
  await check('flags', async () => {
    const { flags, segments } = await loadFlags(dir)
    return fine(`${Object.keys(flags).length} flags, ${Object.keys(segments).length} segments`)
  })
  await check('playbook', async () => {
    const { criteria, languages } = await checkPlaybook(dir)
    return fine(`${criteria} criteria, texts in ${languages.join(', ')}`)
  })
  if (loaded !== null) {
    const known: LoadedConfig = loaded
    await check('mail in', () => mailIn(dir, known))
    await check('mail out', () => mailOut(dir, known))
    await check('smtp', () => smtp(known))
    await check('models', () => models(known, env))
  }
  await check('erasure', () => unfinishedErasure(dir))
  let inspection: Inspection | null = null
  await check('log', async () => {
    inspection = await inspect()
    return chainOf(inspection)
  })
  if (inspection !== null) {
    const known: Inspection = inspection
    await check('vault', () => vaultRow(subject, known, loaded))
    await check('backups', async () => (known.backups.length === 0 ? null : backupsRow(dir, known.backups)))
    await check('tables', async () => tablesOf(known))
    await check('stop', async () => unrecordedStop(dir, known))
    await check('work', async () => workOf(known))
    await check('alerts', async () => alertsOf(known))
    await check('unread mail', async () => skippedOf(known))
  }
  await check('disk', () => diskSpace(dir))
  return rows
}

export const fine = (detail: string): Found => ({ ok: true, detail, fix: '' })
export const warn = (detail: string, fix: string): Found => ({ ok: 'warn', detail, fix })
export const bad = (detail: string, fix: string): Found => ({ ok: false, detail, fix })

function failed(error: unknown): Found {
  const known = asFileTrouble(error)
  if (!isHoldfastError(known)) throw error
  const { message, fix = '' } = toErrorRecord(known)
  return bad(message, fix)
}

// -- the machine ------------------------------------------------------------------------------------

function nodeVersion(): Found {
  const { node, sqlite } = process.versions
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])
  const detail = `Node ${node}, SQLite ${sqlite}`
  return isNew ? fine(detail) : bad(detail, `Install Node ${MIN_NODE.join('.')} or newer, or run npm ci.`)
}

async function diskSpace(dir: string): Promise<Found> {
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  const detail = `${(free / 2 ** 30).toFixed(1)} GiB free`
  if (free < TOO_LITTLE_SPACE) return bad(detail, 'Free space: what can not be written is not accepted.')
  return free < LITTLE_SPACE ? warn(detail, 'Free some space before it runs out.') : fine(detail)
}

// -- the workspace ----------------------------------------------------------------------------------

async function workspaceFiles(dir: string): Promise<Found> {
  assertWorkspace(dir)
  await access(dir, constants.R_OK | constants.W_OK)
  const open = await openToOthers([dir, join(dir, LOG_FILE)])
  if (open.length === 0) return fine(dir)
  return warn(
    `others on this machine can read ${open.join(' and ')}`,
    `chmod go-rwx ${open.map((path) => (/\s/.test(path) ? `'${path}'` : path)).join(' ')}`,
  )
}

/** A file in a folder that is closed to others is closed to them too. */
async function openToOthers([dir = '', file = '']: readonly string[]): Promise<string[]> {
  if (process.platform === 'win32' || ((await stat(dir)).mode & 0o077) === 0) return []
  const fileOpen = existsSync(file) && ((await stat(file)).mode & 0o077) !== 0
  return fileOpen ? [dir, file] : [dir]
}

async function servingProcess({ dir, running }: DoctorSubject): Promise<Found> {
  const process = await running()
  if (process !== null) return fine(`served by process ${process.pid}`)
  if (socketOf(dir) === null) return fine('not running; commands do the work themselves')
  return warn(
    'not running; the last one was killed and left its socket',
    'Nothing: the next start replaces it.',
  )
}

function configured({ config }: LoadedConfig): Found {
  const [address] = config.owner.addresses
  if (address !== undefined) return fine(`${config.owner.name || 'no name'} <${address}>`)
  return warn('owner.addresses is empty: replies have no sender of yours', 'Set it in holdfast.yaml.')
}

/** Names that match nothing are no mistake yet: what they name may come. */
function withNames(detail: string, file: string, unknown: readonly YamlProblem[]): Found {
  if (unknown.length === 0) return fine(detail)
  const lines = unknownText(file, unknown)
  const more = lines.length > MAX_NAMED ? [`… and ${lines.length - MAX_NAMED} more`] : []
  return warn(
    [detail, ...lines.slice(0, MAX_NAMED), ...more].join('\n'),
    'What is misspelt has no effect: a deny denies nothing. Leave it if what it names is still to come.',
  )
}

// -- mail and models --------------------------------------------------------------------------------

async function mailIn(dir: string, { config }: LoadedConfig): Promise<Found> {
  const { maildir } = config.mail.in
  if (maildir === null) return fine('no inbox folder; mail comes by ingest only')
  const folder = resolveInWorkspace(dir, maildir)
  // Missing ones, such as empty folders after a restore, are made at the next start.
  const parts = ['tmp', 'new', 'cur'].map((part) => join(folder, part)).filter((path) => existsSync(path))
  if (parts.length === 0) return fine(`${folder}, made at the next start`)
  for (const path of parts) {
    const usable = await access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    )
    if (!usable)
      return bad(`${path} can't be read and written`, 'Make it so for the user that runs Holdfast.')
  }
  const waiting = existsSync(join(folder, 'new')) ? (await readdir(join(folder, 'new'))).length : 0
  return fine(`${folder}, ${waiting === 0 ? 'nothing waits' : `${waiting} to be taken in`}`)
}

async function mailOut(dir: string, { config }: LoadedConfig): Promise<Found> {
  const { connector, sentDir } = config.mail.out
  const folder = resolveInWorkspace(dir, sentDir)
  const detail =
    connector === 'maildir' ? `filed in ${folder}, carried no further` : `by smtp, filed in ${folder}`
  const outbox = join(dir, 'mail', 'outbox')
  const doubtful = existsSync(outbox) ? (await readdir(outbox)).length : 0
  if (doubtful === 0) return fine(detail)
  return warn(
    `${detail}; ${doubtful} in ${outbox} of which it is not known whether they left`,
    'Answer what the inbox asks about them.',
  )
}

async function smtp({ config }: LoadedConfig): Promise<Found | null> {
  const { host, port, secure } = config.smtp
  if (host === null) return null
  const { greetServer } = await import('./smtp-greeting.ts')
  try {
    return fine(`${host}:${port} answers: ${await greetServer({ host, port, secure })}`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return bad(`${host}:${port}: ${why}`, 'Check smtp.host, smtp.port and smtp.secure in holdfast.yaml.')
  }
}

async function models({ config }: LoadedConfig, env: Environment): Promise<Found> {
  const { modelsFromEnvironment } = await import('../../adapters/ai-sdk/model.ts')
  const { use, prices, keys } = config.models
  const found = await modelsFromEnvironment(env, { use, prices, keys, now: () => 0 })
  if (found.length === 0) return fine('none: the playbook decides and drafts')
  return fine(found.map(({ provider, model, host }) => `${provider}:${model} at ${host}`).join(', '))
}

// -- the log ----------------------------------------------------------------------------------------

/** null when none is under way. */
async function unfinishedErasure(dir: string): Promise<Found | null> {
  const pending = await readPending(dir)
  if (pending === null) return null
  const { customer } = pending.person
  return {
    ok: 'warn',
    detail: `the erasure of ${customer} has not come to its end, and ${PENDING_FILE} holds what it searches for`,
    fix: `Repeat \`holdfast erase ${customer} --reason TEXT\`.`,
  }
}

function chainOf({ events, chain }: Inspection): Found {
  if (chain === null) return fine(`${events} events, the chain is whole`)
  return bad(chain.message, chain.fix ?? '')
}

function tablesOf({ events, differing }: Inspection): Found {
  if (differing === null) return warn(`not compared: ${events} events`, 'Run `holdfast log rebuild --check`.')
  if (differing.length === 0) return fine('what the log says')
  return bad(`${differing.join(', ')} differ from the log`, 'Run `holdfast log rebuild`.')
}

function workOf({ runs, stalled, reviews }: Inspection): Found {
  const counts = Object.entries(runs).map(([status, n]) => `${n} ${status}`)
  const detail = `${counts.join(', ') || 'no runs yet'}; ${reviews} waiting for your word`
  const [first] = stalled
  if (first === undefined) return fine(detail)
  const named = stalled.map(({ id, code }) => `${id} (${code})`).join(', ')
  return warn(`${detail}. Stalled: ${named}`, `See what it needs with \`holdfast run show ${first.id}\`.`)
}

/** A stop by a file that was put there while nobody had the workspace open; one on record is an alert. */
function unrecordedStop(dir: string, { alerts }: Inspection): Found | null {
  const ordered = stopFile(dir).read()
  if (ordered?.order !== 'stop' || alerts.some(({ alert }) => alert === 'work-stopped')) return null
  const since = new Date(ordered.at).toISOString()
  const detail = `${STOP_FILE} stands in the workspace since ${since}: nothing reaches outside`
  return warn(detail, `\`holdfast resume\` lets work go on; a folder of that name you take away yourself.`)
}

function alertsOf({ alerts }: Inspection): Found {
  if (alerts.length === 0) return fine('none')
  const fixes = new Set(alerts.map(({ alert }) => ALERT_FIXES[alert] ?? 'See `holdfast log export`.'))
  return warn(alerts.map(({ message }) => message).join('\n'), [...fixes].join(' '))
}

const ALERT_FIXES: Readonly<Record<string, string>> = {
  'runs-failed':
    'See why with `holdfast dead-letters`; once the cause is mended `holdfast run retry ID`, or `holdfast run discard ID`.',
  'event-set-aside':
    'See `holdfast dead-letters`; once the cause is mended `holdfast agent retry NAME KEY POSITION`.',
  'trigger-set-aside':
    'See `holdfast dead-letters`; once the cause is mended `holdfast trigger retry NAME POSITION`.',
  'work-stopped': '`holdfast resume` lets work go on.',
  'audit-missed': 'Answer the next audit in the inbox; `holdfast autonomy` shows how many were missed.',
  'autonomy-lowered': 'See `holdfast autonomy` for why; it stays at review until you say otherwise.',
  'connector-down':
    'It is tried again by itself; see `holdfast breakers`, and once it is mended `holdfast breaker close NAME`.',
}

function skippedOf({ skipped }: Inspection): Found {
  if (skipped.length === 0) return fine('none in the last 30 days')
  const named = skipped.slice(-MAX_NAMED).map(({ ref, error }) => `${ref}: ${error}`)
  const more = skipped.length > MAX_NAMED ? `… and ${skipped.length - MAX_NAMED} more` : ''
  return warn(
    [`${skipped.length} in the last 30 days could not be read as mail:`, ...named, more].join('\n').trim(),
    'Look at the files; what was read of them is kept in the log (`holdfast log export`).',
  )
}
