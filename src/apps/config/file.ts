/** Files of the workspace that may be missing. */
import { readFile } from 'node:fs/promises'
import { HoldfastError } from '../../kernel/errors.ts'

/**
 * The text of a file; null when there is none.
 * @throws FILE_UNREADABLE when it is there and can't be read.
 */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new HoldfastError('FILE_UNREADABLE', `${file} can't be read (${code})`, { details: { file } })
  }
}
