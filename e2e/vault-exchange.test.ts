/** Secrets go to another machine in a file under a passphrase, and nothing of them shows on the way. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { cli, folder, type Outcome, serve, typed } from './testing/cli.ts'

const [MAIL, KEY, OTHER] = ['canary-mail-77f1', 'canary-key-c0d2', 'canary-other-3e']
const WORDS = 'sesame opens six doors'
const home = folder()
const [dir, there] = [join(home, 'here'), join(home, 'there')]
/** Another machine: its master keys are its own. */
const far = { XDG_DATA_HOME: join(home, 'far') }
const file = join(home, 'secrets.json')
const said: Outcome[] = []

async function type(words: string[], input?: string, env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const outcome = await typed(words, { ...(env && { env }), ...(input === undefined ? {} : { input }) })
  said.push(outcome)
  return outcome
}

const brought = (input: string, ...more: string[]) =>
  type(['vault', 'import', file, ...more, '--dir', there], input, far)

before(async () => {
  for (const [where, env] of [
    [dir, {}],
    [there, far],
  ] as const) {
    assert.equal((await cli(['init', '--yes', '--dir', where], env)).code, 0)
  }
  assert.equal((await type(['vault', 'set', 'smtp-password', '--dir', dir], MAIL)).code, 0)
  assert.equal((await type(['vault', 'set', 'openai-key', '--dir', dir], KEY)).code, 0)
})

function shows(where: string): string[] {
  const forms = [MAIL, KEY, OTHER, WORDS].flatMap((text) => [
    text,
    Buffer.from(text).toString('base64').slice(0, -4),
    Buffer.from(text).toString('hex'),
  ])
  return readdirSync(where, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => forms.some((form) => readFileSync(path).includes(form)))
}

test('they leave in a sealed file, and come in elsewhere under their names', async () => {
  assert.equal((await type(['vault', 'export', file, '--dir', dir], 'short')).code, 2)
  assert.equal(existsSync(file), false)
  const left = await type(['vault', 'export', file, '--dir', dir], `${WORDS}\n`)
  assert.equal(left.code, 0, left.stderr)
  assert.match(left.stdout, /2 secrets .*openai-key, smtp-password/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match((await type(['vault', 'export', file, '--dir', dir], WORDS)).stderr, /FILE_EXISTS/)

  const wrong = await brought('sesame opens no doors')
  assert.match(wrong.stderr, /EXPORT_NOT_OPENED/)
  const done = await brought(WORDS)
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /Brought in: vault:openai-key, vault:smtp-password\./)
  assert.match((await brought(WORDS)).stdout, /There already: vault:openai-key, vault:smtp-password\./)
})

test('where a name has another value nothing comes in, until it is said which holds', async () => {
  assert.equal((await type(['vault', 'set', 'smtp-password', '--dir', there], OTHER, far)).code, 0)
  assert.equal((await type(['vault', 'remove', 'openai-key', '--dir', there], '', far)).code, 0)
  const refused = await brought(WORDS)
  assert.match(refused.stderr, /SECRET_CONFLICT.*vault:smtp-password/)
  const list = async () => (await type(['vault', 'list', '--json', '--dir', there], '', far)).stdout
  assert.equal((await list()).includes('openai-key'), false, 'not even what is in nobody’s way')
  assert.match((await brought(WORDS, '--keep')).stdout, /Left as they are: vault:smtp-password/)
  assert.match((await brought(WORDS, '--replace')).stdout, /Replaced: vault:smtp-password/)
  assert.match((await brought(WORDS)).stdout, /There already: vault:openai-key, vault:smtp-password/)
  assert.equal((await brought(WORDS, '--keep', '--replace')).code, 2)
})

test('a process that serves does the same, and what is on record are names and versions', async () => {
  const serving = await serve(['--dir', dir])
  const one = join(home, 'one.json')
  const left = await type(['vault', 'export', one, 'smtp-password', '--dir', dir], WORDS)
  assert.equal(left.code, 0, left.stderr)
  const unknown = await type(['vault', 'export', join(home, 'no.json'), 'nothing', '--dir', dir], WORDS)
  assert.match(unknown.stderr, /SECRET_UNKNOWN/)
  assert.equal(await serving.stop(), 0)

  const exported = await type(['log', 'export', '--dir', dir])
  const events = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; data: object })
  const of = (kind: string) => events.filter(({ type: one }) => one === `holdfast.${kind}`)
  const [first, second] = of('vault.exported').map(({ data }) => data)
  assert.deepEqual(first, {
    secrets: [
      { name: 'openai-key', version: 1 },
      { name: 'smtp-password', version: 1 },
    ],
  })
  assert.deepEqual(second, { secrets: [{ name: 'smtp-password', version: 1 }] })
  assert.equal(of('secret.used').length, 3, 'each was on record before it left')
})

test('no secret and no passphrase is in any file, log, output or error', () => {
  assert.deepEqual(shows(home), [])
  assert.ok(said.length > 10)
  for (const { stdout, stderr } of said) {
    for (const text of [MAIL, KEY, OTHER, WORDS])
      assert.equal(`${stdout}${stderr}`.includes(text), false, text)
  }
})
