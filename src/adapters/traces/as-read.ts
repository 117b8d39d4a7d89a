/**
 * A text as a reader has it, whatever program has written it: small letters, each with its marks in one character, one
 * space for whatever parts words. JSON, HTML and links write some of these with words of their own.
 */

/** What parts words: as it is, in JSON, in a link, in HTML. */
const SPACES = /(?:\s|\\[nrtf]|%20|%0[ad]|&nbsp;|&#0*(?:160|32);|\u00a0)+/gi
const NUMBERED = /&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi
const MARKED = /&([a-z])(uml|acute|grave|circ|tilde|ring|cedil|caron);/gi
const NAMED = /&(aelig|oslash|szlig|eth|thorn);/gi

/** As Unicode writes them behind a letter. */
const MARKS: Readonly<Record<string, string>> = {
  uml: '\u0308',
  acute: '\u0301',
  grave: '\u0300',
  circ: '\u0302',
  tilde: '\u0303',
  ring: '\u030a',
  cedil: '\u0327',
  caron: '\u030c',
}
const LETTERS: Readonly<Record<string, string>> = {
  aelig: 'æ',
  oslash: 'ø',
  szlig: 'ß',
  eth: 'ð',
  thorn: 'þ',
}

export function asRead(text: string): string {
  const letters = text.includes('&') ? withoutEntities(text) : text
  return letters.normalize('NFC').toLowerCase().replace(SPACES, ' ')
}

function withoutEntities(text: string): string {
  return text
    .replace(NUMBERED, (all, hex?: string, number?: string) => {
      const code = hex === undefined ? Number(number) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : all
    })
    .replace(MARKED, (_, letter: string, mark: string) => letter + (MARKS[mark.toLowerCase()] ?? ''))
    .replace(NAMED, (_, name: string) => LETTERS[name.toLowerCase()] ?? '')
}

/** Bytes as Latin-1, with what quoted-printable and links say of them in their place. */
export function unescaped(text: string): string {
  return text.replace(/[=%]([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** What rows of base64 hold; each of their lines begins anew. */
export function decodedRows(text: string): string {
  return text
    .split(/[^A-Za-z0-9+/=\r\n]+/)
    .filter((row) => row.length >= SHORTEST_ROW)
    .map((row) =>
      Buffer.concat(row.split(/\r?\n/).map((line) => Buffer.from(line, 'base64'))).toString('utf8'),
    )
    .join('\n')
}

const SHORTEST_ROW = 20

/** Of bytes that stand as Latin-1. */
export function utf8Of(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
