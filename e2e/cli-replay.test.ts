/** The replay family on the command line: on a workspace that nobody serves, and through the process that does. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { WORKSPACE_PROJECTIONS } from '../src/apps/log-only.ts'
import { defineWorkflow, openHoldfast } from '../src/sdk.ts'
import { cli, failure, folder, json, SAMPLE, serve } from './testing/cli.ts'

const THEATRE = join(SAMPLE, '01-apple-mail-theatre-clear-brief.eml')

/** A workspace in which one lead waits for the operator's word. */
async function workspace(): Promise<string> {
  const dir = join(folder(), 'workspace')
  await json(['init', '--yes', '--name', 'Mara', '--address', 'mara@lindqvist.studio', '--dir', dir])
  await json(['ingest', THEATRE, '--dir', dir])
  return dir
}

describe('preflight', () => {
  it('finds nothing where the code is the same, alone and through the running process', async () => {
    const dir = await workspace()
    const alone = await json(['preflight', '--dir', dir])
    assert.deepEqual([alone.checked, alone.safe, alone.broken], [1, 1, 0])
    const { stdout } = await cli(['preflight', '--dir', dir])
    assert.match(stdout, /1 open run replayed: 1 would go on; 0 would break/)
    const serving = await serve(['--dir', dir])
    await serving.until('ready')
    assert.deepEqual(await json(['preflight', '--dir', dir]), alone)
    assert.equal(await serving.stop(), 0)
  })

  it('ends with exit code 1 where a run would break, and says which and why', async () => {
    const dir = await workspace()
    const order = defineWorkflow({
      name: 'order',
      version: 3,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await ctx.waitFor('go'),
    })
    const hf = await openHoldfast({
      dir,
      workflows: [order],
      projections: WORKSPACE_PROJECTIONS,
      recover: false,
    })
    await hf.start(order, null, { id: 'o-1' })
    await hf.idle()
    await hf.close()
    const { code, stdout } = await cli(['preflight', '--dir', dir])
    assert.equal(code, 1)
    assert.match(stdout, /2 open runs replayed: 1 would go on; 1 would break/)
    assert.match(stdout, /order version 3: o-1/)
    assert.match(stdout, /No workflow order version 3 is registered/)
    const told = await cli(['preflight', '--json', '--dir', dir])
    assert.equal(told.code, 1)
    assert.equal(JSON.parse(told.stdout).breaks[0].what, 'workflow')
  })
})

describe('run fork', () => {
  it('starts a run of its own that begins as another did, and says what is copied', async () => {
    const dir = await workspace()
    const [source] = await json(['runs', '--dir', dir])
    const fork = ['run', 'fork', source.id, '--dir', dir]
    const { code, stdout } = await cli([...fork, '--from', 'draft reply', '--id', 'again'])
    assert.equal(code, 0)
    assert.match(stdout, /Run again goes its own way from lead-m-\S+, from "draft reply" on/)
    assert.match(stdout, /3 outcomes copied, not done again/)
    const reviews = await json(['inbox', '--dir', dir])
    assert.deepEqual(reviews.map(({ run }: { run: string }) => run).sort(), ['again', source.id].sort())
    const forked = await json([...fork, '--from', 'review reply', '--result', '{"verdict":"rejected"}'])
    assert.equal(forked.amended, 'result')
    const story = await json(['run', 'show', forked.run, '--dir', dir])
    assert.equal(story.output.outcome, 'rejected')
    assert.equal(story.forkedFrom.run, source.id)
    assert.equal((await cli(['run', 'replay', '--all', '--dir', dir])).code, 0)
    assert.equal((await cli(['log', 'rebuild', '--check', '--dir', dir])).code, 0)
  })

  it('says what is wrong with what was typed', async () => {
    const dir = await workspace()
    const [source] = await json(['runs', '--dir', dir])
    const fork = ['run', 'fork', source.id, '--dir', dir]
    assert.deepEqual((await failure([...fork, '--input', 'not json'])).exit, 2)
    const unknown = await failure([...fork, '--from', 'nothing'])
    assert.match(unknown.fix, /Fork it from one of read playbook, gather facts/)
  })
})

describe('what-if', () => {
  it('tries another playbook and another policy on past mail, and changes nothing', async () => {
    const dir = await workspace()
    const [item] = await json(['inbox', '--dir', dir])
    const changes = ['--set', `body=${item.proposal.body.replace(/\n[^\n]+$/, '\nMara from Malmo')}`]
    assert.equal((await cli(['review', item.id, 'edit', ...changes, '--dir', dir])).code, 0)
    const { head } = await json(['log', 'verify', '--dir', dir])
    const same = await json(['what-if', '--dir', dir])
    assert.deepEqual([same.runs, same.changed], [1, 0])

    const playbook = join(folder(), 'trial.yaml')
    const text = readFileSync(join(dir, 'playbooks', 'lead-qualification.yaml'), 'utf8')
    writeFileSync(
      playbook,
      text.replace(/( {2}signature: \|\n(?: {4}.*\n)*) {4}.*\n/, '$1    Mara from Malmo\n'),
    )
    const other = await json(['what-if', '--playbook', playbook, '--dir', dir])
    assert.equal(other.proposals.closer, 1, JSON.stringify(other))
    const { stdout } = await cli(['what-if', '--playbook', playbook, '--dir', dir])
    assert.match(stdout, /1 run tried: 0 the same, 1 otherwise/)
    assert.match(stdout, /"review reply" \(edited\) would say something else: nearer to what you made of it/)

    const policy = join(folder(), 'policy.yaml')
    writeFileSync(policy, 'version: 1\noperations:\n  deny: [maildir.send]\n')
    const denied = await json(['what-if', '--policy', policy, '--since', '30d', '--dir', dir])
    assert.deepEqual([denied.policy, denied.effects.dropped], [1, 1])
    assert.deepEqual((await json(['log', 'verify', '--dir', dir])).head, head)
  })

  it('says what is wrong with what was typed', async () => {
    const dir = await workspace()
    assert.equal((await failure(['what-if', '--since', 'long', '--dir', dir])).exit, 2)
    const broken = join(folder(), 'broken.yaml')
    writeFileSync(broken, 'version: 9\n')
    assert.equal((await failure(['what-if', '--playbook', broken, '--dir', dir])).code, 'PLAYBOOK_INVALID')
  })
})

describe('why', () => {
  it('says what a run waits for and what to type, alone and through the running process', async () => {
    const dir = await workspace()
    const [{ id: review, run }] = await json(['inbox', '--dir', dir])
    const { code, stdout } = await cli(['why', run, '--dir', dir])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`It waits for your answer to ${review}`))
    assert.match(stdout, /\[#\d+\]/)
    assert.match(stdout, new RegExp(`review ${review}`))
    const serving = await serve(['--dir', dir])
    await serving.until('ready')
    const told = await json(['why', run, '--dir', dir])
    assert.deepEqual([told.status, told.reasons[0].kind], ['waiting', 'review'])
    assert.equal(await serving.stop(), 0)
    assert.equal((await cli(['run', 'cancel', run, '--reason', 'by phone', '--dir', dir])).code, 0)
    const ended = await cli(['why', run, '--dir', dir])
    assert.match(ended.stdout, /It was cancelled by operator: by phone/)
    assert.equal((await failure(['why', 'nobody', '--dir', dir])).code, 'RUN_NOT_FOUND')
  })
})
