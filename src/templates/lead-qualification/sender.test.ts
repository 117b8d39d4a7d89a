import assert from 'node:assert/strict'
import { test } from 'node:test'
import { companyDomainOf, isFromForm, isRobot, ownDomain } from './sender.ts'
import { mailWith } from './testing/mail.ts'

test('addresses that nobody reads are robots', () => {
  for (const local of [
    'no-reply',
    'noreply',
    'do_not_reply',
    'mailer-daemon',
    'bounces+1',
    'shop-noreply',
    'alerts',
  ]) {
    assert.ok(isRobot({ name: '', address: `${local}@x.example` }), local)
  }
  for (const local of ['info', 'jonas', 'nora', 'alertsen', 'reply', 'office']) {
    assert.ok(!isRobot({ name: '', address: `${local}@x.example` }), local)
  }
})

test('a form speaks for somebody else, a machine for itself', () => {
  const robot = { name: '', address: 'noreply@forms.example' }
  const visitor = { name: '', address: 'ida@holm.example' }
  const own = { name: '', address: 'mara@lindqvist.studio' }
  const isForm = (from: typeof robot, replyTo: typeof robot, headers = {}) =>
    isFromForm(mailWith({ from, replyTo, headers }), [own.address])
  assert.ok(isForm(robot, visitor))
  assert.ok(isForm(own, visitor))
  assert.ok(!isForm(robot, robot))
  assert.ok(!isForm(robot, own))
  assert.ok(!isForm(visitor, own))
  assert.ok(!isForm(robot, visitor, { 'list-id': '<x>' }))
})

test('a company has a domain of its own', () => {
  assert.equal(companyDomainOf('a@weber-holzbau.de'), 'weber-holzbau.de')
  assert.equal(companyDomainOf('a@mail.weber.co.uk'), 'mail.weber.co.uk')
  for (const domain of [
    'gmail.com',
    'gmx.de',
    'yahoo.co.jp',
    'web.de',
    'orange.fr',
    'hotmail.co.uk',
    'localhost',
    '',
  ]) {
    assert.equal(companyDomainOf(`a@${domain}`), null, domain)
  }
})

test('what was registered of a host', () => {
  assert.equal(ownDomain('www.shop.example.com'), 'example.com')
  assert.equal(ownDomain('www.example.co.uk'), 'example.co.uk')
  assert.equal(ownDomain('example.com'), 'example.com')
})
