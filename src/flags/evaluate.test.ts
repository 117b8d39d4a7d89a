import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlagDefinitions } from '../apps/config/flags-file.ts'
import { parseFlags } from '../apps/config/flags-file.ts'
import type { FlagValue } from '../kernel/flag.ts'
import type { Facts } from '../ports/flags.ts'
import { evaluate, explainFlag } from './evaluate.ts'
import { definitionOf } from './flag-book.ts'
import { placeOf } from './place.ts'
import { isIn } from './segments.ts'

const TIME = Date.parse('2026-06-01T00:00:00Z')

const file = parseFlags(
  JSON.stringify({
    version: 1,
    segments: { nordic: { where: [{ field: 'country', operator: 'in', value: ['SE', 'NO'] }] } },
    flags: {
      plain: {},
      video: {
        default: 'off',
        rules: [{ segment: 'nordic', serve: 'on' }, { split: { on: 30 } }],
      },
      stopped: { enabled: false, default: 'on' },
      tone: {
        type: 'string',
        variants: { formal: 'Dear', loose: 'Hi' },
        default: 'formal',
        rules: [{ segment: 'nordic', split: { loose: 100 } }],
      },
      limit: { type: 'number', variants: { low: 1, high: 9 }, default: 'low', enabled: false, off: 'high' },
    },
  } satisfies FlagDefinitions),
)

function ask(flag: string, fallback: FlagValue, facts: Facts = {}, key: string | null = 'c-1') {
  return evaluate(file, 'v', { flag, fallback, customer: 'c-1', key, time: TIME, facts })
}

/** Keys on either side of 30 percent. */
const [inside, beyond] = ['k', 'l', 'm', 'n', 'o', 'p', 'q', 'r'].reduce<[string, string]>(
  ([low, high], key) => (placeOf('video', key) < 30 ? [key, high] : [low, key]),
  ['', ''],
)

test('each reason is that of OpenFeature', () => {
  const said = (...given: Parameters<typeof ask>) => {
    const { value, variant, reason, segment } = ask(...given)
    return [value, variant, reason, segment]
  }
  assert.deepEqual(said('plain', true), [false, 'off', 'STATIC', null])
  assert.deepEqual(said('video', false, { country: 'se' }), [true, 'on', 'TARGETING_MATCH', 'nordic'])
  assert.deepEqual(said('video', false, {}, inside), [true, 'on', 'SPLIT', null])
  assert.deepEqual(said('video', false, {}, beyond), [false, 'off', 'DEFAULT', null])
  assert.deepEqual(said('tone', '', { country: 'NO' }), ['Hi', 'loose', 'SPLIT', 'nordic'])
  assert.deepEqual(said('tone', ''), ['Dear', 'formal', 'DEFAULT', null])
  assert.deepEqual(said('stopped', true), [false, 'off', 'DISABLED', null])
  assert.deepEqual(said('limit', 3), [9, 'high', 'DISABLED', null])
})

test('where there is no answer, the default of whoever asks is it, with the reason ERROR', () => {
  for (const [flag, fallback, key, code] of [
    ['none', 'x', 'k', 'FLAG_NOT_FOUND'],
    ['constructor', 'x', 'k', 'FLAG_NOT_FOUND'],
    ['tone', 5, 'k', 'TYPE_MISMATCH'],
    ['video', true, null, 'TARGETING_KEY_MISSING'],
  ] as const) {
    const { value, reason, variant, error } = ask(flag, fallback, {}, key)
    assert.deepEqual([value, reason, variant, error?.code], [fallback, 'ERROR', null, code])
  }
})

test('an explanation says of each rule why it answers or not', () => {
  const explain = (facts: Facts, key: string) => {
    const question = { flag: 'video', fallback: false, customer: null, key, time: TIME, facts }
    const { rules } = explainFlag(file, 'v', definitionOf(file, 'video'), question)
    return rules.map(({ result, conditions }) => [
      result,
      ...conditions.map(({ holds, known }) => [holds, known]),
    ])
  }
  assert.deepEqual(explain({ country: 'SE' }, inside), [['answers', [true, 'SE']], ['later']])
  assert.deepEqual(explain({ country: 'DE' }, inside), [['other', [false, 'DE']], ['answers']])
  assert.deepEqual(explain({}, beyond), [['other', [false, null]], ['beyond']])
})

test('what a condition holds of', () => {
  const facts: Facts = {
    country: 'SE',
    domain: ['ek.se', 'ek.example'],
    since: '2026-01-01T00:00:00.000Z',
    messages: 3,
    name: 'Ada Ek',
    role: '',
  }
  const holds = (field: string, operator: string, value: unknown): boolean => {
    const condition = { field, operator, value } as never
    return isIn({ description: '', match: 'all', where: [condition] }, facts, TIME)
  }
  const cases: [boolean, string, string, unknown][] = [
    [true, 'country', 'is', 'se'],
    [false, 'country', 'is', 'NO'],
    [true, 'country', 'is-not', 'NO'],
    [false, 'country', 'is-not', 'SE'],
    [true, 'domain', 'in', ['EK.example', 'x']],
    [false, 'domain', 'not-in', ['ek.example']],
    [true, 'domain', 'not-in', ['x']],
    [true, 'name', 'contains', 'da e'],
    [true, 'name', 'starts-with', 'ada'],
    [false, 'name', 'starts-with', 'ek'],
    [true, 'domain', 'ends-with', '.example'],
    [true, 'messages', 'at-least', 3],
    [false, 'messages', 'at-least', 4],
    [true, 'messages', 'at-most', 3],
    [false, 'messages', 'at-most', 2],
    [true, 'since', 'before', '2026-02-01'],
    [false, 'since', 'before', '2026-01-01'],
    [true, 'since', 'after', '2026-01-01'],
    [true, 'since', 'older-than', '30d'],
    [false, 'since', 'older-than', '300d'],
    [true, 'since', 'newer-than', '300d'],
    [false, 'since', 'newer-than', '30d'],
    [true, 'country', 'known', true],
    [false, 'country', 'known', false],
    [true, 'role', 'known', false],
    [true, 'organisation', 'known', false],
    // What is not known is neither this nor that.
    [false, 'organisation', 'is', 'Ek'],
    [false, 'organisation', 'is-not', 'Ek'],
    [false, 'organisation', 'not-in', ['Ek']],
    [false, 'toString', 'known', true],
    [false, 'name', 'before', '2026-01-01'],
  ]
  for (const [expected, field, operator, value] of cases) {
    assert.equal(holds(field, operator, value), expected, `${field} ${operator} ${String(value)}`)
  }
  const where = [
    { field: 'country', operator: 'is', value: 'NO' },
    { field: 'messages', operator: 'at-least', value: 2 },
  ] as const
  assert.equal(isIn({ description: '', match: 'any', where }, facts, TIME), true)
  assert.equal(isIn({ description: '', match: 'all', where }, facts, TIME), false)
})
