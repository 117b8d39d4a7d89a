/**
 * Erases a customer from a workspace, in steps each of which may be repeated:
 *
 *     plan on the disk ─▶ log, one commit ─▶ mail files ─▶ database file written anew ─▶ list ─▶ search ─▶ plan gone
 *
 * After a crash anywhere the plan is still there, and the same command goes on to the end. It is done when a search
 * of every byte of the workspace finds nothing; until then the plan stays, and the command says what was found where.
 *
 * Why: docs/decisions/0048-erasing-a-person.md
 */
import { randomBytes } from 'node:crypto'
import { relative } from 'node:path'
import { clearScratch } from '../../adapters/backup/backup.ts'
import { type SearchReport, searchFiles } from '../../adapters/traces/search.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { eraseSubject, findSubject, type Mention } from '../../runtime/erasure/erase-subject.ts'
import type { MailFolderPaths } from '../mail-folders.ts'
import { writeErasures } from './erasure-list.ts'
import { deleteFiles, mailFilesOf } from './mail-files.ts'
import { endPending, PENDING_FILE, type Pending, writePending } from './pending.ts'
import { keyedHash, type Person } from './person.ts'

export interface Site {
  readonly dir: string
  readonly log: EventLog
  readonly folders: MailFolderPaths
}

export interface EraseOptions {
  readonly actor: string
  readonly reason: string
  /** Also what others said of them. */
  readonly mentions: boolean
  /** It ends also when something is found that can't be erased here. */
  readonly finish: boolean
  /** Called once the log holds nothing of them: what is to become of older backups. */
  readonly endBackups?: () => Promise<void>
  readonly signal?: AbortSignal
}

export interface ErasePlan {
  readonly runs: readonly string[]
  readonly openRuns: readonly string[]
  readonly events: number
  readonly mentions: readonly Mention[]
  /** States of agents that are about more than this customer. */
  readonly sharedStates: number
  /** From the workspace. */
  readonly files: readonly string[]
  /** Mail folders outside the workspace, which are left alone. */
  readonly elsewhere: readonly string[]
}

export interface EraseReport extends ErasePlan {
  readonly blobs: number
  readonly search: SearchReport
  /** Found nothing, or finished all the same. */
  readonly done: boolean
}

export function newPending(person: Person, { actor, reason, mentions }: EraseOptions): Pending {
  const key = randomBytes(16).toString('hex')
  return { person, actor, reason, record: { key, hash: keyedHash(person.customer, key), mentions } }
}

/** @param withMentions whether what others said of them goes, too */
export async function planErasure(
  { dir, log, folders }: Site,
  person: Person,
  withMentions: boolean,
): Promise<ErasePlan> {
  const { runs, open, positions, mentions, shared } = findSubject(log, person.subject, withMentions)
  const files = await mailFilesOf(dir, folders, person, withMentions)
  return {
    runs,
    openRuns: open,
    events: positions.length,
    mentions,
    sharedStates: shared.length,
    files: files.map((file) => relative(dir, file)),
    elsewhere: folders.elsewhere,
  }
}

/** @throws CUSTOMER_BUSY when runs have not ended; then nothing was done */
export async function eraseCustomer(
  site: Site,
  pending: Pending,
  options: EraseOptions,
): Promise<EraseReport> {
  const { dir, log, folders } = site
  const { subject, wanted } = pending.person
  const plan = await planErasure(site, pending.person, options.mentions)
  if (plan.openRuns.length === 0) await writePending(dir, pending)
  crashPoint('erasure.after-plan')
  const { events, blobs } = await eraseSubject(log, {
    subject,
    actor: pending.actor,
    reason: pending.reason,
    mentions: options.mentions,
    note: { person: { ...pending.record, mentions: options.mentions } },
  })
  crashPoint('erasure.after-log')
  await deleteFiles(await mailFilesOf(dir, folders, pending.person, options.mentions))
  crashPoint('erasure.after-files')
  log.compact({ anew: true })
  crashPoint('erasure.after-compact')
  await options.endBackups?.()
  await clearScratch(dir)
  await writeErasures(dir, log)
  const skip = [PENDING_FILE, `${PENDING_FILE}.new`]
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const search = await searchFiles(dir, wanted, { skip, ...signal })
  crashPoint('erasure.before-end')
  const done = search.traces.length === 0 || options.finish
  if (done) await endPending(dir)
  return { ...plan, events, blobs, search, done }
}
