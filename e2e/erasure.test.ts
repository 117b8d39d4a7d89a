/**
 * A customer of the sample is erased, and every byte of the workspace is searched for them by a search of this test's
 * own; also after a crash at every step, and after an older backup was restored.
 */
import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { ERASURE_CRASH_POINTS } from '../src/ports/crash-points.ts'
import { cli, folder, SAMPLE, typed } from './testing/cli.ts'

const ADDRESS = 'ingrid.vasshaug@fjordlys-foundation.example'
const NAME = 'Ingrid Vasshaug'
const PENDING = 'erasure.pending.json'

const home = folder()
const [ready, copies] = [join(home, 'ready'), join(home, 'copies')]
/** Words of their mails, and of what was drafted and sent to them. */
const texts: string[] = []

/** As it is, in JSON, quoted-printable and base64 at each of its three places. */
function formsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const quoted = Array.from(bytes, (byte) => {
    const plain = byte < 0x80 && byte !== 0x3d
    return plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
  const shifted = [0, 1, 2].map((n) => {
    const encoded = Buffer.concat([Buffer.alloc(n), bytes]).toString('base64')
    return encoded.slice(Math.ceil((n * 4) / 3) + 1, -5)
  })
  return [text, JSON.stringify(text).slice(1, -1), quoted, ...shifted].map((form) => Buffer.from(form))
}

/** Which of the texts are in which files of a folder. */
function tracesIn(dir: string, wanted: readonly string[] = [NAME, ADDRESS, ...texts]): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  return entries.flatMap((entry) => {
    const raw = readFileSync(join(entry.parentPath, entry.name))
    const joined = Buffer.from(raw.toString('latin1').replace(/=?\r?\n/g, ''), 'latin1')
    const isIn = (text: string) => formsOf(text).some((form) => raw.includes(form) || joined.includes(form))
    return wanted.filter(isIn).map((text) => `${entry.name}: ${text}`)
  })
}

async function erase(dir: string, ...more: string[]) {
  return await cli(['erase', ADDRESS, '--reason', `${NAME} asked for it`, '--yes', ...more, '--dir', dir])
}

async function assertWhole(dir: string): Promise<void> {
  assert.equal((await cli(['log', 'verify', '--dir', dir])).code, 0)
  assert.equal((await cli(['log', 'rebuild', '--check', '--dir', dir])).code, 0)
}

function workspaceOf(name: string): string {
  const dir = join(home, name)
  cpSync(ready, dir, { recursive: true })
  return dir
}

before(async () => {
  assert.equal((await cli(['up', '--sample', '--once', '--dir', ready])).code, 0)
  const inbox = JSON.parse((await cli(['inbox', '--all', '--json', '--dir', ready])).stdout) as {
    id: string
    customer: { address: string }
  }[]
  const [first, second] = inbox.filter(({ customer }) => customer.address === ADDRESS)
  assert.ok(first && second, 'two drafts wait')
  const body = 'The reply that only Ingrid was to read, with a figure of 48,213 crowns.'
  const edited = await cli(['review', first.id, 'edit', '--set', `body=${body}`, '--dir', ready])
  assert.equal(edited.code, 0, edited.stderr)
  texts.push('a figure of 48,213 crowns')
  const shown = JSON.parse((await cli(['customer', 'show', ADDRESS, '--json', '--dir', ready])).stdout) as {
    addresses: { value: string }[]
    phones: { value: string }[]
  }
  const addresses = shown.addresses.map(({ value }) => value)
  texts.push(...addresses)
  const inboxDir = join(ready, 'mail', 'Inbox', 'cur')
  const mails = readdirSync(inboxDir)
    .map((name) => readFileSync(join(inboxDir, name), 'utf8'))
    .filter((mail) => addresses.some((address) => mail.toLowerCase().includes(address)))
  assert.ok(mails.length >= 2, `${mails.length} mails`)
  for (const mail of mails) {
    const lines = mail.slice(mail.search(/\r?\n\r?\n/)).split(/\r?\n/)
    const plain = lines.filter((line) => /^[A-Za-z][A-Za-z ,.']{40,}$/.test(line))
    texts.push(...plain.slice(0, 2))
  }
  texts.push(...shown.phones.map(({ value }) => value))
  assert.ok(texts.length >= 3, texts.join('\n'))
  const found = tracesIn(ready)
  for (const where of ['holdfast.db: Ingrid', 'hf-', 'sample-']) {
    assert.ok(
      found.some((trace) => trace.startsWith(where)),
      `${where} in\n${found.join('\n')}`,
    )
  }
  assert.equal((await cli(['backup', join(copies, 'older'), '--dir', ready])).code, 0)
})

test('nothing is erased while runs have not ended, nor without a word that it is meant', async () => {
  const dir = workspaceOf('busy')
  const refused = await erase(dir)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /CUSTOMER_BUSY.*lead-m-/)
  const unsure = await cli(['erase', ADDRESS, '--reason', 'x', '--dir', dir])
  assert.equal(unsure.code, 2)
  assert.equal((await cli(['erase', ADDRESS, '--yes', '--dir', dir])).code, 2, 'a reason is needed')
  const look = await cli(['erase', ADDRESS, '--dry-run', '--dir', dir])
  assert.match(look.stdout, /Would be erased: \d+ events, 2 runs, 3 files/)
  assert.equal((await cli(['customer', 'show', ADDRESS, '--dir', dir])).code, 0)
  assert.equal(existsSync(join(dir, PENDING)), false)
})

test('no byte of an erased customer is in any file; the log is whole; a new mail makes a new record', async () => {
  const dir = workspaceOf('erased')
  const checkpoint = join(home, 'checkpoint.json')
  writeFileSync(checkpoint, (await cli(['log', 'checkpoint', '--dir', dir])).stdout)
  const done = await erase(dir, '--cancel-runs')
  assert.equal(done.code, 0, done.stdout + done.stderr)
  assert.match(done.stdout, /Nothing is left/)
  assert.deepEqual(tracesIn(dir), [])
  await assertWhole(dir)
  assert.equal((await cli(['log', 'verify', '--against', checkpoint, '--dir', dir])).code, 0)
  assert.equal((await cli(['customer', 'show', ADDRESS, '--dir', dir])).code, 1)
  const again = await erase(dir)
  assert.match(again.stderr, /CUSTOMER_NOT_FOUND/)

  const known = await cli(['ingest', SAMPLE, '--json', '--dir', dir])
  assert.equal((JSON.parse(known.stdout) as { new: number }).new, 0, 'what was erased does not come back')
  assert.deepEqual(tracesIn(dir), [])

  const letter = join(home, 'new.eml')
  const lines = [`From: ${NAME} <${ADDRESS}>`, 'To: mara@lindqvist.studio', 'Subject: Hello again']
  writeFileSync(
    letter,
    [...lines, 'Message-ID: <new@fjordlys.example>', '', 'Are you free in May?', ''].join('\r\n'),
  )
  await cli(['ingest', letter, '--dir', dir])
  const record = JSON.parse((await cli(['customer', 'show', ADDRESS, '--json', '--dir', dir])).stdout) as {
    messages: number
  }
  assert.equal(record.messages, 1)
  assert.deepEqual(
    tracesIn(
      dir,
      texts.filter((text) => text !== ADDRESS),
    ),
    [],
    'nothing of before is known',
  )
  await assertWhole(dir)
  assert.equal((await erase(dir, '--cancel-runs')).code, 0, 'and can be erased as well')
  assert.deepEqual(tracesIn(dir), [])
})

test('after a crash at any step the same command goes on to the end', async () => {
  for (const point of ERASURE_CRASH_POINTS) {
    const dir = workspaceOf(point)
    const words = ['erase', ADDRESS, '--reason', 'asked', '--yes', '--cancel-runs', '--dir', dir]
    const killed = await typed(words, { env: { HOLDFAST_CRASH_AT: point } })
    assert.notEqual(killed.code, 0, point)
    assert.ok(existsSync(join(dir, PENDING)), point)
    const other = await cli([
      'erase',
      'claire.beaumont-hay@wexcombe.example',
      '--reason',
      'x',
      '--yes',
      '--dir',
      dir,
    ])
    assert.match(other.stderr, /ERASURE_UNFINISHED/)
    const done = await erase(dir, '--cancel-runs')
    assert.equal(done.code, 0, point + done.stdout + done.stderr)
    assert.deepEqual(tracesIn(dir), [], point)
    await assertWhole(dir)
    const list = JSON.parse(readFileSync(join(dir, 'erasures.json'), 'utf8')) as { erased: unknown[] }
    assert.equal(list.erased.length, 1, `${point}: on record once`)
  }
})

test('what is left is told with its place, and the command can be repeated until nothing is', async () => {
  const dir = workspaceOf('left')
  const own = join(dir, 'playbooks', 'note.txt')
  writeFileSync(own, Buffer.from(`xx${NAME} owes us nothing`).toString('base64'))
  const first = await erase(dir, '--cancel-runs')
  assert.equal(first.code, 1)
  assert.match(first.stdout, /playbooks\/note\.txt: name "Ingrid Vasshaug"/)
  assert.ok(existsSync(join(dir, PENDING)))
  assert.equal((await erase(dir, '--finish')).code, 0)
  assert.equal(existsSync(join(dir, PENDING)), false)
})

test('an older backup does not bring an erased customer back', async () => {
  const dir = workspaceOf('live')
  const plain = join(home, 'plain')
  assert.equal((await cli(['restore', join(copies, 'older'), '--dir', plain])).code, 0)
  assert.notDeepEqual(tracesIn(plain), [], 'it holds them, and no list says that they were erased')

  assert.equal((await erase(dir, '--cancel-runs')).code, 0)
  const named = join(home, 'named')
  const restored = await cli(['restore', join(copies, 'older'), '--erasures', dir, '--dir', named])
  assert.match(restored.stdout, /Erased again: 1 customer/, restored.stderr)
  assert.deepEqual(tracesIn(named), [])
  await assertWhole(named)

  assert.equal((await cli(['backup', join(copies, 'newer'), '--dir', dir])).code, 0)
  const beside = join(home, 'beside')
  assert.equal((await cli(['restore', join(copies, 'older'), '--dir', beside])).code, 0)
  assert.deepEqual(tracesIn(beside), [])
  await assertWhole(beside)
  const { stdout } = await cli(['runs', '--json', '--dir', beside])
  assert.equal(stdout.includes('stalled'), false)
})

test('names are known as they are said, and in scripts that have no spaces', async () => {
  const dir = join(home, 'said')
  const letter = (file: string, from: string, text: string): string => {
    const path = join(home, file)
    const head = [`From: ${from}`, 'To: mara@lindqvist.studio', 'Subject: A new website']
    const type = 'Content-Type: text/plain; charset=utf-8'
    writeFileSync(path, [...head, `Message-ID: <${file}@x.example>`, type, '', text, ''].join('\r\n'))
    return path
  }
  const japanese = '私たちの茶園のために新しいウェブサイトを作っていただけますでしょうか'
  const letters = [
    letter('a', '"Ashworth, Dr. Ann" <ann@firm.example>', 'We need a new website. What would it cost?'),
    letter('b', '山田太郎 <taro@tea.example>', `${japanese}。`),
    letter('c', 'Bo Ek <bo@other.example>', 'Ann Ashworth told me that you make websites.'),
    letter('d', 'Cy Ek <cy@other.example>', `山田太郎様のご紹介です。「${japanese}。」`),
  ]
  assert.equal((await cli(['init', '--yes', '--dir', dir])).code, 0)
  assert.equal((await cli(['ingest', ...letters, '--dir', dir])).code, 0)
  for (const [address, name, other] of [
    ['ann@firm.example', 'Ann Ashworth', 'bo@other.example'],
    ['taro@tea.example', '山田太郎', 'cy@other.example'],
  ] as const) {
    const words = ['erase', address, '--reason', 'asked', '--yes', '--cancel-runs', '--dir', dir]
    const first = await cli(words)
    assert.deepEqual([first.code, first.stdout.includes(`name "${name}"`)], [1, true], first.stdout)
    assert.equal(first.stdout.includes(`text "${japanese}`), name === '山田太郎')
    assert.equal((await cli(['customer', 'show', other, '--dir', dir])).code, 0)
    assert.equal((await cli([...words, '--mentions'])).code, 0)
    assert.deepEqual(tracesIn(dir, [name]), [])
  }
})

test('where they asked to be answered is an address of theirs, unless others ask for answers there', async () => {
  const dir = join(home, 'answers')
  const letter = (from: string, answers: string): string => {
    const path = join(home, `${from}.eml`)
    const head = [
      `From: <${from}>`,
      `Reply-To: <${answers}>`,
      'To: mara@lindqvist.studio',
      'Subject: A website',
    ]
    const text = 'We need a new website. Ask pia.own@post.example or office@post.example.'
    writeFileSync(path, [...head, `Message-ID: <1${from}>`, '', text, ''].join('\r\n'))
    return path
  }
  const letters = [
    letter('pia@firm.example', 'pia.own@post.example'),
    letter('kim@firm.example', 'office@post.example'),
    letter('ola@firm.example', 'office@post.example'),
  ]
  assert.equal((await cli(['init', '--yes', '--dir', dir])).code, 0)
  assert.equal((await cli(['ingest', ...letters, '--dir', dir])).code, 0)
  const words = ['--reason', 'asked', '--yes', '--cancel-runs', '--dir', dir]
  const pia = await cli(['erase', 'pia@firm.example', ...words])
  assert.match(pia.stdout, /address "pia\.own@post\.example"/)
  assert.equal((await cli(['erase', 'pia@firm.example', '--finish', ...words])).code, 0)
  const kim = await cli(['erase', 'kim@firm.example', ...words])
  assert.doesNotMatch(kim.stdout, /address "office@post\.example"/)
})

test('somebody else whose address holds that of an erased customer keeps all that is theirs', async () => {
  const dir = join(home, 'alike')
  const letter = (name: string, address: string): string => {
    const path = join(home, `${address}.eml`)
    const head = [`From: ${name} <${address}>`, 'To: mara@lindqvist.studio', 'Subject: A new website']
    const text = `We need a new website for ${name}, budget 9,000 EUR. What would it cost?`
    writeFileSync(path, [...head, `Message-ID: <${name[0]}1@x.example>`, '', text, ''].join('\r\n'))
    return path
  }
  const others = ['john.smith@firm.example', 'smith@firm.example.uk']
  const letters = [
    letter('Ann Smith', 'smith@firm.example'),
    ...others.map((one, i) => letter(`Bo${i}`, one)),
  ]
  assert.equal((await cli(['init', '--yes', '--dir', dir])).code, 0)
  assert.equal((await cli(['ingest', ...letters, '--dir', dir])).code, 0)
  const words = ['erase', 'smith@firm.example', '--reason', 'asked', '--yes', '--cancel-runs', '--mentions']
  const done = await cli([...words, '--dir', dir])
  assert.equal(done.code, 0, done.stdout + done.stderr)
  assert.deepEqual(tracesIn(dir, ['Ann Smith']), [])
  for (const other of others) {
    assert.equal((await cli(['customer', 'show', other, '--dir', dir])).code, 0)
    assert.match((await cli(['inbox', '--dir', dir])).stdout, new RegExp(`<${RegExp.escape(other)}>`))
  }
})
