/**
 * What the README and the guides say can be typed, is typed here: in the order in which it stands there, by a
 * shell, in a copy of the repository as it is.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../scripts/command.ts'
import { shellCommandsOf } from '../scripts/markdown.ts'
import { runningProcess } from '../src/apps/cli/client.ts'

const NOT_COPIED = new Set(['node_modules', 'workspace', '.git'])
/** Run by themselves: they would run this again, or take minutes. */
const BY_THEMSELVES = /^npm (test|run)\b/
const START_MS = 60_000

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('README.md', () => {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8')

  it('shows commands that work, with the process of npm start running and without', async (t) => {
    const home = copyOfRepository()
    const [start, ...others] = shellCommandsOf(page)
    assert.equal(start, 'npm start')
    const serving = await startServing(t, home, start)
    await runAll(home, others)
    await serving.stop()
    const sent = readdirSync(join(home, 'workspace', 'mail', 'Sent', 'cur'))
    const sending = others.filter((command) => /^bin\/holdfast review \S+ (approve|edit)\b/.test(command))
    assert.equal(sent.length, sending.length, 'one file in Sent for each draft that was approved or edited')
    await runAll(home, tableCommandsOf(page))
  })

  it('names tests and scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    assert.equal(scripts.test, 'node bin/launch.cjs scripts/test.ts', 'npm test runs this file')
    const groups = readFileSync(join(ROOT, 'scripts', 'test.ts'), 'utf8')
    const contributing = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
    const shown = [page, contributing].flatMap((text) => [...shellCommandsOf(text), ...tableCommandsOf(text)])
    const named = shown.filter((command) => /^npm /.test(command))
    for (const command of named) {
      const [, file] = /^npm test -- (\S+)$/.exec(command) ?? []
      const [, script] = /^npm run (\S+)/.exec(command) ?? []
      if (file) assert.ok(groups.includes(`\n  ${file}: {`) || existsSync(join(ROOT, file)), command)
      else assert.ok(script ? Object.hasOwn(scripts, script) : /^npm (start|test)$/.test(command), command)
    }
  })
})

describe('the guides', () => {
  const folder = join(ROOT, 'docs', 'guides')
  for (const name of readdirSync(folder)) {
    const commands = shellCommandsOf(readFileSync(join(folder, name), 'utf8'))
    const settings = commands.filter((command) => command.startsWith('export '))
    if (commands.length > 0) {
      it(`${name} shows commands that work`, async () => {
        const typed = commands.filter((command) => !settings.includes(command))
        await runAll(
          copyOfRepository(),
          typed.map((command) => [...settings, command].join('; ')),
        )
      })
    }
  }
})

/** The commands that the table of promises names. */
function tableCommandsOf(markdown: string): string[] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| '))
  return rows.flatMap((row) =>
    [...row.matchAll(/`((?:npm|bin\/holdfast) [^`]+)`/g)].map((found) => found[1] ?? ''),
  )
}

function copyOfRepository(): string {
  const home = join(mkdtempSync(join(tmpdir(), 'holdfast-readme-')), 'holdfast')
  folders.push(join(home, '..'))
  cpSync(ROOT, home, { recursive: true, filter: (path) => path === ROOT || !NOT_COPIED.has(basename(path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  return home
}

async function runAll(home: string, commands: readonly string[]): Promise<void> {
  for (const command of commands.filter((one) => !BY_THEMSELVES.test(one))) {
    const { exit, said } = await ended(inShell(home, command))
    assert.equal(exit, 0, `${command}\n${said}`)
  }
}

/** Resolves when the inbox has been shown and commands are taken; `stop` does what Ctrl-C does. */
async function startServing(
  t: TestContext,
  home: string,
  command: string,
): Promise<{ stop(): Promise<void> }> {
  const child = inShell(home, command)
  t.after(() => {
    // Not when all went well; the group is that of the shell, npm, the launcher and its process.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  })
  const done = ended(child)
  let said = ''
  child.stdout?.on('data', (data) => {
    said += data
  })
  const dir = join(home, 'workspace')
  const giveUpAt = Date.now() + START_MS
  let serving = null
  while (serving === null || !said.includes('What next')) {
    assert.ok(Date.now() < giveUpAt && child.exitCode === null, `${command} shows the inbox:\n${said}`)
    await sleep(100)
    // While it takes the sample in it may be too busy to answer.
    serving = existsSync(dir) ? await runningProcess(dir).catch(() => null) : null
  }
  const { pid } = serving
  return {
    async stop() {
      process.kill(pid, 'SIGINT')
      const { exit, said: all } = await done
      assert.equal(exit, 0, all)
    },
  }
}

/** Without the variables of whoever runs the test: no key of theirs is used, no file of theirs is read. */
function inShell(home: string, command: string): ChildProcess {
  const { PATH, LANG } = process.env
  const env = { PATH, LANG, HOME: join(home, '..'), COLUMNS: '100', CI: 'true' }
  return spawn('sh', ['-c', command], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
}

async function ended(child: ChildProcess): Promise<{ exit: number | null; said: string }> {
  let said = ''
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.on('data', (data) => {
      said += data
    })
  }
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { exit, said }
}
