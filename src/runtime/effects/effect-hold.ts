/** Effects that may not be done now and are not refused: on record as held, with what they wait for. */
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Verdict } from '../../ports/gate.ts'
import { connectorOf } from '../breakers/breakers.ts'
import type { Execution } from '../run/execution.ts'
import { BY_STOP } from '../stops/held-index.ts'
import type { Effect } from './effect-records.ts'

const BY_BREAKER = 'breaker'

/** The connector is down for all runs: no attempt is used up, the breaker wakes the run when there is news. */
export function holdForBreaker(execution: Execution, effect: Effect, resume: () => void): void {
  hold(execution, effect, { by: BY_BREAKER, resume, says: { connector: connectorOf(effect.operation) } })
}

/** Nobody outside is asked what became of it until work that was stopped goes on. */
export function holdForStop(execution: Execution, effect: Effect, resume: () => void): void {
  hold(execution, effect, { by: BY_STOP, resume, says: { by: BY_STOP } })
}

/**
 * By the word of the policy: until a time, or until work that was stopped goes on. `decided` is put on record with it,
 * each time that it waits for something else.
 */
export function holdByPolicy(
  execution: Execution,
  effect: Effect,
  { rule, until }: Verdict,
  decided: readonly NewEvent[],
  resume: () => void,
): void {
  const says = typeof until === 'number' ? { until } : {}
  hold(execution, effect, { by: rule, resume, says: { by: rule, ...says }, decided })
}

interface Hold {
  readonly by: string
  readonly resume: () => void
  readonly says: JsonObject
  readonly decided?: readonly NewEvent[]
}

function hold(execution: Execution, effect: Effect, { by, resume, says, decided }: Hold): void {
  const { type, name, operation } = effect
  execution.retries.later(name, resume)
  const entry = execution.journal.entries.get(name)
  const until = says.until ?? null
  if (entry?.isHeld && entry.heldBy === by && entry.retryAt === until) return
  // At once, so that a replay can tell an effect that was asked for from one that was not.
  if (decided !== undefined) void execution.append(decided)
  execution.open(execution.event(`${type}.held`, { name, operation, ...says }))
}
