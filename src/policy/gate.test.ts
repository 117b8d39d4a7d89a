/** The gate can't be gone around. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type PlaceOptions } from '../apps/testing/place.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { Json } from '../kernel/json.ts'
import { SYSTEM } from '../kernel/label.ts'
import { type Context, defineWorkflow, type Workflow } from '../kernel/workflow.ts'
import { defineConnector, type PerformContext } from '../ports/connector.ts'
import type { EffectRequest, Gate, Permit } from '../ports/gate.ts'
import type { Model } from '../ports/model.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { memoryTables } from '../ports/testing/memory-tables.ts'
import { handleOf } from '../ports/vault.ts'
import { budgetIndex } from './budget-index.ts'
import { createGate, type GateOptions } from './gate.ts'
import { ratesProjection } from './rates.ts'
import { createRedactor } from './redactor.ts'

const CONTEXT: PerformContext = { idempotencyKey: 'k', signal: new AbortController().signal, attempt: 1 }

function settings(given: Partial<PolicySettings> = {}): PolicySettings {
  return {
    operations: { allow: ['*'], deny: [], review: [] },
    egress: { allow: ['api.example'] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    ...given,
  }
}

function smtp(done: Json[] = []) {
  return defineConnector({
    name: 'smtp',
    operations: {
      send: {
        manifest: { effect: 'external' },
        input: z.object({ to: z.string() }),
        output: z.object({ id: z.string() }),
        perform: async (input) => {
          done.push(input)
          return { id: 'm-1' }
        },
        lookup: async () => ({ found: 'no' }),
      },
      note: {
        manifest: {},
        input: z.any(),
        output: z.any(),
        perform: async (input) => {
          done.push(input)
          return null
        },
      },
      list: {
        manifest: { effect: 'read' },
        input: z.any(),
        output: z.any(),
        perform: async () => [],
      },
    },
  })
}

function gate(options: Partial<GateOptions> = {}): { gate: Gate; done: Json[] } {
  const done: Json[] = []
  return {
    done,
    gate: createGate({
      connectors: [smtp(done)],
      models: [],
      settings: () => settings(),
      tables: memoryTables([budgetIndex]).tables,
      clock: { now: () => 0 },
      ...options,
    }),
  }
}

function request(more: Partial<EffectRequest> = {}): EffectRequest {
  return {
    run: 'r',
    workflow: 'w',
    customer: null,
    operation: 'smtp.send',
    input: { to: 'ada' },
    label: SYSTEM,
    approvedBy: null,
    ...more,
  }
}

const REFUSED = { code: 'PERMIT_INVALID' }

describe('a permit', () => {
  test('is good for the operation and the input that were decided on, once', async () => {
    const { gate: g, done } = gate()
    const { permit } = g.decideEffect(request())
    assert.ok(permit)
    assert.deepEqual(await g.perform(permit, { to: 'ada' }, CONTEXT), { id: 'm-1' })
    await assert.rejects(g.perform(permit, { to: 'ada' }, CONTEXT), REFUSED)
    await assert.rejects(g.lookup(permit, { to: 'ada' }, CONTEXT), REFUSED)
    assert.deepEqual(done, [{ to: 'ada' }])
  })

  test('is not good for another input, nor for one that is changed while it is used', async () => {
    const { gate: g, done } = gate()
    const permit = g.decideEffect(request()).permit as Permit
    await assert.rejects(g.perform(permit, { to: 'eve' }, CONTEXT), REFUSED)
    await assert.rejects(g.perform(permit, { to: 'ada', cc: 'eve' }, CONTEXT), REFUSED)
    await assert.rejects(g.lookup(permit, { to: 'eve' }, CONTEXT), REFUSED)
    const noting = g.decideEffect(request({ operation: 'smtp.note' })).permit as Permit
    const input = { to: 'ada' }
    const performed = g.perform(noting, input, CONTEXT)
    input.to = 'eve'
    await performed
    assert.deepEqual(done, [{ to: 'ada' }])
  })

  test('can not be forged, copied, changed or taken to another gate', async () => {
    const { gate: g, done } = gate()
    const other = gate()
    const permit = g.decideEffect(request({ operation: 'smtp.list' })).permit as Permit
    const list: Json = { to: 'ada' }
    assert.throws(() => Object.assign(permit, { operation: 'smtp.send' }), TypeError)
    for (const forged of [
      { operation: 'smtp.send' },
      { ...permit, operation: 'smtp.send' },
      Object.create(permit),
      new Proxy(permit, {}),
      structuredClone(permit),
      null,
      undefined,
    ]) {
      await assert.rejects(g.perform(forged as Permit, list, CONTEXT), REFUSED)
      await assert.rejects(g.ask(forged as Permit, QUESTION, CONTEXT), REFUSED)
    }
    await assert.rejects(other.gate.perform(permit, list, CONTEXT), REFUSED)
    assert.deepEqual([done, other.done], [[], []])
    assert.deepEqual(await g.perform(permit, list, CONTEXT), [], 'the real one is still good')
  })

  test('is not given for what the policy denies or sends to review', () => {
    const operations = { allow: ['smtp.list'], deny: [], review: ['smtp.send'] }
    const { gate: g } = gate({ settings: () => settings({ operations }) })
    assert.deepEqual(g.decideEffect(request()).permit, null)
    assert.equal(g.decideEffect(request()).verdict.answer, 'review')
    assert.ok(g.decideEffect(request({ approvedBy: 'r-1' })).permit)
    assert.ok(g.decideEffect(request({ operation: 'smtp.list' })).permit)
    const none = gate({ settings: () => settings({ operations: { allow: [], deny: [], review: [] } }) })
    assert.deepEqual(none.gate.decideEffect(request({ approvedBy: 'r-1' })).permit, null)
  })
})

const QUESTION = { instruction: 'Which?', material: {}, answerSchema: {} }

describe('the gate', () => {
  test('checks the input before anything is done, and the output after', async () => {
    const { gate: g, done } = gate()
    const input = { to: 7 }
    const permit = g.decideEffect(request({ input })).permit as Permit
    await assert.rejects(g.perform(permit, input, CONTEXT), { code: 'INPUT_INVALID' })
    assert.deepEqual(done, [])
    const odd = defineConnector({
      name: 'odd',
      operations: {
        go: { manifest: {}, input: z.any(), output: z.string(), perform: async () => 7 as never },
      },
    })
    const { gate: h } = gate({ connectors: [odd] })
    const go = h.decideEffect(request({ operation: 'odd.go' })).permit as Permit
    await assert.rejects(h.perform(go, { to: 'ada' }, CONTEXT), { code: 'OUTPUT_INVALID' })
  })

  test('names the operations there are', () => {
    const { gate: g } = gate()
    for (const operation of ['smtp.erase', 'smtp', 'smtp.toString', 'smtp.__proto__', 'pop.send', '']) {
      assert.throws(() => g.decideEffect(request({ operation })), {
        code: 'OPERATION_UNKNOWN',
        message: /known: smtp\.send, smtp\.note, smtp\.list/,
      })
    }
  })

  test('reads the settings at every decision', () => {
    let current = settings()
    const { gate: g } = gate({ settings: () => current })
    assert.equal(g.decideEffect(request()).verdict.answer, 'allow')
    current = settings({ operations: { allow: ['*'], deny: ['smtp.*'], review: [] } })
    assert.equal(g.decideEffect(request()).verdict.answer, 'deny')
  })

  test('holds a connector to the hosts of its manifest', () => {
    const web = defineConnector({
      name: 'web',
      operations: {
        call: {
          manifest: { hosts: ['evil.example'] },
          input: z.any(),
          output: z.any(),
          perform: async () => null,
        },
      },
    })
    const { gate: g } = gate({ connectors: [web] })
    assert.equal(g.decideEffect(request({ operation: 'web.call' })).verdict.rule, 'egress.host')
  })

  test('takes what a connector throws without a word on what was done as unclear', async () => {
    for (const [thrown, code] of [
      [new HoldfastError('CONNECTOR_REFUSED', 'no'), 'CONNECTOR_REFUSED'],
      [new HoldfastError('CONNECTOR_UNAVAILABLE', 'no'), 'CONNECTOR_UNAVAILABLE'],
      [new HoldfastError('INPUT_INVALID', 'no'), 'CONNECTOR_OUTCOME_UNKNOWN'],
      [new HoldfastError('PERMIT_INVALID', 'no'), 'CONNECTOR_OUTCOME_UNKNOWN'],
      [new Error('no'), 'CONNECTOR_OUTCOME_UNKNOWN'],
      ['no', 'CONNECTOR_OUTCOME_UNKNOWN'],
    ] as const) {
      const throwing = defineConnector({
        name: 'smtp',
        operations: {
          send: {
            manifest: {},
            input: z.any(),
            output: z.any(),
            perform: async () => {
              throw thrown
            },
          },
        },
      })
      const { gate: g } = gate({ connectors: [throwing] })
      const permit = g.decideEffect(request()).permit as Permit
      await assert.rejects(g.perform(permit, { to: 'ada' }, CONTEXT), { code, message: 'no' })
    }
  })

  test('refuses two connectors of one name: the manifest of one could cover the functions of the other', () => {
    assert.throws(() => gate({ connectors: [smtp(), smtp()] }), { code: 'INPUT_INVALID', message: /smtp/ })
  })
})

describe('a connector', () => {
  test('gives out names and manifests, and no function', () => {
    const connector = smtp()
    const seen = new Set<unknown>()
    const walk = (value: unknown): void => {
      assert.notEqual(typeof value, 'function')
      if (typeof value !== 'object' || value === null || seen.has(value)) return
      seen.add(value)
      assert.ok(Object.isFrozen(value) || Array.isArray(value))
      for (const key of Reflect.ownKeys(value)) walk(Reflect.get(value, key))
    }
    walk(connector)
    assert.deepEqual(Object.keys(connector.operations), ['send', 'note', 'list'])
  })

  test('that was not made by defineConnector offers nothing that could be done', async () => {
    const fake = { ...smtp() }
    const { gate: g } = gate({ connectors: [fake] })
    const permit = g.decideEffect(request()).permit as Permit
    await assert.rejects(g.perform(permit, { to: 'ada' }, CONTEXT), { code: 'OPERATION_UNKNOWN' })
  })
})

function model(asked: string[] = []): Model {
  return {
    provider: 'parrot',
    model: 'p-1',
    host: 'api.example',
    ask: async ({ instruction }) => {
      asked.push(instruction)
      const usage = { inputTokens: 1, outputTokens: 1, priceMicros: 600_000, latencyMs: 1 }
      return { answer: { answer: 'yes', confidence: 1, reasons: [] }, usage }
    },
  }
}

describe('a model call', () => {
  const asking = { run: 'r', workflow: 'w', label: SYSTEM }

  test('needs a permit of its own, good for one question', async () => {
    const asked: string[] = []
    const { gate: g } = gate({ models: [model(asked)] })
    const permit = g.decideModel(asking)?.permit as Permit
    await g.ask(permit, QUESTION, CONTEXT)
    await assert.rejects(g.ask(permit, QUESTION, CONTEXT), REFUSED)
    const effect = g.decideEffect(request()).permit as Permit
    await assert.rejects(g.ask(effect, QUESTION, CONTEXT), REFUSED)
    const fresh = g.decideModel(asking)?.permit as Permit
    await assert.rejects(g.perform(fresh, 'model call', CONTEXT), REFUSED)
    assert.equal(asked.length, 1)
  })

  test('is denied to a host that is not on the list', () => {
    const { gate: g } = gate({ models: [model()], settings: () => settings({ egress: { allow: [] } }) })
    assert.deepEqual(
      [g.decideModel(asking)?.verdict.rule, g.decideModel(asking)?.permit],
      ['egress.host', null],
    )
  })

  test('is about the customer of its run: access and rates for customers and segments hold for it', () => {
    const access = (customers: string[]) => [
      { agents: ['*'], operations: ['model.*'], customers, answer: 'deny' as const },
    ]
    const rate = { operations: ['model.*'], agents: ['*'], each: 'customer' as const, limit: 1, perMs: 1_000 }
    const rules = (given: Partial<PolicySettings>, ...customers: (string | null)[]) => {
      const { gate: g } = gate({
        models: [model()],
        settings: () => settings(given),
        tables: memoryTables([budgetIndex, ratesProjection]).tables,
        segments: (customer) => (customer === 'ada' ? ['eu'] : []),
      })
      return customers.map((customer) => g.decideModel({ ...asking, customer })?.verdict.rule)
    }
    for (const customers of [['ada'], ['segment:eu']])
      assert.deepEqual(rules({ access: access(customers) }, 'ada', 'bob', null), [
        'access.deny',
        'access.allow',
        'access.allow',
      ])
    assert.deepEqual(rules({ rates: [{ ...rate, burst: 1 }] }, 'ada', 'bob', 'ada'), [
      'access.allow',
      'access.allow',
      'rate.exceeded',
    ])
  })

  test('is counted when it is allowed: a hundred at the same moment do not pass a limit of three', () => {
    const budget = { perDayUsd: null, perRunUsd: null, modelCallsPerDay: 3 }
    let now = 0
    const { gate: g } = gate({
      models: [model()],
      settings: () => settings({ budget }),
      clock: { now: () => now },
    })
    let names = 0
    const ask = () => {
      names += 1
      return g.decideModel({ ...asking, name: `ask ${names}` })
    }
    const allowed = () => Array.from({ length: 100 }, () => ask()?.permit).filter(Boolean).length
    assert.equal(allowed(), 3)
    assert.equal(allowed(), 0)
    now = 86_400_000
    assert.equal(allowed(), 3, 'tomorrow is another day')
    now = 0
    assert.equal(allowed(), 0, 'a clock that is set back brings no day anew')
    assert.equal(g.decideModel(asking)?.day, 0)
  })

  test('without a model there is nothing to decide', () => {
    assert.equal(gate().gate.decideModel(asking), null)
  })
})

// -- whole runs -------------------------------------------------------------------------------------

/** Each intent and each call of a model, with whether its own permission stands before it. */
function unpermitted(events: Iterable<StoredEvent>): string[] {
  const open = new Map<string, number>()
  const found: string[] = []
  for (const { kind, stream, body } of events) {
    const operation = (body?.request as { operation?: string } | undefined)?.operation ?? body?.operation
    const what =
      kind === 'model.called'
        ? `model.${body?.provider}`
        : `${typeof operation === 'string' ? operation : ''}`
    const key = `${stream} ${body?.name} ${what}`
    if (kind === 'policy.decided' && body?.answer === 'allow') open.set(key, (open.get(key) ?? 0) + 1)
    if (kind !== 'effect.intended' && kind !== 'model.called') continue
    const left = open.get(key) ?? 0
    if (left === 0) found.push(key)
    open.set(key, left - 1)
  }
  return found
}

function flow(run: (ctx: Context, input: unknown) => Promise<unknown>): Workflow {
  return defineWorkflow({ name: 'flow', version: 1, input: z.any(), output: z.any(), run })
}

describe('in a whole run', () => {
  const busy = flow(async (ctx) => {
    const question = {
      ask: 'Which?',
      material: {},
      answer: z.string(),
      rules: () => ({ answer: 'no', confidence: 0.5, reasons: [], source: 'book' }),
    }
    const first = await ctx.decide('first', question)
    const sent = await Promise.allSettled([
      ctx.act('a', 'smtp.send', { to: 'ada' }),
      ctx.act('b', 'smtp.send', { to: 7 }),
      ctx.act('c', 'flaky.go', null),
      ctx.act('d', 'smtp.list', null),
    ])
    await ctx.sleep('1h')
    const later = await ctx.decide('later', question)
    return [first.answer, later.answer, ...sent.map(({ status }) => status)]
  })

  async function run(t: TestContext, options: PlaceOptions = {}) {
    const done: Json[] = []
    const seen: { kinds: string[] } = { kinds: [] }
    let calls = 0
    const flaky = defineConnector({
      name: 'flaky',
      operations: {
        go: {
          manifest: { idempotency: 'key' },
          input: z.any(),
          output: z.any(),
          perform: async () => {
            calls += 1
            seen.kinds = place.kinds('r')
            if (calls < 4)
              throw calls === 2 ? new Error('?') : new HoldfastError('CONNECTOR_UNAVAILABLE', 'no')
            return null
          },
        },
      },
    })
    const place = await openPlace(t, {
      workflows: [busy],
      connectors: [smtp(done), flaky],
      models: [model()],
      ...options,
    })
    await place.hf.start(busy, null, { id: 'r' })
    const output = await place.outcome('r')
    return { place, output, done, calls, seen }
  }

  test('each intent and each call of a model stands behind a permission of its own', async (t) => {
    const { place, output, calls, seen } = await run(t, { residentRuns: 0 })
    assert.deepEqual(output, ['yes', 'yes', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    assert.equal(calls, 4)
    assert.equal(place.bodies('r', 'effect.intended').length, 3 + 4)
    assert.equal(place.bodies('r', 'model.called').length, 2)
    assert.deepEqual(unpermitted(place.hf.log.read()), [])
    assert.equal(
      seen.kinds.findLast((kind) => kind !== 'attempt.failed'),
      'effect.intended',
    )
    const events = [...place.hf.log.read()].filter(({ body }) => body?.rule !== 'access.allow')
    assert.ok(unpermitted(events).length > 0, 'the check itself notices a missing permission')
  })

  test('a model that the budget stops is not asked: the rules decide, and say why', async (t) => {
    const policy = settings({
      budget: { perDayUsd: null, perRunUsd: 0.5, modelCallsPerDay: null, atLimit: 'deny' },
    })
    const { place, output } = await run(t, { policy })
    assert.deepEqual((output as Json[]).slice(0, 2), ['yes', 'no'])
    const [, later] = place.bodies('r', 'decision.made')
    assert.match(JSON.stringify(later?.provenance), /budget\.run: models have cost \$0\.6000/)
    assert.equal(place.bodies('r', 'model.called').length, 1)
  })

  test('what no list names is denied, whoever asks', async (t) => {
    const policy = settings({ operations: { allow: ['smtp.list'], deny: [], review: [] } })
    const { place, output, done, calls } = await run(t, { policy })
    assert.deepEqual(output, ['no', 'no', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    assert.deepEqual([done, calls], [[], 0])
    assert.deepEqual(
      place.bodies('r', 'effect.failed').map(({ error }) => (error as { code: string }).code),
      ['POLICY_DENIED', 'POLICY_DENIED', 'POLICY_DENIED'],
    )
  })
})

describe('secrets', () => {
  const VALUE = 'canary-secret-9'

  /** An operation that asks for a secret, and what it did with it. */
  async function bank(secret: string, perform: (value: string) => Promise<Json>) {
    const known = createRedactor()
    const revealed: string[] = []
    const secrets = {
      async reveal(name: string, by: string) {
        revealed.push(`${by} ${name}`)
        if (name === 'gone') throw new HoldfastError('SECRET_UNKNOWN', 'There is no secret vault:gone')
        known.know(VALUE, handleOf(name))
        return VALUE
      },
      redact: known.json,
    }
    const connector = defineConnector({
      name: 'bank',
      operations: {
        pay: {
          manifest: { secrets: ['token', 'gone'] },
          input: z.any(),
          output: z.any(),
          perform: async (_, context) => await perform(await context.secret(secret)),
          lookup: async (_, context) => ({
            found: 'unknown',
            why: `not with ${await context.secret(secret)}`,
          }),
        },
      },
    })
    const { tables } = memoryTables([budgetIndex])
    const gate = createGate({
      connectors: [connector],
      models: [],
      settings: () => settings(),
      tables,
      clock: { now: () => 0 },
      secrets,
    })
    const request = {
      run: 'r',
      workflow: 'w',
      customer: null,
      operation: 'bank.pay',
      input: {},
      label: SYSTEM,
    }
    const { permit } = gate.decideEffect({ ...request, approvedBy: null })
    return {
      gate,
      permit: permit as Permit,
      revealed,
      pay: () => gate.perform(permit as Permit, {}, CONTEXT),
    }
  }

  test('an operation gets those that its manifest names, and what it gives back is looked through', async () => {
    const seen: string[] = []
    const { pay, revealed } = await bank('token', async (value) => {
      seen.push(value)
      return { echoed: [value] }
    })
    assert.deepEqual(await pay(), { echoed: ['vault:token'] })
    assert.deepEqual([seen, revealed], [[VALUE], ['bank.pay token']])
  })

  test('a model is asked with handles in their place, in words and encoded', async () => {
    const known = createRedactor()
    known.know(VALUE, handleOf('token'))
    const asked: string[] = []
    const listener = {
      ...model(),
      ask: async (question: object) => {
        asked.push(JSON.stringify(question))
        return { answer: VALUE, usage: { inputTokens: 1, outputTokens: 1, priceMicros: 1, latencyMs: 1 } }
      },
    }
    const secrets = { reveal: async () => VALUE, redact: known.json }
    const { gate: g } = gate({ models: [listener], secrets })
    const permit = g.decideModel({ run: 'r', workflow: 'w', label: SYSTEM })?.permit as Permit
    const material = { mail: `it is ${VALUE}`, coded: Buffer.from(VALUE).toString('base64'), [VALUE]: 1 }
    const { answer } = await g.ask(permit, { ...QUESTION, instruction: `Is it ${VALUE}?`, material }, CONTEXT)
    assert.equal(answer, 'vault:token')
    const [said = ''] = asked
    assert.match(said, /it is vault:token/)
    assert.doesNotMatch(said, new RegExp(`${VALUE}|${material.coded}`))
  })

  test('one that it does not name is refused before the vault is asked', async () => {
    const { pay, revealed } = await bank('other', async () => null)
    await assert.rejects(pay(), {
      code: 'CONNECTOR_REFUSED',
      message: /vault:other, which it does not declare/,
    })
    assert.deepEqual(revealed, [])
  })

  test('one that the vault can not give has it tried again: nothing was done', async () => {
    const { pay } = await bank('gone', async () => null)
    await assert.rejects(pay(), {
      code: 'CONNECTOR_UNAVAILABLE',
      message: /no secret vault:gone .*SECRET_UNKNOWN/,
    })
  })

  test('what fails with a secret in its words is told with the handle', async () => {
    for (const error of [
      new HoldfastError('CONNECTOR_REFUSED', `535 ${VALUE}`, {
        details: { said: [VALUE] },
        fix: `not ${VALUE}`,
      }),
      new Error(`535 ${Buffer.from(`\0mara\0${VALUE}`).toString('base64')}`),
    ]) {
      const { pay } = await bank('token', () => Promise.reject(error))
      await assert.rejects(pay(), (thrown: HoldfastError) => {
        const told = JSON.stringify([
          thrown.message,
          thrown.stack,
          thrown.details,
          thrown.fix,
          String(thrown.cause),
        ])
        assert.match(told, /vault:token/)
        assert.ok(!told.includes(VALUE) && !told.includes('Y2FuYXJ5'), told)
        return true
      })
    }
    const { gate, permit } = await bank('token', async () => null)
    assert.deepEqual(await gate.lookup(permit, {}, CONTEXT), {
      found: 'unknown',
      why: 'not with vault:token',
    })
  })
})
