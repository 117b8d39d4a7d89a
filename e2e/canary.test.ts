/**
 * Secrets are planted in the vault, a day is worked through with servers that echo what they were sent, and then every
 * byte that was written and every word that was said is searched for them.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startProtocolServer } from '../src/adapters/ai-sdk/testing/protocol-server.ts'
import { startServer } from '../src/connectors/testing/smtp-server.ts'
import { cli, folder, type Outcome, SAMPLE, serve, typed } from './testing/cli.ts'

const PASSWORD = 'canary-Pässword "7d1f" &/+'
const KEY = 'sk-canary-5f2c9d81e7b34a06'
const NEXT_KEY = 'sk-canary-another-90b1c4'
const HANDLES = { 'vault:smtp-password': PASSWORD, 'vault:openai-key': KEY }

const closers: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closers) await close()
})

/** Every form in which a value could have slipped through. */
function formsOf(value: string): Buffer[] {
  const shifted = [0, 1, 2].map((n) => {
    const text = Buffer.concat([Buffer.alloc(n), Buffer.from(value)]).toString('base64')
    return text.slice(Math.ceil((n * 4) / 3) + 1, -5)
  })
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('hex'),
    Buffer.from(value).toString('base64url').slice(0, -2),
    ...shifted,
  ]
  return forms.map((form) => Buffer.from(form))
}

function filesBelow(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

test('no secret is in any file of a workspace or backup, nor in anything that was said', async () => {
  const seen = { passwords: 0, keys: 0 }
  const mail = await startServer({
    options: {
      allowInsecureAuth: true,
      authOptional: false,
      onAuth({ username, password = '' }, _session, done) {
        if (password === PASSWORD) seen.passwords += 1
        const plain = Buffer.from(`\0${username}\0${password}`).toString('base64')
        done(Object.assign(new Error(`no ${username} with ${password} (${plain})`), { responseCode: 535 }))
      },
    },
  })
  const model = await startProtocolServer({
    protocol: 'openai',
    key: KEY,
    obey({ headers, instruction }) {
      seen.keys += 1
      const key = String(headers.authorization).replace('Bearer ', '')
      if (seen.keys % 3 === 0)
        return { status: 500, message: `broken with ${key} ${encodeURIComponent(key)}` }
      const answer = instruction.startsWith('You sort the mail')
        ? { isLead: true, kind: 'lead-candidate', score: 77, quality: 'hot', missing: [], language: 'en' }
        : {
            subject: `Re: ${key}`,
            body: `Your key is ${key}, or ${Buffer.from(`x${key}`).toString('base64')}.`,
          }
      return { answer: { answer, confidence: 0.9, reasons: [{ why: `because ${key}`, words: key }] } }
    },
  })
  closers.push(mail.close, model.close)

  const home = folder()
  const [dir, backup, restored] = ['workspace', 'backup', 'restored'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ]
  const keys = join(home, 'data')
  const env = { XDG_DATA_HOME: keys, OPENAI_BASE_URL: String(model.env.OPENAI_BASE_URL) }
  const outputs: string[] = []
  const noted = (words: readonly string[], outcome: Outcome): Outcome => {
    outputs.push(`$ holdfast ${words.join(' ')}\n${outcome.stdout}\n${outcome.stderr}`)
    return outcome
  }
  const say = async (...words: string[]) => noted(words, await cli([...words, '--dir', dir], env))
  const give = async (input: string, ...words: string[]) =>
    noted(words, await typed([...words, '--dir', dir], { env, input }))

  // the secrets are planted
  assert.equal((await say('init', '--yes', '--name', 'Mara', '--address', 'mara@lindqvist.studio')).code, 0)
  assert.equal((await give(`${PASSWORD}\n`, 'vault', 'set', 'smtp-password')).code, 0)
  assert.equal((await give(`${KEY}\n`, 'vault', 'set', 'openai-key', '--json')).code, 0)
  const config = join(dir, 'holdfast.yaml')
  const smtp = `smtp: { host: 127.0.0.1, port: ${mail.port}, user: mara, password: "vault:smtp-password" }`
  const models = 'models: { keys: { openai: "vault:openai-key" } }'
  const text = readFileSync(config, 'utf8').replace('connector: maildir', 'connector: smtp')
  writeFileSync(config, `${text}\n${smtp}\n${models}\n`)

  // the day: mail in, drafts by a model that tells its key, replies by a server that tells the password
  assert.equal((await say('ingest', SAMPLE)).code, 0)
  const inbox = JSON.parse((await say('inbox', '--all', '--json')).stdout) as { id: string; run: string }[]
  const [first, second, third] = inbox
  assert.ok(first && second && third, 'there is something to approve')
  await say('inbox', '--all')
  await say('review', first.id)
  await say('review', first.id, 'approve')
  await say('run', 'show', first.run)
  await say('run', 'show', first.run, '--json')
  await say('why', first.run, '--json')
  const crashed = noted(
    ['review approve, killed'],
    await typed(['review', second.id, 'approve', '--dir', dir], {
      env: { ...env, HOLDFAST_CRASH_AT: 'effect.before-send' },
    }),
  )
  assert.notEqual(crashed.code, 0)
  search('after the crash', [dir])
  const up = await serve(['--dir', dir], env)
  await say('review', third.id, 'approve')
  await say('vault', 'list', '--json')
  assert.equal((await give(`${NEXT_KEY}\n`, 'vault', 'rotate', 'openai-key')).code, 0, 'over the socket')
  assert.equal((await say('backup', backup)).code, 0)
  await up.stop()
  outputs.push(JSON.stringify(up.told))

  // everything that can be asked
  for (const words of [
    ['vault', 'rotate'],
    ['vault', 'list'],
    ['doctor'],
    ['doctor', '--json'],
    ['config', 'show', '--origin'],
    ['config', 'show', '--json'],
    ['runs', '--json'],
    ['breakers', '--json'],
    ['customers', '--json'],
    ['run', 'replay', '--all', '--json'],
    ['log', 'verify'],
    ['log', 'rebuild', '--check'],
    ['vault', 'set', 'NAME WITH BLANKS'],
    ['vault', 'remove', 'unknown', '--json'],
    ['connector', 'check', 'smtp', '--to', 'me@example.com', '--json'],
  ]) {
    await say(...words)
  }
  const exported = await say('log', 'export')
  const brought = noted(['restore'], await cli(['restore', backup, '--dir', restored], env))
  assert.equal(brought.code, 0, brought.stderr)
  assert.match(brought.stdout, /2 secrets came along, sealed with the master key [0-9a-f]{16}, which is in /)
  const elsewhere = { ...env, XDG_DATA_HOME: join(home, 'nothing') }
  const locked = noted(['doctor'], await cli(['doctor', '--dir', restored], elsewhere))
  assert.match(locked.stdout, /BAD .*vault .*master key/)

  // nothing of it is anywhere, though it was used, and was told to us
  assert.ok(seen.passwords >= 2, `the mail server was given the password ${seen.passwords} times`)
  assert.ok(seen.keys > 20, `the model was given the key ${seen.keys} times`)
  for (const handle of Object.keys(HANDLES)) {
    assert.ok(
      exported.stdout.includes(`with ${handle}`) || exported.stdout.includes(`is ${handle}`),
      `${handle} stands where it was told`,
    )
  }
  assert.match(exported.stdout, /"type":"holdfast\.secret\.used","subject":"secret\/smtp-password"/)
  search('at the end', [dir, backup, restored])
  const masterKeys = filesBelow(keys).map(
    (file) => readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '',
  )
  assert.equal(masterKeys.length, 2, 'the old key and the new one')

  function search(when: string, folders: readonly string[]): void {
    const sealed = filesBelow(keys).map((file) => readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '')
    const files = folders.flatMap(filesBelow).map((file) => [file, readFileSync(file)] as const)
    assert.ok(files.length >= 5, `${files.length} files were searched`)
    const said = outputs.map((output) => [output.split('\n')[0] ?? '', Buffer.from(output)] as const)
    for (const value of [PASSWORD, KEY, NEXT_KEY, ...sealed]) {
      const forms = formsOf(value)
      for (const [where, bytes] of [...files, ...said]) {
        const found = forms.find((form) => bytes.includes(form))
        if (found === undefined) continue
        const at = bytes.indexOf(found)
        assert.fail(`${when}: ${found} in ${where}: ${bytes.subarray(Math.max(0, at - 80), at + 80)}`)
      }
    }
  }
})
