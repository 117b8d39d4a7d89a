/** Numbers on the command line of a script, for commander. */
import { InvalidArgumentError } from 'commander'

/** @throws InvalidArgumentError, which commander tells with the name of the option */
export function wholeNumber(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('It must be a whole number from 1 on.')
}
