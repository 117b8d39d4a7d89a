/** Whose addresses and numbers stand in what is about to leave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactsIn } from './contacts.ts'
import { from, letter, office } from './testing/letters.ts'

function day() {
  const here = office()
  const jane = here.receive(letter({ signature: 'Jane Doe\n0171 3920012' })).customer
  const bo = here.receive(
    letter({ ...from('Bo Ek <bo@ek.example>'), signature: 'Bo Ek\n0171 3920013' }),
  ).customer
  const seen = (text: string): string[] =>
    contactsIn(here.reader, text, 'DE').map(({ what, value, customer }) => {
      return `${what} ${value} of ${customer === jane ? 'Jane' : customer === bo ? 'Bo' : customer}`
    })
  return { seen }
}

test('addresses are known in any letters, numbers however they are written', () => {
  const { seen } = day()
  assert.deepEqual(seen('Ask Jane (JANE@acme.example), or bo@ek.example.'), [
    'the mail address jane@acme.example of Jane',
    'the mail address bo@ek.example of Bo',
  ])
  assert.deepEqual(seen('call +49 (0)171 / 3920013'), ['the phone number +491713920013 of Bo'])
  assert.deepEqual(seen(`${'x'.repeat(5_000)} 0171 3920012 ${'y'.repeat(500)}`), [
    'the phone number +491713920012 of Jane',
  ])
  assert.deepEqual(seen('nobody@else.example, 0171 3920019, order 4711'), [])
})
