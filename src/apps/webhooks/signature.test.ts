import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSignature, signatureOf, TOLERANCE_MS } from './signature.ts'

const NOW = Date.UTC(2026, 0, 5)
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const delivery = { id: 'msg-1', timestamp: String(NOW / 1_000), body: Buffer.from('{"a":1}') }
const signed = (secret = SECRET, more: Partial<typeof delivery> = {}) => {
  const whole = { ...delivery, ...more }
  return { ...whole, signature: signatureOf(whole, secret) }
}

test('the example of Standard Webhooks is signed as it says', () => {
  const example = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: '1614265330',
    body: Buffer.from('{"test": 2432232314}'),
  }
  assert.equal(signatureOf(example, SECRET), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test('any of the signatures may fit any of the secrets', () => {
  checkSignature(signed(), [SECRET], NOW)
  checkSignature(signed(), ['plain words', SECRET], NOW)
  checkSignature(signed('plain words'), ['plain words', SECRET], NOW)
  const two = `v2,AAAA v1,AAAA ${signed().signature}`
  checkSignature({ ...signed(), signature: two }, [SECRET], NOW)
})

test('what was changed, signed by another, or not at all is refused', () => {
  const unsigned = { code: 'WEBHOOK_UNSIGNED' }
  const { signature } = signed()
  for (const other of [
    { ...signed(), id: 'msg-2' },
    { ...signed(), timestamp: String(NOW / 1_000 + 1) },
    { ...signed(), body: Buffer.from('{"a":2}') },
    { ...signed(), signature: '' },
    { ...signed(), signature: signature.slice(0, -6) },
    { ...signed(), signature: signature.replace('v1,', 'v2,') },
    { ...signed(), signature: `${'v1,AAAA '.repeat(10)}${signature}` },
    signed('another secret'),
  ]) {
    assert.throws(() => checkSignature(other, [SECRET], NOW), unsigned)
  }
  assert.throws(() => checkSignature(signed(), [], NOW), unsigned)
})

test('what was sent too long ago, or is from the future, is refused though it is signed', () => {
  checkSignature(signed(), [SECRET], NOW + TOLERANCE_MS)
  checkSignature(signed(), [SECRET], NOW - TOLERANCE_MS)
  for (const now of [NOW + TOLERANCE_MS + 1, NOW - TOLERANCE_MS - 1]) {
    assert.throws(() => checkSignature(signed(), [SECRET], now), { code: 'WEBHOOK_STALE' })
  }
  for (const timestamp of ['', 'now', '-5', '1e9', '17676096000000']) {
    assert.throws(() => checkSignature(signed(SECRET, { timestamp }), [SECRET], NOW), {
      code: 'WEBHOOK_STALE',
    })
  }
})
