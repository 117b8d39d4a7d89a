import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, editInEditor, readFields, toEditable } from './editor.ts'

const LETTER = { to: 'ada@ek.example', subject: 'Re: New: website', body: 'Hello Ada,\n\nthank you.\n\nMara' }
const OTHER = { operation: 'smtp.send', input: { to: ['a'], n: 1 } }

test('a letter is edited as one: fields on top, an empty line, the text', () => {
  const text = toEditable(LETTER)
  assert.match(
    text,
    /^(#.*\n)+to: ada@ek\.example\nsubject: Re: New: website\n\nHello Ada,\n\nthank you\.\n\nMara\n$/,
  )
})

test('what was not changed is no change, and neither is an emptied file', () => {
  for (const proposal of [LETTER, OTHER]) {
    assert.equal(changesOf(proposal, toEditable(proposal)), null)
    assert.equal(changesOf(proposal, toEditable(proposal).replaceAll('\n', '\r\n')), null)
    assert.equal(changesOf(proposal, ' \n'), null)
  }
})

test('only what was changed is', () => {
  const text = toEditable(LETTER)
  assert.deepEqual(changesOf(LETTER, text.replace('Mara', 'M.')), { body: 'Hello Ada,\n\nthank you.\n\nM.' })
  assert.deepEqual(changesOf(LETTER, text.replace('Re: New:', 'Your')), { subject: 'Your website' })
  assert.deepEqual(changesOf(OTHER, toEditable(OTHER).replace('n: 1', 'n: 2')), {
    input: { to: ['a'], n: 2 },
  })
})

test('a line that begins with # inside of the text stays', () => {
  const text = toEditable(LETTER).replace('Hello Ada,', '# Hello')
  assert.deepEqual(changesOf(LETTER, text), { body: '# Hello\n\nthank you.\n\nMara' })
})

test('what can not be read is refused, and nothing is answered', () => {
  assert.throws(() => changesOf(LETTER, toEditable(LETTER).replace('subject: ', 'subject ')), {
    code: 'INPUT_INVALID',
  })
  assert.throws(() => readFields('a: [', 'f.yaml'), {
    code: 'INPUT_INVALID',
    message: /f\.yaml is no YAML: .*line 1/,
  })
  assert.throws(() => readFields('just text', 'f.yaml'), { code: 'INPUT_INVALID' })
  assert.deepEqual(readFields('{"subject": "x"}', 'f.json'), { subject: 'x' })
})

test('the editor of the environment is used, with its arguments; one that fails answers nothing', async () => {
  const env = { ...process.env, VISUAL: '', EDITOR: 'sed -i s/Mara/Me/' }
  assert.deepEqual(await editInEditor(LETTER, 'r-1', env), { body: 'Hello Ada,\n\nthank you.\n\nMe' })
  await assert.rejects(editInEditor(LETTER, 'r-1', { ...env, VISUAL: 'false' }), { code: 'USAGE' })
})
