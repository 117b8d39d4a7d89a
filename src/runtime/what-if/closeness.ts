/** How far apart two proposals are, and which of two comes nearer to what the operator made of one. */
import { canonicalJson, type Json, type JsonObject } from '../../kernel/json.ts'

/** Longer texts are compared by their beginnings: the comparison takes the product of the lengths. */
const MOST_WORDS = 1_500

/** 0 for the same, 1 for nothing in common: the mean over the fields. */
export function distance(a: JsonObject, b: JsonObject): number {
  const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  if (fields.length === 0) return 0
  return fields.reduce((sum, field) => sum + apart(a[field], b[field]), 0) / fields.length
}

function apart(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return textDistance(a, b)
  return canonicalJson(a ?? null) === canonicalJson(b ?? null) ? 0 : 1
}

/** By the words that stand in both in the same order. */
export function textDistance(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const all = left.length + right.length
  return all === 0 ? 0 : 1 - (2 * inCommon(left, right)) / all
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean).slice(0, MOST_WORDS)
}

/** Length of the longest common subsequence. */
function inCommon(left: readonly string[], right: readonly string[]): number {
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
