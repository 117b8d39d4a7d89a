/**
 * The keys of sealed backups: a folder of its own, one file for each key. A key is written once and never copied, so
 * that to destroy it is to overwrite one file where it lies. In the file the key is sealed with the master key of the
 * vault; a file that was found or copied is of no use without that one.
 *
 * To destroy: the bytes are overwritten in place and synced. What is then there, as long as the file, says that a key
 * was destroyed here, until that is on record; then the file goes. So, whenever the process dies, there is the key, or a
 * file that says that it was destroyed, or the record.
 */
import { open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { crashPoint } from '../../ports/crash-points.ts'
import { makeFolders } from '../system/folders.ts'
import { envelopeSchema, seal, unseal } from '../vault/envelope.ts'
import type { MasterKey } from '../vault/master-keys.ts'
import { sync } from './files.ts'

/** Where keys are kept when nothing else is said: in the workspace. */
export const KEY_FOLDER = 'backup-keys'

const ENDING = '.key'
const DESTROYED = 'destroyed'

const keyFile = z.strictObject({
  format: z.literal(1),
  /** Id of the backup. */
  backup: z.string(),
  /** Id of the log that was backed up. */
  log: z.string(),
  /** The folder of the backup, as it was made. */
  to: z.string(),
  /** Milliseconds since 1970. */
  made: z.int(),
  expires: z.int(),
  /** Position of the log's head when the key was made. */
  head: z.int(),
  /** Fingerprint of the master key. */
  master: z.string(),
  envelope: envelopeSchema,
})

export type KeyFile = z.output<typeof keyFile>
export type KeyToMake = Omit<KeyFile, 'format' | 'master' | 'envelope'>

/**
 * whole: the key is there. destroyed: its bytes were overwritten, or some of them. damaged: something else is there.
 * absent: there is nothing.
 */
type KeyState = 'whole' | 'destroyed' | 'damaged' | 'absent'

/** Puts a key down, durably, for its owner alone. */
export async function writeKey(
  folder: string,
  given: KeyToMake,
  key: Uint8Array,
  master: MasterKey,
): Promise<void> {
  const envelope = seal(Buffer.from(key).toString('base64'), master.key, placeOf(given))
  const content: KeyFile = { format: 1, ...given, master: master.fingerprint, envelope }
  makeFolders(folder)
  {
    await using file = await open(pathOf(folder, given.backup), 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(content)}\n`)
    await file.sync()
  }
  await syncNames(folder)
}

/** The key; null when the file does not open with this master key. */
export function keyOf(file: KeyFile, master: Uint8Array): Uint8Array | null {
  const text = unseal(file.envelope, master, placeOf(file))
  return text === null ? null : Buffer.from(text, 'base64')
}

/** null for none, or one that was destroyed. */
export async function readKey(folder: string, backup: string): Promise<KeyFile | null> {
  const text = await readFile(pathOf(folder, backup), 'utf8').catch(orNothing)
  return text === undefined ? null : parsed(text)
}

export async function stateOf(folder: string, backup: string): Promise<KeyState> {
  const text = await readFile(pathOf(folder, backup), 'utf8').catch(orNothing)
  if (text === undefined) return 'absent'
  if (text.startsWith(DESTROYED)) return 'destroyed'
  return parsed(text) === null ? 'damaged' : 'whole'
}

/** The keys of a log that are whole, by the time they were made. */
export async function keysIn(folder: string, log: string): Promise<KeyFile[]> {
  const names = (await readdir(folder).catch(orNothing)) ?? []
  const ids = names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length))
  const files = await Promise.all(ids.map((id) => readKey(folder, id)))
  return files
    .filter((file) => file !== null)
    .filter((file) => file.log === log)
    .sort((a, b) => a.made - b.made)
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(orNothing))?.isDirectory() ?? false
}

/** Overwrites the bytes of a key where they lie, durably. May be repeated. Fine when there is none. */
export async function overwriteKey(folder: string, backup: string): Promise<void> {
  const path = pathOf(folder, backup)
  const size = (await stat(path).catch(orNothing))?.size
  if (size === undefined) return
  const bytes = Buffer.alloc(size, `${DESTROYED} `)
  const half = Math.ceil(size / 2)
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, half, 0)
  await file.sync()
  crashPoint('backup.mid-overwrite')
  await file.write(bytes, half, size - half, half)
  await file.sync()
}

/** Takes away what is left of a key that was destroyed. Fine when there is nothing. */
export async function removeKey(folder: string, backup: string): Promise<void> {
  const removed = await unlink(pathOf(folder, backup)).then(() => true, orNothing)
  if (removed) await syncNames(folder)
}

function pathOf(folder: string, backup: string): string {
  return join(folder, `${backup.replace(/[^\w-]/g, '_')}${ENDING}`)
}

function parsed(text: string): KeyFile | null {
  try {
    return keyFile.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Bound to the log and the backup: the key of another does not open under this name. */
function placeOf({ log, backup }: Pick<KeyFile, 'log' | 'backup'>) {
  return { workspace: log, name: `backup/${backup}`, version: 1 }
}

/** Of the folder, and of itself where it was just made. Windows has no such call and needs none. */
async function syncNames(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await sync(folder)
  await sync(dirname(folder))
}

function orNothing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
