/** Tells when a file that somebody else writes has changed: the operator, or another process. */
import { statSync } from 'node:fs'

const LOOK_EVERY_MS = 700

/**
 * Looks at the files now and then, which sees what editors do that replace them; a change counts from the moment
 * of the call on. Returns a function that ends it.
 * @param everyMs default 700
 */
export function watchFiles(files: Readonly<Record<string, () => void>>, everyMs = LOOK_EVERY_MS): () => void {
  const known = new Map(Object.keys(files).map((file) => [file, stampOf(file)]))
  const look = (): void => {
    for (const [file, onChange] of Object.entries(files)) {
      const stamp = stampOf(file)
      if (stamp === known.get(file)) continue
      known.set(file, stamp)
      onChange()
    }
  }
  const timer = setInterval(look, everyMs).unref()
  return () => clearInterval(timer)
}

/** Another one for another content, as far as a look at the file's entry can tell. */
function stampOf(file: string): string {
  const entry = statSync(file, { throwIfNoEntry: false })
  return entry === undefined ? 'missing' : `${entry.ino} ${entry.mtimeMs} ${entry.size}`
}
