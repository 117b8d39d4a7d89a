import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { z } from 'zod'
import { HoldfastError } from '../kernel/errors.ts'
import { parseYamlFile, type YamlProblem } from './yaml-file.ts'

const noShouting = z.string().superRefine((text, context) => {
  text.split('\n').forEach((line, i) => {
    const column = line.indexOf('!') + 1
    if (column > 0) {
      context.addIssue({ code: 'custom', message: 'do not shout', params: { line: i + 1, column } })
    }
  })
})

const schema = z.strictObject({
  version: z.literal(1),
  criteria: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        weight: z.number().min(-100).max(100),
        words: z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()))]).optional(),
      }),
    )
    .optional(),
  mode: z.enum(['fast', 'slow']).optional(),
  body: noShouting.optional(),
  langs: z.record(z.string().regex(/^[a-z]{2}$/, 'must be a language code'), z.string()).optional(),
  tries: z.int().min(1).optional(),
})

function problemsOf(text: string): readonly YamlProblem[] {
  const error = errorOf(text)
  return error.details.problems as YamlProblem[]
}

function errorOf(text: string): HoldfastError {
  try {
    parseYamlFile(text, schema, { file: 'playbook.yaml', code: 'PLAYBOOK_INVALID' })
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('gives back what the schema gives back', () => {
  const value = parseYamlFile('version: 1\ncriteria:\n  - {id: a, weight: 3}\n', schema, {
    file: 'f',
    code: 'CONFIG_INVALID',
  })
  assert.deepEqual(value, { version: 1, criteria: [{ id: 'a', weight: 3 }] })
})

test('names every mistake at once, each with line, column and path', () => {
  const error = errorOf(`version: 2
criteria:
  - id: a
    weight: 250
  - id: ''
    wieght: 3
mode: quick
`)
  assert.equal(error.code, 'PLAYBOOK_INVALID')
  assert.equal(
    error.message,
    'playbook.yaml:1:10 version: must be 1, not 2; ' +
      '4:13 criteria[0].weight: must be a number between -100 and 100, not 250; ' +
      '5:5 criteria[1].weight: is missing: a number between -100 and 100; ' +
      '5:9 criteria[1].id: must be a text, not empty; ' +
      '6:5 criteria[1].wieght: unknown key "wieght"; did you mean "weight"?; ' +
      '7:7 mode: must be one of fast, slow, not "quick"',
  )
  assert.equal(error.details.file, 'playbook.yaml')
})

test('an unknown key far from any known one lists the known ones', () => {
  const [problem] = problemsOf('version: 1\nzzzzzzzzz: 1\n')
  assert.match(problem?.message ?? '', /known here: version, criteria, mode, body, langs, tries/)
})

test('the keys of an object that every object has are unknown like others', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    assert.equal(problemsOf(`version: 1\n${key}: 1\n`)[0]?.path, key)
  }
})

test('of alternatives, the mistake within the fitting one is told', () => {
  assert.deepEqual(problemsOf('version: 1\ncriteria:\n- {id: a, weight: 1, words: {de: [x, 7]}}\n'), [
    {
      line: 3,
      column: 38,
      path: 'criteria[0].words.de[1]',
      message: 'must be a text, not 7; put it in quotes',
    },
  ])
  assert.equal(
    problemsOf('version: 1\ncriteria:\n- {id: a, weight: 1, words: 7}\n')[0]?.message,
    'must be a list or a group of keys, not 7',
  )
})

test('a bad key of a record is reported at the key', () => {
  assert.deepEqual(problemsOf('version: 1\nlangs:\n  en: a\n  english: b\n'), [
    { line: 4, column: 3, path: 'langs.english', message: 'must be a language code' },
  ])
})

test('points into texts, in literal blocks, in quotes and plain', () => {
  const places = (text: string) => problemsOf(text).map(({ line, column }) => [line, column])
  assert.deepEqual(places('version: 1\nbody: |\n  one\n\n  two !\n  three\n  four!\n'), [
    [5, 7],
    [7, 7],
  ])
  assert.deepEqual(places('version: 1\nbody: one !\n'), [[2, 11]])
  assert.deepEqual(places('version: 1\nbody: "one !"\n'), [[2, 12]])
  assert.deepEqual(
    places('version: 1\nbody: "\\u00e9ne !"\n'),
    [[2, 7]],
    'not verbatim: the start of the text',
  )
  assert.deepEqual(places('version: 1\nbody: >\n  one\n  two !\n'), [[2, 7]], 'folded: the start of the text')
})

test('a text that is not YAML is reported with its place, and nothing else of it', () => {
  for (const [text, line, column] of [
    ['version: 1\nmode: fast\nmode: slow\n', 3, 1],
    ['version: 1\ncriteria: [1, 2\nmode: fast\n', 3, 1],
    ['version: 1\n\tmode: fast\n', 2, 1],
    ['version: 1\n---\nversion: 1\n', 2, 1],
    ['version: !made-up 1\n', 1, 10],
  ] as const) {
    const [first] = problemsOf(text)
    assert.deepEqual([first?.line, first?.column], [line, column], text)
  }
})

test('an empty file and a file of another shape are reported at their start', () => {
  assert.equal(errorOf('').message, 'playbook.yaml:1:1 must be a group of keys, not empty')
  assert.equal(errorOf('- 1\n').message, 'playbook.yaml:1:1 must be a group of keys, not a list')
})

test('aliases are followed, and too many of them are refused', () => {
  assert.equal(problemsOf('version: 1\ntries: &n 0\nmode: *n\n')[1]?.path, 'mode')
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (let i = 0; i < 8; i++) {
    const [name, last] = [`b${i}`, i === 0 ? 'a' : `b${i - 1}`]
    bomb.push(`${name}: &${name} [${`*${last},`.repeat(8)}*${last}]`)
  }
  assert.match(errorOf(bomb.join('\n')).message, /alias/i)
})

test('whatever the value, either it is accepted or each problem has a place in the file', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('version', 'criteria', 'mode', 'x'), fc.jsonValue()),
      (value) => {
        const text = stringify(value)
        try {
          parseYamlFile(text, schema, { file: 'f', code: 'CONFIG_INVALID' })
        } catch (error) {
          assert.ok(error instanceof HoldfastError, String(error))
          for (const { line, column } of error.details.problems as YamlProblem[]) {
            assert.ok(line >= 1 && line <= text.split('\n').length && column >= 1)
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})
