/** The context that workflow code is given: each call becomes an operation of the host. */
import type { CallOptions, SpawnOptions } from '../../kernel/children.ts'
import { type Duration, durationMs } from '../../kernel/duration.ts'
import { toJson } from '../../kernel/json.ts'
import { seededRandom, seededUuid } from '../../kernel/random.ts'
import type {
  AnyWorkflow,
  Context,
  Decided,
  Question,
  ReceivedEvent,
  ReviewAnswer,
  SleepOptions,
  StepOptions,
} from '../../kernel/workflow.ts'
import type { Abandonable, OperationHost, StepWork } from '../operations.ts'
import { type PlainNodes, runGraph } from './graph.ts'
import { storable } from './names.ts'
import { Scope } from './scope.ts'
import { runAll, runMap, runRace } from './several.ts'
import { unwatched } from './unwatched.ts'

export function createContext(host: OperationHost): Context {
  return contextOf(Scope.ofRun(host))
}

function contextOf(scope: Scope): Context {
  return withoutLooseEnds({
    run: {
      get id() {
        return scope.line.run
      },
      workflow: scope.host.run.workflow,
      customer: scope.host.run.customer,
    },
    ...operationsOf(scope),
    ...childrenOf(scope),
    ...concurrencyOf(scope),
    patched: (id) => scope.patched(id),
    now: () => scope.host.now(),
    random: (given = 'random') => {
      const { name, n } = scope.draw('random', given)
      return seededRandom(scope.line.seed, name, n)
    },
    uuid: (given = 'uuid') => {
      const { name, n } = scope.draw('uuid', given)
      return seededUuid(scope.line.seed, name, n)
    },
  })
}

type Operations = Pick<Context, 'step' | 'decide' | 'act' | 'review' | 'sleep' | 'waitFor' | 'emit'>

function operationsOf(scope: Scope): Operations {
  return {
    step: <Result>(name: string, work: StepWork, options: StepOptions = {}) =>
      scope.operate((unique) => ({ type: 'step', name: unique, work, options }), name) as Promise<Result>,
    async decide<Answer>(name: string, question: Question<Answer>) {
      const body = await scope.operate(
        (unique) => ({ type: 'decision', name: unique, question: question as Question<unknown> }),
        name,
      )
      const { answer, confidence, reasons, provenance } = body as unknown as Decided<Answer>
      return { answer, confidence, reasons, provenance }
    },
    async act<Output>(name: string, operation: string, input: unknown) {
      const json = toJson(input, `input of ${name}`)
      const output = await scope.operate(
        (unique) => ({ type: 'effect', name: unique, operation, input: json }),
        name,
      )
      return output as Output
    },
    async review(name, proposal) {
      const body = await scope.operate((unique) => ({ type: 'review', name: unique, proposal }), name)
      const { verdict, value, instruction, reason } = body as unknown as ReviewAnswer
      return { verdict, value, instruction, reason }
    },
    async sleep(...given: readonly (Duration | SleepOptions | undefined)[]) {
      const { name, duration, options } = sleepOf(given)
      const ms = durationMs(duration)
      const make = (unique: string): Abandonable => ({ type: 'timer', name: unique, ms })
      await scope.wait(make, name, 'sleep', options.signal)
    },
    async waitFor(given, { key: givenKey = '', timeout, name = null, signal } = {}) {
      const kind = storable(given)
      const key = storable(givenKey)
      const timeoutMs = timeout === undefined ? null : durationMs(timeout)
      const make = (unique: string): Abandonable => ({ type: 'wait', name: unique, kind, key, timeoutMs })
      const event = await scope.wait(make, name, `wait for ${kind}${key && ` ${key}`}`, signal)
      return event as unknown as ReceivedEvent | null
    },
    async emit({ kind, key = '', data = null, id = null }) {
      const event = { kind: storable(kind), key: storable(key), data: toJson(data, `data of ${kind}`), id }
      await scope.operateUnnamed(
        (name) => ({ type: 'publication', name, event }),
        `emit ${kind}${key && ` ${key}`}`,
      )
    },
  }
}

function childrenOf(scope: Scope): Pick<Context, 'call' | 'spawn' | 'continueAs'> {
  return {
    async call<Output>(name: string, workflow: AnyWorkflow, given: unknown, options: CallOptions = {}) {
      const input = toJson(given, `input of ${name}`)
      const { onParentClose = 'cancel' } = options
      const child = { type: 'child', workflow, input, mode: 'call', onParentClose, id: null } as const
      return (await scope.operate((unique) => ({ ...child, name: unique }), name)) as Output
    },
    async spawn(name: string, workflow: AnyWorkflow, given: unknown, options: SpawnOptions = {}) {
      const input = toJson(given, `input of ${name}`)
      const { id = null, onParentClose = 'abandon' } = options
      const child = { type: 'child', workflow, input, mode: 'spawn', onParentClose, id } as const
      return (await scope.operate((unique) => ({ ...child, name: unique }), name)) as string
    },
    continueAs: (input) => scope.continueAs(toJson(input, 'input of the next run')),
  }
}

/** `sleep(duration)`, `sleep(name, duration)`, each with options behind. */
function sleepOf(given: readonly unknown[]): {
  readonly name: string | null
  readonly duration: Duration
  readonly options: SleepOptions
} {
  const last = given.at(-1)
  const hasOptions = last === undefined || (typeof last === 'object' && last !== null)
  const [first, second] = hasOptions ? given.slice(0, -1) : given
  return {
    name: second === undefined ? null : (first as string),
    duration: (second ?? first) as Duration,
    options: hasOptions ? ((last as SleepOptions | undefined) ?? {}) : {},
  }
}

/** Their types are worked out from what is given; within, nothing of it is known. */
function concurrencyOf(scope: Scope): Pick<Context, 'all' | 'map' | 'race' | 'graph'> {
  return {
    all: runAll,
    map: (name: string, items: readonly unknown[], work: never, options?: object) =>
      runMap(scope, contextOf, name, items, work, options),
    race: (name: string, branches: never) => runRace(scope, contextOf, name, branches),
    graph: (name: string, nodes: object, options?: object) =>
      runGraph(scope, contextOf, name, nodes as PlainNodes, options),
  } as unknown as Pick<Context, 'all' | 'map' | 'race' | 'graph'>
}

const PROMISING = [
  'decide',
  'act',
  'review',
  'sleep',
  'waitFor',
  'emit',
  'call',
  'spawn',
  'continueAs',
  'all',
  'map',
  'race',
  'graph',
] as const

/** Each promise may be left alone; that of a step is so by itself. */
function withoutLooseEnds(context: Context): Context {
  const methods = context as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>
  for (const name of PROMISING) {
    const method = methods[name]
    if (method) methods[name] = (...given) => unwatched(method(...given))
  }
  return context
}
