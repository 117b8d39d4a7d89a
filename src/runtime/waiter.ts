/** Whoever waits for the end of a run. */
import { type ErrorRecord, fromErrorRecord, HoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { Json } from '../kernel/json.ts'

export interface Waiter {
  readonly resolve: (output: Json) => void
  readonly reject: (error: unknown) => void
}

/** Gives the output, or why there is none. */
export function tellEnd(waiter: Waiter, run: string, end: StoredEvent | undefined): void {
  const body = end?.body
  if (body == null) waiter.reject(new HoldfastError('BODY_ERASED', `The end of run ${run} was erased`))
  else if (end?.kind === 'run.completed') waiter.resolve(body.output ?? null)
  else waiter.reject(fromErrorRecord(body.error as unknown as ErrorRecord))
}
