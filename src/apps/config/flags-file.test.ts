import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_FLAGS_TEXT, parseFlags } from './flags-file.ts'

test('the text for init is valid, switches nothing, and so it is with its examples taken in', () => {
  assert.deepEqual(parseFlags(DEFAULT_FLAGS_TEXT), { segments: {}, flags: {} })
  const examples = DEFAULT_FLAGS_TEXT.replace(/^(segments|flags): \{\}$/gm, '$1:').replace(/^# {3}/gm, '  ')
  const { segments, flags } = parseFlags(examples)
  assert.deepEqual(Object.keys(segments), ['nordic'])
  assert.deepEqual(Object.keys(flags), ['workflow.lead-qualification', 'lead-qualification.playbook'])
})

test('what is left out: a boolean that is off and enabled', () => {
  assert.deepEqual(parseFlags('version: 1\nflags: { a: {} }').flags.a, {
    description: '',
    type: 'boolean',
    enabled: true,
    variants: { on: true, off: false },
    default: 'off',
    off: 'off',
    rules: [],
  })
  const tone = 'version: 1\nflags: { tone: { type: string, variants: { a: A, b: B }, default: b } }'
  assert.equal(parseFlags(tone).flags.tone?.off, 'b')
})

test('a mistake is named with line, column and path', () => {
  const flag = (lines: string) => `version: 1\nflags:\n  video:\n${lines}`
  const segment = (condition: string) =>
    `version: 1\nsegments:\n  s:\n    where:\n      - { field: country, ${condition} }\n`
  const cases: [string, RegExp][] = [
    ['flags: {}\n', /flags\.yaml:1:1 version: is missing/],
    ['version: 2\n', /:1:10 version: must be 1/],
    [flag('    enabld: false\n'), /:4:5 flags\.video\.enabld: .*did you mean "enabled"/],
    [
      flag('    default: maybe\n'),
      /:4:14 flags\.video\.default: must be one of the variants on, off, not "maybe"/,
    ],
    [flag('    type: string\n'), /:3:\d+ flags\.video\.variants\.on: must be a string|flags\.video/],
    [
      flag('    rules:\n      - { segment: nodric, serve: on }\n'),
      /:5:20 flags\.video\.rules\[0\]\.segment: must be one of the segments \(none\), not "nodric"/,
    ],
    [
      flag('    rules:\n      - { split: { on: 60, off: 50 } }\n'),
      /:5:18 flags\.video\.rules\[0\]\.split: adds up to 110 percent, more than 100/,
    ],
    [
      flag('    rules:\n      - { split: { loud: 60 } }\n'),
      /:5:\d+ flags\.video\.rules\[0\]\.split\.loud: must be one of/,
    ],
    [flag('    rules:\n      - { serve: on }\n'), /:5:18 flags\.video\.rules\[0\]\.serve: is for everybody/],
    [flag('    rules:\n      - {}\n'), /:5:9 flags\.video\.rules\[0\]: must have either serve or split/],
    [
      'version: 1\nflags:\n  level.lead:\n    type: string\n    variants: { off: review, on: free }\n',
      /flags\.level\.lead\.variants\.on: must be a level of autonomy, off, shadow, review, sampled, auto/,
    ],
    [segment('operator: is, value: [SE]'), /:5:48 segments\.s\.where\[0\]\.value: must be one value for is/],
    [segment('operator: in, value: SE'), /value: must be a list for in/],
    [segment('operator: at-least, value: SE'), /value: must be a number for at-least/],
    [segment('operator: before, value: soon'), /value: must be a date such as/],
    [segment('operator: older-than, value: old'), /value: must be a length of time such as 90d/],
    [segment('operator: like, value: x'), /:5:\d+ segments\.s\.where\[0\]\.operator: must be/],
    [
      'version: 1\nsegments: { s: { where: [{ field: contry, operator: is, value: SE }] } }\n',
      /:2:35 segments\.s\.where\[0\]\.field: must be one of id, kind, .*country, .*context\.NAME/,
    ],
    ['version: 1\nflags: { 9lives: {} }\n', /:2:\d+ flags\.9lives: /],
  ]
  for (const [text, message] of cases) {
    assert.throws(() => parseFlags(text), { code: 'FLAGS_INVALID', message }, text)
  }
})
