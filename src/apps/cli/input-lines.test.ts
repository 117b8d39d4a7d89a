import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { linesOf, lineText } from './input-lines.ts'

async function linesIn(text: string | Buffer, size: number): Promise<string[]> {
  const bytes = Buffer.from(text)
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const lines: string[] = []
  for await (const line of linesOf(pieces())) lines.push(lineText(line))
  return lines
}

for (const size of [1, 2, 3, 1_000]) {
  test(`lines are parted by line feeds alone, in pieces of ${size}`, async () => {
    assert.deepEqual(await linesIn('a\u2028b\u0085\rc\n\nü\r\n', size), ['a\u2028b\u0085\rc', '', 'ü\r'])
    assert.deepEqual(await linesIn('a\nlast', size), ['a', 'last'])
    assert.deepEqual(await linesIn('', size), [])
  })
}

test('the mark before UTF-8 is left out, and what is no UTF-8 is refused', () => {
  assert.equal(lineText(Buffer.from('\ufeff{}')), '{}')
  assert.throws(() => lineText(Buffer.from([0x22, 0xff, 0x22])), { code: 'INPUT_INVALID' })
})
