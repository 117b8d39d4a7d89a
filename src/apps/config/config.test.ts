import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HoldfastError } from '../../kernel/errors.ts'
import { CONFIG_FILE, loadConfig, userConfigPath } from './config.ts'
import { defaultConfigText } from './default-config.ts'
import { resolveInWorkspace } from './paths.ts'
import { CONFIG_LEAVES } from './schema.ts'
import { workspaceDir } from './workspace-dir.ts'

/** A workspace with these files; the user's own file is kept apart from the real one. */
async function workspace(t: TestContext, files: { project?: string; user?: string } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'config-'))
  t.after(() => rm(dir, { recursive: true }))
  const userConfigPath = join(dir, 'user.yaml')
  if (files.project !== undefined) await writeFile(join(dir, CONFIG_FILE), files.project)
  if (files.user !== undefined) await writeFile(userConfigPath, files.user)
  return { dir, userConfigPath, env: {} as Record<string, string> }
}

async function problem(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await promise.then(
    () => assert.fail('it was accepted'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof HoldfastError)
  assert.equal(error.code, 'CONFIG_INVALID')
  return error
}

test('a workspace without any file has the defaults', async (t) => {
  const { config, settings, secrets } = await loadConfig(await workspace(t))
  assert.deepEqual(config, {
    owner: { name: '', addresses: [], business: '', region: 'US' },
    mail: { in: { maildir: 'mail/Inbox' }, out: { connector: 'maildir', sentDir: 'mail/Sent' } },
    smtp: { host: null, port: 587, secure: false, user: null, password: null, passwordFile: null },
    models: { use: 'auto', keys: { openai: null, anthropic: null }, prices: {} },
    limits: { activeRuns: 64 },
    webhooks: { listen: null, maxBytes: 262_144, from: {} },
  })
  assert.deepEqual(settings['smtp.port'], { value: 587, origin: 'default', where: null })
  assert.deepEqual(secrets.OPENAI_API_KEY, { set: false, where: null, handle: null })
})

test('flag before environment before project before user before default, each value for itself', async (t) => {
  const given = await workspace(t, {
    project: 'owner:\n  name: Project\n\nsmtp:\n  host: project.example\n  user: project\n  port: 2525\n',
    user: '# mine\nsmtp: { host: user.example, user: user, secure: true, port: 25 }\n',
  })
  const { config, settings } = await loadConfig({
    ...given,
    env: { HOLDFAST_SMTP_PORT: '1025', HOLDFAST_SMTP_USER: 'env', HOLDFAST_SMTP_HOST: '' },
    flags: {
      'smtp.user': { flag: '--smtp-user', value: 'flag' },
      'owner.name': { flag: '--x', value: undefined },
    },
  })
  const project = join(given.dir, CONFIG_FILE)
  assert.deepEqual(settings['smtp.user'], { value: 'flag', origin: 'flag', where: '--smtp-user' })
  assert.deepEqual(settings['smtp.port'], { value: 1025, origin: 'environment', where: 'HOLDFAST_SMTP_PORT' })
  assert.deepEqual(settings['smtp.host'], {
    value: 'project.example',
    origin: 'project',
    where: `${project}:5`,
  })
  assert.deepEqual(settings['owner.name'], { value: 'Project', origin: 'project', where: `${project}:2` })
  assert.deepEqual(settings['smtp.secure'], {
    value: true,
    origin: 'user',
    where: `${given.userConfigPath}:2`,
  })
  assert.equal(settings['limits.activeRuns']?.origin, 'default')
  assert.deepEqual(config.smtp, {
    host: 'project.example',
    port: 1025,
    secure: true,
    user: 'flag',
    password: null,
    passwordFile: null,
  })
})

test('variables are read as what is wanted: text, number, truth, list', async (t) => {
  const env = {
    HOLDFAST_OWNER_NAME: '12',
    HOLDFAST_OWNER_ADDRESSES: 'Ada@Example.com, me@example.com',
    HOLDFAST_SMTP_SECURE: 'true',
    HOLDFAST_MAIL_OUT_SENT_DIR: '/var/mail/sent',
    HOLDFAST_MODEL: 'ollama:qwen3:4b',
    HOLDFAST_LIMITS_ACTIVE_RUNS: '8',
  }
  const { config } = await loadConfig({ ...(await workspace(t)), env })
  assert.equal(config.owner.name, '12')
  assert.deepEqual(config.owner.addresses, ['ada@example.com', 'me@example.com'])
  assert.equal(config.smtp.secure, true)
  assert.equal(config.mail.out.sentDir, '/var/mail/sent')
  assert.equal(config.models.use, 'ollama:qwen3:4b')
  assert.equal(config.limits.activeRuns, 8)
})

test('every value has a variable of its own', () => {
  const variables = CONFIG_LEAVES.flatMap(({ variable }) => variable ?? [])
  assert.equal(new Set(variables).size, variables.length)
  for (const variable of variables) assert.match(variable ?? '', /^HOLDFAST_[A-Z_]+$/)
})

test('a mistake in a file is named with line, column, path and the key that was meant', async (t) => {
  const cases: [string, RegExp][] = [
    ['owner:\n  nmae: Ada\n', /holdfast\.yaml:2:3 owner\.nmae: unknown key "nmae"; did you mean "name"\?/],
    ['smtp:\n  pasword: x\n', /:2:3 smtp\.pasword: unknown key "pasword"; did you mean "password"/],
    [
      'smtp:\n  password: hunter-2\n',
      /:2:13 smtp\.password: must be the handle of a secret in the vault, such as/,
    ],
    ['smtp: { port: 70000 }\n', /:1:15 smtp\.port: must be a whole number between 1 and 65535/],
    ['mail:\n  out:\n    connector: pigeon\n', /:3:16 mail\.out\.connector: must be one of maildir, smtp/],
    ['models:\n  use: gpt-5\n', /:2:8 models\.use: must be auto, none or provider:model/],
    ['models:\n  prices:\n    gpt-5: {}\n', /:3:5 models\.prices.*must be provider:model/],
    ['owner: [\n', /:\d+:\d+ /],
  ]
  for (const [project, message] of cases) {
    assert.match((await problem(loadConfig(await workspace(t, { project })))).message, message)
  }
})

test('a mistake in a variable or a flag is named with it', async (t) => {
  const given = await workspace(t)
  const variable = await problem(loadConfig({ ...given, env: { HOLDFAST_SMTP_PORT: 'smtp' } }))
  assert.match(
    variable.message,
    /^HOLDFAST_SMTP_PORT: must be a whole number between 1 and 65535, not "smtp"/,
  )
  const flags = { 'models.use': { flag: '--model', value: 'gpt' } }
  assert.match((await problem(loadConfig({ ...given, flags }))).message, /^--model: must be auto, none or/)
})

test('sending by smtp without a server is refused, and says who asked for it', async (t) => {
  const env = { HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp' }
  const given = await workspace(t)
  assert.match(
    (await problem(loadConfig({ ...given, env }))).message,
    /^HOLDFAST_MAIL_OUT_CONNECTOR: .*smtp\.host/,
  )
  await loadConfig({ ...given, env: { ...env, HOLDFAST_SMTP_HOST: 'smtp.example.com' } })
})

test('a file of comments alone is fine; one that can not be read is not', async (t) => {
  const given = await workspace(t, { project: '# owner:\n#   name: Ada\n', user: '' })
  assert.equal((await loadConfig(given)).config.owner.name, '')
  const unreadable = await workspace(t)
  await mkdir(join(unreadable.dir, CONFIG_FILE))
  await assert.rejects(loadConfig(unreadable), { code: 'FILE_UNREADABLE' })
})

test('the text for init is valid, says the defaults, and takes any owner', async (t) => {
  const plain = await loadConfig(await workspace(t, { project: defaultConfigText() }))
  assert.deepEqual(plain.config, (await loadConfig(await workspace(t))).config)
  const owner = {
    name: 'Ada "the: [first]" # Lovelace\n',
    addresses: ['ada@example.com'],
    business: "O'Neil & Co",
    region: 'GB',
  }
  const { config } = await loadConfig(await workspace(t, { project: defaultConfigText(owner) }))
  assert.deepEqual(config.owner, owner)
})

test('what the text for init shows as comments is valid too', async (t) => {
  const commented = defaultConfigText()
    .replace(/^[\s\S]*?\n(?=owner:)/, '')
    .replace(/^# (smtp:|models:|limits:|webhooks:| {2})/gm, '$1')
  const { config } = await loadConfig(await workspace(t, { project: commented }))
  assert.equal(config.smtp.host, 'smtp.example.com')
  assert.equal(config.models.use, 'openai:gpt-5.4-mini')
  assert.ok(config.models.prices['openai:gpt-5.4-mini'])
  assert.equal(config.limits.activeRuns, 64)
})

test('the file of the user is where XDG says, a relative XDG_CONFIG_HOME does not count', () => {
  assert.equal(userConfigPath({ XDG_CONFIG_HOME: '/etc/me' }), '/etc/me/holdfast/config.yaml')
  assert.equal(
    userConfigPath({ XDG_CONFIG_HOME: 'me', HOME: '/home/ada' }),
    '/home/ada/.config/holdfast/config.yaml',
  )
})

test('the workspace: --dir, HOLDFAST_DIR, ./workspace; paths start there or at home', () => {
  assert.deepEqual(workspaceDir({ HOLDFAST_DIR: 'b' }, 'a'), { value: 'a', origin: 'flag', where: '--dir' })
  assert.equal(workspaceDir({ HOLDFAST_DIR: 'b' }).value, 'b')
  assert.deepEqual(workspaceDir({}), { value: 'workspace', origin: 'default', where: null })
  assert.equal(resolveInWorkspace('/srv/ws', 'mail/Inbox'), '/srv/ws/mail/Inbox')
  assert.equal(resolveInWorkspace('/srv/ws', '/var/mail'), '/var/mail')
  assert.equal(resolveInWorkspace('/srv/ws', '~/Maildir'), join(homedir(), 'Maildir'))
})
