import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { HoldfastError } from '../kernel/errors.ts'
import { checkConnector } from './connector.contract.ts'
import { type Connector, defineConnector, type Operation, type OperationManifest } from './connector.ts'

/** A mailbox in memory, and a connector to it that keeps every promise. */
function mailbox() {
  const done = new Map<string, { id: string }>()
  const unavailable = () => new HoldfastError('CONNECTOR_UNAVAILABLE', 'not now')
  const send: Operation<{ to: string; text: string }, { id: string }> & { manifest: OperationManifest } = {
    manifest: {
      title: 'Send',
      effect: 'reversible',
      idempotency: 'key',
      criticalArguments: ['to'],
      hosts: ['mx.example'],
    },
    input: z.strictObject({ to: z.string(), text: z.string() }),
    output: z.strictObject({ id: z.string() }),
    async perform(_mail, { idempotencyKey, signal }) {
      if (signal.aborted) throw unavailable()
      const output = { id: `id of ${idempotencyKey}` }
      done.set(idempotencyKey, output)
      return output
    },
    async lookup(_mail, { idempotencyKey }) {
      const output = done.get(idempotencyKey)
      return output === undefined ? { found: 'no' } : { found: 'yes', output }
    },
    async undo(_mail, { id }) {
      done.delete(id.replace('id of ', ''))
    },
  }
  return { done, send, unavailable }
}

const input = { to: 'anna@x.example', text: 'hi' }

function connectorOf(send: Operation): Connector {
  return defineConnector({ name: 'test', operations: { send } })
}

async function failing(change: (box: ReturnType<typeof mailbox>) => Partial<Operation>): Promise<string[]> {
  const box = mailbox()
  const report = await checkConnector({
    connector: connectorOf({ ...box.send, ...change(box) }),
    samples: { send: { input, seen: async () => box.done.size } },
    limitMs: 300,
  })
  assert.equal(
    report.ok,
    report.rows.every((row) => row.ok),
  )
  return report.rows.filter((row) => !row.ok).map((row) => row.check.replace('test.send: ', ''))
}

test('a connector that keeps every promise', async () => {
  const box = mailbox()
  const broken = connectorOf({
    ...box.send,
    perform: () => Promise.reject(box.unavailable()),
    lookup: () => Promise.reject(box.unavailable()),
    undo: () => Promise.reject(box.unavailable()),
  })
  const hanging = connectorOf({
    ...box.send,
    perform: (_mail, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(box.unavailable()))),
  })
  const report = await checkConnector({
    connector: connectorOf(box.send),
    samples: { send: { input, seen: async () => box.done.size } },
    broken,
    hanging,
  })
  assert.deepEqual(
    report.rows.filter((row) => !row.ok),
    [],
  )
  assert.deepEqual([report.connector, report.ok, report.unchecked], ['test', true, []])
})

test('what could not be looked at is said', async () => {
  const report = await checkConnector({
    connector: connectorOf(mailbox().send),
    samples: { send: { input } },
  })
  assert.equal(report.ok, true)
  assert.deepEqual(report.unchecked, [
    'test.send: how often it was done (give `seen`)',
    'test.send: errors of the outside (give `broken`)',
    'test.send: silence of the outside (give `hanging`)',
  ])
})

test('an operation without a sample', async () => {
  const report = await checkConnector({ connector: connectorOf(mailbox().send), samples: {} })
  assert.deepEqual(report.rows, [
    { check: 'test.send: has a sample', ok: false, detail: 'give one in `samples`' },
  ])
  assert.equal(report.ok, false)
})

const manifest = (change: OperationManifest) => () => ({
  manifest: { ...mailbox().send.manifest, ...change },
})
/** A schema that takes the same, and tells nobody what. */
const untold = ({ '~standard': { version, vendor, validate } }: Operation['input']): Operation['input'] => ({
  '~standard': { version, vendor, validate },
})
const never = () => new Promise<never>(() => {})

const BROKEN_PROMISES: Record<
  string,
  [change: (box: ReturnType<typeof mailbox>) => Partial<Operation>, check: string]
> = {
  'no title': [manifest({ title: ' ' }), 'its manifest says what it does'],
  'a time limit of an hour': [manifest({ timeoutMs: 3_600_000 }), 'its manifest says what it does'],
  'a URL for a host': [manifest({ hosts: ['https://mx.example/'] }), 'its manifest says what it does'],
  'a critical argument that is none': [
    () => ({ ...manifest({ criticalArguments: ['whom'] })(), input: untold(mailbox().send.input) }),
    'its critical arguments are fields of its input',
  ],
  'external, touching nobody': [
    manifest({ effect: 'external', criticalArguments: [] }),
    'its critical arguments are fields of its input',
  ],
  'a read that can be undone': [manifest({ effect: 'read' }), 'it offers what it claims'],
  'a schema that refuses what it should take': [
    () => ({ input: z.strictObject({ to: z.number(), text: z.string() }) }),
    'its input schema takes the sample',
  ],
  'a schema that takes anything': [() => ({ input: z.any() }), 'its input schema refuses junk'],
  'a schema that takes any recipient': [
    () => ({ input: z.object({ to: z.any(), text: z.string() }) }),
    'its input schema refuses junk',
  ],
  'a lookup that always says yes': [
    () => ({ lookup: async () => ({ found: 'yes', output: { id: '' } }) }),
    'a lookup before it does not say yes',
  ],
  'a lookup that never finds': [
    () => ({ lookup: async () => ({ found: 'no' }) }),
    'a lookup after it says yes, with the same output',
  ],
  'a lookup with another output': [
    ({ send }) => ({
      lookup: async (mail, context) => {
        const found = await send.lookup?.(mail, context)
        return found?.found === 'yes' ? { found: 'yes', output: { id: 'other' } } : { found: 'no' }
      },
    }),
    'a lookup after it says yes, with the same output',
  ],
  'an output that it would have, outside its schema': [
    () => ({ lookup: async () => ({ found: 'unknown', ifDone: { id: 7 } }) }),
    'a lookup before it does not say yes',
  ],
  'a lookup that finds what is unknown': [
    ({ done }) => ({
      lookup: async () => (done.size > 0 ? { found: 'yes', output: [...done.values()][0] } : { found: 'no' }),
    }),
    'a lookup of an unknown key does not say yes',
  ],
  'an output outside its schema': [
    ({ send }) => ({
      perform: async (mail, context) => ({ ...(await send.perform(mail, context)), more: 1 }),
    }),
    'it gives an output that fits its schema',
  ],
  'an output that is no plain data': [
    ({ send }) => ({
      output: z.any(),
      perform: async (mail, context) => ({ ...(await send.perform(mail, context)), at: new Date(0) }),
    }),
    'it gives an output that fits its schema',
  ],
  'a perform that never ends': [() => ({ perform: never }), 'it gives an output that fits its schema'],
  'a perform that does nothing': [
    ({ unavailable }) => ({
      perform: async (_mail, { signal, idempotencyKey }) => {
        if (signal.aborted) throw unavailable()
        return { id: `id of ${idempotencyKey}` }
      },
    }),
    'it is done once',
  ],
  'a key that is not heeded': [
    ({ done, send }) => ({
      perform: async (mail, context) => {
        const output = await send.perform(mail, context)
        done.set(`again ${done.size}`, output)
        done.delete(`again ${done.size - 2}`)
        return output
      },
    }),
    'repeated with the same key it is done once',
  ],
  'dropping what has another key': [
    ({ done, send, unavailable }) => ({
      perform: async (mail, context) => {
        if (context.signal.aborted) throw unavailable()
        return [...done.values()][0] ?? send.perform(mail, context)
      },
    }),
    'with another key it is done again',
  ],
  'an undo that leaves something': [() => ({ undo: async () => {} }), 'undone, nothing of it is left'],
  'an undo that can not be repeated': [
    ({ done }) => ({
      undo: async (_mail, { id }) => {
        if (!done.delete(id.replace('id of ', ''))) throw new Error('undone before')
      },
    }),
    'it can be undone, and undone again',
  ],
  'an undo that knows only the key of the effect': [
    ({ done }) => ({
      undo: async (_mail, _output, { idempotencyKey }) => {
        done.delete(idempotencyKey)
      },
    }),
    'undone, nothing of it is left',
  ],
  'a lookup that does not know what was undone': [
    ({ send }) => {
      const ever = new Map<string, { id: string }>()
      return {
        perform: async (mail, context) => {
          const output = await send.perform(mail, context)
          ever.set(context.idempotencyKey, output)
          return output
        },
        lookup: async (_mail, { idempotencyKey }) => {
          const output = ever.get(idempotencyKey)
          return output === undefined ? { found: 'no' } : { found: 'yes', output }
        },
      }
    },
    'undone, a lookup does not say yes',
  ],
  'a signal that is not heeded': [
    ({ send }) => ({
      perform: (mail, context) => send.perform(mail, { ...context, signal: new AbortController().signal }),
    }),
    'called off before it began, it ends with a connector error and does what that says',
  ],
  'saying that nothing was done when it was': [
    ({ send, unavailable }) => ({
      perform: async (mail, context) => {
        const output = await send.perform(mail, { ...context, signal: new AbortController().signal })
        if (context.signal.aborted) throw unavailable()
        return output
      },
    }),
    'called off before it began, it ends with a connector error and does what that says',
  ],
}

for (const [what, [change, check]] of Object.entries(BROKEN_PROMISES)) {
  test(`found out: ${what}`, async () => {
    const failed = await failing(change)
    assert(failed.includes(check), `failed: ${failed.join('; ')}`)
  })
}

test('errors of a broken or silent outside that are none of a connector are found out', async () => {
  const { send } = mailbox()
  const odd = () => Promise.reject(new TypeError('fetch failed'))
  const report = await checkConnector({
    connector: connectorOf(send),
    samples: { send: { input } },
    broken: connectorOf({
      ...send,
      perform: odd,
      lookup: async () => ({ found: 'yes', output: { id: '' } }),
      undo: odd,
    }),
    hanging: connectorOf({ ...send, perform: never }),
    limitMs: 400,
  })
  assert.deepEqual(
    report.rows.filter((row) => !row.ok).map(({ check, detail }) => `${check}: ${detail}`),
    [
      'test.send: pointing nowhere, its undo ends with a connector error: TypeError: fetch failed',
      'test.send: pointing nowhere, it ends with a connector error: TypeError: fetch failed',
      'test.send: pointing nowhere, a lookup does not say yes: Error: says yes',
      'test.send: called off while the outside is silent, it ends with a connector error: Error: no end after 400 ms',
    ],
  )
})
