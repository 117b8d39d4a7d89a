/**
 * Which step's function asks, also after an `await` of it: what the function of a step asks of the `ctx` of its own run
 * is refused. Once the step is on record the function is not called again, and what it asked for would be missing from a
 * replay.
 *
 * A continuation belongs to the function that awaits, whoever resolves what it awaits, so that code beside a step is
 * never taken for that of the step.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** What runs the code: an execution, or a replay. */
type Host = object

const calls = new AsyncLocalStorage<{ readonly host: Host; readonly step: string }>()

export function callWithin<T>(host: Host, step: string, work: () => T): T {
  return calls.run({ host, step }, work)
}

/** Name of the step whose function asks; null where the code of the workflow does. */
export function stepAsking(host: Host): string | null {
  const call = calls.getStore()
  return call?.host === host ? call.step : null
}
