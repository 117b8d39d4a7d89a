/**
 * A field that stands twice in one object of a JSON text. Some readers take the first of them and some the last, so that
 * such a text says two things, and whoever decides on it may decide on another than is done.
 */

/** Texts, whatever is in them, and the signs that open and close. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g
const IS_NAME = /\s*:/y

/** The name of the first one; null for none. @param text must be JSON */
export function repeatedField(text: string): string | null {
  const open: Set<string>[] = []
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else {
      IS_NAME.lastIndex = index + token.length
      if (!IS_NAME.test(text)) continue
      const name = JSON.parse(token) as string
      if (open.at(-1)?.has(name)) return name
      open.at(-1)?.add(name)
    }
  }
  return null
}
