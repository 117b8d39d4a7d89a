import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Letter, letterText, paragraphsOf, readLetter } from './letter.ts'
import { PLAYBOOK } from './testing/mail.ts'

const { signature } = PLAYBOOK.business
const data = {
  name: 'Jo',
  fullName: 'Jo Berg',
  business: { name: 'Lindqvist Studio', owner: 'Mara Lindqvist' },
}

function read(text: string): Letter {
  const texts = PLAYBOOK.languages.en
  assert.ok(texts)
  return readLetter(text, texts, signature, data)
}

test('a letter is read as it was written', () => {
  const letter = {
    greeting: 'Hi Jo,',
    paragraphs: ['One.\nTwo.', '- a\n- b'],
    closing: `Best wishes,\n${signature}`,
  }
  assert.deepEqual(read(letterText(letter)), letter)
})

test('what an operator changed is still told apart', () => {
  assert.deepEqual(read('Dear old friend,\r\n\r\nOne.\r\n\r\nMara Lindqvist\r\n'), {
    greeting: 'Dear old friend,',
    paragraphs: ['One.'],
    closing: 'Mara Lindqvist',
  })
  assert.deepEqual(read('One.'), { greeting: '', paragraphs: ['One.'], closing: '' })
  assert.deepEqual(read(''), { greeting: '', paragraphs: [], closing: '' })
})

test('whatever is read, no words are lost', () => {
  const piece = fc.constantFrom(
    'Hi Jo,',
    '\n',
    '\n\n',
    ' ',
    'Best wishes,',
    'Mara Lindqvist',
    '- a',
    'words',
    '\r\n',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('')
      assert.deepEqual(paragraphsOf(letterText(read(text))), paragraphsOf(text))
    }),
  )
})
