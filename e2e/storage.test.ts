/** Storage that fails: no room, not writable, damaged. Nothing acknowledged is lost, and it is said what to do. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { LOG_FILE } from '../src/adapters/sqlite/place.ts'
import { openHoldfast } from '../src/sdk.ts'
import { cli, failure, folder, json, SAMPLE } from './testing/cli.ts'

const PROCESS = join(import.meta.dirname, 'testing', 'storing-process.ts')
/** Who may write nothing that is not theirs, where the tests are run by root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

interface Storing {
  readonly child: ChildProcess
  readonly lines: string[]
  /** Resolves when so many more lines of this form have come. */
  more(count: number, form: RegExp): Promise<void>
}

function storing(command: string, args: readonly string[], options: object = {}): Storing {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  children.push(child)
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
  reader.on('line', (line) => lines.push(line))
  return {
    child,
    lines,
    async more(count, form) {
      const wanted = lines.filter((line) => form.test(line)).length + count
      while (lines.filter((line) => form.test(line)).length < wanted) {
        assert.equal(child.exitCode, null, lines.slice(-3).join('; '))
        await once(reader, 'line', { signal: AbortSignal.timeout(30_000) })
      }
    },
  }
}

/** Every run whose end was acknowledged is there with its output, and the log is whole. */
async function assertKept(dir: string, lines: readonly string[]): Promise<void> {
  const hf = await openHoldfast({ dir, workflows: [], recover: false })
  const done = lines.filter((line) => line.startsWith('done ')).map((line) => line.slice('done '.length))
  for (const id of done) assert.equal(await hf.run(id).result(), Number(id.slice('s-'.length)) * 2)
  hf.log.verify()
  assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
  await hf.close()
}

if (process.platform === 'linux') {
  test('without room, commits are refused; with room again the work goes on, also after a kill in between', async () => {
    const dir = folder()
    // A limit on the size of a file stands for a full disk: it can be lifted while the process runs.
    const limited = `ulimit -S -f 600; exec "${process.execPath}" "${PROCESS}" "${dir}"`
    const first = storing('bash', ['-c', limited])
    await first.more(3, /^LOG_WRITE_FAILED$/)
    assert.ok(first.lines.some((line) => line.startsWith('done ')))
    execFileSync('prlimit', ['--pid', String(first.child.pid), '--fsize=unlimited:unlimited'])
    await first.more(20, /^done /)
    execFileSync('prlimit', ['--pid', String(first.child.pid), '--fsize=100000:unlimited'])
    await first.more(3, /^LOG_WRITE_FAILED$/)
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    const second = storing(process.execPath, [PROCESS, dir])
    await second.more(20, /^done /)
    second.child.kill('SIGTERM')
    await once(second.child, 'close')
    await assertKept(dir, [...first.lines, ...second.lines])
  })
}

test('a workspace that can not be written is refused, and is as before when it can be', async () => {
  const dir = join(folder(), 'workspace')
  const first = storing(process.execPath, [PROCESS, dir])
  await first.more(5, /^done /)
  first.child.kill('SIGTERM')
  await once(first.child, 'close')
  chmodSync(join(dir, '..'), 0o755)
  chmodSync(join(dir, LOG_FILE), 0o444)
  chmodSync(dir, 0o555)
  const second = storing(process.execPath, [PROCESS, dir], NOBODY)
  await once(second.child, 'close')
  assert.equal(second.child.exitCode, 1)
  assert.match(second.lines.join('\n'), /^LOG_WRITE_FAILED Free space or make the workspace writable/)
  chmodSync(dir, 0o755)
  chmodSync(join(dir, LOG_FILE), 0o644)
  const third = storing(process.execPath, [PROCESS, dir])
  await third.more(5, /^done /)
  third.child.kill('SIGTERM')
  await once(third.child, 'close')
  await assertKept(dir, [...first.lines, ...third.lines])
})

test('a damaged file is found, nothing is done with it, and the backup takes its place', async () => {
  const [dir, backup] = [join(folder(), 'workspace'), join(folder(), 'backup')]
  await json(['init', '--yes', '--name', 'M', '--address', 'mara@lindqvist.studio', '--dir', dir])
  await json(['ingest', join(SAMPLE, '13-iphone-tearoom-opening-hours.eml'), '--dir', dir])
  await json(['backup', backup, '--dir', dir])
  const file = join(dir, LOG_FILE)
  const bytes = readFileSync(file)
  const at = bytes.indexOf('"kind":"lead-candidate"') + 1
  assert.ok(at > 0)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
  const found = await failure(['log', 'verify', '--dir', dir])
  assert.deepEqual([found.code, found.exit], ['LOG_CORRUPT', 1])
  assert.match(found.fix, /holdfast restore BACKUP --dir NEW/)
  const smashed = Buffer.concat([bytes.subarray(0, 200), Buffer.alloc(8_000, 7), bytes.subarray(8_200)])
  writeFileSync(file, smashed)
  const refused = await failure(['inbox', '--dir', dir])
  assert.equal(refused.code, 'LOG_CORRUPT')
  assert.deepEqual(readFileSync(file), smashed)
  const restored = join(folder(), 'restored')
  assert.equal((await cli(['restore', backup, '--dir', restored])).code, 0)
  assert.equal((await json(['inbox', '--dir', restored])).length, 1)
})
