/** The mail folders of a workspace: those that lie in it, and those that lie elsewhere. */
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { loadConfig } from './config/config.ts'
import { resolveInWorkspace } from './config/paths.ts'

/** Paths from the workspace, with `/` between their parts; `elsewhere` as absolute ones. */
export interface MailFolderPaths {
  readonly inbox: readonly string[]
  readonly sent: readonly string[]
  readonly elsewhere: readonly string[]
}

export const OUTBOX = 'mail/outbox'

/** What can not be read now counts as it is by default. */
export async function mailFoldersOf(dir: string): Promise<MailFolderPaths> {
  const loaded = await loadConfig({ dir, env: process.env }).catch(() => null)
  const mail = loaded?.config.mail
  const inbox = placeOf(dir, mail === undefined ? 'mail/Inbox' : mail.in.maildir)
  const sent = placeOf(dir, mail?.out.sentDir ?? 'mail/Sent')
  return { inbox: inbox.inside, sent: sent.inside, elsewhere: [...inbox.elsewhere, ...sent.elsewhere] }
}

function placeOf(dir: string, path: string | null): { inside: string[]; elsewhere: string[] } {
  if (path === null) return { inside: [], elsewhere: [] }
  const whole = resolveInWorkspace(dir, path)
  const below = relative(resolve(dir), whole)
  const isOutside = below === '' || below.startsWith(`..${sep}`) || isAbsolute(below)
  return isOutside
    ? { inside: [], elsewhere: [whole] }
    : { inside: [below.split(sep).join('/')], elsewhere: [] }
}
