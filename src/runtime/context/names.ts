/**
 * Unique names for operations. A name used again after its operation ended counts up, which is the same
 * on replay because outcomes are delivered in journal order; two under way together would be ambiguous.
 */
import { HoldfastError } from '../../kernel/errors.ts'

export class Names {
  readonly #run: string
  /** How often each name was used; 0 for one that was only given, as `name#2` is. */
  readonly #uses = new Map<string, number>()
  readonly #busy = new Set<string>()

  constructor(run: string) {
    this.#run = run
  }

  /** @throws INPUT_INVALID without a name, STEP_NAME_REUSED */
  claim(name: string): string {
    const run = this.#run
    if (typeof name !== 'string' || name === '') {
      throw new HoldfastError('INPUT_INVALID', `A step of run ${run} has no name`, { details: { run } })
    }
    if (this.#busy.has(name)) {
      throw new HoldfastError('STEP_NAME_REUSED', `Run ${run} has two operations named "${name}" under way`, {
        details: { run, name },
      })
    }
    this.#busy.add(name)
    return this.count(name)
  }

  /** The name for its next use, whether or not an earlier one is under way. */
  count(name: string): string {
    let uses = this.#uses.get(name) ?? 0
    let unique: string
    do {
      uses += 1
      unique = uses === 1 ? name : `${name}#${uses}`
    } while (this.#uses.has(unique))
    this.#uses.set(unique, 0)
    this.#uses.set(name, uses)
    return unique
  }

  release(name: string): void {
    this.#busy.delete(name)
  }
}

/** As the tables hold it: half a surrogate pair, say of a subject that was cut off, has no UTF-8 form. */
export function storable(name: string): string {
  return typeof name === 'string' ? name.toWellFormed() : name
}
