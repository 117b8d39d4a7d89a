/** The mail in files and folders that a person names: .eml, mbox, Maildir, and folders of those. */
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HoldfastError } from '../kernel/errors.ts'
import { splitMbox } from './mbox.ts'
import { MAX_MAIL_BYTES, readRawMail, tooLarge, unreadable } from './raw.ts'

export interface MailFile {
  /** The path; for a message of an mbox with `#` and its place, 1 for the first. */
  readonly ref: string
  readonly raw: Uint8Array
}

export interface MailFilesOptions {
  /** Default 50 MB. */
  readonly maxBytes?: number
  /** Told of each message that is skipped for its size; `error` is MAIL_MALFORMED. */
  readonly onSkipped?: (skipped: { ref: string; sha256: string; error: HoldfastError }) => void
}

/**
 * Reads one message at a time. A file is an mbox when it begins with `From `, one message otherwise. In a
 * folder, the files that end in .eml, .mbox or .mbx are read, and those of the folders below; of a Maildir
 * (a folder with `new` or `cur`) all messages are.
 * @throws FILE_UNREADABLE, before the first message when one of the paths is missing.
 */
export async function* readMailFiles(
  paths: readonly string[],
  options: MailFilesOptions = {},
): AsyncGenerator<MailFile> {
  for (const path of paths) await isFolder(path)
  for (const path of paths) yield* readPath(path, options)
}

async function* readPath(path: string, options: MailFilesOptions): AsyncGenerator<MailFile> {
  if (await isFolder(path)) {
    for (const file of await mailFilesIn(path)) yield* readFolderEntry(file, options)
  } else if (await isMbox(path)) yield* readMbox(path, options)
  else yield* readOne(path, options)
}

/** A file that went away since its folder was listed, such as a Maildir message moved from new to cur, is passed over. */
async function* readFolderEntry(path: string, options: MailFilesOptions): AsyncGenerator<MailFile> {
  try {
    yield* readPath(path, options)
  } catch (error) {
    const cause = error instanceof HoldfastError ? error.cause : null
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw error
  }
}

async function* readOne(path: string, options: MailFilesOptions): AsyncGenerator<MailFile> {
  let raw: Uint8Array
  try {
    raw = await readRawMail(path, options.maxBytes)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'MAIL_MALFORMED') throw error
    options.onSkipped?.({ ref: path, sha256: String(error.details.sha256), error })
    return
  }
  yield { ref: path, raw }
}

async function* readMbox(path: string, options: MailFilesOptions): AsyncGenerator<MailFile> {
  const maxBytes = options.maxBytes ?? MAX_MAIL_BYTES
  const mails = splitMbox(createReadStream(path), {
    maxBytes,
    onOversized({ index, size, sha256 }) {
      const ref = `${path}#${index}`
      options.onSkipped?.({ ref, sha256, error: tooLarge(ref, size, sha256, maxBytes) })
    },
  })
  try {
    for await (const { index, raw } of mails) yield { ref: `${path}#${index}`, raw }
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function isMbox(path: string): Promise<boolean> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(5), 0, 5, 0)
    return bytesRead === 5 && buffer.toString('latin1') === 'From '
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Paths in order of their names; the messages of a Maildir in order of delivery, which their names begin with. */
async function mailFilesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  const names = entries
    .filter((entry) => entry.isDirectory() || /\.(?:eml|mbo?x)$/i.test(entry.name))
    .map((entry) => entry.name)
  const boxes = ['new', 'cur'].filter((box) => names.includes(box))
  const below = names.filter((name) => !boxes.includes(name) && !(boxes.length > 0 && name === 'tmp'))
  const delivered = await Promise.all(boxes.map((box) => filesIn(join(folder, box))))
  return [...delivered.flat().sort(byName), ...below.sort().map((name) => join(folder, name))]
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(folder, entry.name))
}

function byName(a: string, b: string): number {
  return basename(a) < basename(b) ? -1 : 1
}
