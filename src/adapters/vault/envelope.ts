/**
 * Envelopes: a value is sealed with a data key of its own, and the data key with the master key, both by
 * AES-256-GCM. What is bound to them (workspace, name, version) is not in them: an envelope that was moved to
 * another place, or put back as another version, does not open.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import { z } from 'zod'

export const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const PURPOSE = 'holdfast vault, format 1'

/** What an envelope is bound to. */
export interface Place {
  /** Id of the workspace's log. */
  readonly workspace: string
  readonly name: string
  readonly version: number
}

export const envelopeSchema = z.strictObject({
  /** The data key, sealed with the master key. */
  key: z.string(),
  /** The value, sealed with the data key. */
  value: z.string(),
})

export type Envelope = z.output<typeof envelopeSchema>

export function seal(value: string, masterKey: Uint8Array, place: Place): Envelope {
  const dataKey = randomBytes(KEY_BYTES)
  return {
    key: encrypt(dataKey, masterKey, boundTo('key', place)),
    value: encrypt(Buffer.from(value), dataKey, boundTo('value', place)),
  }
}

/** null when it does not open: another key, another place, or changed bytes. */
export function unseal({ key, value }: Envelope, masterKey: Uint8Array, place: Place): string | null {
  const dataKey = decrypt(key, masterKey, boundTo('key', place))
  return (dataKey && decrypt(value, dataKey, boundTo('value', place)))?.toString() ?? null
}

/** The same value under another master key; null when it does not open. Its bytes stay sealed meanwhile. */
export function reseal(
  { key, value }: Envelope,
  keys: { readonly from: Uint8Array; readonly to: Uint8Array },
  place: Place,
): Envelope | null {
  const dataKey = decrypt(key, keys.from, boundTo('key', place))
  return dataKey && { key: encrypt(dataKey, keys.to, boundTo('key', place)), value }
}

/** Tells keys apart without telling them: a key is 32 random bytes, so its hash can't be guessed from. */
export function fingerprintOf(masterKey: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${PURPOSE}, fingerprint\n`), masterKey]), 'hex').slice(
    0,
    16,
  )
}

function boundTo(part: 'key' | 'value', { workspace, name, version }: Place): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE, part, workspace, name, version]))
}

/** IV, ciphertext and tag, as base64. */
function encrypt(plain: Uint8Array, key: Uint8Array, bound: Uint8Array): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function decrypt(sealed: string, key: Uint8Array, bound: Uint8Array): Buffer | null {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < IV_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(bound)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return null
  }
}
