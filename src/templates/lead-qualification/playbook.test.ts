import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '../../kernel/errors.ts'
import type { YamlProblem } from '../yaml-file.ts'
import { loadPlaybook, playbookHash } from './playbook.ts'
import { PLAYBOOK, PLAYBOOK_TEXT } from './testing/mail.ts'

/** The problems of the shipped playbook after a change; each change must really change it. */
function problemsAfter(...changes: readonly (readonly [string, string])[]): string[] {
  const text = changes.reduce((before, [from, to]) => {
    assert.ok(before.includes(from), from)
    return before.replace(from, () => to)
  }, PLAYBOOK_TEXT)
  try {
    loadPlaybook(text, 'playbook.yaml')
    return []
  } catch (error) {
    assert.ok(error instanceof HoldfastError)
    assert.equal(error.code, 'PLAYBOOK_INVALID')
    const lines = text.split('\n')
    return (error.details.problems as YamlProblem[]).map(
      ({ line, column, path, message }) => `${path} @ ${lines[line - 1]?.slice(column - 1)} : ${message}`,
    )
  }
}

test('the shipped playbook is valid and speaks six languages', () => {
  assert.deepEqual(Object.keys(PLAYBOOK.languages), ['en', 'de', 'fr', 'es', 'sv', 'ja'])
  assert.deepEqual(Object.keys(PLAYBOOK.followUp.texts), ['en', 'de', 'fr', 'es', 'sv', 'ja'])
})

test('every language has a reply for every quality', () => {
  for (const language of Object.keys(PLAYBOOK.languages)) {
    for (const quality of ['hot', 'warm', 'cold'] as const) {
      const fits = PLAYBOOK.replies.filter(
        ({ when }) => when.language === language && when.quality.includes(quality),
      )
      assert.equal(fits.length, 1, `${language} ${quality}`)
    }
  }
})

test('a weight out of range, an unknown key and a missing one are named where they are', () => {
  assert.deepEqual(
    problemsAfter(['    weight: 10', '    weight: 250'], ['    answers: budget', '    anwsers: budget']),
    [
      'criteria[0].weight @ 250 : must be a number between -100 and 100, not 250',
      'criteria[3].anwsers @ anwsers: budget : unknown key "anwsers"; did you mean "answers"?',
    ],
  )
  assert.deepEqual(problemsAfter(['version: 1\n', '']), ['version @ business: : is missing: 1'])
})

test('a mistake in a template is named by its place in the file', () => {
  assert.deepEqual(
    problemsAfter(
      ['      Thank you for getting in touch', '      Thank you {{ nmae }} for getting in touch'],
      ['if questions.size > 0 %}', 'iff questions.size > 0 %}'],
      ['{{ fullName }} 様', '{{ fullName | shout }} 様'],
    ),
    [
      'languages.ja.greeting @ {{ fullName | shout }} 様{% else %}ご担当者様{% endif %}" : undefined filter: shout',
      'replies[0].body @ {% iff questions.size > 0 %} : tag "iff" not found',
      'replies[1].body @ nmae }} for getting in touch, this sounds like work I like to do. : unknown name nmae; did you mean name?',
    ],
  )
})

test('a pattern that could take forever is refused', () => {
  const [problem = ''] = problemsAfter([String.raw`- pattern: '\d{1,4}\s?ページ'`, "- pattern: '(a+)+$'"])
  assert.match(problem, /^criteria\[\d+\].any\[1\].pattern @ .*ways to match at one place/)
})

test('a condition is exactly one thing', () => {
  const [both = ''] = problemsAfter([
    '      - attachment: true',
    '      - { attachment: true, deadline: true }',
  ])
  assert.match(
    both,
    /must have exactly one of phrases, .*; has deadline and attachment|attachment and deadline/,
  )
  const [none = ''] = problemsAfter(['      - attachment: true', '      - {}'])
  assert.match(none, /has none/)
})

test('parts that belong together are checked together', () => {
  assert.match(problemsAfter(['  warm: 45', '  warm: 95'])[0] ?? '', /^thresholds.hot .* greater than warm/)
  assert.match(
    problemsAfter(['  - id: wants-our-work', '  - id: asks-for-offer'])[0] ?? '',
    /^criteria\[1\].id .* id of criteria\[0\] already/,
  )
  assert.deepEqual(
    problemsAfter(['  language: en\n', '  language: it\n']).map((problem) =>
      problem.replace(/ @.* : /, ': '),
    ),
    [
      'languages: has nothing for the language of the business, it',
      'replies: has no hot reply in the language of the business, it',
      'replies: has no warm reply in the language of the business, it',
      'replies: has no cold reply in the language of the business, it',
      'followUp.texts: has nothing for the language of the business, it',
    ],
  )
  assert.match(
    problemsAfter(['quality: cold, language: en', 'quality: warm, language: en'])[0] ?? '',
    /^replies .* no cold reply in the language of the business, en/,
  )
  assert.match(
    problemsAfter(['quality: cold, language: de', 'quality: cold, language: it'])[0] ?? '',
    /"it" is not among the languages/,
  )
})

test('the hash tells versions of the text apart', () => {
  assert.match(playbookHash('a'), /^[0-9a-f]{64}$/)
  assert.notEqual(playbookHash('a'), playbookHash('b'))
})
