/** A schedule: a workflow that is started at the times of a cron expression. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { AnyWorkflow, Workflow } from '../../kernel/workflow.ts'
import { CronTimes } from './cron-times.ts'

/**
 * What becomes of times at which nobody was there to start a run. skip: nothing. once: one run, for the last of
 * them. all: one run each, at most 1,000, the latest.
 */
export type MissedPolicy = 'skip' | 'once' | 'all'

export interface Schedule<Input = unknown> {
  /** Letters, digits, `.`, `_` and `-`; its runs are `schedule/<name>/<time>`. */
  readonly name: string
  /** Minute, hour, day, month, day of the week; with a field for seconds in front if there are six. */
  readonly cron: string
  /** IANA name such as `Europe/Stockholm`; default UTC. */
  readonly timeZone?: string
  readonly workflow: Workflow<Input, never> | AnyWorkflow
  /** Made for each run from its time, milliseconds since 1970. */
  input(at: number): Input
  /** Default `once`. */
  readonly missed?: MissedPolicy
}

/** Any schedule, whatever its workflow takes. */
// biome-ignore lint/suspicious/noExplicitAny: input is contravariant, so `unknown` would refuse every schedule
export type AnySchedule = Schedule<any>

/** @throws INPUT_INVALID for a name, an expression or a time zone that is none */
export function defineSchedule<Input>(
  schedule: Omit<Schedule<Input>, 'workflow'> & { readonly workflow: Workflow<Input, never> | AnyWorkflow },
): Schedule<Input> {
  const { name, cron, timeZone = 'UTC', missed = 'once' } = schedule
  if (!/^[a-zA-Z][\w.-]*$/.test(name) || !['skip', 'once', 'all'].includes(missed)) {
    throw new HoldfastError(
      'INPUT_INVALID',
      `A schedule can't be ${JSON.stringify(name)}, missed: ${missed}`,
      {
        details: { name, missed },
        fix: 'Start the name with a letter, go on with letters, digits, `.`, `_` or `-`; missed is skip, once or all.',
      },
    )
  }
  new CronTimes(cron, timeZone)
  return Object.freeze({ ...schedule })
}
