import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domainOf, isFreeMail, shareCompany } from './mail-domain.ts'

test('providers under all their endings are free mail, companies are not', () => {
  for (const domain of ['gmail.com', 'yahoo.co.uk', 'gmx.net', 'web.de', 'me.com']) {
    assert.ok(isFreeMail(domain), domain)
  }
  for (const domain of ['acme.example', 'live.acme.co.uk', 'me.example', 'notgmail.com']) {
    assert.equal(isFreeMail(domain), false, domain)
  }
})

test('two addresses share a company only at a domain of its own', () => {
  assert.ok(shareCompany('a@acme.example', 'b@acme.example'))
  assert.equal(shareCompany('a@gmail.com', 'b@gmail.com'), false)
  assert.equal(shareCompany('a@acme.example', 'a@acme.test'), false)
  assert.equal(shareCompany('', ''), false)
})

test('an address without @ has no domain', () => {
  assert.equal(domainOf('jane'), '')
  assert.equal(domainOf('"a@b"@Acme.example'), 'acme.example')
})
