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
  const context = new FoldContext(agent, event, handling, giveUp)
  const handle = async (): Promise<void> => {
    const given = await agent.handle(context as unknown as Context, event, cloneJson(state))
    const checked = await validate(agent.state, given, `State of ${agent.name}`, 'OUTPUT_INVALID')
    if (!context[ASKED]) resolve(toJson(checked, `state of ${agent.name}`))
  }
  handle().catch(giveUp)
  return { done: promise, giveUp }
}

const ASKED = Symbol('asked for something durable')
const ASK = Symbol('ask')

/** Whatever a fold's context does not have itself is durable, and is asked for in a run. */
const DURABLE = new Proxy(Object.create(null), {
  get: (_, name, context: FoldContext) =>
    typeof name === 'symbol' || name === 'then' ? undefined : context[ASK],
})

/** What a fold is given; made for each event, so its parts are made when they are asked for. */
class FoldContext {
  [ASKED] = false
  readonly #agent: AnyAgent
  readonly #event: ReceivedEvent
  readonly #handling: Handling
  readonly #giveUp: () => void
  #draws: Map<string, number> | null = null

  constructor(agent: AnyAgent, event: ReceivedEvent, handling: Handling, giveUp: () => void) {
    this.#agent = agent
    this.#event = event
    this.#handling = handling
    this.#giveUp = giveUp
  }

  get [ASK](): () => Promise<never> {
    return () => {
      this[ASKED] = true
      this.#giveUp()
      return new Promise(() => {})
    }
  }

  get run(): Context['run'] {
    return { id: this.#handling.run, workflow: `agent:${this.#agent.name}`, customer: null }
  }

  get now(): Context['now'] {
    return () => this.#event.time
  }

  get random(): Context['random'] {
    return (name = 'random') => seededRandom(this.#handling.seed(), name, this.#draw(`random ${name}`))
  }

  get uuid(): Context['uuid'] {
    return (name = 'uuid') => seededUuid(this.#handling.seed(), name, this.#draw(`uuid ${name}`))
  }

  #draw(name: string): number {
    this.#draws ??= new Map()
    const n = this.#draws.get(name) ?? 0
    this.#draws.set(name, n + 1)
    return n
  }
}

Object.setPrototypeOf(FoldContext.prototype, DURABLE)
