/** Chance that repeats itself: the same numbers for the same seed. */

export interface Chance {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  oneIn(n: number): boolean
  pick<Item>(items: readonly Item[]): Item
  hex(length: number): string
}

/** Mulberry32. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    between: (least, most) => least + below(most - least + 1),
    oneIn: (n) => below(n) === 0,
    pick: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
    hex: (length) => Array.from({ length }, () => below(16).toString(16)).join(''),
  }
}
