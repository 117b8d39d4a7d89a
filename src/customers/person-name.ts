/** Names of persons as they are written, and the form in which two of them are compared. */

/**
 * Stand before or after a name and say nothing about who it is. Jr, Sr and II tell persons apart and stay;
 * so does what is also a name, such as Don and Ma.
 */
const TITLES = new Set(
  `mr mrs ms miss mx sir dr prof professor herr frau hr fr mme mlle monsieur madame sra srta doña dott
   dottssa dipl-ing diplom-ingenieur mag ir drs phd md mba msc bsc llm esq habil hc cpa pmp`.split(/\s+/),
)

/** Letters that Unicode does not take apart into a base letter and a mark. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  æ: 'ae',
  œ: 'oe',
  đ: 'd',
  þ: 'th',
  ı: 'i',
}

const UNPRINTABLE = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** Outside words made fit for one line of a screen: no control or direction characters, at most `max` characters. */
export function oneLine(text: string, max = 120): string {
  const line = text.normalize('NFC').replace(/\s+/g, ' ').replace(UNPRINTABLE, '').trim()
  return line.length <= max ? line : `${line.slice(0, max - 1).trimEnd()}…`
}

/** The display name of an address: without quotes; '' when it is only an address again. */
export function displayName(written: string): string {
  const name = oneLine(written).replace(/^['"“”‘’\s]+|['"“”‘’\s]+$/g, '')
  return name.includes('@') ? '' : name
}

/**
 * The form in which names are compared: small letters without marks, `Last, First` turned round, titles
 * left out. The order of the words counts (Thomas Martin is not Martin Thomas), look-alike letters of
 * other scripts stay different, and `ü` is `u`, not `ue`: what is in doubt does not match.
 */
export function nameKey(name: string): string {
  const parts = name
    .split(',')
    .map(wordsOf)
    .filter((words) => words.length > 0)
  const ordered = parts.length === 2 ? [...(parts[1] ?? []), ...(parts[0] ?? [])] : parts.flat()
  return ordered.join(' ')
}

/** The name as it is said: `Last, First` turned round, without titles, its letters as they are. */
export function spokenName(name: string): string {
  const parts = name
    .split(',')
    .map((part) => part.split(/\s+/).filter((word) => wordsOf(word).length > 0))
    .filter((words) => words.length > 0)
  const ordered = parts.length === 2 ? [...(parts[1] ?? []), ...(parts[0] ?? [])] : parts.flat()
  return ordered.join(' ')
}

/** Whether a name is more than a first name: at least two words that are not titles. */
export function isFullName(name: string): boolean {
  return nameKey(name).includes(' ')
}

function wordsOf(text: string): string[] {
  return folded(text)
    .split(/\s+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''))
    .filter((word) => word !== '' && !TITLES.has(word.replaceAll('.', '')))
}

/** Small letters without marks: `Weißmüller` is `weissmuller`. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßøłæœđþı]/g, (letter) => FOLDED[letter] ?? letter)
}
