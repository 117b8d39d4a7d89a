/** Bringing in secrets that come from another workspace: what becomes of each name, decided before any is changed. */
import { HoldfastError } from '../kernel/errors.ts'
import { checkSecretName, checkSecretValue, handleOf } from '../ports/vault.ts'

export interface BroughtSecret {
  readonly name: string
  readonly value: string
}

/** Which values hold where a name is there with another one. refuse: nothing is brought in. */
export type ImportChoice = 'refuse' | 'keep' | 'replace'

export interface ImportPlan {
  /** Not there before. */
  readonly fresh: readonly string[]
  /** There with another value, which is given up. */
  readonly replaced: readonly string[]
  /** There with another value, which stays. */
  readonly kept: readonly string[]
  /** There with the same value. */
  readonly same: readonly string[]
}

/**
 * @param present the values that are there, by name
 * @throws SECRET_CONFLICT; SECRET_INVALID for a name or value that no vault takes, or a name that comes twice
 */
export function planImport(
  brought: readonly BroughtSecret[],
  present: ReadonlyMap<string, string>,
  choice: ImportChoice,
): ImportPlan {
  const names = brought.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new HoldfastError('SECRET_INVALID', `${handleOf(twice)} comes twice`, { details: { name: twice } })
  }
  for (const { name, value } of brought) {
    checkSecretName(name)
    checkSecretValue(name, value)
  }
  const by = (fits: (one: BroughtSecret, there: string | undefined) => boolean): string[] =>
    brought.filter((one) => fits(one, present.get(one.name))).map(({ name }) => name)
  const other = by(({ value }, there) => there !== undefined && there !== value)
  if (other.length > 0 && choice === 'refuse') {
    throw new HoldfastError(
      'SECRET_CONFLICT',
      `There with other values: ${other.map(handleOf).join(', ')}. None of ${names.length} was brought in`,
      { details: { names: other } },
    )
  }
  return {
    fresh: by((_, there) => there === undefined),
    replaced: choice === 'replace' ? other : [],
    kept: choice === 'keep' ? other : [],
    same: by(({ value }, there) => there === value),
  }
}
