/**
 * Workflows and agents switched off for some customers: by the boolean flags `workflow.<name>` and `agent.<name>`.
 * Where there is no such flag, nothing is asked and all is on. What begins by itself (a mail, an event) and is off
 * is kept with the flag as the reason, and can be begun later; whoever starts a run by hand is told.
 *
 * Why: docs/decisions/0040-feature-flags.md
 */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { Facts, FlagAnswer, Flags } from '../../ports/flags.ts'

export interface SwitchHost {
  readonly log: EventLog
  readonly clock: Clock
  readonly flags: Flags
}

export interface Switched {
  readonly what: 'workflow' | 'agent'
  readonly name: string
  /** Whom it is for, where that is known: for an agent, the key of the instance. */
  readonly customer: string | null
  /** What is known of a customer who is not on record yet; asked for where there is such a flag. */
  readonly facts?: () => Facts
}

export interface Switch {
  /** FLAG_OFF; null where it is on. */
  readonly off: HoldfastError | null
  /** The evaluation, to be put on record. */
  readonly parts: readonly StreamAppend[]
}

const ON: Switch = { off: null, parts: [] }

export async function switchOf(host: SwitchHost, switched: Switched): Promise<Switch> {
  const { what, name, customer, facts } = switched
  const flag = `${what}.${name}`
  const rules = await host.flags.current()
  if (!rules.has(flag)) return ON
  const given = facts === undefined ? {} : { facts: facts() }
  const question = { flag, fallback: true, customer, key: customer, time: host.clock.now(), ...given }
  const answer = rules.answer(question)
  const off = answer.value === false ? isOff(switched, flag, answer) : null
  return { off, parts: host.flags.record(question, answer) }
}

/** For whoever starts a run by hand. @throws FLAG_OFF */
export async function assertOn(host: SwitchHost, switched: Switched): Promise<void> {
  const { off, parts } = await switchOf(host, switched)
  if (parts.length > 0) await host.log.append(parts)
  if (off !== null) throw off
}

function isOff({ what, name, customer }: Switched, flag: string, answer: FlagAnswer): HoldfastError {
  const { variant, reason, segment, version } = answer
  const because = segment === null ? reason : `${reason}, segment ${segment}`
  const whom = customer === null ? '' : ` for ${customer}`
  return new HoldfastError(
    'FLAG_OFF',
    `The ${what} ${name} is off${whom}: flag ${flag} says ${variant} (${because})`,
    {
      details: { flag, customer, variant, reason, segment, version },
    },
  )
}
