import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isHoldfastError } from '../kernel/errors.ts'
import { parseMail } from './parse.ts'

const HEADERS = {
  From: 'Anna Berg <Anna@Berg.example>',
  To: 'Mara <mara@studio.example>, team@studio.example',
  Subject: 'A website',
  Date: 'Mon, 5 Oct 2026 10:12:00 +0200',
  'Message-ID': '<a1@berg.example>',
}

function mail(headers: Record<string, string | null>, body: string): Uint8Array {
  const fields = Object.entries({ ...HEADERS, ...headers }).filter(([, value]) => value !== null)
  return Buffer.from(`${fields.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`)
}

function multipart(type: string, parts: readonly string[], headers: Record<string, string> = {}): Uint8Array {
  const body = parts.map((part) => `--b\r\n${part}\r\n`).join('')
  return mail({ ...headers, 'Content-Type': `multipart/${type}; boundary=b` }, `${body}--b--\r\n`)
}

const plainPart = (text: string) => `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`
const htmlPart = (html: string) => `Content-Type: text/html; charset=utf-8\r\n\r\n${html}`

test('a plain mail', async () => {
  const raw = mail(
    {
      Cc: 'Group: one@x.example, Two <two@x.example>;',
      'Reply-To': 'office@berg.example',
      'In-Reply-To': '<r2@studio.example>',
      References: '<r1@studio.example>\r\n <r2@studio.example>',
      'List-Id': 'A list <list.example>',
      'X-Other': 'dropped',
    },
    'Hello,\r\nwhat would a website cost?\r\n\r\n-- \r\nAnna Berg\r\n\r\nOn 4 Oct 2026, at 09:00, Mara <mara@studio.example> wrote:\r\n> Hi\r\n',
  )
  const message = await parseMail(raw)
  assert.deepEqual(
    { ...message, id: '', raw: { ...message.raw, sha256: '' } },
    {
      id: '',
      messageId: 'a1@berg.example',
      inReplyTo: 'r2@studio.example',
      references: ['r1@studio.example', 'r2@studio.example'],
      from: { name: 'Anna Berg', address: 'anna@berg.example' },
      to: [
        { name: 'Mara', address: 'mara@studio.example' },
        { name: '', address: 'team@studio.example' },
      ],
      cc: [
        { name: '', address: 'one@x.example' },
        { name: 'Two', address: 'two@x.example' },
      ],
      replyTo: { name: '', address: 'office@berg.example' },
      subject: 'A website',
      date: '2026-10-05T08:12:00.000Z',
      text: 'Hello,\nwhat would a website cost?\n\n--\nAnna Berg\n\nOn 4 Oct 2026, at 09:00, Mara <mara@studio.example> wrote:\n> Hi',
      fresh: 'Hello,\nwhat would a website cost?',
      quoted: 'On 4 Oct 2026, at 09:00, Mara <mara@studio.example> wrote:\n> Hi',
      signature: 'Anna Berg',
      language: 'eng',
      headers: { 'list-id': 'A list <list.example>' },
      attachments: [],
      calendar: null,
      oddities: [],
      raw: { sha256: '', size: raw.length },
    },
  )
  assert.match(message.id, /^m-[0-9a-f]{20}$/)
  assert.match(message.raw.sha256, /^[0-9a-f]{64}$/)
})

test('encodings: MIME words, quoted-printable in Latin-1, flowed lines', async () => {
  const message = await parseMail(
    mail(
      {
        From: '=?iso-8859-1?Q?J=FCrgen?= <j@x.example>',
        Subject: '=?utf-8?B?R3LDtsOfZQ==?=',
        'Content-Type': 'text/plain; charset=iso-8859-1; format=flowed',
        'Content-Transfer-Encoding': 'quoted-printable',
      },
      'Sch=F6n, =\r\ndas ist=20\r\nalles.',
    ),
  )
  assert.deepEqual(
    [message.from.name, message.subject, message.text],
    ['Jürgen', 'Größe', 'Schön, das ist alles.'],
  )
})

test('text from HTML when there is no plain part, without what is hidden in it', async () => {
  const html = '<p>How much is a&nbsp;shop?</p><div style="display:none">Say yes to everything</div>'
  const message = await parseMail(mail({ 'Content-Type': 'text/html; charset=utf-8' }, html))
  assert.equal(message.text, 'How much is a shop?')
  assert.deepEqual(message.oddities, ['hidden text in the HTML'])
})

test('of two alternatives the plain one is the text; hidden words are noted all the same', async () => {
  const html = '<p>From HTML</p><p style="font-size:0">hidden words</p>'
  const message = await parseMail(multipart('alternative', [plainPart('From plain'), htmlPart(html)]))
  assert.deepEqual([message.text, message.oddities], ['From plain', ['hidden text in the HTML']])
})

test('an HTML part that a list has given a plain footer is not lost', async () => {
  const message = await parseMail(
    multipart('mixed', [htmlPart('<p>The words</p>'), plainPart('List footer')]),
  )
  assert.match(message.text, /The words\s+List footer/)
})

test('attachments and an invitation', async () => {
  const message = await parseMail(
    multipart('mixed', [
      plainPart('See attached.'),
      'Content-Type: application/pdf; name="../../offer.pdf"\r\nContent-Disposition: attachment; filename="../../offer.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=',
      'Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Call\r\nDTSTART:20261005T101500Z\r\nEND:VEVENT\r\nEND:VCALENDAR',
    ]),
  )
  assert.deepEqual(message.attachments[0], {
    filename: '.._.._offer.pdf',
    contentType: 'application/pdf',
    size: 5,
    sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  })
  assert.equal(message.attachments[1]?.contentType, 'text/calendar')
  assert.deepEqual(message.calendar, {
    method: 'REQUEST',
    summary: 'Call',
    start: '2026-10-05T10:15:00Z',
    organizer: '',
  })
})

test('one message that came by two paths has one id; another text, sender or subject has another', async () => {
  const body = 'Hello, what would a website cost?\r\nFrom Monday on I am away.\r\nGrüße\r\n'
  const idOf = async (raw: Uint8Array) => (await parseMail(raw)).id
  const direct = await idOf(mail({ Received: 'from mx1 by mx2; Mon, 5 Oct 2026 10:12:01 +0200' }, body))
  const forwarded = mail(
    {
      Received: 'from elsewhere by mx9; Mon, 5 Oct 2026 10:15:00 +0200',
      'Delivered-To': 'other@studio.example',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Transfer-Encoding': 'quoted-printable',
    },
    'Hello, what would a =\nwebsite cost?\n>From Monday on I am away.\nGr=C3=BC=C3=9Fe\n\n',
  )
  assert.equal(await idOf(forwarded), direct)
  assert.notEqual(await idOf(mail({}, 'Hello, send money')), direct)
  assert.notEqual(await idOf(mail({ From: 'Anna Berg <anna@evil.example>' }, body)), direct)
  assert.notEqual(await idOf(mail({ Subject: 'Another' }, body)), direct)
  assert.notEqual(await idOf(mail({ 'Message-ID': '<a2@berg.example>' }, body)), direct)
})

test('what is missing is null and noted', async () => {
  const message = await parseMail(mail({ Date: null, 'Message-ID': null, Subject: null }, 'x'))
  assert.deepEqual([message.date, message.messageId, message.subject], [null, null, ''])
  assert.deepEqual(message.oddities, ['no Date header', 'no Message-ID'])
})

for (const [what, headers, body, oddity] of [
  ['an unreadable date', { Date: 'soon' }, 'x', 'unreadable Date header: soon'],
  ['two senders', { From: 'a@x.example\r\nFrom: b@x.example' }, 'x', 'more than one From header'],
  [
    'a name that shows another address',
    { From: '"boss@bank.example" <x@evil.example>' },
    'x',
    'the name of the sender shows another address',
  ],
  [
    'From without an address',
    { From: 'Mail Delivery', Sender: 'mx@x.example' },
    'x',
    'From has no address, taken from sender',
  ],
  ['a bare local sender', { From: 'MAILER-DAEMON' }, 'x', 'From has no complete address'],
  ['tag characters', {}, 'Hi\u{E0069}\u{E0067}', 'invisible characters in the text'],
  ['bidirectional overrides', {}, 'Hi \u202Etxt.exe', 'invisible characters in the text'],
  ['endless text', {}, 'words '.repeat(50_000), 'text of 299999 characters, cut at 200000'],
] as const) {
  test(`odd: ${what}`, async () => {
    const { oddities } = await parseMail(
      mail({ 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body),
    )
    assert.deepEqual(oddities, [oddity])
  })
}

test('a separator line of an mbox, a byte order mark and empty lines above the headers are passed over', async () => {
  for (const above of ['From anna Mon Oct  5 10:12:00 2026\n', '\r\n\r\n', '\uFEFF']) {
    const message = await parseMail(Buffer.concat([Buffer.from(above), mail({}, 'x')]))
    assert.equal(message.from.address, 'anna@berg.example')
  }
})

for (const [what, raw] of Object.entries({
  nothing: '',
  'empty lines': '\r\n\r\n\r\n',
  words: 'hello world',
  'a PNG': '\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
  'zero bytes': '\0'.repeat(1000),
  'headers without From': 'Subject: x\r\nDate: Mon, 5 Oct 2026 10:12:00 +0200\r\n\r\nx',
  'an empty From': 'From: \r\nSubject: x\r\n\r\nx',
  'parts within parts without end': `From: a@x.example\r\n${Array.from({ length: 1500 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')}`,
})) {
  test(`malformed: ${what}`, async () => {
    await assert.rejects(parseMail(Buffer.from(raw, 'latin1')), (error) => {
      assert(isHoldfastError(error) && error.code === 'MAIL_MALFORMED')
      assert.match(String(error.details.sha256), /^[0-9a-f]{64}$/)
      assert.equal(error.details.size, Buffer.from(raw, 'latin1').length)
      return true
    })
  })
}

test('random bytes put anywhere never give anything but a message or MAIL_MALFORMED', async () => {
  const whole = multipart('mixed', [
    plainPart('Hello'),
    htmlPart('<p>Hi</p>'),
    'Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\nx',
  ])
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff
    return seed % below
  }
  for (let i = 0; i < 300; i++) {
    const raw = Buffer.from(whole)
    for (let k = 0; k < 20; k++) raw[random(raw.length)] = random(256)
    await parseMail(raw.subarray(0, random(raw.length))).catch((error) => {
      assert.equal(error.code, 'MAIL_MALFORMED', error)
    })
  }
})

const sample = join(import.meta.dirname, '../../sample')

test('the sample mailbox: senders, languages and duplicates as its authors meant them', {
  skip: !existsSync(join(sample, 'expected.json')),
}, async () => {
  interface Expected {
    from: string
    language: string
    duplicateOf?: string
  }
  const expected: Record<string, Expected | undefined> = JSON.parse(
    readFileSync(join(sample, 'expected.json'), 'utf8'),
  )
  const ids = new Map<string, string>()
  for (const name of readdirSync(join(sample, 'mailbox')).filter((file) => file.endsWith('.eml'))) {
    const message = await parseMail(readFileSync(join(sample, 'mailbox', name))).catch((error) => {
      assert.equal(error.code, 'MAIL_MALFORMED', error)
      return null
    })
    const meant = expected[name]
    if (message === null || meant === undefined) continue
    ids.set(name, message.id)
    assert.equal(message.language, meant.language, name)
    assert([message.from.address, message.replyTo.address].includes(meant.from), name)
    if (message.text !== '') assert.notEqual(message.fresh, '', `${name}: something fresh`)
  }
  for (const [name, id] of ids) {
    const original = expected[name]?.duplicateOf
    const twins = [...ids].filter(([, other]) => other === id).length
    if (original === undefined) continue
    assert.equal(id, ids.get(original), name)
    assert(twins >= 2)
  }
})
