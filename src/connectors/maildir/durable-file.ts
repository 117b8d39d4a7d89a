/** Files that survive a loss of power once a call on them has returned. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Creates or replaces a file; its bytes are on the disk when this returns, its name once the folder is synced. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'w', 0o600)
  await file.writeFile(bytes)
  await file.sync()
}

/** Makes the names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** Creates a folder with those above it, readable by its owner only. */
export async function makeFolder(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true, mode: 0o700 })
  if (created !== undefined) await syncFolder(dirname(created))
}
