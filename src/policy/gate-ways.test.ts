/** Each of the four ways by which the gate reaches the outside: with a permit of its own, not while stopped, on its name. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { HoldfastError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { SYSTEM } from '../kernel/label.ts'
import { defineConnector, type PerformContext } from '../ports/connector.ts'
import type { EffectRequest, Gate, Permit } from '../ports/gate.ts'
import type { Model } from '../ports/model.ts'
import { memoryTables } from '../ports/testing/memory-tables.ts'
import { budgetIndex } from './budget-index.ts'
import { createGate, type GateOptions } from './gate.ts'
import { outside } from './outside.ts'
import { createRedactor } from './redactor.ts'
import { settings } from './testing/requests.ts'

const TOKEN = 'correct-horse-battery'
const CONTEXT: PerformContext = { idempotencyKey: 'k', signal: new AbortController().signal, attempt: 1 }
const INPUT = { to: 'ada' }
/** What an undo is asked for with. */
const DONE = { input: INPUT, output: null }

interface World {
  /** What was reached, as whose operation. */
  readonly reached: [string, string | undefined][]
  /** Thrown by whatever is reached. */
  error: Error | null
}

function opened(options: Partial<GateOptions> = {}): World & { readonly gate: Gate } {
  const world: World = { reached: [], error: null }
  const reach =
    <Value>(way: string, value: Value) =>
    async (): Promise<Value> => {
      world.reached.push([way, outside.getStore()])
      if (world.error !== null) throw world.error
      return value
    }
  const connector = defineConnector({
    name: 'post',
    operations: {
      send: {
        manifest: { effect: 'external' },
        input: z.any(),
        output: z.any(),
        perform: reach('perform', { said: TOKEN }),
        lookup: reach('lookup', { found: 'yes' as const, output: { said: TOKEN } }),
        undo: reach('undo', undefined),
      },
      guess: {
        manifest: { effect: 'external' },
        input: z.any(),
        output: z.any(),
        perform: async () => null,
        lookup: async () => ({ found: 'unknown', why: `ask ${TOKEN}`, ifDone: { said: TOKEN } }),
      },
      strict: {
        manifest: { effect: 'external' },
        input: z.custom<string>(() => false, { error: `not ${TOKEN}` }),
        output: z.any(),
        perform: async () => null,
      },
    },
  })
  const usage = { inputTokens: 1, outputTokens: 1, priceMicros: 1, latencyMs: 1 }
  const answer = { answer: 'yes', confidence: 1, reasons: [] }
  const model: Model = {
    provider: 'parrot',
    model: 'p-1',
    host: 'api.example',
    ask: reach('ask', { answer, usage }),
  }
  const redactor = createRedactor()
  redactor.know(TOKEN, 'vault:token')
  const gate = createGate({
    connectors: [connector],
    models: [model],
    settings: () => settings({ operations: { allow: ['*'] }, egress: ['api.example'] }),
    tables: memoryTables([budgetIndex]).tables,
    clock: { now: () => 0 },
    secrets: { reveal: async () => TOKEN, redact: redactor.json },
    ...options,
  })
  return Object.assign(world, { gate })
}

const asked = (more: Partial<EffectRequest> = {}): EffectRequest => ({
  run: 'r',
  workflow: 'w',
  customer: null,
  operation: 'post.send',
  input: INPUT,
  label: SYSTEM,
  approvedBy: null,
  ...more,
})

interface Way {
  readonly permit: (gate: Gate) => Permit | null
  readonly go: (gate: Gate, permit: Permit) => Promise<unknown>
}

const QUESTION = { instruction: 'Yes?', material: {}, schema: {} } as never
const WAYS: Readonly<Record<string, Way>> = {
  perform: {
    permit: (gate) => gate.decideEffect(asked()).permit,
    go: (gate, permit) => gate.perform(permit, INPUT, CONTEXT),
  },
  undo: {
    permit: (gate) => gate.decideEffect(asked({ isUndo: true, input: DONE })).permit,
    go: (gate, permit) => gate.undo(permit, DONE, CONTEXT),
  },
  lookup: {
    permit: (gate) => gate.decideEffect(asked({ isLookup: true })).permit,
    go: (gate, permit) => gate.lookup(permit, INPUT, CONTEXT),
  },
  ask: {
    permit: (gate) => gate.decideModel({ run: 'r', workflow: 'w', label: SYSTEM })?.permit ?? null,
    go: (gate, permit) => gate.ask(permit, QUESTION, { signal: CONTEXT.signal }),
  },
}

for (const [way, { permit, go }] of Object.entries(WAYS)) {
  describe(`to ${way}`, () => {
    test('reaches out in the name of its operation', async () => {
      const { gate, reached } = opened()
      await go(gate, permit(gate) as Permit)
      assert.deepEqual(reached, [[way, way === 'ask' ? 'model.parrot' : 'post.send']])
    })

    test('takes a permit that the gate has made', async () => {
      const { gate, reached } = opened()
      const forged = { ...(permit(gate) as Permit) }
      await assert.rejects(go(gate, forged), { code: 'PERMIT_INVALID' })
      assert.deepEqual(reached, [])
    })

    test('does nothing once work is stopped, whatever was permitted before', async () => {
      let why: string | null = null
      const { gate, reached } = opened({ stopped: () => why })
      const given = permit(gate) as Permit
      why = 'by a drill'
      await assert.rejects(go(gate, given), { code: 'WORK_STOPPED' })
      assert.deepEqual(reached, [])
    })

    test('tells no secret in an error', async () => {
      const world = opened()
      world.error = new HoldfastError('CONNECTOR_REFUSED', `not with ${TOKEN}`)
      await assert.rejects(go(world.gate, permit(world.gate) as Permit), { message: 'not with vault:token' })
    })
  })
}

test('a permit to do is none to undo, and the other way round', async () => {
  const { gate, reached } = opened()
  const toUndo = gate.decideEffect(asked({ isUndo: true, input: DONE })).permit as Permit
  await assert.rejects(gate.perform(toUndo, DONE, CONTEXT), { code: 'PERMIT_INVALID' })
  const toDo = gate.decideEffect(asked({ input: DONE })).permit as Permit
  await assert.rejects(gate.undo(toDo, DONE, CONTEXT), { code: 'PERMIT_INVALID' })
  assert.deepEqual(reached, [])
})

test('what a lookup says, and what is wrong with an input, tells no secret', async () => {
  const { gate } = opened()
  const permitOf = (operation: string) =>
    gate.decideEffect(asked({ operation, isLookup: true })).permit as Permit
  const clean = { said: 'vault:token' }
  assert.deepEqual(await gate.lookup(permitOf('post.send'), INPUT, CONTEXT), { found: 'yes', output: clean })
  const unknown = { found: 'unknown', why: 'ask vault:token', ifDone: clean }
  assert.deepEqual(await gate.lookup(permitOf('post.guess'), INPUT, CONTEXT), unknown)
  await assert.rejects(gate.checkInput('post.strict', 'x'), ({ message }: Error) => !message.includes(TOKEN))
})

test('what other parts object, their limits, and the segments of a customer count', () => {
  const off = { answer: 'deny', rule: 'own.off', reason: 'it is off' } as const
  const full = { name: 'own', unit: 'calls', limit: 1, spent: 1 }
  const rule = { agents: ['*'], operations: ['*'], customers: ['segment:vip'], answer: 'review' } as const
  const policy = settings({ operations: { allow: ['*'] }, more: { access: [rule] } })
  const ruleOf = (options: Partial<GateOptions>, customer: string | null = null): Json =>
    opened(options).gate.decideEffect(asked({ customer, name: 'send' })).verdict.rule
  assert.equal(ruleOf({}), 'access.allow')
  assert.equal(ruleOf({ objectors: [() => null, () => off] }), 'own.off')
  assert.equal(ruleOf({ meters: () => [full] }), 'budget.own')
  const segments = (customer: string) => (customer === 'c-1' ? ['vip'] : [])
  assert.equal(ruleOf({ segments, settings: () => policy }, 'c-1'), 'access.review')
  assert.equal(ruleOf({ segments, settings: () => policy }, 'c-2'), 'access.allow')
})
