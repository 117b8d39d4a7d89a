/**
 * How much of a proposal was changed: for each text the normalized token edit distance, that is, the words that
 * have to be taken out and put in, over the words of both; for any other value 0 or 1. Punctuation belongs to its
 * word. The measure is the one of the longest common subsequence (Needleman and Wunsch 1970, without substitution).
 */
import { canonicalJson, type Json, type JsonObject } from './json.ts'

/** What differs is compared up to so many words a side; words behind count as changed. It takes their product. */
const MOST_WORDS = 1_500

/** Of each field that differs, from above 0 to 1; empty where none does. */
export function fieldDistances(a: JsonObject, b: JsonObject): Record<string, number> {
  const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  const apart = fields.map((field) => [field, valueDistance(a[field], b[field])] as const)
  return Object.fromEntries(apart.filter(([, distance]) => distance > 0))
}

/** 0 for the same, 1 for nothing in common: the mean over the fields of both. */
export function distance(a: JsonObject, b: JsonObject): number {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)])
  if (fields.size === 0) return 0
  return Object.values(fieldDistances(a, b)).reduce((sum, one) => sum + one, 0) / fields.size
}

function valueDistance(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return textDistance(a, b)
  if (isObject(a) && isObject(b)) return distance(a, b)
  return canonicalJson(a ?? null) === canonicalJson(b ?? null) ? 0 : 1
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * 0 for the same, 1 when one of the fields has nothing in common: the distance of the field that differs most, so
 * that another recipient weighs as much under a long text as alone.
 */
export function greatestDistance(a: JsonObject, b: JsonObject): number {
  return Math.max(0, ...Object.values(fieldDistances(a, b)))
}

/** By the words that stand in both in the same order. Texts that differ in blanks alone are barely apart, not the same. */
export function textDistance(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const all = left.length + right.length
  if (all === 0) return 0
  const apart = 1 - (2 * inCommon(left, right)) / all
  return apart > 0 ? apart : 1 / (all + 1)
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

/** Length of the longest common subsequence; what the two begin and end with alike is in it. */
function inCommon(left: readonly string[], right: readonly string[]): number {
  const shorter = Math.min(left.length, right.length)
  let head = 0
  while (head < shorter && left[head] === right[head]) head += 1
  let tail = 0
  while (tail < shorter - head && left.at(-1 - tail) === right.at(-1 - tail)) tail += 1
  const middle = (words: readonly string[]) => words.slice(head, words.length - tail).slice(0, MOST_WORDS)
  return head + tail + commonSubsequence(middle(left), middle(right))
}

function commonSubsequence(left: readonly string[], right: readonly string[]): number {
  let above = new Uint16Array(right.length + 1)
  for (const word of left) {
    const row = new Uint16Array(right.length + 1)
    for (let i = 1; i <= right.length; i += 1) {
      row[i] = word === right[i - 1] ? (above[i - 1] ?? 0) + 1 : Math.max(above[i] ?? 0, row[i - 1] ?? 0)
    }
    above = row
  }
  return above[right.length] ?? 0
}
