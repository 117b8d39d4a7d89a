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
