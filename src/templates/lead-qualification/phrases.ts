/**
 * Phrases as the operator writes them in the playbook, made into searches.
 *
 * A phrase is found whatever its case, across line breaks, and only as whole words; `*` stands for the
 * rest of a word (`website*`, `*relaunch`), which long German words and inflected languages need. Scripts
 * that put no spaces between words (Japanese, Chinese, Thai, Korean) are searched without word borders.
 */
import { z } from 'zod'

/** One list of phrases as one search; `language` is null for phrases listed without a language. */
export interface PhraseList {
  readonly language: string | null
  /** Global, so that it is used with `matchAll`, which keeps no state. */
  readonly expression: RegExp
}

const LETTER = String.raw`\p{L}\p{M}\p{N}`
const REST_OF_WORD = `[${LETTER}]{0,30}`
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Hangul}ー々]/u

/** Characters that people and programs write in several ways. */
const VARIANTS: Readonly<Record<string, string>> = {
  "'": `['’‘ʼ\`´]`,
  '’': `['’‘ʼ\`´]`,
  '-': '[-‐‑–]',
  '…': '(?:…|\\.\\.\\.)',
}

/** A language by its code of two or three letters, such as `en`, `de`, `sv`. */
export const languageSchema = z
  .string()
  .regex(/^[a-z]{2,3}$/, 'must be a language code of two or three small letters, such as en or de')

const phraseSchema = z
  .string()
  .max(120)
  .refine((phrase) => /[\p{L}\p{N}]/u.test(phrase), 'must hold at least one letter or digit')
  .refine((phrase) => !/\*.*\*.*\*/s.test(phrase), 'may hold `*` twice at most')

const listSchema = z.array(phraseSchema).min(1)

/** A list of phrases, or lists by language; every list is searched in every mail, for people mix languages. */
export const phrasesSchema = z
  .union([listSchema, z.record(languageSchema, listSchema)])
  .transform((phrases): readonly PhraseList[] =>
    Array.isArray(phrases)
      ? [{ language: null, expression: compilePhrases(phrases) }]
      : Object.entries(phrases).map(([language, list]) => ({ language, expression: compilePhrases(list) })),
  )

/**
 * One search for all of the phrases; of two that start at the same place the longer wins. Phrases with
 * the same borders share them, which keeps the search small.
 */
export function compilePhrases(phrases: readonly string[]): RegExp {
  const ordered = phrases
    .map((phrase) => phrase.trim().normalize('NFC'))
    .toSorted((a, b) => b.length - a.length)
  const groups = Map.groupBy(ordered, (phrase) => `${bordered(phrase.at(0))} ${bordered(phrase.at(-1))}`)
  const sources = [...groups.values()].map((group) => {
    const [first = ''] = group
    const before = bordered(first.at(0)) ? `(?<![${LETTER}])` : ''
    const after = bordered(first.at(-1)) ? `(?![${LETTER}])` : ''
    return `${before}(?:${group.map(phraseSource).join('|')})${after}`
  })
  return new RegExp(sources.join('|'), 'giu')
}

function phraseSource(phrase: string): string {
  return Array.from(phrase, charSource)
    .join('')
    .replace(/(?:\\s\+)+/g, String.raw`\s+`)
}

function charSource(char: string): string {
  if (char === '*') return REST_OF_WORD
  if (/\s/.test(char)) return String.raw`\s+`
  const variants = VARIANTS[char]
  if (variants) return variants
  const apart = char.normalize('NFD')
  return apart === char ? RegExp.escape(char) : `(?:${char}|${apart})`
}

/** Whether a word may not go on beyond this edge of a phrase. */
function bordered(edge: string | undefined): boolean {
  return edge !== undefined && (edge === '*' || (/[\p{L}\p{N}]/u.test(edge) && !UNSPACED.test(edge)))
}
