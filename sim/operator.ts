/** The simulated operator: decides at random, but answers questions about the world as it is. */
import type { JsonObject } from '../src/kernel/json.ts'
import type { Answer } from '../src/runtime/answer.ts'
import type { Review } from '../src/runtime/reviews/review-index.ts'
import type { Chance } from './chance.ts'
import { DECISION } from './workflow.ts'
import { answerTo, type Request, type World } from './world.ts'

/** @param good how often what is proposed is found to be; null for as often as anything else */
export function answerFor(review: Review, world: World, chance: Chance, good: number | null): Answer {
  if (review.action === DECISION) {
    return good !== null && chance.happens(good) ? { verdict: 'approved' } : decide(review, chance)
  }
  if (review.action !== 'settle-unknown') return { verdict: chance.happens(0.8) ? 'approved' : 'rejected' }
  const { operation, input } = review.proposal as { operation: string; input: { path: string } }
  const name = operation.slice('world.'.length) as Request['operation']
  if (!world.truth(input.path)) return { verdict: chance.happens(0.8) ? 'rejected' : 'responded' }
  return { verdict: 'edited', changes: { output: answerTo({ operation: name, path: input.path }) } }
}

function decide({ proposal }: Review, chance: Chance): Answer {
  const verdict = chance.pick<Answer['verdict']>(['approved', 'edited', 'rejected', 'responded'])
  if (verdict !== 'edited') return { verdict }
  const changes: JsonObject = { n: Number(proposal.n) + 100 }
  return { verdict, changes }
}
