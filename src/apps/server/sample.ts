/**
 * The sample mailbox, delivered into the inbox folder like any other mail, on the very first start of a
 * workspace that was made for it and never again. That it is to be is put on record before the first file,
 * that it was after the last one; each file has its own fixed name, so a crash in between and a second try
 * deliver nothing twice.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, syncFolder, writeDurably } from '../../connectors/maildir/durable-file.ts'
import { FLAGS } from '../../connectors/maildir/names.ts'
import { FLAGS_STREAM } from '../../flags/flag-index.ts'
import { OWNER } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { OwnerAnswers } from '../config/default-config.ts'
import { resolveInWorkspace } from '../config/paths.ts'
import { POLICY_STREAM } from '../config/policy-versions.ts'
import type { Workspace } from '../workspace.ts'

const MAILBOX = new URL('../../../sample/mailbox/', import.meta.url)
const STREAM = 'sample/mailbox'

/** Whose mail the sample is. */
export const SAMPLE_OWNER = {
  name: 'Mara Lindqvist',
  addresses: ['mara@lindqvist.studio'],
  business: 'Lindqvist Studio',
  region: 'SE',
} as const satisfies OwnerAnswers

/** Resolves with the number of mails delivered, 0 when it is not the time for it. */
export async function deliverSample(workspace: Workspace): Promise<number> {
  const { log, loaded, dir } = workspace
  const inbox = loaded.config.mail.in.maildir
  const state = log.readStream(STREAM).at(-1)?.kind
  const isFirst = isUnused(log) && isSampleOwner(workspace)
  if (inbox === null || state === 'sample.delivered' || (state === undefined && !isFirst)) return 0
  if (state === undefined) await record(workspace, 'sample.chosen', 0)
  const names = (await readdir(MAILBOX)).filter((name) => name.endsWith('.eml')).sort()
  const folder = resolveInWorkspace(dir, inbox)
  for (const part of ['tmp', 'new', 'cur']) await makeFolder(join(folder, part))
  for (const name of names) await deliver(folder, name)
  await syncFolder(join(folder, 'new'))
  await record(workspace, 'sample.delivered', names.length)
  return names.length
}

/** It would be strange mail to anybody else. */
function isSampleOwner({ loaded }: Workspace): boolean {
  return loaded.config.owner.addresses.includes(SAMPLE_OWNER.addresses[0])
}

async function deliver(folder: string, file: string): Promise<void> {
  const name = `sample-${file.replace(/\.eml$/, '')}`
  const isThere = [join('new', name), join('cur', name + FLAGS)].some((path) =>
    existsSync(join(folder, path)),
  )
  if (isThere) return
  await writeDurably(join(folder, 'tmp', name), await readFile(new URL(file, MAILBOX)))
  await rename(join(folder, 'tmp', name), join(folder, 'new', name))
}

async function record({ log }: Workspace, kind: string, messages: number): Promise<void> {
  const event = { kind, actor: 'operator', label: OWNER, body: { messages } }
  await log.append([{ stream: STREAM, expectedVersion: 'any', events: [event] }])
}

/** What is put on record when a workspace is opened. */
const VERSIONS: readonly string[] = [POLICY_STREAM, FLAGS_STREAM]

/** Whether nothing has happened yet. */
function isUnused(log: EventLog): boolean {
  for (const { stream } of log.read()) if (!VERSIONS.includes(stream)) return false
  return true
}
