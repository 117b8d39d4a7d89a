/**
 * Folders with those above them that are missing. Node's own way goes round in circles, and never comes back, where a
 * folder can't be made though the one above it is there (in `/proc`).
 */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Readable by their owner only. @throws what the file system says */
export function makeFolders(path: string): void {
  const missing: string[] = []
  for (let one = resolve(path); !existsSync(one) && one !== dirname(one); one = dirname(one))
    missing.push(one)
  for (const one of missing.toReversed()) make(one)
  // What stands there has to be a folder.
  mkdirSync(path, { recursive: true })
}

/** Another process may be faster. */
function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
