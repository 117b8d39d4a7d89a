import { HoldfastError } from '../../kernel/errors.ts'

/** What code without types gives for a choice. @throws INPUT_INVALID when it is none of them */
export function chosen<Choice extends string>(
  given: Choice,
  among: readonly Choice[],
  option: string,
): Choice {
  if (among.includes(given)) return given
  throw new HoldfastError('INPUT_INVALID', `${option} can't be ${JSON.stringify(given)}`, {
    details: { option, given: String(given), among },
    fix: `Give ${among.map((one) => `\`${one}\``).join(' or ')}, or leave it out.`,
  })
}
