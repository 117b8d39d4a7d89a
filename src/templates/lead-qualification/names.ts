/** How to address a person, from the display name of a mail. */

export interface Addressee {
  /** First name; '' when the name is missing or may not be a person's. */
  readonly name: string
  /** The whole name without titles; '' likewise. */
  readonly fullName: string
}

const NOBODY: Addressee = { name: '', fullName: '' }
const MOST_CHARACTERS = 60
const TITLE = /^(?:dr|prof|mag|dipl|ing|mr|mrs|ms|mx|herr|frau|m|mme|sr|sra|fru|sir|dame)\.?$/i
const ORGANISATION =
  /[@\d&/|+]|(?<!\p{L})(?:gmbh|ag|kg|ug|e\.?v|ab|hb|ltd|limited|inc|llc|llp|plc|s\.?a\.?s?|sarl|s\.?l|oy|as|aps|bv|team|info|office|kontakt|contact|support|sales|service|studio|hello|admin|kundservice|via|the|group|company|verein|stiftung|schule|school|hotel|praxis|university|council|noreply|no-reply)(?!\p{L})|株式会社|有限会社/iu

/**
 * "Dr. Jonas Weber" and "Weber, Jonas" give Jonas. A single word is a first name; several words that read
 * like an organisation are not a name. Names in scripts without spaces put the family name first, so that
 * only the whole name is given.
 */
export function addresseeOf(displayName: string): Addressee {
  const plain = displayName
    .slice(0, 4 * MOST_CHARACTERS)
    .replace(/\([^)]*\)|["“”„«»]/g, ' ')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  if (plain.length > MOST_CHARACTERS || ORGANISATION.test(plain) || !/\p{L}/u.test(plain)) return NOBODY
  const [last, first, more] = plain.split(/\s*,\s*/)
  const ordered = first !== undefined && more === undefined ? `${first} ${last}` : plain
  if (!/^[\p{L}\p{M}.'’ -]+$/u.test(ordered)) return NOBODY
  const words = ordered.split(' ').filter((word) => !TITLE.test(word))
  const fullName = words.map(capitalised).join(' ')
  if (/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u.test(fullName)) {
    return { name: fullName, fullName }
  }
  const name = words.find((word) => word.replace('.', '').length > 1)
  return name === undefined ? NOBODY : { name: capitalised(name), fullName }
}

/** `jonas` and `JONAS` become `Jonas`; `McKay` stays. */
function capitalised(word: string): string {
  const uniform = word === word.toLowerCase() || (word.length > 3 && word === word.toUpperCase())
  return uniform ? word.charAt(0).toUpperCase() + word.slice(1).toLowerCase() : word
}
