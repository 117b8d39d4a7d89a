/**
 * Runs worlds with each planted bug until one is noticed, and prints what was: a JSON line a bug; with an
 * argument, only those that it is a pattern of. In a process of its own, since some bugs throw errors at nobody, which
 * the simulation notices and a test runner takes for its own.
 */
import { BUGS } from './bugs.ts'
import { simulate } from './simulation.ts'

/** Seeds after which a planted bug must have been found. */
const MOST_SEEDS = 400

export interface Planted {
  readonly what: string
  /** Default: it was not found. */
  readonly found?: { readonly seed: number; readonly invariant: string; readonly message: string }
}

const wanted = new RegExp(process.argv[2] ?? '')

for (const { what, wiring } of BUGS.filter((bug) => wanted.test(bug.what)))
  console.log(JSON.stringify({ what, found: await find(wiring) }))

async function find(wiring: (typeof BUGS)[number]['wiring']): Promise<Planted['found']> {
  for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
    const { violation } = await simulate(seed, { wiring })
    if (violation !== null) return { seed, invariant: violation.invariant, message: violation.message }
  }
  return undefined
}
