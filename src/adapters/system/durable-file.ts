/** A file that is replaced whole: a crash at any moment leaves the old content or the new one. */
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from './folders.ts'

/** Readable by its owner only, as are the folders that it takes. @param before called when all is ready for the swap */
export async function replaceFile(path: string, text: string, before?: () => void): Promise<void> {
  makeFolders(dirname(path))
  const fresh = `${path}.new`
  {
    await using file = await open(fresh, 'w', 0o600)
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  }
  before?.()
  await rename(fresh, path)
  if (process.platform === 'win32') return
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}
