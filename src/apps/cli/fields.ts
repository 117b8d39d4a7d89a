/** Fields as they are typed: `subject=Re: Your website`. */
import { HoldfastError } from '../../kernel/errors.ts'

/** @throws USAGE */
export function fieldsSet(sets: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    sets.map((set) => {
      const at = set.indexOf('=')
      if (at > 0) return [set.slice(0, at).trim(), set.slice(at + 1)]
      throw new HoldfastError('USAGE', `--set ${JSON.stringify(set)} has no "="`, {
        fix: 'Such as: --set "subject=Re: Your website".',
      })
    }),
  )
}
