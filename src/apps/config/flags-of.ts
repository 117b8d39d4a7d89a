/** The flags of a workspace, from what it is opened with. */
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Facts, Flags } from '../../ports/flags.ts'
import type { FlagDefinitions } from './flags-file.ts'

interface Given {
  readonly flags?: { readonly file: string } | FlagDefinitions | (() => Flags)
  readonly customerFacts?: (customer: string) => Facts
}

/** Read and looked at first here, so that whoever has no flags loads nothing for them. */
export async function flagsOf(log: EventLog, clock: Clock, { flags, customerFacts }: Given): Promise<Flags> {
  if (typeof flags === 'function') return flags()
  const [{ FlagBook }, { flagSource }] = await Promise.all([
    import('../../flags/flag-book.ts'),
    import('./flags-file.ts'),
  ])
  const source = flagSource(flags ?? { version: 1 })
  return new FlagBook({ log, clock, source, customerFacts: customerFacts ?? (() => ({})) })
}
