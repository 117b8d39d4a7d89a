/** Known-bad items: runs that put an earlier proposal with a fault in it among the reviews, to see whether it is noticed. */
import type { JsonObject } from './json.ts'

/** Name of the workflow of a known-bad item. */
export const ATTENTION_CHECK = 'holdfast.attention-check'

/** Of the event that began the run of an item: the run whose proposal it is made of. */
export function sourceOfItem({ input }: JsonObject): string {
  return String((input as JsonObject | null | undefined)?.source ?? '')
}
