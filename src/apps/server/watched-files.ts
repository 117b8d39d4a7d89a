/** Tells when a file that the operator edits has changed. */
import { unwatchFile, watchFile } from 'node:fs'

const LOOK_EVERY_MS = 700

/** Looks at the files now and then, which sees what editors do that replace them. Returns a function that ends it. */
export function watchFiles(files: Readonly<Record<string, () => void>>): () => void {
  for (const [file, onChange] of Object.entries(files)) {
    watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, (now, before) => {
      if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) onChange()
    })
  }
  return () => {
    for (const file of Object.keys(files)) unwatchFile(file)
  }
}
