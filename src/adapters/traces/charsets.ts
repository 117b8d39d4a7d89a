/**
 * How a text stands in the charsets of older mail. Node decodes them and does not encode, so their tables are read off
 * by decoding every letter once.
 */
const ONE_BYTE = [
  ...['0', '1', '2', '3', '4', '5', '6', '7', '8'].map((n) => `windows-125${n}`),
  ...['iso-8859-2', 'iso-8859-5', 'iso-8859-7', 'iso-8859-9', 'koi8-r', 'koi8-u', 'macintosh'],
]
const TWO_BYTES = ['shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr']

type Table = ReadonlyMap<string, readonly number[]>

const tables = new Map<string, Table>()

function tableOf(charset: string): Table {
  const known = tables.get(charset)
  if (known !== undefined) return known
  const decoder = new TextDecoder(charset)
  const table = new Map<string, readonly number[]>()
  const note = (...bytes: readonly number[]): void => {
    const text = decoder.decode(Uint8Array.from(bytes))
    if ([...text].length === 1 && text !== '\ufffd' && !table.has(text)) table.set(text, bytes)
  }
  for (let one = 0; one < 0x100; one += 1) note(one)
  if (TWO_BYTES.includes(charset))
    for (let one = 0x81; one < 0xff; one += 1) for (let two = 0x40; two < 0xff; two += 1) note(one, two)
  tables.set(charset, table)
  return table
}

/** In each charset that has all of its letters. */
export function inOldCharsets(text: string): Buffer[] {
  const letters = [...text]
  const whole = [...ONE_BYTE, ...TWO_BYTES].flatMap((charset) => {
    const table = tableOf(charset)
    const bytes = letters.map((letter) => table.get(letter))
    return bytes.every((one) => one !== undefined) ? [Buffer.from(bytes.flat())] : []
  })
  return [...whole, ...inJis(letters)]
}

const TO_JIS = [0x1b, 0x24, 0x42]
const TO_ASCII = [0x1b, 0x28, 0x42]

/** ISO-2022-JP: the pairs of EUC-JP with seven bits, and a word wherever letters of the other kind begin. */
function inJis(letters: readonly string[]): Buffer[] {
  const table = tableOf('euc-jp')
  const bytes: number[] = []
  let wasPair: boolean | null = null
  for (const letter of letters) {
    const pair = table.get(letter)
    const isPair = pair?.length === 2
    if (pair === undefined || (!isPair && (pair[0] ?? 0) > 0x7f)) return []
    if (wasPair !== null && wasPair !== isPair) bytes.push(...(isPair ? TO_JIS : TO_ASCII))
    bytes.push(...pair.map((byte) => byte & 0x7f))
    wasPair = isPair
  }
  return [Buffer.from(bytes)]
}
