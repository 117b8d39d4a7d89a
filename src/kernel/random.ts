/**
 * Randomness that a replay sees again: drawn from the seed in `run.started`, so nothing has to be
 * journaled and a value used as a key before its step completes is the same after a crash.
 *
 * The generator is SplitMix32-style mixing over the counter (Steele, Lea, Flood 2014), seeded by FNV-1a of
 * the seed and the name. It is not for secrets.
 */

/** The n-th value in [0, 1) of the sequence `name` of this seed. */
export function seededRandom(seed: string, name: string, n: number): number {
  return draw(seed, name, n) / 2 ** 32
}

/** The n-th UUID (version 8, RFC 9562) of the sequence `name` of this seed. */
export function seededUuid(seed: string, name: string, n: number): string {
  const words = [0, 1, 2, 3].map((part) => draw(seed, `${name}#${part}`, n).toString(16).padStart(8, '0'))
  const hex = words.join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}

function draw(seed: string, name: string, n: number): number {
  let hash = 0x811c9dc5
  for (const char of `${seed}\u0000${name}\u0000${n}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  }
  let z = (hash + 0x9e3779b9) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}
