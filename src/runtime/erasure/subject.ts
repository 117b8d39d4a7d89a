/** Who is to be erased, as texts: those that identify them, those that are theirs, and what takes their place. */
import { ERASED_PREFIX } from '../../kernel/erased.ts'
import { isUnspaced } from '../../kernel/unspaced.ts'

export interface Subject {
  /** By which runs are about them; null when no run says so. */
  readonly customer: string | null
  /**
   * Texts that identify them: addresses, full names, phone numbers, ids that follow from these. Found whole (but for
   * scripts without spaces), in capital and small letters alike, over breaks of lines, in links, however letters with marks are put together; and
   * replaced wherever they are in what is kept.
   */
  readonly names: readonly string[]
  /**
   * Names of other people that hold one of theirs, as `john.smith@firm.example` holds `smith@firm.example`: where one
   * of these stands, it is they who are meant. Default none.
   */
  readonly others?: readonly string[]
  /** Ids of what is theirs, such as messages: what holds one is about them. Kept as they are. */
  readonly ids: readonly string[]
  /** Whole streams that are theirs. */
  readonly streams: readonly string[]
  /** Distinctive pieces of what they wrote. */
  readonly pieces: readonly string[]
  /** What takes the place of a name begins with `erased-` and this: letters and digits, made for this erasure. */
  readonly token: string
}

export interface Sight {
  /** Whether a text names the subject, or is in part what they wrote. */
  isAbout(text: string): boolean
  /** Whether a text holds one of the names. */
  isNamed(text: string): boolean
  /** The text with other words in place of the names. */
  replace(text: string): string
  /** As `replace`; what holds a piece of what they wrote becomes a word of ours. */
  scrub(text: string): string
}

export function sightOf(subject: Subject): Sight {
  const { names, ids, token, others = [] } = subject
  const pieces = subject.pieces.map((piece) => JSON.stringify(piece).slice(1, -1))
  const stands = new Map(names.map((name, i) => [sameFor(name), standIn(name, token, i)]))
  const ofOthers = new Set(others.map(sameFor))
  const isTheirs = (found: string): boolean => !ofOthers.has(sameFor(found))
  const named = wholeWords([...names, ...others])
  const known = wholeWords([...names, ...ids, ...others])
  const isIn = (pattern: RegExp, text: string): boolean =>
    ofOthers.size === 0 ? matches(pattern, text) : (text.match(pattern) ?? []).some(isTheirs)
  const isNamed = (text: string): boolean => isIn(named, unbroken(text))
  const replace = (text: string): string =>
    text.replace(named, (found) =>
      isTheirs(found) ? (stands.get(sameFor(found)) ?? `${ERASED_PREFIX}${token}`) : found,
    )
  const holdsPiece = (text: string): boolean => pieces.some((piece) => text.includes(piece))
  return {
    isNamed,
    replace,
    isAbout: (text) => isIn(known, unbroken(text)) || holdsPiece(text),
    scrub: (text) => (holdsPiece(JSON.stringify(text)) ? `${ERASED_PREFIX}${token}` : replace(text)),
  }
}

/** Of names of others, those that hold one of theirs and are another one. */
export function holding(names: readonly string[], others: readonly string[]): string[] {
  const pattern = wholeWords(names)
  const theirs = new Set(names.map(sameFor))
  return [...new Set(others)].filter((other) => !theirs.has(sameFor(other)) && matches(pattern, other))
}

/** An address stays one, of a domain that nobody has (RFC 2606). */
function standIn(name: string, token: string, i: number): string {
  const word = `${ERASED_PREFIX}${token}${i === 0 ? '' : `-${i}`}`
  return /^\S+@\S+$/.test(name) ? `${word}@erased.invalid` : word
}

function wholeWords(words: readonly string[]): RegExp {
  if (words.length === 0) return /(?!)/giu
  const longestFirst = [...words].sort((a, b) => b.length - a.length)
  const ways = (some: readonly string[]): string => `(?:${some.flatMap(waysOf).join('|')})`
  const parted = longestFirst.filter((word) => !isUnspaced(word))
  const unparted = longestFirst.filter(isUnspaced)
  const whole = parted.length === 0 ? [] : [`(?<![\\p{L}\\p{N}])${ways(parted)}(?![\\p{L}\\p{N}])`]
  return new RegExp([...(unparted.length === 0 ? [] : [ways(unparted)]), ...whole].join('|'), 'giu')
}

/** As it may be written. */
function waysOf(word: string): string[] {
  const ways = [word, word.normalize('NFC'), word.normalize('NFD')]
  const parted = ways.map((way) => way.split(/\s+/u).map(RegExp.escape).join('\\s+'))
  return [...new Set([...parted, RegExp.escape(encodeURIComponent(word))])]
}

/** However it is written, the same. */
function sameFor(name: string): string {
  return decoded(name).normalize('NFC').toLowerCase().replace(/\s+/gu, ' ')
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** A break of lines in JSON is no letter of the word behind it. */
function unbroken(json: string): string {
  return json.replace(/\\(?:\\|[nrtf])/g, (found) => (found === '\\\\' ? found : ' '))
}

function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(text)
}
