/**
 * Secrets on their way to another machine: one file, sealed under a passphrase.
 *
 *     passphrase ─▶ scrypt (N 131,072, r 8, p 1: 128 MiB and some tenths of a second a guess) ─▶ key ─▶ AES-256-GCM
 *
 * Sealed together are names and values, so that none can be taken out, put in, or given another name; how many there
 * are and how long they are is hidden by filling up to whole kilobytes. The head of the file (format, where from, when,
 * the numbers of scrypt) stands in the clear and is bound to what is sealed. A wrong passphrase and a changed file look
 * the same.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'
import { canonicalJson, type Json } from '../../kernel/json.ts'

/** Shorter ones can be guessed by whoever has the file. */
export const SHORTEST_PASSPHRASE = 12
const COST = { N: 131_072, r: 8, p: 1 } as const
/** A file from elsewhere may not ask for more than this of the machine. */
const MOST_MEMORY = 2 ** 30
const IV_BYTES = 12
const TAG_BYTES = 16
const FILL_BYTES = 1_024
const WHAT = 'holdfast secrets'

const head = z.strictObject({
  format: z.literal(1),
  what: z.literal(WHAT),
  /** Id of the log of the workspace that they come from. */
  from: z.string(),
  /** ISO 8601. */
  made: z.string(),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z
      .int()
      .min(2 ** 14)
      .refine((n) => Number.isInteger(Math.log2(n)), { error: 'must be a power of 2' }),
    r: z.int().min(1).max(32),
    p: z.int().min(1).max(16),
    salt: z.string().regex(/^[A-Za-z0-9+/]{22,88}={0,2}$/),
  }),
})
const file = head.extend({ sealed: z.string() })
const contents = z.strictObject({
  secrets: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  fill: z.string(),
})

export interface CarriedSecret {
  readonly name: string
  readonly value: string
}

export interface OpenedExport {
  /** Id of the log of the workspace that they come from. */
  readonly from: string
  readonly made: string
  readonly secrets: readonly CarriedSecret[]
}

/** The text of the file. @throws INPUT_INVALID for a passphrase that is too short */
export async function sealExport(
  secrets: readonly CarriedSecret[],
  passphrase: string,
  { from, now }: { readonly from: string; readonly now: number },
): Promise<string> {
  checkPassphrase(passphrase)
  const kdf = { name: 'scrypt' as const, ...COST, salt: randomBytes(32).toString('base64') }
  const shown = { format: 1, what: WHAT, from, made: new Date(now).toISOString(), kdf } as const
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, kdf), iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(boundTo(shown))
  const parts = [iv, cipher.update(filledUp(secrets)), cipher.final(), cipher.getAuthTag()]
  return `${JSON.stringify({ ...shown, sealed: Buffer.concat(parts).toString('base64') }, null, 2)}\n`
}

/** @throws EXPORT_NOT_OPENED */
export async function openExport(text: string, passphrase: string, where: string): Promise<OpenedExport> {
  const { sealed, ...shown } = parsed(text, where)
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const iv = bytes.subarray(0, IV_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', await keyOf(passphrase, shown.kdf), iv, {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(boundTo(shown))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
    return {
      from: shown.from,
      made: shown.made,
      secrets: contents.parse(JSON.parse(plain.toString())).secrets,
    }
  } catch {
    // What was thrown may hold a piece of what was sealed.
    throw notOpened(where, 'the passphrase is another one, or the file was changed')
  }
}

/** @throws INPUT_INVALID, without a word of it */
export function checkPassphrase(passphrase: string): void {
  if (passphrase.length >= SHORTEST_PASSPHRASE) return
  throw new HoldfastError(
    'INPUT_INVALID',
    `The passphrase is shorter than ${SHORTEST_PASSPHRASE} characters`,
    {
      fix: 'Take five or six words by chance, or let your manager of passwords make one.',
    },
  )
}

function filledUp(secrets: readonly CarriedSecret[]): Buffer {
  const bare = Buffer.byteLength(JSON.stringify({ secrets, fill: '' }))
  const fill = ' '.repeat((FILL_BYTES - (bare % FILL_BYTES)) % FILL_BYTES)
  return Buffer.from(JSON.stringify({ secrets, fill }))
}

function parsed(text: string, where: string): z.output<typeof file> {
  try {
    const read = file.parse(JSON.parse(text))
    if (128 * read.kdf.N * read.kdf.r * read.kdf.p <= MOST_MEMORY) return read
  } catch {
    throw notOpened(where, 'it is no file of secrets')
  }
  throw notOpened(where, 'it asks for more memory than such a file needs')
}

function boundTo(shown: z.output<typeof head>): Buffer {
  return Buffer.from(canonicalJson(shown as unknown as Json))
}

function keyOf(passphrase: string, { N, r, p, salt }: z.output<typeof head>['kdf']): Promise<Buffer> {
  const options = { N, r, p, maxmem: 2 * MOST_MEMORY }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

function notOpened(where: string, why: string): HoldfastError {
  return new HoldfastError('EXPORT_NOT_OPENED', `${where} does not open: ${why}`, {
    details: { path: where },
  })
}
