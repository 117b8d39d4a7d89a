/** Simulates the seeds it is sent, one after the other, and sends back what came of each. */
import { parentPort } from 'node:worker_threads'
import { type Outcome, simulate } from './simulation.ts'

/** Every so often a seed is simulated twice: it must leave the same events. */
const TWICE = 100

/** Errors are thrown by the thousand, and nobody looks where; `--seed` shows it. */
Error.stackTraceLimit = 0

const port = parentPort
port?.on('message', (seed: number) => {
  void outcomeOf(seed).then((outcome) => port.postMessage(outcome))
})

async function outcomeOf(seed: number): Promise<Outcome> {
  const outcome = await simulate(seed)
  if (outcome.violation !== null || seed % TWICE !== 0) return outcome
  const again = await simulate(seed)
  if (again.hash === outcome.hash) return outcome
  const message = `same-seed-same-events: ${outcome.hash} and then ${again.hash}`
  return { ...outcome, violation: { invariant: 'same-seed-same-events', message } }
}
