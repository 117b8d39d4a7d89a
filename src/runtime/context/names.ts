/**
 * Unique names for operations. A name used again after its operation ended counts up, which is the same
 * on replay because outcomes are delivered in journal order; two under way together would be ambiguous.
 */
import { HoldfastError } from '../../kernel/errors.ts'

interface Use {
  times: number
  /** Whether an operation of this name is under way. */
  isBusy: boolean
}

export class Names {
  readonly #run: string
  readonly #uses = new Map<string, Use>()

  constructor(run: string) {
    this.#run = run
  }

  /** @throws INPUT_INVALID without a name, STEP_NAME_REUSED */
  claim(name: string): string {
    const run = this.#run
    if (typeof name !== 'string' || name === '') {
      throw new HoldfastError('INPUT_INVALID', `A step of run ${run} has no name`, { details: { run } })
    }
    const use = this.#useOf(name)
    if (use.isBusy) {
      throw new HoldfastError('STEP_NAME_REUSED', `Run ${run} has two operations named "${name}" under way`, {
        details: { run, name },
      })
    }
    use.isBusy = true
    return this.#next(name, use)
  }

  /** The name for its next use, whether or not an earlier one is under way. */
  count(name: string): string {
    return this.#next(name, this.#useOf(name))
  }

  release(name: string): void {
    this.#useOf(name).isBusy = false
  }

  #next(name: string, use: Use): string {
    use.times += 1
    if (use.times === 1) return name
    while (this.#uses.has(`${name}#${use.times}`)) use.times += 1
    const unique = `${name}#${use.times}`
    this.#uses.set(unique, { times: 1, isBusy: false })
    return unique
  }

  #useOf(name: string): Use {
    const known = this.#uses.get(name)
    if (known !== undefined) return known
    const use = { times: 0, isBusy: false }
    this.#uses.set(name, use)
    return use
  }
}

/** As the tables hold it: half a surrogate pair, say of a subject that was cut off, has no UTF-8 form. */
export function storable(name: string): string {
  return typeof name === 'string' ? name.toWellFormed() : name
}
