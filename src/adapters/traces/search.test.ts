import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { searchFiles } from './search.ts'

const TEXT = 'Åsa Ek-Öberg, Vävargatan 12'
const address = { what: 'address', text: 'ada@hall.example', whole: true }

async function found(
  bytes: Uint8Array | string,
  wanted = { what: 'text', text: TEXT, whole: false },
  name = 'file',
) {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-traces-'))
  try {
    writeFileSync(join(dir, name), bytes)
    return (await searchFiles(dir, [wanted])).traces.length > 0
  } finally {
    rmSync(dir, { recursive: true })
  }
}

test('a text is found in every form that mail and JSON give it', async () => {
  const forms: [string, Uint8Array | string][] = [
    ['UTF-8', `before ${TEXT} after`],
    ['small letters', TEXT.replace('Vä', 'vä')],
    ['Latin-1', Buffer.from(`before ${TEXT}`, 'latin1')],
    ['UTF-16', Buffer.from(TEXT, 'utf16le')],
    ['quoted-printable, broken into lines', '=C3=85sa Ek-=C3=96berg, V=C3=A4var=\r\ngatan 12'],
    ['quoted-printable of Latin-1', '=C5sa Ek-=D6berg, V=E4vargatan 12'],
    ['a header in Q', '=?utf-8?Q?=C3=85sa_Ek-=C3=96berg,_V=C3=A4vargatan_12?='],
    ['a percent-encoded link', `mailto:?body=${encodeURIComponent(TEXT)}`],
    ...['', 'x', 'xy', 'xyz'].map((before): [string, string] => [
      `base64 after ${before.length} bytes, in lines`,
      Buffer.from(`${before}${TEXT} and more`)
        .toString('base64')
        .replace(/(.{20})/g, '$1\r\n'),
    ]),
    ['across two chunks', `${'.'.repeat(4 * 2 ** 20 - 10)}${TEXT}`],
  ]
  for (const [form, bytes] of forms) assert.ok(await found(bytes), form)
  assert.equal(await found('Somebody else, Vävargatan 14'), false)
})

test('a name is found however it is written', async () => {
  const name = { what: 'name', text: 'Zoë van Öberg', whole: true }
  const forms: Record<string, string> = {
    'in capital letters': 'by ZOË VAN ÖBERG.',
    'with marks behind letters': 'by Zoë van Öberg.'.normalize('NFD'),
    'in HTML': '<b>Zo&euml;&nbsp;van &Ouml;berg</b>',
    'in HTML by numbers': 'Zo&#235; van &#xD6;berg',
    'over two lines': 'by Zoë\r\n  van Öberg',
    'in JSON, at the beginning of a line': JSON.stringify('ask\nZoë van\nÖberg\n'),
    'in quoted-printable': 'by=20ZO=C3=8B van =C3=96BERG=2E',
    'in a link': `?name=%20${encodeURIComponent('Zoë van Öberg')}`,
    'in base64': Buffer.from(`by ${'.'.repeat(90)} ZOË VAN ÖBERG`)
      .toString('base64')
      .replace(/.{76}/g, '$&\r\n'),
  }
  for (const [form, text] of Object.entries(forms)) assert.ok(await found(text, name), form)
  for (const text of ['Zoë van Öbergs', 'Zoë Öberg', 'xZoë van Öberg'])
    assert.ok(!(await found(text, name)), text)
})

test('a name is found in the charsets of older mail', async () => {
  const cases: readonly (readonly [name: string, charset: string, bytes: Uint8Array])[] = [
    ['Иван Петров', 'windows-1251', Buffer.from('c8e2e0ed20cfe5f2f0eee2', 'hex')],
    ['Иван Петров', 'koi8-r', Buffer.from('e9d7c1ce20f0c5d4d2cfd7', 'hex')],
    ['Zoë O’Brien', 'windows-1252', Buffer.from('5a6feb204f92427269656e', 'hex')],
    ['小野寺千晶', 'iso-2022-jp', Buffer.from('1b24423e2e4c6e3b7b40693e3d1b2842', 'hex')],
    ['小野寺千晶', 'shift_jis', Buffer.from('8fac96ec8e9b90e78fbb', 'hex')],
    ['김민수 Kim', 'euc-kr', Buffer.from('b1e8b9cebcf6204b696d', 'hex')],
    ['千晶 Ono', 'iso-2022-jp', Buffer.from('1b244240693e3d1b2842204f6e6f', 'hex')],
  ]
  for (const [text, charset, bytes] of cases) {
    assert.equal(new TextDecoder(charset).decode(bytes), text)
    const name = { what: 'name', text, whole: !/[\u3000-\uffff]/.test(text) }
    const letter = Buffer.concat([Buffer.from('To: <'), bytes, Buffer.from('>')])
    assert.ok(await found(letter, name), `${text} in ${charset}`)
    assert.ok(await found(Buffer.from(letter.toString('base64')), name), `${text} in ${charset}, in base64`)
    const quoted = letter.toString('hex').replace(/../g, (hex) => `=${hex.toUpperCase()}`)
    assert.ok(await found(Buffer.from(quoted), name), `${text} in ${charset}, quoted`)
  }
  assert.equal(await found('q0*Î and nothing else', { what: 'name', text: '山田太郎', whole: false }), false)
})

test('a name counts where it stands whole, also in the name of a file', async () => {
  assert.ok(await found('to: <ADA@hall.example>', address))
  assert.ok(await found('', address, 'ada@hall.example.eml'))
  assert.equal(await found('nada@hall.example', address), false)
  assert.equal(await found('ada@hall.examples', address), false)
})

test('a name is not found within that of somebody else, however that is written', async () => {
  const smith = { what: 'address', text: 'smith@firm.example', whole: true }
  const apart = { ...smith, others: ['john.smith@firm.example', 'smith@firm.example.uk'] }
  for (const other of apart.others) {
    const letter = `To: <${other}>; call me`
    for (const form of [
      letter,
      letter.toUpperCase(),
      `?to=${encodeURIComponent(other)}`,
      ...['', 'x', 'xy'].map((before) => Buffer.from(before + letter).toString('base64')),
    ]) {
      assert.ok(await found(form, smith), form)
      assert.equal(await found(form, apart), false, form)
    }
    assert.ok(await found(`${letter}, <smith@firm.example>`, apart))
    assert.ok(await found(Buffer.from(`${letter} smith@firm.example`).toString('base64'), apart))
  }
})

test('a file that is left out is not searched', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-traces-'))
  writeFileSync(join(dir, 'mine'), TEXT)
  const report = await searchFiles(dir, [{ what: 'text', text: TEXT, whole: false }], { skip: ['mine'] })
  assert.deepEqual(report, { files: 0, bytes: 0, traces: [] })
  rmSync(dir, { recursive: true })
})
