/**
 * Who was erased, as keyed hashes, in a file beside the log and in each backup. A backup from before holds them still:
 * restoring one erases them again, by the list of a later backup beside it or of the workspace.
 */
import { readdir, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { syncFolder, writeDurably } from '../../connectors/maildir/durable-file.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { keyedHash } from './person.ts'

export const ERASURES_FILE = 'erasures.json'

const entry = z.object({
  key: z.string(),
  hash: z.string(),
  /** Whether what others said of them was erased, too. */
  mentions: z.boolean(),
  at: z.number(),
  actor: z.string(),
  reason: z.string(),
})
const list = z.object({ log: z.string(), erased: z.array(entry) })

export type ErasureEntry = z.output<typeof entry>

/** What the log has on record of erased customers, the oldest first. */
export function erasuresOf(log: EventLog): ErasureEntry[] {
  return log.readStream('log/erasures').flatMap(({ body, actor, time }) => {
    const person = body?.person as { key: string; hash: string; mentions: boolean } | undefined
    return person === undefined ? [] : [{ ...person, at: time, actor, reason: String(body?.reason) }]
  })
}

/** Brings the file to what the log says. */
export async function writeErasures(dir: string, log: EventLog): Promise<void> {
  const path = join(dir, ERASURES_FILE)
  const text = JSON.stringify({ log: log.id, erased: erasuresOf(log) }, null, 2)
  await writeDurably(`${path}.new`, Buffer.from(`${text}\n`))
  await rename(`${path}.new`, path)
  await syncFolder(dir)
}

/** The lists of the backup, of those beside it, and those that are named. @throws FILE_UNREADABLE */
export async function erasuresFor(
  backup: string,
  log: string,
  named: readonly string[],
): Promise<ErasureEntry[]> {
  const beside = await readdir(dirname(resolve(backup)), { withFileTypes: true }).catch(() => [])
  const near = beside.filter((one) => one.isDirectory()).map((one) => join(one.parentPath, one.name))
  const found = new Map<string, ErasureEntry>()
  for (const { path, must } of [
    ...near.map((folder) => ({ path: join(folder, ERASURES_FILE), must: false })),
    ...(await Promise.all(named.map(fileOf))).map((path) => ({ path, must: true })),
  ]) {
    for (const one of await read(path, log, must)) found.set(one.hash, one)
  }
  return [...found.values()]
}

/** Customers of this log that are on the list. */
export function listed(
  log: EventLog,
  erased: readonly ErasureEntry[],
): { customer: string; entry: ErasureEntry }[] {
  const customers = log.tables.all<{ id: string }>('SELECT id FROM customers')
  return erased.flatMap((entry) =>
    customers
      .filter(({ id }) => keyedHash(id, entry.key) === entry.hash)
      .map(({ id }) => ({ customer: id, entry })),
  )
}

async function fileOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (file) => file.isDirectory(),
    () => false,
  )
  return isFolder ? join(path, ERASURES_FILE) : path
}

async function read(path: string, log: string, must: boolean): Promise<readonly ErasureEntry[]> {
  try {
    const given = list.parse(JSON.parse(await readFile(path, 'utf8')))
    return given.log === log ? given.erased : []
  } catch (cause) {
    if (!must && (cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new HoldfastError(
      'FILE_UNREADABLE',
      `${path} is no list of erasures: ${String((cause as Error).message)}`,
      {
        details: { path },
        cause,
      },
    )
  }
}
