/** Copying files so that they survive a loss of power, and knowing what was copied. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HoldfastError } from '../../kernel/errors.ts'
import type { BackedUpFile } from './manifest.ts'
import { opened, type SealedPlace, sealed } from './sealing.ts'

/** Copies one file below another folder; null when it is gone meanwhile. */
export async function copyFile(from: string, to: string, path: string): Promise<BackedUpFile | null> {
  return await bring(join(from, path), join(to, path), path)
}

/** As `copyFile`, of one that is sealed on the way; what is told of it is told of the file in the clear. */
export async function sealFile(
  from: string,
  to: string,
  path: string,
  place: SealedPlace,
  key: Uint8Array,
): Promise<BackedUpFile | null> {
  return await bring(from, join(to, place.name), path, { after: (bytes) => sealed(bytes, key, place) })
}

/** As `copyFile`, of one that is opened on the way. @throws NotOpened */
export async function openFile(
  from: string,
  to: string,
  path: string,
  place: SealedPlace,
  key: Uint8Array,
): Promise<BackedUpFile | null> {
  return await bring(join(from, place.name), join(to, path), path, {
    before: (bytes) => opened(bytes, key, place),
  })
}

/** A small file, sealed. */
export async function sealBytes(
  bytes: Uint8Array,
  to: string,
  place: SealedPlace,
  key: Uint8Array,
): Promise<void> {
  const target = createWriteStream(join(to, place.name), { mode: 0o600, flush: true })
  await pipeline(Readable.from([bytes]), (plain) => sealed(plain, key, place), target)
}

/** @throws NotOpened; what there is none of can't be read either */
export async function openBytes(from: string, place: SealedPlace, key: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of opened(createReadStream(join(from, place.name)), key, place)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

type Change = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
const asIs: Change = (bytes) => bytes

/** `before` and `after` change the bytes; measured is what is in between. */
async function bring(
  from: string,
  target: string,
  path: string,
  { before = asIs, after = asIs }: { readonly before?: Change; readonly after?: Change } = {},
): Promise<BackedUpFile | null> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  let bytes = 0
  const measure: Change = async function* (chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  try {
    const sink = createWriteStream(target, { mode: 0o600, flush: true })
    await pipeline(createReadStream(from), before, measure, after, sink)
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
