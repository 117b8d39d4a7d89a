/** Calls under limits of time. */
import type { Execution } from '../run/execution.ts'

/** Begins to count; `pass` is to be called when it is passed. Gives back what calls it off. */
export type TimeLimit = (pass: (error: Error) => void) => () => void

/** Runs `work` with a signal that is aborted at the first limit to be passed, then gives up waiting for it. */
export async function withLimits<T>(
  execution: Execution,
  limits: readonly TimeLimit[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const aborting = new AbortController()
  const passed = Promise.withResolvers<never>()
  const callOffs = limits.map((limit) =>
    limit((error) => {
      aborting.abort()
      passed.reject(error)
    }),
  )
  const lift = (): void => {
    for (const callOff of callOffs) callOff()
  }
  try {
    const signal = AbortSignal.any([aborting.signal, execution.abort.signal])
    return await execution.activity.call(() => Promise.race([work(signal), passed.promise]), lift)
  } finally {
    lift()
  }
}

/** As `withLimits`, with one of `ms` from now. */
export async function withDeadline<T>(
  execution: Execution,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: (ms: number) => Error,
): Promise<T> {
  const limit: TimeLimit = (pass) => execution.host.clock.after(ms, () => pass(late(ms)))
  return await withLimits(execution, [limit], work)
}
