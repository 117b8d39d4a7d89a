/**
 * Attempts that were called off at their time limit. What they were to do may still happen outside, so that a
 * connector that finds nothing now proves nothing: each is given some time to come back with its outcome, and
 * while it has not, "it was not done" counts as "can't tell".
 */
import type { Json } from '../../kernel/json.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { idempotencyKeyOf } from '../perform/idempotency-key.ts'
import type { Execution } from '../run/execution.ts'
import type { Effect } from './effect-records.ts'

/** How long a call that was called off is waited for. */
export const RETURN_MS = 10_000

export type Returned =
  | { readonly is: 'done'; readonly output: Json }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'out' }

/** Idempotency keys of those that are out, for each process that has a log open. */
const out = new WeakMap<EventLog, Set<string>>()

/** Resolves when the call has come back, or when it has not in time. */
export async function comeBack(execution: Execution, effect: Effect, call: Promise<Json>): Promise<Returned> {
  const { log, clock } = execution.host
  const keys = out.get(log) ?? new Set()
  out.set(log, keys)
  const key = idempotencyKeyOf(execution, effect.name)
  keys.add(key)
  const back = call
    .then(
      (output): Returned => ({ is: 'done', output }),
      (error): Returned => ({ is: 'failed', error }),
    )
    .finally(() => keys.delete(key))
  let callOff = (): void => {}
  const passed = new Promise<Returned>((resolve) => {
    callOff = clock.after(RETURN_MS, () => resolve({ is: 'out' }))
  })
  try {
    return await execution.activity.call(() => Promise.race([back, passed]), callOff)
  } finally {
    callOff()
  }
}

/** Whether an attempt of it has not come back yet. */
export function isOut(execution: Execution, effect: Effect): boolean {
  return out.get(execution.host.log)?.has(idempotencyKeyOf(execution, effect.name)) ?? false
}
