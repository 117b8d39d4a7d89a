/**
 * Fingerprints of step code, so that verification can name a step whose code has changed.
 *
 * Why: docs/decisions/0008-verification-by-replay.md
 */
import { shortHash } from './hashes.ts'

const CACHE_LIMIT = 5_000
const known = new Map<string, string>()

/** `pure:` or `code:` and 8 hex digits over the source text of the function, white space folded. */
export function codeOf(work: (...given: never[]) => unknown, pure: boolean): string {
  const source = work.toString()
  let fingerprint = known.get(source)
  if (fingerprint === undefined) {
    if (known.size >= CACHE_LIMIT) known.clear()
    fingerprint = shortHash(source.replace(/\s+/g, ' '), 8)
    known.set(source, fingerprint)
  }
  return `${pure ? 'pure' : 'code'}:${fingerprint}`
}
