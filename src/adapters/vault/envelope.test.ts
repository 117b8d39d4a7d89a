import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { KEY_BYTES, reseal, seal, unseal } from './envelope.ts'
import { checkPassphrase, sealExport } from './exchange.ts'

const KEY = randomBytes(KEY_BYTES)
const PLACE = { workspace: 'w', name: 'mail', version: 2 }

test('no two envelopes of one value have anything in common', () => {
  const [one, other] = [seal('the same', KEY, PLACE), seal('the same', KEY, PLACE)]
  const nonces = [one.key, one.value, other.key, other.value].map((text) => text.slice(0, 16))
  assert.equal(new Set(nonces).size, 4)
  assert.equal(unseal({ ...one, value: other.value }, KEY, PLACE), null, 'each has a key of its own')
})

test('it opens with its key in its place as it is, or not at all', () => {
  const sealed = seal('secret', KEY, PLACE)
  assert.equal(unseal(sealed, KEY, PLACE), 'secret')
  for (const place of [
    { ...PLACE, workspace: 'v' },
    { ...PLACE, name: 'bank' },
    { ...PLACE, version: 1 },
  ])
    assert.equal(unseal(sealed, KEY, place), null)
  assert.equal(unseal(sealed, randomBytes(KEY_BYTES), PLACE), null)
  for (const cut of ['', 'AAAA', sealed.value.slice(0, 32)]) {
    assert.equal(unseal({ ...sealed, value: cut }, KEY, PLACE), null)
    assert.equal(unseal({ ...sealed, key: cut }, KEY, PLACE), null)
  }
  const next = randomBytes(KEY_BYTES)
  assert.equal(unseal(reseal(sealed, { from: KEY, to: next }, PLACE) ?? sealed, next, PLACE), 'secret')
})

test('a passphrase has 12 characters at least', () => {
  assert.throws(() => checkPassphrase('a'.repeat(11)), { code: 'INPUT_INVALID' })
  checkPassphrase('a'.repeat(12))
})

test('no two exports are sealed under one salt', async () => {
  const exported = async () => await sealExport([], 'six words by chance', { from: 'w', now: 0 })
  const salts = [await exported(), await exported()].map((text) => JSON.parse(text).kdf.salt)
  assert.notEqual(salts[0], salts[1])
})
