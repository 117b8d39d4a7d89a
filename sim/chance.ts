/** Seeded chance: the same seed draws the same, and every part of a simulation has a sequence of its own. */
export class Chance {
  #a: number
  #b: number
  #c: number
  #d = 1
  readonly #seed: string

  constructor(seed: string) {
    this.#seed = seed
    const [a, b, c] = [1, 2, 3].map((n) => hash32(`${n}/${seed}`)) as [number, number, number]
    this.#a = a
    this.#b = b
    this.#c = c
    for (let i = 0; i < 12; i += 1) this.next()
  }

  /** An independent sequence: what is drawn from it changes nothing elsewhere. */
  part(name: string): Chance {
    return new Chance(`${this.#seed}/${name}`)
  }

  /** In [0, 1), by sfc32 (Doty-Humphrey, PractRand). */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  /** From `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.whole(0, choices.length - 1)] as T
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return (entries.at(-1) as [Name, number])[0]
  }
}

/** FNV-1a with a last stir. */
function hash32(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) | 0
}
