/**
 * Which step's function asks, also after an `await` of it: what the function of a step asks of the `ctx` of its own run
 * is refused. Once the step is on record the function is not called again, and what it asked for would be missing from a
 * replay.
 *
 * A continuation belongs to the function that awaits, whoever resolves what it awaits, so that code beside a step is
 * never taken for that of the step. Only `async` functions are followed beyond their first turn: to follow each would
 * cost a step that computes a twentieth of its time.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** `host` is what runs the code: an execution, or a replay. */
interface Call {
  readonly host: object
  readonly step: string
}

const AsyncFunction = (async () => {}).constructor
const followed = new AsyncLocalStorage<Call>()
/** Of the function that is being called at this moment, and is not followed. */
let present: Call | null = null

/** Calls the function of a step. */
export function callWithin<Given, Result>(
  host: object,
  step: string,
  work: (given: Given) => Result,
  given: Given,
): Result {
  const call = { host, step }
  if (work instanceof AsyncFunction) return followed.run(call, work, given)
  const before = present
  present = call
  try {
    return work(given)
  } finally {
    present = before
  }
}

/** Name of the step whose function asks; null where the code of the workflow does. */
export function stepAsking(host: object): string | null {
  const call = present ?? followed.getStore()
  return call?.host === host ? call.step : null
}
