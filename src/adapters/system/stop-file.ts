/** `holdfast.stop` in the folder of a workspace, as the port `StopFile`. Anybody who may write there may order a stop. */
import { readFileSync, statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { StopFile, StopOrder } from '../../ports/stop-switch.ts'
import { replaceFile } from './durable-file.ts'
import { watchFiles } from './watched-files.ts'

export const STOP_FILE = 'holdfast.stop'

/** How often a process looks at it that has nothing to do. Before it does anything it looks as well. */
const LOOK_EVERY_MS = 500

export function stopFile(dir: string): StopFile {
  const path = join(dir, STOP_FILE)
  return {
    read: () => readOrder(path),
    write: async ({ order, id, at, reason }) => {
      await replaceFile(path, `${JSON.stringify({ order, id, at, reason })}\n`)
    },
    remove: () => unlink(path).catch(unlessMissing),
    watch: (onChange) => watchFiles({ [path]: onChange }, LOOK_EVERY_MS),
  }
}

/** A file that was made by hand, or can't be read, is an order as well: known by when it was made. */
function readOrder(path: string): StopOrder | null {
  const entry = statOf(path)
  if (entry === null) return null
  const at = Math.floor(entry.mtimeMs)
  const byHand: StopOrder = { order: 'stop', id: `file-${at}`, at, reason: '' }
  try {
    const { order, id, at: since, reason } = JSON.parse(readFileSync(path, 'utf8')) as Partial<StopOrder>
    if (typeof id !== 'string' || id === '' || (order !== 'stop' && order !== 'resume')) return byHand
    return { order, id, at: typeof since === 'number' ? since : at, reason: String(reason ?? '') }
  } catch {
    return byHand
  }
}

/** A folder is an order, too, and nothing that is taken away unasked. */
function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/** null only where there surely is none. */
function statOf(path: string): { readonly mtimeMs: number } | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return { mtimeMs: 0 }
  }
}
