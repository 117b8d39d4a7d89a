/** The connector to the simulated world: an operation for each way in which a system treats repeats. */

import type { Schema } from '../src/kernel/schema.ts'
import {
  type Connector,
  defineConnector,
  type Idempotency,
  type Lookup,
  type Operation,
} from '../src/ports/connector.ts'
import { crashPoint } from '../src/ports/crash-points.ts'
import { answerTo, type Request, type World } from './world.ts'

interface Input {
  readonly path: string
}

interface Manner {
  readonly effect: 'external' | 'read'
  readonly idempotency: Idempotency
  /** `surely`: it can tell. `never`: it has no way to be asked. */
  readonly lookup: 'surely' | 'never'
  readonly hasUndo: boolean
}

export const OPERATIONS: Readonly<Record<Request['operation'], Manner>> = {
  keyed: { effect: 'external', idempotency: 'key', lookup: 'never', hasUndo: true },
  natural: { effect: 'external', idempotency: 'natural', lookup: 'never', hasUndo: true },
  plain: { effect: 'external', idempotency: 'none', lookup: 'surely', hasUndo: true },
  blind: { effect: 'external', idempotency: 'none', lookup: 'never', hasUndo: false },
  /** The policy wants the operator's word for it. */
  guarded: { effect: 'external', idempotency: 'none', lookup: 'surely', hasUndo: true },
  read: { effect: 'read', idempotency: 'natural', lookup: 'never', hasUndo: false },
}

/** The connector of one process: a dead one sends nothing, and hears of nothing. */
export function worldConnector(
  world: World,
  isDead: () => boolean,
  begins: (what: string) => void,
): Connector {
  const names = Object.keys(OPERATIONS) as Request['operation'][]
  const operations = Object.fromEntries(names.map((name) => [name, operationOn(world, isDead, begins, name)]))
  return defineConnector({ name: 'world', operations })
}

function operationOn(
  world: World,
  isDead: () => boolean,
  begins: (what: string) => void,
  name: Request['operation'],
): Operation<Input, string> {
  const { effect, idempotency, lookup, hasUndo } = OPERATIONS[name]
  const asked = async ({ path }: Input): Promise<Lookup<string>> => {
    if (isDead()) return await never()
    begins(`a lookup of ${path}`)
    const found = await world.ask(path)
    if (isDead()) return await never()
    if (found === 'yes') return { found, output: answerTo({ operation: name, path }) }
    return { found }
  }
  const takenBack: NonNullable<Operation<Input, string>['undo']> = async (given, _, context) => {
    if (isDead()) return await never()
    begins(`taking back ${given.path}`)
    const { idempotencyKey: key, signal } = context
    const request = { operation: name, path: given.path, key, isUndo: true } as const
    await world.send(request, signal, () => crashPoint('connector.mid-send'))
    if (isDead()) return await never()
  }
  return {
    // What the world gives back is a receipt, so that what a run may do does not hang on its order.
    manifest: { effect, idempotency, gives: 'system', timeoutMs: 30_000 },
    input: anything<Input>(),
    output: text,
    async perform({ path }, { idempotencyKey: key, signal }) {
      if (isDead()) return await never()
      begins(path)
      const answer = await world.send({ operation: name, path, key }, signal, () =>
        crashPoint('connector.mid-send'),
      )
      return isDead() ? await never() : (answer as string)
    },
    ...(lookup === 'surely' ? { lookup: asked } : {}),
    ...(hasUndo ? { undo: takenBack } : {}),
  }
}

export function anything<T>(): Schema<T> {
  return { '~standard': { version: 1, vendor: 'sim', validate: (value) => ({ value: value as T }) } }
}

const text: Schema<string> = {
  '~standard': {
    version: 1,
    vendor: 'sim',
    validate: (value) =>
      typeof value === 'string' ? { value } : { issues: [{ message: 'is not what was to be answered' }] },
  },
}

export function never<T>(): Promise<T> {
  return new Promise(() => {})
}
