/**
 * The Sent Maildir: one file for each mail that went out, named after its idempotency key, so that whether
 * a mail was sent can be told by looking. A file appears under its name only when it is complete: it is
 * written to tmp, synced, and then moved to cur. What became of the mail (its Message-ID, who took it)
 * stands in header lines that are put on top of the filed copy.
 */
import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { keyHash } from '../../mail/compose.ts'
import type { SentMail } from '../../mail/outgoing.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import { makeFolder, syncFolder, writeDurably } from './durable-file.ts'
import { isMissing, withFolder } from './failure.ts'
import { baseName, FLAGS } from './names.ts'

export interface SentFolder {
  /**
   * Files a mail under its key, in place of what was filed under it before.
   * @throws CONNECTOR_UNAVAILABLE when it surely wasn't filed, CONNECTOR_OUTCOME_UNKNOWN when it may have been.
   */
  file(key: string, raw: Uint8Array, sent: SentMail): Promise<void>
  /**
   * What was filed under a key; null when nothing was.
   * @throws CONNECTOR_UNAVAILABLE when the folder can't be read.
   */
  find(key: string): Promise<SentMail | null>
}

export function sentFolder(dir: string): SentFolder {
  const cur = join(dir, 'cur')
  return {
    async file(key, raw, sent) {
      const name = nameFor(key)
      const unfinished = join(dir, 'tmp', name)
      await withFolder('CONNECTOR_UNAVAILABLE', dir, async () => {
        for (const part of ['tmp', 'new', 'cur']) await makeFolder(join(dir, part))
        await writeDurably(unfinished, Buffer.concat([Buffer.from(marksOf(sent)), raw]))
      })
      crashPoint('connector.mid-send')
      await withFolder('CONNECTOR_UNAVAILABLE', dir, () => rename(unfinished, join(cur, `${name}${FLAGS}S`)))
      await withFolder('CONNECTOR_OUTCOME_UNKNOWN', dir, () => syncFolder(cur))
    },
    find(key) {
      return withFolder('CONNECTOR_UNAVAILABLE', dir, async () => {
        const name = nameFor(key)
        const file = (await filesIn(cur)).find((other) => baseName(other) === name)
        return file === undefined ? null : readMarks(await readFile(join(cur, file), 'utf8'))
      })
    },
  }
}

function nameFor(key: string): string {
  return `hf-${keyHash(key)}`
}

/** A folder that was never made has no files. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function marksOf(sent: SentMail): string {
  const lines = [
    `X-Holdfast-Sent: ${sent.messageId}`,
    ...sent.accepted.map((to) => `X-Holdfast-Accepted: ${to}`),
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

/** Reads the header only: the text of the mail could hold anything. */
function readMarks(mail: string): SentMail {
  const header = mail.slice(0, mail.search(/\r?\n\r?\n/)).split(/\r?\n/)
  const values = (name: string) =>
    header.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2))
  return { messageId: values('X-Holdfast-Sent')[0] ?? '', accepted: values('X-Holdfast-Accepted') }
}
