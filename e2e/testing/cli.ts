/** Drives `bin/holdfast` as a person or a script would, in workspaces of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { ROOT } from '../../scripts/command.ts'
import { main } from '../../src/apps/cli/program.ts'

export const HOLDFAST = join(ROOT, 'bin', 'holdfast')
export const SAMPLE = join(ROOT, 'sample', 'mailbox')

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const folders: string[] = []
const processes: ChildProcess[] = []
after(() => {
  for (const child of processes) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

let data: string | null = null

/** Master keys are made here, not in the home of whoever runs the tests. */
export function dataHome(): string {
  data ??= folder()
  return data
}

/** A new folder, removed after the tests. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  folders.push(made)
  return made
}

export function spawnCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { NODE_TEST_CONTEXT: _, HOLDFAST_DIR: __, ...inherited } = process.env
  const child = spawn(process.execPath, [HOLDFAST, ...args], {
    env: { ...inherited, XDG_DATA_HOME: dataHome(), ...env },
  })
  processes.push(child)
  return child
}

/** The launcher, and a process of its own: as it is typed. */
export async function typed(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  const child = spawnCli(args, options.env)
  child.stdin?.end(options.input ?? '')
  return await outcomeOf(child)
}

/** The same command line within this process, which is ten times as quick. */
export async function cli(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const { HOLDFAST_DIR: _, ...inherited } = process.env
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = Promise.all([text(stdout), text(stderr)])
  const streams = { stdout, stderr } as unknown as Pick<typeof process, 'stdout' | 'stderr'>
  const code = await main(args, { ...inherited, XDG_DATA_HOME: dataHome(), ...more }, streams)
  stdout.end()
  stderr.end()
  const [said, complained] = await texts
  return { code, stdout: said, stderr: complained }
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const [stdout, stderr] = [text(child.stdout as never), text(child.stderr as never)]
  const [code] = await once(child, 'close')
  return { code, stdout: await stdout, stderr: await stderr }
}

/** The one JSON document that a command prints; it must have succeeded and said nothing else on stdout. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into whatever shape the command gives
export async function json(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<any> {
  const { code, stdout, stderr } = await cli([...args, '--json'], env)
  assert.equal(code, 0, `holdfast ${args.join(' ')}: ${stderr}`)
  return JSON.parse(stdout)
}

/** The error that a command ends with. */
export async function failure(args: readonly string[]) {
  const { code, stdout, stderr } = await cli([...args, '--json'])
  assert.equal(stdout, '', 'an error leaves stdout alone')
  const line = stderr.trim().split('\n').at(-1) ?? ''
  const { error } = JSON.parse(line) as { error: { code: string; message: string; fix: string } }
  return { exit: code, ...error }
}

export interface Serving {
  readonly child: ChildProcess
  /** What `up --json` has told so far. */
  readonly told: readonly { readonly what: string; readonly [key: string]: unknown }[]
  /** Resolves with the first thing told that fits. */
  until(what: string, fits?: (told: Serving['told'][number]) => boolean): Promise<Serving['told'][number]>
  /** What it has said on stderr so far. */
  complaints(): string
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `holdfast up --json`, once it serves. */
export async function serve(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Serving> {
  const child = spawnCli(['up', '--json', ...args], env)
  const told: Serving['told'][number][] = []
  const waiting = new Set<() => void>()
  let complaint = ''
  child.stderr?.on('data', (data) => {
    complaint += data
  })
  createInterface({ input: child.stdout as never }).on('line', (line) => {
    told.push(JSON.parse(line))
    for (const look of [...waiting]) look()
  })
  const until: Serving['until'] = (what, fits = () => true) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = told.find((one) => one.what === what && fits(one))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      child.once('exit', (code) => reject(new Error(`up ended with ${code} before "${what}": ${complaint}`)))
      look()
    })
  await until('ready')
  return {
    child,
    told,
    until,
    complaints: () => complaint,
    async stop(signal = 'SIGTERM') {
      const ended = once(child, 'close')
      child.kill(signal)
      const [code] = await ended
      return code
    },
  }
}
