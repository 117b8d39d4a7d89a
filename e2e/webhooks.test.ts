/** Deliveries of others over a real port, while `up` serves: taken once, refused with reasons, also over kills. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { signatureOf } from '../src/apps/webhooks/signature.ts'
import { cli, folder, type Serving, serve, typed } from './testing/cli.ts'

const [OLD, NEW] = ['whsec_b2xkLXNlY3JldC1vZi10aGUtc2hvcA==', 'the next secret of the shop']
const dir = join(folder(), 'workspace')

before(async () => {
  assert.equal((await cli(['init', '--yes', '--dir', dir])).code, 0)
  const config = join(dir, 'holdfast.yaml')
  const webhooks = `webhooks:
  listen: 127.0.0.1:0
  maxBytes: 2000
  from:
    shop: { secrets: [vault:shop-hook, vault:shop-hook-next], kind: order.placed, key: data.customer }
    bank: { secrets: [vault:bank-hook] }
`
  writeFileSync(config, readFileSync(config, 'utf8') + webhooks)
  await setSecret('shop-hook', OLD)
})

async function setSecret(name: string, value: string): Promise<void> {
  const { code, stderr } = await typed(['vault', 'set', name, '--dir', dir], { input: value })
  assert.equal(code, 0, stderr)
}

interface Up extends Serving {
  readonly url: string
}

/** `up`, with the address that it tells. */
async function up(env: NodeJS.ProcessEnv = {}): Promise<Up> {
  const serving = await serve(['--dir', dir], env)
  const known = serving.complaints()
  const url = /Webhooks are received at (http:\S+)\/webhooks\/NAME/.exec(known)?.[1]
  assert.ok(url, known)
  return { ...serving, url }
}

interface Sent {
  readonly id?: string
  readonly body?: string
  readonly secret?: string
  readonly secondsAgo?: number
  readonly headers?: Record<string, string | undefined>
  readonly name?: string
}

async function deliver(url: string, sent: Sent = {}) {
  const { id = 'msg-1', body = '{"data":{"customer":"c-7","total":5}}', secret = OLD, secondsAgo = 0 } = sent
  const timestamp = String(Math.floor(Date.now() / 1_000) - secondsAgo)
  const signature = signatureOf({ id, timestamp, body: Buffer.from(body) }, secret)
  const given = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
    ...sent.headers,
  }
  const headers = Object.entries(given).filter((one): one is [string, string] => one[1] !== undefined)
  const response = await fetch(`${url}/webhooks/${sent.name ?? 'shop'}`, { method: 'POST', headers, body })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type'), said: JSON.parse(text) }
}

async function eventsOf(...kinds: string[]) {
  const { stdout } = await cli(['log', 'export', '--dir', dir])
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return all.filter(({ type }) => kinds.includes(type.replace('holdfast.', '')))
}

test('a signed delivery is one event from outside, however often it comes, also after a kill', async () => {
  const first = await up()
  const taken = await deliver(first.url)
  assert.deepEqual([taken.status, taken.said], [202, { event: 'webhook/shop/msg-1', repeated: false }])
  assert.deepEqual((await deliver(first.url)).said, { event: 'webhook/shop/msg-1', repeated: true })
  const other = await deliver(first.url, { body: '{"data":{}}' })
  assert.deepEqual([other.status, other.said.code], [409, 'EVENT_ID_CONFLICT'])
  await first.stop('SIGKILL')

  const killed = await up({ HOLDFAST_CRASH_AT: 'event.after-publish' })
  await assert.rejects(deliver(killed.url, { id: 'msg-2' }), 'it died after the commit, before the answer')
  const second = await up()
  assert.deepEqual((await deliver(second.url, { id: 'msg-2' })).said.repeated, true)
  assert.equal((await deliver(second.url)).said.repeated, true)
  assert.equal(await second.stop(), 0)

  const events = await eventsOf('event.published')
  assert.deepEqual(
    events.map(({ data }) => [data.id, data.kind, data.key, data.data.data.total]),
    [
      ['webhook/shop/msg-1', 'order.placed', 'c-7', 5],
      ['webhook/shop/msg-2', 'order.placed', 'c-7', 5],
    ],
  )
  for (const event of events) {
    assert.equal(JSON.stringify(event).includes('"webhook:shop"'), true)
    assert.match(JSON.stringify(event), /external/)
  }
})

test('what is not signed, not now, not small, not whole or not for us is refused, and nothing of it is kept', async () => {
  const before = (await eventsOf('event.published')).length
  const serving = await up()
  const { url } = serving
  const refused: [string, Sent, number, string][] = [
    ['another secret', { secret: 'wrong' }, 401, 'WEBHOOK_UNSIGNED'],
    [
      'the signature of another body',
      { headers: { 'webhook-signature': 'v1,AAAA' } },
      401,
      'WEBHOOK_UNSIGNED',
    ],
    ['no signature', { headers: { 'webhook-signature': undefined } }, 400, 'WEBHOOK_INVALID'],
    ['no id', { headers: { 'webhook-id': undefined } }, 400, 'WEBHOOK_INVALID'],
    ['an odd id', { id: 'a b' }, 400, 'WEBHOOK_INVALID'],
    ['too old', { secondsAgo: 301 }, 400, 'WEBHOOK_STALE'],
    ['from the future', { secondsAgo: -400 }, 400, 'WEBHOOK_STALE'],
    ['no JSON', { body: 'total=5' }, 400, 'WEBHOOK_INVALID'],
    ['too large', { body: JSON.stringify('x'.repeat(2_000)) }, 413, 'WEBHOOK_TOO_LARGE'],
    ['to nobody', { name: 'shopp' }, 404, 'WEBHOOK_UNKNOWN'],
    ['to a name of every object', { name: 'constructor' }, 404, 'WEBHOOK_UNKNOWN'],
    ['to one whose secret is not there', { name: 'bank' }, 503, 'SECRET_UNKNOWN'],
  ]
  for (const [what, sent, status, code] of refused) {
    const answer = await deliver(url, { id: `bad-${status}`, ...sent })
    assert.deepEqual([answer.status, answer.said.code, answer.said.status], [status, code, status], what)
    assert.match(answer.type ?? '', /application\/problem\+json/, what)
  }
  const bank = await deliver(url, { name: 'bank' })
  assert.doesNotMatch(bank.said.detail, /vault|bank-hook/, 'what is wrong here is not told outside')
  assert.equal(await chunked(url), 413, 'a body without a length is cut off where it gets too large')
  const looked = await fetch(`${url}/webhooks/shop`)
  assert.deepEqual([looked.status, looked.headers.get('allow')], [405, 'POST'])
  assert.equal((await fetch(`${url}/commands/inbox`, { method: 'POST', body: '{}' })).status, 404)
  assert.equal((await deliver(url, { id: 'good' })).status, 202, 'and the next good one is taken')
  assert.match(serving.complaints(), /webhook bank was refused: SECRET_UNKNOWN/)
  assert.equal(await serving.stop(), 0)
  assert.equal((await eventsOf('event.published')).length, before + 1)
})

/** The status of an answer to a body that has no length and no end. */
async function chunked(url: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,' }
    const sending = request(`${url}/webhooks/shop`, { method: 'POST', headers })
    sending.on('response', (response) => {
      resolve(response.statusCode)
      sending.destroy()
    })
    sending.on('error', reject)
    for (let n = 0; n < 10; n += 1) sending.write('x'.repeat(1_000))
  })
}

test('a secret is changed with two that hold for a while, and nobody starts anything anew', async () => {
  const serving = await up()
  const { url } = serving
  const statuses = async (n: number) => [
    (await deliver(url, { id: `old-${n}`, secret: OLD })).status,
    (await deliver(url, { id: `new-${n}`, secret: NEW })).status,
  ]
  assert.deepEqual(await statuses(1), [202, 401])
  await setSecret('shop-hook-next', NEW)
  assert.deepEqual(await statuses(2), [202, 202])
  await setSecret('shop-hook', NEW)
  await cli(['vault', 'remove', 'shop-hook-next', '--dir', dir])
  assert.deepEqual(await statuses(3), [401, 202])
  assert.equal(await serving.stop(), 0)
  const used = (await eventsOf('secret.used')).map(({ data }) => `${data.name} ${data.version}`)
  assert.deepEqual(used.slice(-3), ['shop-hook 1', 'shop-hook-next 1', 'shop-hook 2'], 'once each')
  const log = (await cli(['log', 'export', '--dir', dir])).stdout
  for (const secret of [OLD, NEW]) assert.equal(log.includes(secret), false)
})

test('where nothing can listen, `up` says so', async () => {
  const serving = await up()
  const port = new URL(serving.url).port
  const taken = await typed(['up', '--dir', join(await second(port))])
  assert.equal(taken.code, 78)
  assert.match(taken.stderr, /CONFIG_INVALID.*EADDRINUSE/)
  assert.equal(await serving.stop(), 0)
})

async function second(port: string): Promise<string> {
  const other = join(folder(), 'workspace')
  assert.equal((await cli(['init', '--yes', '--dir', other])).code, 0)
  const config = join(other, 'holdfast.yaml')
  writeFileSync(config, `${readFileSync(config, 'utf8')}webhooks: { listen: "127.0.0.1:${port}" }\n`)
  return other
}
