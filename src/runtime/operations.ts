/**
 * What workflow code can ask for, as data: `createContext` turns calls on `ctx` into operations and hands
 * them to a host. The live execution is one host, verification by replay another, so that both see the
 * same requests under the same names.
 */
import { type Duration, durationMs } from '../kernel/duration.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { ForkPoint } from '../kernel/fork-point.ts'
import type { OperationType } from '../kernel/journal.ts'
import { type Json, toJson } from '../kernel/json.ts'
import { seededRandom, seededUuid } from '../kernel/random.ts'
import type {
  AnyWorkflow,
  Context,
  Decided,
  Proposal,
  Question,
  ReceivedEvent,
  ReviewAnswer,
  StepAttempt,
  StepOptions,
} from '../kernel/workflow.ts'
import { ForkLine } from './fork-line.ts'

export type Operation =
  | { readonly type: 'step'; readonly name: string; readonly work: StepWork; readonly options: StepOptions }
  | { readonly type: 'decision'; readonly name: string; readonly question: Question<unknown> }
  | { readonly type: 'effect'; readonly name: string; readonly operation: string; readonly input: Json }
  | { readonly type: 'review'; readonly name: string; readonly proposal: Proposal }
  | { readonly type: 'timer'; readonly name: string; readonly ms: number }
  | {
      readonly type: 'wait'
      readonly name: string
      readonly kind: string
      readonly key: string
      readonly timeoutMs: number | null
    }
  | { readonly type: 'publication'; readonly name: string; readonly event: Publication }
  | { readonly type: 'child'; readonly name: string; readonly workflow: AnyWorkflow; readonly input: Json }

export type OperationOf<Type extends OperationType> = Extract<Operation, { type: Type }>
export type StepWork = (attempt: StepAttempt) => unknown

export interface Publication {
  readonly kind: string
  readonly key: string
  readonly data: Json
  readonly id: string | null
}

export interface OperationHost {
  readonly run: Context['run']
  readonly seed: string
  /** Where the run was forked from another; null for a run that was not. */
  readonly fork: ForkPoint | null
  /** Resolves with the journaled value of the operation, or rejects with its journaled error. */
  operate(operation: Operation): Promise<Json>
  now(): number
}

export function createContext(host: OperationHost): Context {
  const names = new Names()
  const draws = new Map<string, number>()
  const line = new ForkLine(host)

  async function operate(make: (name: string) => Operation, given: string): Promise<Json> {
    const wanted = storable(given)
    const name = names.claim(wanted, host.run.id)
    try {
      return await host.operate(line.asks(make(name)))
    } finally {
      names.release(wanted)
    }
  }

  /** For operations that got their name from us: two under way together are told apart by their order. */
  async function operateUnnamed(make: (name: string) => Operation, wanted: string): Promise<Json> {
    return await host.operate(line.asks(make(names.count(storable(wanted)))))
  }

  function draw(name: string): number {
    const n = draws.get(name) ?? 0
    draws.set(name, n + 1)
    return n
  }

  return withoutLooseEnds({
    run: {
      get id() {
        return line.run
      },
      workflow: host.run.workflow,
      customer: host.run.customer,
    },
    step: <Result>(name: string, work: StepWork, options: StepOptions = {}) =>
      operate((unique) => ({ type: 'step', name: unique, work, options }), name) as Promise<Result>,
    async decide<Answer>(name: string, question: Question<Answer>) {
      const body = await operate(
        (unique) => ({ type: 'decision', name: unique, question: question as Question<unknown> }),
        name,
      )
      const { answer, confidence, reasons, provenance } = body as unknown as Decided<Answer>
      return { answer, confidence, reasons, provenance }
    },
    async act<Output>(name: string, operation: string, input: unknown) {
      const json = toJson(input, `input of ${name}`)
      const output = await operate(
        (unique) => ({ type: 'effect', name: unique, operation, input: json }),
        name,
      )
      return output as Output
    },
    async review(name, proposal) {
      const body = await operate((unique) => ({ type: 'review', name: unique, proposal }), name)
      const { verdict, value, instruction, reason } = body as unknown as ReviewAnswer
      return { verdict, value, instruction, reason }
    },
    async sleep(...given: [Duration] | [string, Duration]) {
      const ms = durationMs(given.length === 2 ? given[1] : given[0])
      const make = (name: string): Operation => ({ type: 'timer', name, ms })
      if (given.length === 2) await operate(make, given[0])
      else await operateUnnamed(make, 'sleep')
    },
    async waitFor(given, options = {}) {
      const kind = storable(given)
      const key = storable(options.key ?? '')
      const timeoutMs = options.timeout === undefined ? null : durationMs(options.timeout)
      const make = (name: string): Operation => ({ type: 'wait', name, kind, key, timeoutMs })
      const event =
        options.name === undefined
          ? await operateUnnamed(make, `wait for ${kind}${key && ` ${key}`}`)
          : await operate(make, options.name)
      return event as unknown as ReceivedEvent | null
    },
    async emit({ kind, key = '', data = null, id = null }) {
      const event = { kind: storable(kind), key: storable(key), data: toJson(data, `data of ${kind}`), id }
      await operateUnnamed(
        (name) => ({ type: 'publication', name, event }),
        `emit ${kind}${key && ` ${key}`}`,
      )
    },
    async call<Output>(name: string, workflow: AnyWorkflow, input: unknown) {
      const json = toJson(input, `input of ${name}`)
      const output = await operate((unique) => ({ type: 'child', name: unique, workflow, input: json }), name)
      return output as Output
    },
    now: () => host.now(),
    random: (name = 'random') => seededRandom(line.seed, name, draw(`random ${name}`)),
    uuid: (name = 'uuid') => seededUuid(line.seed, name, draw(`uuid ${name}`)),
  })
}

const PROMISING = ['step', 'decide', 'act', 'review', 'sleep', 'waitFor', 'emit', 'call'] as const

/**
 * A promise that the code looks at late, or never, must not count as an unhandled rejection: that would end
 * the process, and every later one that replays the run. The failure is on record all the same.
 */
function withoutLooseEnds(context: Context): Context {
  const methods = PROMISING.map((name) => {
    const method = context[name] as (...given: unknown[]) => Promise<unknown>
    const watched = (...given: unknown[]): Promise<unknown> => {
      const outcome = method(...given)
      outcome.catch(() => {})
      return outcome
    }
    return [name, watched]
  })
  return { ...context, ...Object.fromEntries(methods) }
}

/** As the tables hold it: half a surrogate pair, say of a subject that was cut off, has no UTF-8 form. */
function storable(name: string): string {
  return typeof name === 'string' ? name.toWellFormed() : name
}

/**
 * Unique names for operations. A name used again after its operation ended counts up, which is the same
 * on replay because outcomes are delivered in journal order; two under way together would be ambiguous.
 */
class Names {
  readonly #uses = new Map<string, number>()
  readonly #taken = new Set<string>()
  readonly #busy = new Set<string>()

  claim(name: string, run: string): string {
    if (typeof name !== 'string' || name === '') {
      throw new HoldfastError('INPUT_INVALID', `A step of run ${run} has no name`, { details: { run } })
    }
    if (this.#busy.has(name)) {
      throw new HoldfastError('STEP_NAME_REUSED', `Run ${run} has two operations named "${name}" under way`, {
        details: { run, name },
      })
    }
    this.#busy.add(name)
    return this.count(name)
  }

  /** The name for its next use, whether or not an earlier one is under way. */
  count(name: string): string {
    let uses = this.#uses.get(name) ?? 0
    let unique: string
    do {
      uses += 1
      unique = uses === 1 ? name : `${name}#${uses}`
    } while (this.#taken.has(unique))
    this.#uses.set(name, uses)
    this.#taken.add(unique)
    return unique
  }

  release(name: string): void {
    this.#busy.delete(name)
  }
}
