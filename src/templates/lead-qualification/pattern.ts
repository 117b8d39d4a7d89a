/**
 * Regular expressions that the operator writes in the playbook, kept harmless.
 *
 * A backtracking search can take time exponential in the text. Here a pattern is accepted only when the
 * number of ways in which it can try to match at one place is small. That number is computed exactly
 * from its form: alternatives add up, what follows one another multiplies, a repetition sums over its
 * counts; `*` and `+` count as reaching over a whole piece of text, and patterns are only ever run over
 * pieces of that length. So the cost of a search is at most pieces × places × ways.
 */
import { z } from 'zod'

/** Text is searched line by line, longer lines in pieces of this many characters. */
const PIECE_LENGTH = 1000
const MOST_WAYS = 2000

/** A pattern that is known to be harmless when searched by `findPattern`. */
export const patternSchema = z
  .string()
  .max(300)
  .transform((source, context): RegExp => {
    const pattern = compile(source)
    const problem = typeof pattern === 'string' ? pattern : objection(source, pattern)
    if (problem === null && typeof pattern !== 'string') return pattern
    context.addIssue({ code: 'custom', message: problem ?? 'is no regular expression' })
    return z.NEVER
  })

/** The first match in the text, '' never. */
export function findPattern(pattern: RegExp, text: string): string | null {
  for (const line of text.split(/\r?\n/)) {
    for (let start = 0; start < line.length; start += PIECE_LENGTH) {
      const words = pattern.exec(line.slice(start, start + PIECE_LENGTH))?.[0]
      if (words) return words
    }
  }
  return null
}

function compile(source: string): RegExp | string {
  try {
    return new RegExp(source, 'iu')
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*\/iu: /s, '') : String(error)
    return `is no regular expression: ${why}`
  }
}

function objection(source: string, pattern: RegExp): string | null {
  if (/\\[1-9]|\\k</.test(source)) return 'may not refer back to a group (\\1)'
  if (pattern.test(''))
    return 'matches everywhere, even where there is nothing: make some part of it required'
  const ways = new WayCounter(source).count()
  if (ways <= MOST_WAYS) return null
  const about = ways > 1e9 ? 'more than a billion' : ways.toLocaleString('en')
  return `could try ${about} ways to match at one place (${MOST_WAYS} at most): give * and + a limit, such as {1,20}`
}

/** Counts the ways of a pattern that is known to be valid under the flag `u`. */
class WayCounter {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  count(): number {
    let ways = this.#sequence()
    while (this.#take('|')) ways += this.#sequence()
    return ways
  }

  #sequence(): number {
    let ways = 1
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source.charAt(this.#at))) {
      ways *= this.#repeated(this.#atom())
    }
    return ways
  }

  #atom(): number {
    if (this.#take('(')) {
      this.#match(/\?(?:[:=!]|<[=!]|<[^>]*>)/y)
      const ways = this.count()
      this.#take(')')
      return ways
    }
    this.#match(/\[(?:\\.|[^\]\\])*\]|\\[pPux]\{[^}]*\}|\\c?.|./suy)
    return 1
  }

  #repeated(ways: number): number {
    const quantifier = this.#match(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y)
    if (quantifier === null) return ways
    const [least, most] = countsOf(quantifier)
    if (ways === 1) return most - least + 1
    let sum = 0
    for (let count = least; count <= most && Number.isFinite(sum); count++) sum += ways ** count
    return sum
  }

  #take(char: string): boolean {
    if (this.#source[this.#at] !== char) return false
    this.#at++
    return true
  }

  #match(sticky: RegExp): string | null {
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#source)?.[0] ?? null
    this.#at += found?.length ?? 0
    return found
  }
}

function countsOf(quantifier: string): [number, number] {
  if (quantifier.startsWith('?')) return [0, 1]
  if (quantifier.startsWith('*')) return [0, PIECE_LENGTH]
  if (quantifier.startsWith('+')) return [1, PIECE_LENGTH]
  const [least = 0, most] = (quantifier.match(/\d+/g) ?? []).map(Number)
  if (!quantifier.includes(',')) return [least, least]
  return [least, Math.max(most ?? PIECE_LENGTH, least)]
}
