import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAutomatedAddress, kindOfSender, personBehind } from './sender-kind.ts'
import { from, letter } from './testing/letters.ts'

const OWN = ['mara@lindqvist.studio', 'mara.lindqvist@gmail.com']

test('addresses that name a machine, in several languages', () => {
  const machines = [
    'no-reply@a.example',
    'noreply+42@a.example',
    'donotreply@a.example',
    'orders-noreply@a.example',
    'ingen-svar@a.example',
    'nicht-antworten@a.example',
    'nepasrepondre@a.example',
    'mailer-daemon@a.example',
    'bounces+1=2@a.example',
    'list-request@a.example',
  ]
  for (const address of machines) assert.ok(isAutomatedAddress(address), address)
})

test('addresses of people, also those that several share', () => {
  const people = [
    'info@a.example',
    'sales@a.example',
    'noel@a.example',
    'nora.svarin@a.example',
    'root.jane@a.example',
  ]
  for (const address of people) assert.equal(isAutomatedAddress(address), false, address)
})

test('newsletters and notices are automated by their headers', () => {
  const headers = [
    { 'list-unsubscribe': '<https://a.example/u>' },
    { precedence: 'bulk' },
    { 'auto-submitted': 'auto-generated' },
    { 'content-type': 'multipart/report; report-type=delivery-status' },
  ]
  for (const one of headers) assert.equal(kindOfSender(letter({ headers: one }), OWN), 'automated')
  assert.equal(kindOfSender(letter({ headers: { 'auto-submitted': 'no' } }), OWN), 'person')
})

test('a person stays a person when out of office or when inviting', () => {
  const away = { 'auto-submitted': 'auto-replied (vacation)', precedence: 'bulk' }
  assert.equal(kindOfSender(letter({ headers: away }), OWN), 'person')
  const exchange = letter({
    headers: { 'auto-submitted': 'auto-generated' },
    inReplyTo: 'x@lindqvist.studio',
  })
  assert.equal(kindOfSender(exchange, OWN), 'person')
  const calendar = { method: 'REQUEST', summary: 'Talk', start: '', organizer: '' }
  const invitation = letter({ headers: { 'auto-submitted': 'auto-generated' }, calendar })
  assert.equal(kindOfSender(invitation, OWN), 'person')
})

test('the own domain is own, but not that of a free provider', () => {
  assert.equal(kindOfSender(letter(from('studio@lindqvist.studio')), OWN), 'own')
  assert.equal(kindOfSender(letter(from('mara.lindqvist@gmail.com')), OWN), 'own')
  assert.equal(kindOfSender(letter(from('stranger@gmail.com')), OWN), 'person')
})

test('behind a form stands the person in Reply-To', () => {
  const replyTo = { name: 'Naomi', address: 'naomi@optik.example' }
  for (const sender of [
    'wordpress@lindqvist.studio',
    'mara.lindqvist@gmail.com',
    'no-reply@forms.example',
    '',
  ]) {
    assert.equal(personBehind(letter({ ...from(sender), replyTo }), OWN), replyTo, sender)
  }
})

test('Reply-To is not believed of a person, a newsletter or a shop', () => {
  const replyTo = { name: 'Jane', address: 'jane@acme.example' }
  const behind = (sender: string, more = {}) =>
    personBehind(letter({ ...from(sender), replyTo, ...more }), OWN)
  assert.equal(behind('mallory@evil.example'), null)
  assert.equal(behind('stranger@gmail.com'), null)
  assert.equal(behind('no-reply@acme.example'), null)
  assert.equal(behind('no-reply@mass.example', { headers: { 'list-id': '<x>' } }), null)
  assert.equal(behind('mailer-daemon@mx.example'), null)
  assert.equal(
    behind('no-reply@forms.example', { replyTo: { name: '', address: 'noreply@x.example' } }),
    null,
  )
  assert.equal(behind('no-reply@forms.example', { replyTo: from('mara@lindqvist.studio').from }), null)
})
