/** Text without the characters that no reader sees. */

/** Tag characters, bidirectional overrides and variation selectors beyond Unicode's first 16: carriers of hidden text. */
const SMUGGLING = /[\u{E0000}-\u{E01EF}\u202A-\u202E\u2066-\u2069]/gu
/** Zero-width characters; two of the joiners are proper in some scripts, so only runs of them go. */
const ZERO_WIDTH = /[\u200B\u2060-\u2064\uFEFF\u00AD\u180E\u200E\u200F]|\u034F|[\u200C\u200D]{3,}/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g

export interface CleanText {
  readonly text: string
  /** True when characters were taken out that serve to carry text unseen. */
  readonly smuggled: boolean
}

/** LF line ends, no trailing blanks, composed letters (NFC), nothing invisible. */
export function cleanText(text: string): CleanText {
  const clean = text
    .replace(/\r\n?/g, '\n')
    .replace(SMUGGLING, '')
    .replace(ZERO_WIDTH, '')
    .replace(CONTROL, '')
    .replace(/[\u00A0\u2007\u202F]/g, ' ')
    .normalize('NFC')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()
  return { text: clean, smuggled: text.search(SMUGGLING) >= 0 }
}

/** On one line, without invisible characters. */
export function cleanLine(text: string): string {
  return cleanText(text).text.replace(/\s+/g, ' ')
}
