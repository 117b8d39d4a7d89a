/**
 * Runs a handler as a fold. As soon as it asks `ctx` for anything durable, fails, or waits for something that
 * is not its own, the answer is that it needs a run, and what it did so far is forgotten.
 */
import type { AnyAgent } from '../../kernel/agent.ts'
import { type Json, toJson } from '../../kernel/json.ts'
import { cloneJson } from '../../kernel/json-patch.ts'
import { seededRandom, seededUuid } from '../../kernel/random.ts'
import { validate } from '../../kernel/schema.ts'
import type { Context, ReceivedEvent } from '../../kernel/workflow.ts'

export const NEEDS_RUN = Symbol('needs a run')

export interface Folding {
  readonly done: Promise<Json | typeof NEEDS_RUN>
  /** It takes longer than a fold can: let it be a run. */
  readonly giveUp: () => void
}

export interface Handling {
  readonly run: string
  /** That of the run, were it one: chance is the same either way. */
  readonly seed: () => string
}

export function fold(agent: AnyAgent, event: ReceivedEvent, state: Json, handling: Handling): Folding {
  const { promise, resolve } = Promise.withResolvers<Json | typeof NEEDS_RUN>()
  const giveUp = (): void => resolve(NEEDS_RUN)
  const asked = { yet: false }
  const ask = (): Promise<never> => {
    asked.yet = true
    giveUp()
    return new Promise(() => {})
  }
  const handle = async (): Promise<void> => {
    const given = await agent.handle(foldContext(agent, event, handling, ask), event, cloneJson(state))
    const checked = await validate(agent.state, given, `State of ${agent.name}`, 'OUTPUT_INVALID')
    if (!asked.yet) resolve(toJson(checked, `state of ${agent.name}`))
  }
  handle().catch(giveUp)
  return { done: promise, giveUp }
}

/** Whatever is not here is durable, and is asked for in a run. */
function foldContext(agent: AnyAgent, event: ReceivedEvent, handling: Handling, ask: () => unknown): Context {
  const draws = new Map<string, number>()
  const draw = (name: string): number => {
    const n = draws.get(name) ?? 0
    draws.set(name, n + 1)
    return n
  }
  const own: Pick<Context, 'run' | 'now' | 'random' | 'uuid'> = {
    run: { id: handling.run, workflow: `agent:${agent.name}`, customer: null },
    now: () => event.time,
    random: (name = 'random') => seededRandom(handling.seed(), name, draw(`random ${name}`)),
    uuid: (name = 'uuid') => seededUuid(handling.seed(), name, draw(`uuid ${name}`)),
  }
  return new Proxy(own, {
    get: (target, name) => {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name)
      return typeof name === 'symbol' || name === 'then' ? undefined : ask
    },
  }) as Context
}
