import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canBePersonal, phonesIn } from './phones.ts'

test('numbers are E.164 however they are written', () => {
  const written = ['0171 3920012', '+49 (0)171 3920012', '0049 171 / 39 200 12', 'Mobil: +49-171-3920012']
  for (const text of written) assert.deepEqual(phonesIn(text, 'DE'), ['+491713920012'], text)
})

test('a fax is not a phone, and an extension stays', () => {
  const text = 'Tel: 030 23125-014 | Fax: 030 23125-015\nF: +49 30 23125016'
  assert.deepEqual(phonesIn(text, 'DE'), ['+493023125014'])
  assert.deepEqual(phonesIn('+44 20 7946 0123 ext. 12', 'GB'), ['+442079460123;ext=12'])
})

test('without a known region only international numbers are found', () => {
  assert.deepEqual(phonesIn('0171 3920012 or +46 70 174 06 48', '??'), ['+46701740648'])
})

test('dates, amounts and register numbers are no phones', () => {
  const text = '2026-11-22 12:30, 1.299,00 EUR, HRB 123456, IBAN DE89 3704 0044 0532 0130 00, 20459 Hamburg'
  assert.deepEqual(phonesIn(text, 'DE'), [])
})

test('a hotline is nobody’s own number', () => {
  assert.equal(canBePersonal('+498001234567'), false)
  assert.ok(canBePersonal('+491713920012'))
})
