/** Chinese, Japanese and Korean: a name stands among other letters without anything between them. */
const LETTER = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々]`
const ONLY = new RegExp(`^(?:${LETTER}|\\s)*${LETTER}(?:${LETTER}|\\s)*$`, 'u')
const EACH = new RegExp(LETTER, 'gu')

/** Whether a text has no other letters, or marks, than such. */
export function isUnspaced(text: string): boolean {
  return ONLY.test(text)
}

/** How many there are. */
export function countUnspaced(text: string): number {
  return text.match(EACH)?.length ?? 0
}
