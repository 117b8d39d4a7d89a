/**
 * Signatures of deliveries, as Standard Webhooks has them (https://www.standardwebhooks.com): a delivery names its id and
 * the time at which it was sent, and signs both with its body.
 *
 *     webhook-id: msg_2Kc        webhook-timestamp: 1767609600        webhook-signature: v1,BASE64 v1,BASE64
 *     signed: `ID.TIMESTAMP.BODY` by HMAC-SHA-256
 *
 * A secret that begins with `whsec_` is the base64 of the key; any other is the key itself.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { HoldfastError } from '../../kernel/errors.ts'

/** How far the time of a delivery may lie from ours, either way. */
export const TOLERANCE_MS = 5 * 60_000
const MOST_SIGNATURES = 10

export interface SignedDelivery {
  readonly id: string
  /** Whole seconds since 1970. */
  readonly timestamp: string
  readonly signature: string
  readonly body: Uint8Array
}

/**
 * Every key is tried with every signature, whichever fits, so that how long it takes tells nothing of either.
 * @throws WEBHOOK_STALE, WEBHOOK_UNSIGNED
 */
export function checkSignature(delivery: SignedDelivery, secrets: readonly string[], now: number): void {
  const { id, timestamp, signature, body } = delivery
  const sent = Number(timestamp) * 1_000
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - sent) > TOLERANCE_MS) {
    throw new HoldfastError(
      'WEBHOOK_STALE',
      `The delivery was sent ${/^\d{1,12}$/.test(timestamp) ? new Date(sent).toISOString() : 'at no time'}, more than ${TOLERANCE_MS / 60_000} minutes from now`,
    )
  }
  const given = signature
    .split(' ')
    .slice(0, MOST_SIGNATURES)
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'))
  let fits = false
  for (const secret of secrets) {
    const wanted = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest()
    for (const one of given) {
      const isSame = one.length === wanted.length && timingSafeEqual(one, wanted)
      fits = isSame || fits
    }
  }
  if (!fits) throw new HoldfastError('WEBHOOK_UNSIGNED', 'No signature of the delivery fits')
}

/** The header `webhook-signature` for a delivery: for whoever sends. */
export function signatureOf(
  { id, timestamp, body }: Omit<SignedDelivery, 'signature'>,
  secret: string,
): string {
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body)
  return `v1,${mac.digest('base64')}`
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret)
}
