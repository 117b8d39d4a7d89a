import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createRedactor } from '../../policy/redactor.ts'
import { Output, type OutputOptions } from './output.ts'

function output(more: { tty?: boolean; columns?: number } & Partial<OutputOptions> = {}) {
  const { tty = false, columns, ...options } = more
  const streams = [new PassThrough(), new PassThrough()].map((stream) =>
    Object.assign(stream, { isTTY: tty, ...(columns === undefined ? {} : { columns }) }),
  ) as unknown as [NodeJS.WriteStream, NodeJS.WriteStream]
  const [stdout, stderr] = streams
  const redactor = createRedactor()
  const out = new Output({ stdout, stderr, env: {}, json: false, quiet: false, redactor, ...options })
  const texts = new Map([stdout, stderr].map((stream) => [stream, '']))
  for (const stream of [stdout, stderr]) {
    stream.on('data', (chunk) => texts.set(stream, `${texts.get(stream)}${chunk}`))
  }
  return { out, stdout, data: () => texts.get(stdout) ?? '', said: () => texts.get(stderr) ?? '' }
}

const RECORD = { code: 'REVIEW_ENDED', message: 'Review r-1 was\u001b[31m rejected', fix: 'Look.' }

test('data goes to stdout, everything else to stderr', () => {
  const { out, data, said } = output()
  out.text('data')
  out.note('note')
  out.error(RECORD)
  assert.equal(data(), 'data\n')
  assert.equal(said(), 'note\nREVIEW_ENDED: Review r-1 was�[31m rejected\nFix: Look.\n')
})

test('with --quiet only errors are said; with --json they are one line of JSON', () => {
  const quiet = output({ quiet: true })
  quiet.out.note('note')
  quiet.out.progress('half')
  assert.equal(quiet.said(), '')
  const json = output({ json: true })
  json.out.error(RECORD)
  assert.deepEqual(JSON.parse(json.said()), { error: RECORD })
})

test('colours are for terminals, unless NO_COLOR or FORCE_COLOR say otherwise', () => {
  const isColoured = (tty: boolean, env: Record<string, string>) =>
    output({ tty, env }).out.colors.isColorSupported
  assert.deepEqual(
    [isColoured(true, {}), isColoured(false, {}), isColoured(false, { CI: '1' })],
    [true, false, false],
  )
  assert.equal(isColoured(true, { NO_COLOR: '1' }), false)
  assert.equal(isColoured(true, { TERM: 'dumb' }), false)
  assert.equal(isColoured(false, { FORCE_COLOR: '1' }), true)
})

test('progress is painted over on a terminal, cut to its width, and gone before the next line', () => {
  const { out, said } = output({ tty: true, columns: 50, env: { NO_COLOR: '1' } })
  out.progress('x'.repeat(80))
  out.note('done')
  const text = said()
  assert.ok(text.startsWith('\r\u001b[2K… xxx'))
  assert.ok(text.endsWith('\r\u001b[2Kdone\n'))
  assert.ok((text.match(/x+/)?.[0].length ?? 0) < 50)
})

test('elsewhere progress is a line now and then', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const { out, said } = output()
  out.progress('1 of 9')
  t.mock.timers.tick(6_000)
  out.progress('5 of 9')
  out.progress('6 of 9')
  assert.equal(said(), '5 of 9\n')
})

test('a reader that goes away is told once, and ends the waiting for room', async () => {
  const { out, stdout } = output()
  let gone = 0
  out.onClosed(() => {
    gone += 1
  })
  stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await out.row({ a: 1 })
  assert.equal(gone, 1)
})

test('a line is as wide as the terminal, but not wider than one can read', () => {
  assert.deepEqual(
    [60, 300, 10].map((columns) => output({ tty: true, columns }).out.width),
    [60, 110, 40],
  )
  assert.equal(output().out.width, 100)
  assert.equal(output({ env: { COLUMNS: '70' } }).out.width, 70)
})

test('a secret that turns up is shown as its handle, wherever it is written', async () => {
  const redactor = createRedactor()
  redactor.know('canary "7d1f"', 'vault:smtp')
  const { out, data, said } = output({ redactor, json: true })
  out.text('text canary "7d1f"')
  out.document({ document: 'canary "7d1f"' })
  await out.row({ row: 'canary "7d1f"' })
  out.note('note canary "7d1f"')
  out.error({ code: 'A', message: 'canary "7d1f"', fix: 'canary "7d1f"' }, 'canary "7d1f"')
  assert.equal(data(), 'text vault:smtp\n{\n  "document": "vault:smtp"\n}\n{"row":"vault:smtp"}\n')
  assert.equal(said(), 'note vault:smtp\n{"error":{"code":"A","message":"vault:smtp","fix":"vault:smtp"}}\n')
  const plain = output({ redactor, tty: true })
  plain.out.progress('progress canary "7d1f"')
  plain.out.error({ code: 'A', message: 'canary "7d1f"', fix: 'canary "7d1f"' }, 'canary "7d1f"')
  assert.doesNotMatch(plain.said(), /canary/)
})
