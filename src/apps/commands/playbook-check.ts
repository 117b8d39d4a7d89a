/** `playbook check`: the file as it is now, whatever version is in force. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../../kernel/errors.ts'
import { loadPlaybook } from '../../templates/lead-qualification/playbook.ts'
import { PLAYBOOK_FILE } from '../workspace-files.ts'

export interface CheckedPlaybook {
  readonly file: string
  readonly criteria: number
  readonly replies: number
  readonly languages: readonly string[]
}

/** @throws PLAYBOOK_INVALID with every mistake, FILE_UNREADABLE */
export async function checkPlaybook(dir: string): Promise<CheckedPlaybook> {
  const file = join(dir, PLAYBOOK_FILE)
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new HoldfastError('FILE_UNREADABLE', `The playbook can't be read: ${cause.message}`, {
      details: { file },
      cause,
    })
  })
  const playbook = loadPlaybook(text, file)
  return {
    file,
    criteria: playbook.criteria.length,
    replies: playbook.replies.length,
    languages: Object.keys(playbook.languages),
  }
}
