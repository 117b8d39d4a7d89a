/**
 * The socket by which commands reach the running process. It stands in the workspace as `holdfast.sock`;
 * where that path is too long for a socket, it stands in a folder of its own among the temporary files, and
 * `holdfast.sock.path` in the workspace says where. Only the owner can connect. Whoever holds the lock of
 * the database owns the workspace, so a socket that is left over is replaced without asking.
 */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

export const SOCKET_FILE = 'holdfast.sock'
export const SOCKET_POINTER = 'holdfast.sock.path'

/** Linux takes 107 bytes, macOS 103. */
const MAX_PATH_BYTES = 103
/** Where a socket is made before it is put in its place with its permissions set. */
const NURSERY = '.sock-'
/** How the folder among the temporary files begins. */
const ELSEWHERE = 'holdfast-'

export interface BoundSocket {
  readonly path: string
  /** Takes the socket, and what tells of it, out of the workspace. */
  remove(): Promise<void>
}

/** Has `server` listen at the socket of the workspace. The caller holds the workspace's lock. */
export async function bindSocket(server: Server, dir: string): Promise<BoundSocket> {
  const home = realpathSync(dir)
  if (process.platform === 'win32') {
    const path = pipeName(home)
    await listen(server, path)
    return { path, remove: async () => {} }
  }
  await clearAway(home)
  return fits(home) ? await bindInside(server, home) : await bindElsewhere(server, home)
}

/** Where the process of a workspace would listen; null when there is no sign of one. */
export function socketOf(dir: string): string | null {
  const home = realpathSync(dir)
  if (process.platform === 'win32') return pipeName(home)
  const pointer = join(home, SOCKET_POINTER)
  const path = existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : join(home, SOCKET_FILE)
  return existsSync(path) ? path : null
}

function pipeName(home: string): string {
  return `\\\\.\\pipe\\holdfast-${hash('sha256', home.toLowerCase(), 'hex').slice(0, 20)}`
}

function fits(home: string): boolean {
  return Buffer.byteLength(join(home, `${NURSERY}XXXXXX`, 's')) <= MAX_PATH_BYTES
}

/** Made in a folder that only the owner can enter and moved from there, so that there is no moment without its permissions. */
async function bindInside(server: Server, home: string): Promise<BoundSocket> {
  const path = join(home, SOCKET_FILE)
  const nursery = await mkdtemp(join(home, NURSERY))
  await listen(server, join(nursery, 's'))
  await chmod(join(nursery, 's'), 0o600)
  await rename(join(nursery, 's'), path)
  await rm(nursery, { recursive: true })
  return { path, remove: () => rm(path, { force: true }) }
}

async function bindElsewhere(server: Server, home: string): Promise<BoundSocket> {
  const folder = await mkdtemp(join(tmpdir(), ELSEWHERE))
  const path = join(folder, SOCKET_FILE)
  await listen(server, path)
  await chmod(path, 0o600)
  const pointer = join(home, SOCKET_POINTER)
  await writeFile(`${pointer}.new`, `${path}\n`, { mode: 0o600 })
  await rename(`${pointer}.new`, pointer)
  return {
    path,
    async remove() {
      await rm(pointer, { force: true })
      await removeElsewhere(path)
    },
  }
}

/** The socket and its folder, which holds nothing else. */
async function removeElsewhere(path: string): Promise<void> {
  if (basename(path) !== SOCKET_FILE || !basename(dirname(path)).startsWith(ELSEWHERE)) return
  await rm(path, { force: true })
  await rmdir(dirname(path)).catch(() => {})
}

/** What a process that was killed has left. */
async function clearAway(home: string): Promise<void> {
  const pointer = join(home, SOCKET_POINTER)
  await removeElsewhere((await readFile(pointer, 'utf8').catch(() => '')).trim())
  const nurseries = (await readdir(home)).filter((name) => name.startsWith(NURSERY))
  for (const name of [SOCKET_FILE, SOCKET_POINTER, ...nurseries]) {
    await rm(join(home, name), { recursive: true, force: true })
  }
}

async function listen(server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
}
