/** What a restored backup brings back of customers who were erased after it was made is erased again. */

import { OWNER } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { eraseSubject, findSubject } from '../../runtime/erasure/erase-subject.ts'
import { openHoldfast } from '../../sdk.ts'
import { loadConfig } from '../config/config.ts'
import { WORKSPACE_PROJECTIONS } from '../log-only.ts'
import { mailFoldersOf } from '../mail-folders.ts'
import { erasuresFor, listed, writeErasures } from './erasure-list.ts'
import { deleteFiles, mailFilesOf } from './mail-files.ts'
import { type Person, personOf } from './person.ts'

/**
 * @param place the folder that the backup was copied to
 * @param lists workspaces, backups or files that say who was erased, besides the backups beside this one
 * @returns how many customers
 */
export async function eraseAgain(place: string, backup: string, lists: readonly string[]): Promise<number> {
  const holdfast = await openHoldfast({
    dir: place,
    workflows: [],
    projections: WORKSPACE_PROJECTIONS,
    recover: false,
  })
  const { log } = holdfast
  try {
    const erased = listed(log, await erasuresFor(backup, log.id, lists))
    if (erased.length === 0) return 0
    const folders = await mailFoldersOf(place)
    const own = await ownAddresses(place)
    for (const { customer, entry } of erased) {
      const person = personOf(log, customer, own)
      const { actor, reason, key, hash, mentions } = entry
      await cancelRuns(log, person, mentions)
      const note = { person: { key, hash, mentions } }
      await eraseSubject(log, { subject: person.subject, actor, reason, mentions, note })
      await deleteFiles(await mailFilesOf(place, folders, person, mentions))
    }
    log.compact({ anew: true })
    await writeErasures(place, log)
    return erased.length
  } finally {
    await holdfast.close()
  }
}

async function ownAddresses(dir: string): Promise<readonly string[]> {
  const loaded = await loadConfig({ dir, env: process.env }).catch(() => null)
  return loaded?.config.owner.addresses ?? []
}

/** On record only: nothing runs in a folder that has no name yet. Whoever waits for them learns of it by recovery. */
async function cancelRuns(log: EventLog, { subject }: Person, mentions: boolean): Promise<void> {
  for (const run of findSubject(log, subject, mentions).open) {
    const reason = 'the customer was erased'
    const body = { reason, error: { code: 'RUN_CANCELLED', message: `Cancelled: ${reason}` } }
    const event = { kind: 'run.cancelled', actor: 'operator', label: OWNER, correlation: run, body }
    await log.append([{ stream: runStream(run), expectedVersion: 'any', events: [event] }])
  }
}
