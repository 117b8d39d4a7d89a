/**
 * A flag may hold the levels of an agent down, for some customers or for all at once: the text flag `level.<agent>`
 * says the highest level that is in force. It lifts none: what is earned, and what the ceiling allows, stays.
 */
import { agentOf } from '../kernel/agent.ts'
import type { JsonObject } from '../kernel/json.ts'
import { LEVELS, type Level } from '../ports/autonomy.ts'
import { answerBody } from '../ports/flags.ts'
import type { AutonomyOptions } from './options.ts'
import { lower } from './settings.ts'

export interface Held {
  readonly level: Level
  /** What the flag said, for the record of the ruling. */
  readonly flag?: JsonObject
}

/**
 * The level as it is, or as far as the flag lets it be. What is no level counts as `review`, and so does a flag that can't
 * answer: one that is no text, or that goes by shares where nobody says whose.
 */
export function heldDown(
  level: Level,
  { agent, customer }: { readonly agent: string; readonly customer: string | null },
  { flags }: Pick<AutonomyOptions, 'flags'>,
): Held {
  const name = `level.${agentOf(agent) ?? agent}`
  const answer = flags?.answerNow(name, level, customer) ?? null
  if (answer === null) return { level }
  const said = answer.error === null ? (LEVELS.find((one) => one === answer.value) ?? 'review') : 'review'
  return { level: lower(said, level), flag: { name, ...answerBody(answer) } }
}
