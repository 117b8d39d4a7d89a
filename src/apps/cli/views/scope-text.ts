/** What the arguments of a grant, or the fields of a delegation, must be. */
import type { ArgumentConstraint, Scope } from '../../../kernel/scope.ts'

/** `to is "ada@ek.example"`, `amount is from 5 to 10` */
export function constraintTexts({ arguments: given }: Pick<Scope, 'arguments'>): string[] {
  return Object.entries(given).map(([name, constraint]) => `${name} is ${text(constraint)}`)
}

function text(constraint: ArgumentConstraint): string {
  if ('oneOf' in constraint) return constraint.oneOf.map((value) => JSON.stringify(value)).join(' or ')
  const { min, max } = constraint
  if (min === undefined) return `at most ${max}`
  return max === undefined ? `at least ${min}` : `from ${min} to ${max}`
}
