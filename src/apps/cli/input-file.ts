/** The text of a file that a verb was given by name; `-` is stdin. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { HoldfastError } from '../../kernel/errors.ts'

/** @throws FILE_UNREADABLE */
export async function inputText(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new HoldfastError('FILE_UNREADABLE', `${file} can't be read: ${why}`, { details: { file }, cause })
  }
}

export function inputName(file: string): string {
  return file === '-' ? 'What came on stdin' : file
}
