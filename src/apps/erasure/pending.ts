/**
 * What an erasure has set out to do, on the disk before it begins and gone when it is done: after a crash the log may
 * no longer say who it was about. While it is there it holds what is to be erased.
 */
import { readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder, writeDurably } from '../../connectors/maildir/durable-file.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Person } from './person.ts'

export const PENDING_FILE = 'erasure.pending.json'

export interface Pending {
  readonly person: Person
  readonly actor: string
  readonly reason: string
  /** Goes on record in place of the customer's id. */
  readonly record: { readonly key: string; readonly hash: string; readonly mentions: boolean }
}

/** null when none is under way. @throws FILE_UNREADABLE when it is not one of ours */
export async function readPending(dir: string): Promise<Pending | null> {
  const path = join(dir, PENDING_FILE)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Pending
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new HoldfastError(
      'FILE_UNREADABLE',
      `${path} is not readable: ${String((cause as Error).message)}`,
      {
        details: { path },
        cause,
      },
    )
  }
}

export async function writePending(dir: string, pending: Pending): Promise<void> {
  const path = join(dir, PENDING_FILE)
  await writeDurably(`${path}.new`, Buffer.from(JSON.stringify(pending)))
  await rename(`${path}.new`, path)
  await syncFolder(dir)
}

/** Its bytes are overwritten before it goes. Fine when there is none. */
export async function endPending(dir: string): Promise<void> {
  for (const path of [join(dir, PENDING_FILE), join(dir, `${PENDING_FILE}.new`)]) {
    const size = await stat(path).then(
      (file) => file.size,
      () => null,
    )
    if (size === null) continue
    await writeDurably(path, Buffer.alloc(size))
    await unlink(path)
  }
  await syncFolder(dir)
}

/** Whether the words by which a customer is asked for mean the one of an erasure that is under way. */
export function isMeant({ person }: Pending, asked: string): boolean {
  const text = asked.trim().toLowerCase()
  return person.subject.names.some((name) => name.toLowerCase() === text)
}
