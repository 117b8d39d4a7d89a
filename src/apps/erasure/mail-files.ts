/** Files in the mail folders of the workspace that belong to somebody: what they sent, and what was sent to them. */
import { createHash } from 'node:crypto'
import { readdir, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { searchFiles } from '../../adapters/traces/search.ts'
import { syncFolder } from '../../connectors/maildir/durable-file.ts'
import { type MailFolderPaths, OUTBOX } from '../mail-folders.ts'
import type { Person, PersonsMail } from './person.ts'

const FROM = /^(?:from|sender|reply-to|return-path):/i
const TO = /^(?:to|cc|bcc|x-holdfast-accepted):/i

/** As absolute paths. `withMentions`: also those in which they are named. */
export async function mailFilesOf(
  dir: string,
  { inbox, sent }: MailFolderPaths,
  { mail, wanted }: Person,
  withMentions: boolean,
): Promise<string[]> {
  const received = inbox.map((folder) => join(dir, folder))
  const gone = [...sent, OUTBOX].map((folder) => join(dir, folder))
  const files = [...(await filesIn(received, mail, FROM)), ...(await filesIn(gone, mail, TO))]
  for (const folder of withMentions ? [...received, ...gone] : []) {
    const { traces } = await searchFiles(folder, wanted)
    files.push(...traces.map(({ file }) => join(folder, file)))
  }
  return [...new Set(files)]
}

/** Durable once this resolves. What is gone already is fine. */
export async function deleteFiles(files: readonly string[]): Promise<void> {
  for (const file of files) {
    await unlink(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  for (const folder of new Set(files.map((file) => dirname(file)))) await syncFolder(folder)
}

async function filesIn(folders: readonly string[], mail: PersonsMail, heads: RegExp): Promise<string[]> {
  const files: string[] = []
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(orNone)
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && (await isTheirs(path, entry.name, mail, heads))) files.push(path)
    }
  }
  return files
}

async function isTheirs(path: string, name: string, mail: PersonsMail, heads: RegExp): Promise<boolean> {
  if (mail.sent.some((id) => name.startsWith(id))) return true
  const bytes = await readFile(path)
  if (mail.received.includes(createHash('sha256').update(bytes).digest('hex'))) return true
  const text = bytes.toString('latin1')
  const end = text.search(/\r?\n\r?\n/)
  const header = (end < 0 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ').toLowerCase()
  const lines = header.split(/\r?\n/).filter((line) => heads.test(line))
  return mail.addresses.some((address) => {
    const whole = new RegExp(`(?<![a-z0-9.+_-])${RegExp.escape(address)}(?![a-z0-9-]|\\.[a-z0-9])`)
    return lines.some((line) => whole.test(line))
  })
}

function orNone(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}
