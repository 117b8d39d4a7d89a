import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openExport, sealExport } from './exchange.ts'

const WORDS = 'correct horse battery staple'
const SECRETS = [
  { name: 'smtp', value: 'canary-1f "x" é' },
  { name: 'openai', value: 'canary-2f' },
]
const about = { from: 'log-1', now: 0 }

test('what is sealed under a passphrase opens with it, and shows nothing before', async () => {
  const text = await sealExport(SECRETS, WORDS, about)
  assert.deepEqual(await openExport(text, WORDS, 'x'), {
    from: 'log-1',
    made: '1970-01-01T00:00:00.000Z',
    secrets: SECRETS,
  })
  for (const word of ['canary', 'smtp', 'openai', WORDS]) assert.equal(text.includes(word), false, word)
  const { kdf } = JSON.parse(text)
  assert.deepEqual({ ...kdf, salt: '' }, { name: 'scrypt', N: 131_072, r: 8, p: 1, salt: '' })
  const one = await sealExport(SECRETS.slice(0, 1), WORDS, about)
  assert.equal(one.length, text.length, 'how many there are does not show')
  assert.notEqual(await sealExport(SECRETS, WORDS, about), text)
})

test('with another passphrase, or changed anywhere, it does not open, and says nothing of it', async () => {
  const text = await sealExport(SECRETS, WORDS, about)
  const content = JSON.parse(text)
  const flipped = Buffer.from(content.sealed, 'base64')
  flipped[20] = (flipped[20] ?? 0) ^ 1
  const changed: [string, string][] = [
    [text, `${WORDS}!`],
    [JSON.stringify({ ...content, from: 'log-2' }), WORDS],
    [JSON.stringify({ ...content, made: '2026-01-01T00:00:00.000Z' }), WORDS],
    [JSON.stringify({ ...content, kdf: { ...content.kdf, p: 2 } }), WORDS],
    [JSON.stringify({ ...content, sealed: flipped.toString('base64') }), WORDS],
    [JSON.stringify({ ...content, sealed: '' }), WORDS],
  ]
  for (const [file, words] of changed) {
    await assert.rejects(openExport(file, words, 'x'), { code: 'EXPORT_NOT_OPENED' })
  }
})

test('a file may not ask for any memory it likes, nor for next to none', async () => {
  const content = JSON.parse(await sealExport(SECRETS, WORDS, about))
  const asking = async (kdf: object) =>
    await openExport(JSON.stringify({ ...content, kdf: { ...content.kdf, ...kdf } }), WORDS, 'x')
  for (const kdf of [{ N: 2 ** 24 }, { p: 16, r: 32 }]) {
    await assert.rejects(asking(kdf), { code: 'EXPORT_NOT_OPENED', message: /more memory/ })
  }
  for (const kdf of [{ N: 1_024 }, { N: 131_073 }, { r: 0 }, { name: 'none' }]) {
    await assert.rejects(asking(kdf), { code: 'EXPORT_NOT_OPENED', message: /no file of secrets/ })
  }
  for (const file of ['', '{}', 'canary']) {
    await assert.rejects(openExport(file, WORDS, 'x'), { code: 'EXPORT_NOT_OPENED', message: /no file of/ })
  }
})

test('a short passphrase is refused', async () => {
  await assert.rejects(sealExport(SECRETS, 'short', about), (error: Error) => {
    return !error.message.includes('short"') && (error as { code?: string }).code === 'INPUT_INVALID'
  })
})
