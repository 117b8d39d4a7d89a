/** Lines of what is piped in, each for itself: one that can't be read is no matter of the others. */
import { Buffer } from 'node:buffer'
import { HoldfastError } from '../../kernel/errors.ts'

const LINE_FEED = 0x0a
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parted by line feeds alone: what else parts lines for a reader (U+2028, a carriage return) may stand in a JSON text.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let begun: Uint8Array[] = []
  for await (const chunk of input) {
    let from = 0
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, to)])
      begun = []
      from = to + 1
    }
    begun.push(chunk.subarray(from))
  }
  const last = Buffer.concat(begun)
  if (last.length > 0) yield last
}

/** Without the mark that some programs put before UTF-8. @throws INPUT_INVALID */
export function lineText(line: Buffer): string {
  try {
    return UTF8.decode(line)
  } catch (cause) {
    throw new HoldfastError('INPUT_INVALID', 'It is no UTF-8', { cause })
  }
}
