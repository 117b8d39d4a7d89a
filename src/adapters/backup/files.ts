/** Copying files so that they survive a loss of power, and knowing what was copied. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HoldfastError } from '../../kernel/errors.ts'
import type { BackedUpFile } from './manifest.ts'

/** Copies one file below another folder; null when it is gone meanwhile. */
export async function copyFile(from: string, to: string, path: string): Promise<BackedUpFile | null> {
  const target = join(to, path)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  try {
    const source = createReadStream(join(from, path))
    await pipeline(source, measure, createWriteStream(target, { mode: 0o600, flush: true }))
  } catch (error) {
    if (!isMissing(error)) throw error
    await rm(target, { force: true })
    return null
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

/** A file that is there already, made durable and measured. */
export async function measureFile(folder: string, path: string): Promise<BackedUpFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(join(folder, path))) {
    hash.update(chunk)
    bytes += chunk.length
  }
  await sync(join(folder, path))
  return { path, bytes, sha256: hash.digest('hex') }
}

/** Files at and below a path of a folder, in order; nothing when there is no such path. */
export async function* filesAt(folder: string, path: string): AsyncGenerator<string> {
  const here = await stat(join(folder, path)).catch(orMissing)
  if (here?.isFile()) yield path
  if (!here?.isDirectory()) return
  const entries = (await readdir(join(folder, path), { withFileTypes: true }).catch(orMissing)) ?? []
  // A Maildir moves mail from `new` to `cur`: in this order none slips through.
  for (const entry of entries.sort(byName)) {
    const below = `${path}/${entry.name}`
    if (entry.isDirectory()) yield* filesAt(folder, below)
    else if (entry.isFile()) yield below
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  const rank = (name: string): number => (name === 'new' ? 0 : 1)
  return rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1)
}

/** Makes names durable: those of all folders from `path` down. Windows has no such call and needs none. */
export async function syncFolders(path: string): Promise<void> {
  if (process.platform === 'win32') return
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(path, entry.name))
  }
  await sync(path)
}

export async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** @throws FOLDER_NOT_EMPTY */
export async function assertNothingAt(folder: string, what: string): Promise<void> {
  const names = await readdir(folder).catch(orMissing)
  if (names === undefined || names.length === 0) return
  throw new HoldfastError('FOLDER_NOT_EMPTY', `${folder} holds something already; ${what}`, {
    details: { folder, names: names.slice(0, 10) },
  })
}

function orMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
