import { chanceFrom } from '../testing/chance.ts'

const STEPS = 2 ** 30

/** Fractions from 0 to below 1, the same for the same seed. */
export function fractionsFrom(seed: number): () => number {
  const chance = chanceFrom(seed)
  return () => chance.between(0, STEPS - 1) / STEPS
}
