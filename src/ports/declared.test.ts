/** What a manifest may say, and what is made of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type Connector, defineConnector, type Operation } from './connector.ts'

/** With `parts` as plain JavaScript would give them. */
function define(parts: Record<string, unknown> = {}): Connector {
  const whole = { manifest: {}, input: z.any(), output: z.any(), perform: async () => null, ...parts }
  return defineConnector({ name: 'books', operations: { enter: whole as unknown as Operation } })
}

describe('an operation that says it is reversible', () => {
  test('is refused without an undo: nothing would take back what passes where what leaves is asked about', () => {
    assert.throws(() => define({ manifest: { effect: 'reversible' } }), {
      code: 'INPUT_INVALID',
      message: 'books.enter is declared reversible, and has no undo',
      details: { connector: 'books', operation: 'books.enter', field: 'effect' },
      fix: /Give it an `undo`, or say `external` or `irreversible`/,
    })
  })

  test('is taken with one, and what says nothing of itself is irreversible, whatever it has', () => {
    const undo = async () => {}
    const { manifest } = define({ manifest: { effect: 'reversible' }, undo }).operations.enter ?? {}
    assert.deepEqual([manifest?.effect, manifest?.hasUndo], ['reversible', true])
    assert.equal(define({ undo }).operations.enter?.manifest.effect, 'irreversible')
  })
})

/** As plain JavaScript may have it, and what is said of it. */
const CANT_BE_MEANT: Record<string, [parts: Record<string, unknown>, says: RegExp, fix: RegExp]> = {
  'a text for a list': [
    { manifest: { criticalArguments: 'to' } },
    /^criticalArguments of books\.enter must be a list of names of fields of its input, not "to"$/,
    /^Write criticalArguments: \["to"\]\.$/,
  ],
  'a list of something else': [{ manifest: { hosts: [1] } }, /^hosts .*must be a list/, /a list of names/],
  'a name of nothing': [{ manifest: { criticalArguments: [' '] } }, /must be a list/, /a list of names/],
  'an effect that there is not': [{ manifest: { effect: 'reads' } }, /^effect .*must be read, /, /read, rev/],
  'an effect that is null': [{ manifest: { effect: null } }, /^effect .*not null$/, /external/],
  'a field that there is not': [
    { manifest: { critcalArguments: ['to'] } },
    /a manifest has no field "critcalArguments"/,
    /Did you mean `criticalArguments`\?/,
  ],
  'a name of Object': [{ manifest: { constructor: 1 } }, /no field "constructor"/, /Known here: title/],
  'another idempotency': [{ manifest: { idempotency: true } }, /^idempotency .*not true$/, /natural/],
  'another class of data': [{ manifest: { dataClass: 'secret' } }, /^dataClass /, /private/],
  'another giver': [{ manifest: { gives: 'owner' } }, /^gives /, /external, system/],
  'another witness': [{ manifest: { witness: 'me' } }, /^witness /, /workspace/],
  'a title that is none': [{ manifest: { title: 1n } }, /^title .*not bigint$/, /a text/],
  'a text for secrets': [{ manifest: { secrets: 'token' } }, /^secrets /, /\["token"\]/],
  'no limit of time': [{ manifest: { timeoutMs: 0 } }, /^timeoutMs .*above 0, not 0$/, /milliseconds/],
  'a limit in words': [{ manifest: { timeoutMs: '30s' } }, /^timeoutMs .*not "30s"$/, /milliseconds/],
  'a price below nothing': [{ manifest: { priceMicros: -1 } }, /^priceMicros .*not -1$/, /from 0 on/],
  'a price that is no number': [{ manifest: { priceMicros: NaN } }, /^priceMicros /, /from 0 on/],
  'a list for what it carries': [{ manifest: { carries: ['text'] } }, /^carries .*an object/, /an object/],
  'a text in what it carries': [
    { manifest: { carries: { content: 'text' } } },
    /^carries\.content of books\.enter must be a list/,
    /Write carries\.content: \["text"\]/,
  ],
  'something else that it carries': [
    { manifest: { carries: { recipient: ['to'] } } },
    /^carries\.recipient .*no field "recipient"/,
    /`recipients`/,
  ],
  'no manifest': [
    { manifest: undefined },
    /^manifest of books\.enter must be an object, not nothing$/,
    /object/,
  ],
  'an input that is no schema': [{ input: { to: 'text' } }, /^input .*must be a schema/, /Standard Schema/],
  'no output': [{ output: undefined }, /^output .*must be a schema/, /Standard Schema/],
  'nothing that does it': [{ perform: undefined }, /^perform .*must be a function, not nothing$/, /function/],
  'an undo that does nothing': [{ undo: true }, /^undo .*must be a function, not true$/, /function/],
  'a lookup that is none': [{ lookup: null }, /^lookup .*must be a function, not null$/, /function/],
}

describe('a manifest that can not be meant is refused:', () => {
  for (const [name, [parts, message, fix]] of Object.entries(CANT_BE_MEANT)) {
    test(name, () => assert.throws(() => define(parts), { code: 'INPUT_INVALID', message, fix }))
  }

  test('what is not said is not missed', () => {
    const manifest = { title: undefined, effect: undefined, carries: { content: undefined } }
    assert.equal(define({ manifest, undo: undefined }).operations.enter?.manifest.effect, 'irreversible')
  })
})

describe('names of fields that the input does not have', () => {
  const mail = z.object({ to: z.string(), text: z.string().optional() })
  const critical = (input: z.ZodType, ...criticalArguments: string[]) => ({
    input,
    manifest: { criticalArguments },
  })

  test('are refused, with the one that was meant', () => {
    assert.throws(() => define(critical(mail, '*', 'text', 'too')), {
      code: 'INPUT_INVALID',
      message: 'criticalArguments of books.enter: the input has no field "too"',
      details: { connector: 'books', operation: 'books.enter', field: 'criticalArguments' },
      fix: 'Did you mean `to`?',
    })
    assert.throws(() => define({ input: mail, manifest: { carries: { content: ['txt'] } } }), {
      message: 'carries.content of books.enter: the input has no field "txt"',
      fix: 'Did you mean `text`?',
    })
    assert.throws(() => define({ input: mail, manifest: { carries: { content: ['*'] } } }), /no field "\*"/)
  })

  for (const [what, input] of Object.entries({
    'within alternatives': z.union([mail, z.object({ cc: z.string() }), z.null()]),
    'within both of two': mail.and(z.object({ cc: z.string() })),
    'behind a default': mail.extend({ cc: z.string() }).nullable().default(null),
    'before a change': mail.extend({ cc: z.date() }).transform(({ cc }) => cc),
    'of what contains itself': z.object({
      cc: z.string(),
      to: z.string(),
      get answers() {
        return z.array(mail)
      },
    }),
  })) {
    test(`are told apart ${what}`, () => {
      define(critical(input, 'to', 'cc'))
      assert.throws(() => define(critical(input, 'bcc_to')), /no field "bcc_to"/)
    })
  }

  test('are none of an input without fields', () => {
    define(critical(z.array(z.string()), '*'))
    define(critical(z.string(), 'input'))
    assert.throws(() => define(critical(z.string(), 'to')), { fix: 'Known here: input.' })
  })

  for (const [what, input] of Object.entries({
    anything: z.any(),
    'other fields': z.looseObject({ to: z.string() }),
    'any fields': z.record(z.string(), z.string()),
    'what only code can tell': z.custom<object>(() => true),
    'anything besides': z.union([mail, z.any()]),
  })) {
    test(`are not known where it takes ${what}`, () => void define(critical(input, 'whom')))
  }

  test('are not known of a schema that does not say', () => {
    const { version, vendor, validate } = mail['~standard']
    const input = { '~standard': { version, vendor, validate } }
    define({ input, manifest: { criticalArguments: ['whom'] } })
  })
})
