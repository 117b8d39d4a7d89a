import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { NotOpened, opened, sealed } from './sealing.ts'

const PIECE = 2 ** 20
const KEY = randomBytes(32)
const PLACE = { backup: 'b-1', name: '000001' }

function streamOf(bytes: Uint8Array, size = 65_536): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const seal = async (plain: Uint8Array) => await all(sealed(streamOf(plain), KEY, PLACE))
const open = async (bytes: Uint8Array, key = KEY, place = PLACE) =>
  await all(opened(streamOf(bytes, 10_000), key, place))

test('what is sealed opens again, whatever its size, and is not to be read before', async () => {
  for (const size of [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17]) {
    const plain = randomBytes(size)
    const bytes = await seal(plain)
    assert.equal(Buffer.compare(await open(bytes), plain), 0, `${size} bytes`)
    if (size >= 16) assert.equal(bytes.includes(plain.subarray(0, 16)), false)
  }
  assert.notDeepEqual(await seal(Buffer.from('a')), await seal(Buffer.from('a')))
})

test('with another key, in another place, changed or cut, it does not open', async () => {
  const bytes = await seal(randomBytes(2 * PIECE + 5))
  const [salt, sealedPiece] = [32, PIECE + 16]
  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  const swapped = Buffer.concat([
    bytes.subarray(0, salt),
    bytes.subarray(salt + sealedPiece, salt + 2 * sealedPiece),
    bytes.subarray(salt, salt + sealedPiece),
    bytes.subarray(salt + 2 * sealedPiece),
  ])
  const spoilt: Record<string, () => Promise<unknown>> = {
    'another key': () => open(bytes, randomBytes(32)),
    'another backup': () => open(bytes, KEY, { ...PLACE, backup: 'b-2' }),
    'another file': () => open(bytes, KEY, { ...PLACE, name: '000002' }),
    'a changed salt': () => open(flipped(3)),
    'a changed piece': () => open(flipped(salt + 100)),
    'a changed last piece': () => open(flipped(bytes.length - 1)),
    'cut within a piece': () => open(bytes.subarray(0, bytes.length - 3)),
    'cut between pieces': () => open(bytes.subarray(0, salt + 2 * sealedPiece)),
    'pieces in another order': () => open(swapped),
    'bytes behind it': () => open(Buffer.concat([bytes, Buffer.alloc(1)])),
    'only the salt': () => open(bytes.subarray(0, salt)),
    'less than a tag': () => open(bytes.subarray(0, salt + 3)),
    nothing: () => open(Buffer.alloc(0)),
  }
  for (const [what, attempt] of Object.entries(spoilt)) await assert.rejects(attempt, NotOpened, what)
})
