/**
 * The Maildir by which mail comes in: whatever can deliver there works (a mail server, fetchmail, cp). New
 * mail stands in `new` until it is acknowledged, which moves it to `cur`; a crash before that only brings
 * the same mail again.
 */
import { mkdirSync, watch } from 'node:fs'
import { readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readRawMail, unreadable } from '../../mail/raw.ts'
import type { Clock } from '../../ports/clock.ts'
import { makeFolder } from './durable-file.ts'
import { isMissing } from './failure.ts'
import { baseName, FLAGS } from './names.ts'

export interface WaitingMail {
  /** The part of its file name that stays when it is moved. */
  readonly ref: string
  /**
   * The whole message.
   * @throws FILE_UNREADABLE; MAIL_MALFORMED with `sha256` when it is beyond 50 MB.
   */
  read(): Promise<Uint8Array>
  /**
   * Takes it out of what waits. Safe to repeat.
   * @throws FILE_UNREADABLE when it can't be moved.
   */
  acknowledge(): Promise<void>
}

export interface MaildirInbox {
  /** What waits now, oldest first. Mail that comes meanwhile is in the next listing. */
  list(): AsyncGenerator<WaitingMail>
  /**
   * Calls `onMail` soon after something came in, and every poll in case the file system told nothing (as
   * on network drives). It may be called when nothing is new. Returns a function that ends it.
   */
  watch(onMail: () => void): () => void
}

export interface MaildirInboxOptions {
  readonly dir: string
  readonly clock: Clock
  /** Milliseconds between polls, default 30,000. */
  readonly pollMs?: number
}

/** Many files that come at once are one call. */
const SETTLE_MS = 50

export function maildirInbox(options: MaildirInboxOptions): MaildirInbox {
  const { dir, clock, pollMs = 30_000 } = options
  return {
    async *list() {
      for (const file of await waitingIn(dir)) yield waitingMail(dir, file)
    },
    watch(onMail) {
      let callOffPoll = () => {}
      let callOffSettling: (() => void) | null = null
      const poll = () => {
        callOffPoll = clock.after(pollMs, () => {
          poll()
          onMail()
        })
      }
      poll()
      const unwatch = watchFolder(join(dir, 'new'), () => {
        callOffSettling ??= clock.after(SETTLE_MS, () => {
          callOffSettling = null
          onMail()
        })
      })
      return () => {
        unwatch()
        callOffPoll()
        callOffSettling?.()
      }
    },
  }
}

/** Where the system can't watch a folder, nothing is told. Returns a function that ends it. */
function watchFolder(folder: string, onChange: () => void): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const watcher = watch(folder, onChange)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {}
  }
}

function waitingMail(dir: string, file: string): WaitingMail {
  const path = join(dir, 'new', file)
  return {
    ref: baseName(file),
    read: () => readRawMail(path),
    async acknowledge() {
      try {
        await rename(path, join(dir, 'cur', `${baseName(file)}${FLAGS}`))
      } catch (error) {
        if (!isMissing(error)) throw unreadable(path, error)
      }
    },
  }
}

/**
 * File names in `new`, oldest first. Makes the Maildir when it is missing.
 * @throws FILE_UNREADABLE
 */
export async function waitingIn(dir: string): Promise<string[]> {
  for (const part of ['tmp', 'new', 'cur']) await makeFolder(join(dir, part))
  const names = (await readdir(join(dir, 'new'))).filter((name) => !name.startsWith('.'))
  const aged = await Promise.all(names.map(async (name) => ({ name, at: await deliveredAt(dir, name) })))
  return aged
    .flatMap(({ name, at }) => (at === null ? [] : [{ name, at }]))
    .sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}

/** Milliseconds since 1970; null for what is no file, or was taken away meanwhile. */
async function deliveredAt(dir: string, name: string): Promise<number | null> {
  try {
    const file = await stat(join(dir, 'new', name))
    return file.isFile() ? file.mtimeMs : null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
