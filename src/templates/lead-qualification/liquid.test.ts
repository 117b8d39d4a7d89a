import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { templateSchema } from './liquid.ts'

const example = { name: 'Ada', questions: ['When?'], business: { owner: 'Mara' } }
const schema = templateSchema(example)

function problemIn(source: string) {
  const result = schema.safeParse(source)
  assert.ok(!result.success, `accepted: ${source}`)
  const issue = result.error.issues[0]
  const params = issue?.code === 'custom' ? issue.params : undefined
  return [issue?.message, params?.line, params?.column]
}

test('renders data, and tidies the text', () => {
  const text = schema.parse(
    'Hi {{ name }},  \n\n\n\n{% for q in questions %}- {{ q }}\n{% endfor %}\n{{ business.owner }}\n',
  )
  assert.equal(text(example), 'Hi Ada,\n\n- When?\n\nMara')
})

test('mistakes are found when it is loaded, with line and column', () => {
  assert.deepEqual(problemIn('Hi\n  {{ nmae }}'), ['unknown name nmae; did you mean name?', 2, 6])
  assert.deepEqual(problemIn('{{ business.ownr }}'), [
    'unknown name business.ownr; did you mean business.owner?',
    1,
    4,
  ])
  assert.deepEqual(problemIn('Hi\n{% if name %}'), ['tag {% if name %} not closed', 2, 1])
  assert.deepEqual(problemIn('{{ name | upcas }}'), ['undefined filter: upcas', 1, 1])
  assert.deepEqual(problemIn('Hi {{ name'), ['output "{{ name" not closed', 1, 4])
})

test('a mistake in a branch that no example reaches is found too', () => {
  assert.deepEqual(problemIn('{% if name == "Bo" %}{{ foo }}{% endif %}')[1], 1)
})

test('files, random choice and the clock are out of reach', () => {
  for (const source of [
    "{% include 'x' %}",
    "{% if name == 'Bo' %}{% include 'x' %}{% endif %}",
    "{% render '/etc/passwd' %}",
    "{% layout 'x' %}",
    '{{ questions | sample }}',
    "{{ 'now' | date: '%Y' }}",
    '{{ name.constructor }}',
    '{{ name.__proto__ }}',
  ]) {
    problemIn(source)
  }
})

test('a template without end is refused', () => {
  assert.match(String(problemIn('{% for i in (1..100000000) %}{{ i }}{% endfor %}')[0]), /memory alloc limit/)
  assert.match(String(problemIn('x'.repeat(20_000))[0]), /10000/)
})

test('data is never read as a template', () => {
  const text = schema.parse('Hi {{ name }}.')
  assert.equal(text({ ...example, name: '{{ 7 | times: 7 }}' }), 'Hi {{ 7 | times: 7 }}.')
  fc.assert(
    fc.property(fc.stringMatching(/^[{}%|a-z0-9 :'"]{0,40}$/), (name) => {
      assert.equal(text({ ...example, name }), `Hi ${name}.`)
    }),
  )
})
