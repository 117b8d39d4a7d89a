/** The one switch, on a process that serves, across a kill, and on a program that answers no commands. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../scripts/command.ts'
import { cli, failure, folder, json, SAMPLE, serve } from './testing/cli.ts'

const CLEAR = join(SAMPLE, '01-apple-mail-theatre-clear-brief.eml')

async function fresh(): Promise<string> {
  const dir = join(folder(), 'workspace')
  const owner = ['--name', 'Mara Lindqvist', '--address', 'mara@lindqvist.studio']
  await json(['init', '--yes', ...owner, '--dir', dir])
  return dir
}

function sentIn(dir: string): number {
  const cur = join(dir, 'mail', 'Sent', 'cur')
  return existsSync(cur) ? readdirSync(cur).length : 0
}

async function kindsOf(dir: string): Promise<string[]> {
  const { stdout } = await cli(['log', 'export', '--dir', dir])
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type.replace('holdfast.', ''))
}

describe('holdfast stop', () => {
  it('holds what a serving process would do, through kill -9 and restart, until resume', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    await json(['ingest', CLEAR, '--dir', dir])
    const [item] = await json(['inbox', '--dir', dir])
    const stopped = await json(['stop', '--reason', 'a drill', '--dir', dir])
    assert.deepEqual([stopped.recorded, stopped.stop.reason], [true, 'a drill'])
    const { progress } = await json(['review', item.id, 'approve', '--dir', dir])
    assert.deepEqual([progress.sent, progress.status], [[], 'waiting'])
    assert.match(progress.waitsFor[0].words, /^the end of the stop/)
    assert.equal(sentIn(dir), 0)
    // What the operator reads works, and mail comes in.
    assert.equal((await json(['runs', '--dir', dir])).length, 1)
    const doctor = await json(['doctor', '--dir', dir])
    assert.match(JSON.stringify(doctor), /Work was stopped .* \(a drill\)/)
    await serving.stop('SIGKILL')

    const again = await serve(['--dir', dir])
    await again.until('ready')
    assert.equal(sentIn(dir), 0)
    await json(['why', item.run, '--dir', dir])
    assert.equal((await json(['resume', '--dir', dir])).held, 1)
    await again.until('news', ({ news }) => (news as { what: string }).what === 'sent')
    assert.equal(sentIn(dir), 1)
    await again.stop('SIGKILL')

    await cli(['up', '--once', '--dir', dir])
    assert.equal(sentIn(dir), 1, 'once')
    const kinds = await kindsOf(dir)
    assert.deepEqual(
      kinds.filter((kind) => kind.startsWith('work.')),
      ['work.stopped', 'work.resumed'],
    )
    assert.equal(kinds.filter((kind) => kind === 'effect.succeeded').length, 1)
  })

  it('works alone, with a broken policy, and before anything is opened', async () => {
    const dir = await fresh()
    await json(['ingest', CLEAR, '--dir', dir])
    const [item] = await json(['inbox', '--dir', dir])
    writeFileSync(join(dir, 'policy.yaml'), 'version: 7\n')
    assert.equal((await json(['stop', '--dir', dir])).recorded, true)
    writeFileSync(join(dir, 'policy.yaml'), 'version: 1\n')
    await json(['review', item.id, 'approve', '--dir', dir])
    assert.equal(sentIn(dir), 0)
    const { stdout } = await cli(['resume', '--dir', dir])
    assert.match(stdout, /^Work goes on, with 1 thing that waited/)
    assert.equal(sentIn(dir), 1)
    assert.match((await cli(['resume', '--dir', dir])).stdout, /^Work was not stopped/)
  })

  it('is ordered by a folder of that name too, which is for you to take away', async () => {
    const dir = await fresh()
    const order = join(dir, 'holdfast.stop')
    mkdirSync(order)
    const rows = async () => JSON.stringify(await json(['doctor', '--dir', dir]))
    assert.match(await rows(), /holdfast.stop stands in the workspace since/)
    const { code, message } = await failure(['resume', '--dir', dir])
    assert.equal(code, 'FOLDER_UNUSABLE')
    assert.ok(message.includes(order))
    rmdirSync(order)
    await json(['resume', '--dir', dir])
    assert.doesNotMatch(await rows(), /stop stands|Work was stopped/)
  })

  it('reaches a program that has the workspace open and answers no commands', async () => {
    const dir = await fresh()
    const program = join(folder(), 'program.ts')
    mkdirSync(join(dir, 'out'))
    writeFileSync(program, PROGRAM)
    const child = spawn(process.execPath, [program, dir, join(ROOT, 'src')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    await once(lines, 'line')
    const { stdout } = await cli(['stop', '--dir', dir])
    assert.match(stdout, /a program has the workspace open/i)
    const at = readdirSync(join(dir, 'out')).length
    // Several of its rounds later.
    for (let i = 0; i < 5; i += 1) await once(lines, 'line')
    assert.equal(readdirSync(join(dir, 'out')).length, at, 'nothing is done any more')
    await json(['resume', '--dir', dir])
    for (let i = 0; i < 5; i += 1) await once(lines, 'line')
    assert.ok(readdirSync(join(dir, 'out')).length > at)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const kinds = await kindsOf(dir)
    assert.deepEqual(
      kinds.filter((kind) => kind.startsWith('work.')),
      ['work.stopped', 'work.resumed'],
    )
  })
})

describe('absence', () => {
  it('begins when nobody typed anything for the time that the policy says', async () => {
    const dir = await fresh()
    writeFileSync(join(dir, 'policy.yaml'), 'version: 1\nabsence: { after: 1s }\n')
    const typedBy = (who: string, ...words: string[]) =>
      cli([...words, '--dir', dir], { HOLDFAST_ATTENDED: who })
    const signs = async () => (await kindsOf(dir)).filter((kind) => kind === 'operator.seen').length
    await typedBy('no', 'inbox')
    assert.equal(await signs(), 0, 'a script is no sign; the policy that was written is one')
    await sleep(1_100)
    assert.doesNotMatch((await typedBy('no', 'inbox')).stderr, /You were away/)
    assert.match((await typedBy('yes', 'inbox')).stderr, /You were away since 20.*inbox/)
    assert.equal(await signs(), 1)
    const serving = await serve(['--dir', dir])
    await sleep(1_100)
    assert.match((await typedBy('yes', 'runs')).stderr, /You were away since 20/)
    assert.equal(await signs(), 2)
    await serving.stop('SIGTERM')
  })
})

/** Starts a run that writes a file every 50 ms, and says so. */
const PROGRAM = `
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
const [, , dir, src] = process.argv
const { defineConnector, defineWorkflow, openHoldfast } = await import(join(src, 'sdk.ts'))
const any = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
const files = defineConnector({
  name: 'files',
  operations: {
    write: {
      manifest: { effect: 'external' },
      input: any,
      output: any,
      perform: async ({ name }) => writeFileSync(join(dir, 'out', name), '') ?? null,
    },
  },
})
const flow = defineWorkflow({
  name: 'flow', version: 1, input: any, output: any,
  run: (ctx, name) => ctx.act('write', 'files.write', { name }),
})
const hf = await openHoldfast({ dir, workflows: [flow], connectors: [files] })
for (let i = 0; ; i += 1) {
  await hf.start(flow, 'f' + i, { id: 'r' + i })
  await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(i)
}
`
