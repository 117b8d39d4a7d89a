/** The context that workflow code is given: each call becomes an operation of the host. */
import type { CallOptions, SpawnOptions } from '../../kernel/children.ts'
import { type Duration, durationMs } from '../../kernel/duration.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { type FlagSubject, type FlagValue, flagType } from '../../kernel/flag.ts'
import { type Json, toJson } from '../../kernel/json.ts'
import { seededRandom, seededUuid } from '../../kernel/random.ts'
import { checkRetry } from '../../kernel/retry-policy.ts'
import type {
  ActOptions,
  AnyWorkflow,
  Context,
  Decided,
  Proposal,
  Question,
  ReceivedEvent,
  ReviewAnswer,
  Rollback,
  SleepOptions,
  StepOptions,
  WaitOptions,
} from '../../kernel/workflow.ts'
import { checkedId, checkedText, checkedWorkflow } from '../checked-id.ts'
import type { Abandonable, OperationHost, StepWork } from '../operations.ts'
import { ROLLBACK, rollbackId, UNDO, type Undoing } from '../rollback/rollback-id.ts'
import { chosen } from './chosen.ts'
import { type PlainNodes, runGraph } from './graph.ts'
import { storable } from './names.ts'
import { Scope } from './scope.ts'
import { runAll, runMap, runRace } from './several.ts'
import { unwatched } from './unwatched.ts'

export function createContext(host: OperationHost): Context {
  return contextOf(Scope.ofRun(host))
}

/** Each promise may be left alone; that of a step is so by itself. */
function contextOf(scope: Scope): Context & Undoing {
  return {
    run: scope.host.fork === null ? { ...scope.host.run } : runAt(scope),
    step: <Result>(name: string, work: StepWork, options: StepOptions = NO_OPTIONS) =>
      scope.operate((unique) => {
        checkWork(unique, work)
        if (options !== NO_OPTIONS) checkStep(options)
        return { type: 'step', name: unique, work, options }
      }, name) as Promise<Result>,
    decide: (name, question) => unwatched(decide(scope, name, question)),
    flag: ((name: string, fallback: FlagValue, subject?: FlagSubject) =>
      unwatched(flag(scope, name, fallback, subject))) as Context['flag'],
    act: <Output>(name: string, operation: string, input: unknown, options?: ActOptions) =>
      unwatched(act(scope, name, operation, input, options)) as Promise<Output>,
    review: (name, proposal) => unwatched(review(scope, name, proposal)),
    sleep: (...given: readonly (Duration | SleepOptions | undefined)[]) => unwatched(sleep(scope, given)),
    waitFor: (kind, options) => unwatched(waitFor(scope, kind, options)),
    emit: (event) => unwatched(emit(scope, event)),
    call: <Output>(name: string, workflow: AnyWorkflow, given: unknown, options?: CallOptions) =>
      unwatched(call(scope, name, workflow, given, options)) as Promise<Output>,
    spawn: (name: string, workflow: AnyWorkflow, given: unknown, options?: SpawnOptions) =>
      unwatched(spawn(scope, name, workflow, given, options)),
    continueAs: (input) => unwatched(continueAs(scope, input)),
    ...concurrencyOf(scope),
    patched: (id) => scope.patched(id),
    compensate: () => unwatched(compensationOf(scope)) as Promise<unknown> as Promise<Rollback>,
    [UNDO]: (name, operation, given) => {
      const input = toJson(given)
      return scope.operate((unique) => ({ type: 'undo', name: unique, operation, input }), name)
    },
    now: () => scope.host.now(),
    random: (given = 'random') => {
      const { name, n } = scope.draw('random', given)
      return seededRandom(scope.line.seed, name, n)
    },
    uuid: (given = 'uuid') => {
      const { name, n } = scope.draw('uuid', given)
      return seededUuid(scope.line.seed, name, n)
    },
  }
}

const NO_OPTIONS: StepOptions = {}

/** @throws INPUT_INVALID */
function checkWork(name: string, work: unknown): void {
  if (typeof work !== 'function')
    throw new HoldfastError('INPUT_INVALID', `The step ${name} has no function`, { details: { step: name } })
}

/** Before anything is done, so that what can't be meant is a failure of the code and no attempt. @throws INPUT_INVALID */
function checkStep({ retry, timeout = 0, totalTimeout = 0, heartbeat = 0 }: StepOptions): void {
  checkRetry(retry)
  for (const limit of [timeout, totalTimeout, heartbeat]) durationMs(limit)
}

/** One for each run, whatever branch of it asks; what a closed one asks for is refused, and is none. */
const compensations = new WeakMap<OperationHost, Promise<Json>>()

function compensationOf(scope: Scope): Promise<Json> {
  const { host } = scope
  const run = host.run.id
  const rollback = { workflow: ROLLBACK, input: { run }, id: rollbackId(run) }
  const known = scope.isClosed ? undefined : compensations.get(host)
  if (known !== undefined) return known
  const asked = scope.operateUnnamed(
    (name) => ({ type: 'child', name, ...rollback, mode: 'call', onParentClose: 'abandon' }),
    'compensate',
  )
  if (!scope.isClosed) compensations.set(host, asked)
  return asked
}

/** Which run the code of a fork is told that it is changes on the way. */
function runAt(scope: Scope): Context['run'] {
  const { workflow, customer } = scope.host.run
  return {
    get id() {
      return scope.line.run
    },
    workflow,
    customer,
  }
}

async function decide<Answer>(
  scope: Scope,
  name: string,
  question: Question<Answer>,
): Promise<Decided<Answer>> {
  toJson(question.material, `material of ${name}`)
  const body = await scope.operate(
    (unique) => ({ type: 'decision', name: unique, question: question as Question<unknown> }),
    name,
  )
  const { answer, confidence, reasons, provenance } = body as unknown as Decided<Answer>
  return { answer, confidence, reasons, provenance }
}

/** A run that asks again is given what it was told the first time. */
async function flag(
  scope: Scope,
  given: string,
  fallback: FlagValue,
  { customer: about, key }: FlagSubject = {},
): Promise<Json> {
  const type = flagType(given, fallback)
  const asked = storable(given)
  const customer = about ?? scope.host.run.customer
  const whom = [about === undefined ? '' : ` of ${about}`, key === undefined ? '' : ` by ${key}`].join('')
  const value = await scope.once(`flag ${asked}${whom}`, (name) => ({
    type: 'flag',
    name,
    flag: asked,
    fallback,
    customer,
    key: key ?? null,
  }))
  if (typeof value === type) return value
  throw new HoldfastError(
    'INPUT_INVALID',
    `Flag ${asked} was asked for as a ${typeof value}, and now as a ${type}`,
    {
      details: { flag: asked, run: scope.host.run.id },
      fix: 'Give defaults of one type wherever the code asks for the flag.',
    },
  )
}

async function act(
  scope: Scope,
  name: string,
  operation: string,
  input: unknown,
  { retry = {} }: ActOptions = {},
): Promise<unknown> {
  const json = toJson(input, `input of ${name}`)
  checkRetry(retry)
  return await scope.operate(
    (unique) => ({ type: 'effect', name: unique, operation, input: json, retry }),
    name,
  )
}

async function review(scope: Scope, name: string, proposal: Proposal): Promise<ReviewAnswer> {
  const body = await scope.operate((unique) => ({ type: 'review', name: unique, proposal }), name)
  const { verdict, value, instruction, reason, way } = body as unknown as ReviewAnswer
  return { verdict, value, instruction, reason, way }
}

async function sleep(scope: Scope, given: readonly (Duration | SleepOptions | undefined)[]): Promise<void> {
  const { name, duration, options } = sleepOf(given)
  const ms = durationMs(duration)
  const make = (unique: string): Abandonable => ({ type: 'timer', name: unique, ms })
  await scope.wait(make, name, 'sleep', options.signal)
}

async function waitFor(
  scope: Scope,
  given: string,
  { key: givenKey = '', timeout, name, signal }: WaitOptions = {},
): Promise<ReceivedEvent | null> {
  const kind = checkedText(given, 'the kind of an event')
  const key = checkedText(givenKey, 'the key of an event')
  const timeoutMs = timeout === undefined ? null : durationMs(timeout)
  const make = (unique: string): Abandonable => ({ type: 'wait', name: unique, kind, key, timeoutMs })
  const event = await scope.wait(make, name ?? null, `wait for ${kind}${key && ` ${key}`}`, signal)
  return event as unknown as ReceivedEvent | null
}

async function emit(
  scope: Scope,
  { kind, key = '', data = null, id }: Parameters<Context['emit']>[0],
): Promise<void> {
  const event = {
    kind: checkedText(kind, 'the kind of an event'),
    key: checkedText(key, 'the key of an event'),
    data: toJson(data, `data of ${kind}`),
    id: id == null ? null : checkedId(id, 'event'),
  }
  await scope.operateUnnamed(
    (name) => ({ type: 'publication', name, event }),
    `emit ${kind}${key && ` ${key}`}`,
  )
}

const PARENT_CLOSE = ['cancel', 'abandon'] as const

async function call(
  scope: Scope,
  name: string,
  workflow: AnyWorkflow,
  given: unknown,
  { onParentClose = 'cancel' }: CallOptions = {},
): Promise<unknown> {
  const input = toJson(given, `input of ${name}`)
  chosen(onParentClose, PARENT_CLOSE, 'onParentClose')
  checkedWorkflow(workflow, `The call ${name}`)
  const child = { type: 'child', workflow, input, mode: 'call', onParentClose, id: null } as const
  return await scope.operate((unique) => ({ ...child, name: unique }), name)
}

async function spawn(
  scope: Scope,
  name: string,
  workflow: AnyWorkflow,
  given: unknown,
  { id, onParentClose = 'abandon' }: SpawnOptions = {},
): Promise<string> {
  const input = toJson(given, `input of ${name}`)
  chosen(onParentClose, PARENT_CLOSE, 'onParentClose')
  const own = id == null ? null : checkedId(id, 'run')
  checkedWorkflow(workflow, `The child ${name}`)
  const child = { type: 'child', workflow, input, mode: 'spawn', onParentClose, id: own } as const
  return (await scope.operate((unique) => ({ ...child, name: unique }), name)) as string
}

async function continueAs(scope: Scope, input: unknown): Promise<never> {
  return await scope.continueAs(toJson(input, 'input of the next run'))
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
    all: runAllUnwatched,
    map: (name: string, items: readonly unknown[], work: never, options?: object) =>
      unwatched(runMap(scope, contextOf, name, items, work, options)),
    race: (name: string, branches: never) => unwatched(runRace(scope, contextOf, name, branches)),
    graph: (name: string, nodes: object, options?: object) =>
      unwatched(runGraph(scope, contextOf, name, nodes as PlainNodes, options)),
  } as unknown as Pick<Context, 'all' | 'map' | 'race' | 'graph'>
}

function runAllUnwatched(...given: Parameters<typeof runAll>): Promise<unknown[]> {
  return unwatched(runAll(...given))
}
