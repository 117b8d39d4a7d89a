import assert from 'node:assert/strict'
import { test } from 'node:test'
import { displayName, isFullName, nameKey, oneLine, spokenName } from './person-name.ts'

test('the same name however it is written', () => {
  const same = [
    ['Doe, Jane', 'Jane Doe'],
    ['Dr. Katrin Weißmüller', 'KATRIN WEISSMULLER'],
    ['Weißmüller, Prof. Dr. Katrin', 'Katrin Weißmüller'],
    ['Zoë  O’Brien, PhD', 'zoe o’brien'],
    ['van der Berg, Jan', 'Jan van der Berg'],
    ['Łukasz Øster', 'lukasz oster'],
  ]
  for (const [one = '', other = ''] of same) assert.equal(nameKey(one), nameKey(other), one)
})

test('names that are in doubt stay different', () => {
  const different = [
    ['Thomas Martin', 'Martin Thomas'],
    ['John Smith', 'John Smith Jr.'],
    ['Jane Doe', 'Jane A. Doe'],
    ['Jane Doe', 'Jаne Doe'], // the second has a Cyrillic а
    ['Jane Doe', 'Jane Doe, Acme GmbH'],
    ['Müller', 'Mueller'],
  ]
  for (const [one = '', other = ''] of different) assert.notEqual(nameKey(one), nameKey(other), one)
})

test('a full name has two words besides titles', () => {
  for (const name of ['Jane Doe', 'Jack Ma', 'Don Ing']) assert.ok(isFullName(name), name)
  for (const name of ['', 'Jane', 'Dr. Doe', '小野寺千晶']) assert.equal(isFullName(name), false, name)
})

test('a display name that is an address is no name', () => {
  assert.equal(displayName("'jane@acme.example'"), '')
  assert.equal(displayName("'Jane Doe'"), 'Jane Doe')
})

test('outside words can not move the cursor or turn the line round', () => {
  assert.equal(oneLine('Jane\u001b[2J\u202e Doe\r\n\u0000'), 'Jane[2J Doe')
  assert.equal(oneLine('x'.repeat(500)).length, 120)
})

test('a name as it is said has no titles, and its letters as they are', () => {
  assert.equal(spokenName('Weißmüller, Prof. Dr. Katrin'), 'Katrin Weißmüller')
  assert.equal(spokenName('Zoë  O’Brien, PhD'), 'Zoë O’Brien')
})
