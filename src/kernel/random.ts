/**
 * Randomness that a replay sees again: drawn from the seed in `run.started`, so nothing has to be
 * journaled and a value used as a key before its step completes is the same after a crash.
 *
 * The values are a 128-bit hash (cyrb128 by bryc, after MurmurHash3) of the seed, the name and the number. It
 * is not for secrets.
 *
 * Why: docs/decisions/0004-time-and-chance-are-derived.md
 */

/** The n-th value in [0, 1) of the sequence `name` of this seed. */
export function seededRandom(seed: string, name: string, n: number): number {
  return draw(seed, name, n)[0] / 2 ** 32
}

/** The n-th UUID (version 8, RFC 9562) of the sequence `name` of this seed. */
export function seededUuid(seed: string, name: string, n: number): string {
  const hex = draw(seed, name, n)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}

/** Four words of 32 bits. All four take part in the state, so that two texts rarely agree in any of them. */
function draw(seed: string, name: string, n: number): [number, number, number, number] {
  let [a, b, c, d] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a]
  for (const char of `${seed}\u0000${name}\u0000${n}`) {
    const point = char.codePointAt(0) ?? 0
    a = b ^ Math.imul(a ^ point, 0x239b961b)
    b = c ^ Math.imul(b ^ point, 0xab0e9789)
    c = d ^ Math.imul(c ^ point, 0x38b34ae5)
    d = a ^ Math.imul(d ^ point, 0xa1e38b93)
  }
  a = Math.imul(c ^ (a >>> 18), 0x239b961b)
  b = Math.imul(d ^ (b >>> 22), 0xab0e9789)
  c = Math.imul(a ^ (c >>> 17), 0x38b34ae5)
  d = Math.imul(b ^ (d >>> 19), 0xa1e38b93)
  const all = a ^ b ^ c ^ d
  return [all >>> 0, (b ^ all) >>> 0, (c ^ all) >>> 0, (d ^ all) >>> 0]
}
