import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editFlags, type FlagEdit } from './flags-edit.ts'
import { DEFAULT_FLAGS_TEXT, parseFlags } from './flags-file.ts'

const TEXT = `version: 1
segments:
  nordic:
    # up north
    where:
      - { field: country, operator: is, value: SE }
flags:
  # To be taken out in spring.
  video:
    rules:
      - { segment: nordic, serve: on }
      - split: { on: 10 }
  tone:
    type: string
    variants: { formal: Dear, loose: Hi }
    default: formal
`

function edited(flag: string, ...edits: FlagEdit[]) {
  const text = edits.reduce((before, edit) => editFlags(before, flag, edit), TEXT)
  return { text, flag: parseFlags(text).flags[flag] }
}

test('on and off leave everything else as it was, the comments too', () => {
  const { text } = edited('video', { what: 'off' })
  assert.equal(text, TEXT.replace('split: { on: 10 }\n', 'split: { on: 10 }\n    enabled: false\n'))
  assert.equal(editFlags(text, 'video', { what: 'on' }), text.replace('enabled: false', 'enabled: true'))
})

test('roll-out sets the share of a variant, of all or of a segment', () => {
  const all = edited('video', { what: 'roll-out', percent: 25, variant: null, segment: null })
  assert.equal(all.text, TEXT.replace('on: 10', 'on: 25'))
  const { flag } = edited('tone', { what: 'roll-out', percent: 5, variant: 'loose', segment: 'nordic' })
  assert.deepEqual(flag?.rules, [{ segment: 'nordic', serve: null, split: { loose: 5 } }])
  const later = edited('tone', { what: 'roll-out', percent: 5, variant: 'loose', segment: null })
  assert.match(later.text, /rules:\n\s+- \{ split: \{ loose: 5 \} \}\n/)
})

test('set gives a variant to a segment, before the other rules, or to all without a rule', () => {
  assert.equal(edited('tone', { what: 'set', variant: 'loose', segment: null }).flag?.default, 'loose')
  const off = edited('video', { what: 'set', variant: 'off', segment: 'nordic' })
  assert.equal(off.text, TEXT.replace('serve: on', 'serve: off'))
  const { flag } = edited(
    'tone',
    { what: 'roll-out', percent: 5, variant: 'loose', segment: null },
    { what: 'set', variant: 'formal', segment: 'nordic' },
  )
  assert.deepEqual(
    flag?.rules.map(({ serve, split }) => serve ?? split),
    ['formal', { loose: 5 }],
  )
})

test('what is not there is refused; the switch of a workflow or an agent is made', () => {
  const refused = (flag: string, edit: FlagEdit, code = 'FLAG_NOT_FOUND'): void => {
    assert.throws(() => editFlags(TEXT, flag, edit), { code })
  }
  refused('vido', { what: 'off' })
  refused('video', { what: 'set', variant: 'loud', segment: null })
  refused('video', { what: 'set', variant: 'on', segment: 'south' })
  refused('tone', { what: 'roll-out', percent: 5, variant: null, segment: null }, 'INPUT_INVALID')
  refused('video', { what: 'roll-out', percent: 101, variant: null, segment: null }, 'FLAGS_INVALID')
  for (const text of [DEFAULT_FLAGS_TEXT, null]) {
    const after = editFlags(text, 'workflow.lead-qualification', { what: 'off' })
    assert.match(
      after,
      /^flags:\n(?: *#.*\n)* {2}workflow\.lead-qualification:\n {4}default: on\n {4}enabled: false\n/m,
    )
    assert.equal(parseFlags(after).flags['workflow.lead-qualification']?.off, 'off')
  }
})
