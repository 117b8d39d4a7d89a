import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const made: string[] = []
after(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true })
})

/** A package with our launcher and, as its command line, a main of the test's own. */
function makePackage(main: string, options: { dependency?: string; installed?: boolean } = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-launcher-'))
  made.push(root)
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'src', 'apps', 'cli'), { recursive: true })
  cpSync(join(ROOT, 'src/apps/cli/parent-watch.ts'), join(root, 'src/apps/cli/parent-watch.ts'))
  writeFileSync(join(root, 'src/apps/cli/main.ts'), main)
  writeManifests(root, options.dependency)
  if (options.installed !== false) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

/** Manifest and lock that depend on a folder of the package, so that npm needs no network. */
function writeManifests(root: string, dependency?: string): void {
  const dependencies = dependency === undefined ? {} : { [dependency]: `file:${dependency}` }
  const manifest = { name: 'sample', version: '1.0.0', type: 'module', dependencies }
  const packages: Record<string, unknown> = { '': manifest }
  if (dependency !== undefined) {
    packages[dependency] = { version: '1.0.0' }
    packages[`node_modules/${dependency}`] = { resolved: dependency, link: true }
    mkdirSync(join(root, dependency), { recursive: true })
    writeFileSync(join(root, dependency, 'package.json'), `{ "name": "${dependency}", "version": "1.0.0" }`)
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  writeLock(root, packages)
}

function writeLock(root: string, packages: Record<string, unknown>): void {
  const lock = { name: 'sample', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
}

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(root: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
  const env = { ...process.env }
  delete env.NODE_TEST_CONTEXT
  return spawn(process.execPath, [join(root, 'bin', 'holdfast'), ...args], { env, ...options })
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  const [stdout, stderr] = [text(child.stdout as never), text(child.stderr as never)]
  const [code] = await once(child, 'close')
  return { code, stdout: await stdout, stderr: await stderr }
}

const ECHO = `
  import { text } from 'node:stream/consumers'
  const args = process.argv.slice(2)
  console.log(JSON.stringify({ args, input: await text(process.stdin), cwd: process.cwd() }))
  process.exit(7)
`

test('arguments, input, output, folder and exit code pass through, and nothing is added', async () => {
  const root = makePackage(ECHO)
  const child = start(root, ['run', 'show', '--name', 'a b'], { cwd: tmpdir() })
  child.stdin?.end('from outside')
  const { code, stdout, stderr } = await outcome(child)
  assert.equal(code, 7)
  assert.deepEqual(JSON.parse(stdout), {
    args: ['run', 'show', '--name', 'a b'],
    input: 'from outside',
    cwd: tmpdir(),
  })
  assert.equal(stderr, '')
})

test('a link to the launcher finds the package', async () => {
  const root = makePackage(`console.log('here')`)
  const link = join(makePackage(''), 'holdfast')
  symlinkSync(join(root, 'bin', 'holdfast'), link)
  const { code, stdout } = await outcome(spawn(process.execPath, [link]))
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'here\n' })
})

test('a process that a signal ended gives 128 + its number', async () => {
  const root = makePackage(`process.kill(process.pid, 'SIGABRT'); setInterval(() => {}, 1000)`)
  assert.equal((await outcome(start(root))).code, 128 + constants.signals.SIGABRT)
})

const COUNTING = `
  const seen = []
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      seen.push(signal)
      setTimeout(() => { console.log(seen.join()); process.exit(3) }, 200)
    })
  }
  setInterval(() => {}, 1000)
  console.log('ready')
`

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} reaches the process once, and its exit code comes back`, async () => {
    const child = start(makePackage(COUNTING))
    child.stdout?.once('data', () => child.kill(signal))
    const { code, stdout } = await outcome(child)
    assert.deepEqual({ code, stdout }, { code: 3, stdout: `ready\n${signal}\n` })
  })
}

test('when the launcher is killed, its process stops too', async () => {
  const root = makePackage(`
    import { writeFileSync } from 'node:fs'
    import { onParentGone } from './parent-watch.ts'
    setInterval(() => {}, 1000)
    onParentGone(() => {
      writeFileSync('stopped', '')
      process.exit()
    })
    console.log('ready')
  `)
  const child = start(root, [], { cwd: root })
  child.stdout?.once('data', () => child.kill('SIGKILL'))
  await outcome(child) // ends when the last holder of its output has ended
  assert.ok(existsSync(join(root, 'stopped')))
})

test('a launcher that was gone before the watch began is noticed', async () => {
  const root = makePackage(`
    import { onParentGone } from './parent-watch.ts'
    console.log('ready')
    while (process.connected) await new Promise((resolve) => setTimeout(resolve, 10))
    onParentGone(() => console.log('stopped'))
  `)
  const child = start(root)
  child.stdout?.once('data', () => child.kill('SIGKILL'))
  assert.equal((await outcome(child)).stdout, 'ready\nstopped\n')
})

test('watching the launcher keeps nothing alive', async () => {
  const root = makePackage(`
    import { onParentGone } from './parent-watch.ts'
    onParentGone(() => console.log('never'))
    console.log('done')
  `)
  assert.deepEqual(await outcome(start(root)), { code: 0, stdout: 'done\n', stderr: '' })
})

const READY = `console.log('ready')`

test('packages are installed when missing and when the lock has changed, with stdout kept clean', async () => {
  const root = makePackage(READY, { dependency: 'one', installed: false })
  const first = await outcome(start(root))
  assert.deepEqual([first.code, first.stdout], [0, 'ready\n'], first.stderr)
  assert.match(first.stderr, /Installing the packages/)
  assert.ok(existsSync(join(root, 'node_modules', 'one', 'package.json')))

  assert.deepEqual(await outcome(start(root)), { code: 0, stdout: 'ready\n', stderr: '' })

  writeManifests(root, 'two')
  const changed = await outcome(start(root))
  assert.deepEqual([changed.code, changed.stdout], [0, 'ready\n'], changed.stderr)
  assert.ok(existsSync(join(root, 'node_modules', 'two', 'package.json')))
})

/** What the lock wants of a package, what is there of it, and whether that needs an install. */
const STATES: readonly [string, object, object | null, boolean][] = [
  ['the same version', { version: '1.0.1' }, { version: '1.0.1' }, false],
  ['another version', { version: '1.0.1' }, { version: '1.0.0' }, true],
  ['a missing one', { version: '1.0.1' }, null, true],
  ['a missing one for another platform', { version: '1.0.1', optional: true }, null, false],
  ['a missing one for development', { version: '1.0.1', dev: true }, null, false],
]

for (const [what, wanted, present, installs] of STATES) {
  test(`${what} ${installs ? 'needs an' : 'needs no'} install`, async () => {
    const root = makePackage(READY, { installed: false })
    const npm = join(root, 'npm-cli.js')
    writeFileSync(npm, '')
    writeLock(root, { 'node_modules/one': wanted })
    mkdirSync(join(root, 'node_modules'))
    const record = { packages: present === null ? {} : { 'node_modules/one': present } }
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify(record))
    const child = start(root, [], { env: { ...process.env, npm_execpath: npm } })
    assert.equal((await outcome(child)).stderr.includes('Installing'), installs)
  })
}

test('of starts at one time one installs and the others wait for it', async () => {
  const root = makePackage(READY, { dependency: 'one', installed: false })
  const outcomes = await Promise.all([1, 2, 3].map(() => outcome(start(root))))
  for (const { code, stdout, stderr } of outcomes) assert.deepEqual([code, stdout], [0, 'ready\n'], stderr)
  assert.equal(outcomes.filter(({ stderr }) => stderr.includes('Installing')).length, 1)
  assert.ok(!existsSync(join(root, '.installing')))
})

test('the lock of an install that was killed is taken over', async () => {
  const root = makePackage(READY, { dependency: 'one', installed: false })
  const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(dead, 'exit')
  writeFileSync(join(root, '.installing'), String(dead.pid))
  assert.equal((await outcome(start(root))).code, 0)
})

test('a start that is stopped while it installs ends at once and leaves no lock', async () => {
  const root = makePackage(READY, { dependency: 'one', installed: false })
  const slowNpm = join(root, 'npm-cli.js')
  writeFileSync(slowNpm, `console.log('begun'); setInterval(() => {}, 1000)`)
  const child = start(root, [], { env: { ...process.env, npm_execpath: slowNpm } })
  const { stderr } = child
  stderr?.on('data', (chunk) => String(chunk).includes('begun') && child.kill('SIGTERM'))
  const { code, stdout } = await outcome(child)
  assert.deepEqual({ code, stdout }, { code: 143, stdout: '' })
  assert.ok(!existsSync(join(root, '.installing')))
})

test('a failed install says what to do', async () => {
  const root = makePackage(READY, { dependency: 'one', installed: false })
  const brokenNpm = join(root, 'npm-cli.js')
  writeFileSync(brokenNpm, `console.log('offline'); process.exit(1)`)
  const child = start(root, [], { env: { ...process.env, npm_execpath: brokenNpm } })
  const { code, stdout, stderr } = await outcome(child)
  assert.deepEqual({ code, stdout }, { code: 69, stdout: '' })
  assert.match(stderr, /offline[\s\S]*INSTALL_FAILED: .*\n.*Fix: /)
})

test('a Node that is too old is refused when the pinned one is not there', async () => {
  const root = makePackage(READY, { installed: false })
  const pretend = join(root, 'pretend.cjs')
  writeFileSync(
    pretend,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.14.9' } })`,
  )
  const child = spawn(process.execPath, ['--require', pretend, join(root, 'bin', 'holdfast')])
  const { code, stdout, stderr } = await outcome(child)
  assert.deepEqual({ code, stdout }, { code: 69, stdout: '' })
  assert.match(stderr, /NODE_TOO_OLD: .*\n.*Fix: /)
})
