/** Reviews on the command line: bound to what was shown, put off, left to a rule, many at once, and the audit of it. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { socketOf } from '../src/apps/server/socket.ts'
import { OWNER } from '../src/kernel/label.ts'
import { openHoldfast } from '../src/sdk.ts'
import { cli, failure, folder, json, serve, typed } from './testing/cli.ts'

interface Item {
  readonly id: string
  readonly run: string
  readonly quality: string | null
  readonly hash: string
  readonly warnings: readonly unknown[]
  readonly proposal: { readonly to: string; readonly subject: string; readonly body: string }
}

const made = join(folder(), 'workspace')

function workspace(): string {
  const dir = join(folder(), 'workspace')
  cpSync(made, dir, { recursive: true })
  return dir
}

async function inbox(dir: string, ...more: string[]): Promise<Item[]> {
  return await json(['inbox', ...more, '--dir', dir])
}

describe('reviews on the command line', { concurrency: 2 }, () => {
  before(async () => {
    assert.equal((await cli(['up', '--sample', '--once', '--dir', made])).code, 0)
  })

  it('refuses what does not go with an answer, instead of giving the answer without it', async () => {
    const dir = workspace()
    const [{ id } = assert.fail(), { id: other } = assert.fail()] = await inbox(dir)
    for (const words of [
      [id, 'approve', '--set', 'to=somebody@else.example'],
      [id, 'approve', '--dry-run'],
      [id, 'approve', '--like', other],
      [id, 'reject', '--for', 'customer'],
      [id, 'edit', '--set', 'subject=Hello', '--dry-run'],
      [id, 'respond', 'shorter', '--set', 'subject=Hello'],
      [id, 'delegate', '--for', 'all', '--set', 'subject=Hello'],
      ['approve', '--like', id, '--yes', '--set', 'subject=Hello'],
    ]) {
      const refused = await failure(['review', ...words, '--dir', dir])
      assert.deepEqual([refused.code, refused.exit], ['USAGE', 2], words.join(' '))
    }
    assert.equal((await inbox(dir)).find((one) => one.id === id)?.id, id, 'it waits')
    assert.deepEqual((await json(['reviews', '--dir', dir])).answers, [])
  })

  it('shows what a review leads to, and answers what was shown last', async () => {
    const dir = workspace()
    const [{ id, hash } = assert.fail()] = await inbox(dir)
    const { stdout } = await cli(['review', id, '--dir', dir])
    assert.match(stdout, /leads to +maildir\.send, which/)
    const shown = await json(['review', id, '--dir', dir])
    assert.deepEqual(
      shown.fields.map(({ name, kind }: { name: string; kind: string }) => [name, kind]),
      [
        ['to', 'address'],
        ['subject', 'text'],
        ['body', 'long-text'],
      ],
    )
    const refused = await failure(['review', id, 'edit', '--set', 'to=nobody', '--dir', dir])
    assert.deepEqual([refused.code, refused.exit], ['INPUT_INVALID', 2])
    await json(['review', id, 'edit', '--set', 'subject=Re: your wish', '--dir', dir])
    const audit = await json(['reviews', '--dir', dir])
    const [answer] = audit.answers
    assert.deepEqual(
      [answer.review, answer.verdict, answer.actor, answer.way, answer.seen],
      [id, 'edited', 'operator', 'cli', true],
    )
    assert.ok(answer.edits.subject > 0 && answer.operatorMs >= 0)
    assert.equal(audit.totals.edited, 1)
    const { stdout: told } = await cli(['reviews', '--dir', dir])
    assert.match(told, new RegExp(`${id} +edited`))
    assert.match((await cli(['review', id, '--dir', dir])).stdout, /was edited by operator \(cli\) on/)
    assert.match(hash, /^[0-9a-f]{64}$/)
  })

  it('refuses an answer when what was shown last is not what there is', async () => {
    const dir = workspace()
    const [{ id } = assert.fail()] = await inbox(dir)
    const hf = await openHoldfast({ dir, workflows: [], recover: false })
    const body = { review: id, hash: '0'.repeat(64), way: 'cli', among: 1 }
    await hf.log.append([
      {
        stream: `review/${id}`,
        expectedVersion: 'any',
        events: [{ kind: 'review.shown', actor: 'operator', label: OWNER, body }],
      },
    ])
    await hf.close()
    assert.equal((await failure(['review', id, 'approve', '--dir', dir])).code, 'REVIEW_STALE')
    await json(['review', id, '--dir', dir])
    await json(['review', id, 'approve', '--dir', dir])
  })

  it('puts off and brings back', async () => {
    const dir = workspace()
    const [{ id } = assert.fail(), ...others] = await inbox(dir)
    assert.equal((await failure(['review', id, 'snooze', 'never', '--dir', dir])).code, 'INPUT_INVALID')
    assert.equal((await failure(['review', id, 'snooze', '--dir', dir])).exit, 2)
    const { until } = await json(['review', id, 'snooze', '2s', '--dir', dir])
    assert.equal((await inbox(dir)).length, others.length)
    const { stdout, stderr } = await cli(['inbox', '--snoozed', '--dir', dir])
    assert.match(stdout, /1 review is put off/, stderr)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now()) + 50))
    assert.equal((await inbox(dir)).length, others.length + 1)
    assert.deepEqual(await inbox(dir, '--snoozed'), [])
  })

  it('approves equals together: shown first, each bound to its own hash, what has a warning left out', async () => {
    const dir = workspace()
    const items = await inbox(dir)
    const [like = assert.fail()] = items.filter(
      ({ warnings, quality }) => warnings.length === 0 && quality === 'cold',
    )
    const asked = ['review', 'approve', '--like', like.id, '--dir', dir]
    assert.equal((await failure(asked)).exit, 2)
    const { equals, answered } = await json([...asked, '--dry-run']).then((shown) => ({
      equals: shown,
      answered: shown.answered,
    }))
    assert.equal(answered, null)
    assert.ok(equals.reviews.length > 1)
    assert.ok(equals.reviews.every((one: Item) => one.quality === 'cold' && one.warnings.length === 0))
    assert.equal((await inbox(dir)).length, items.length)
    const done = await json([...asked, '--yes'])
    assert.equal(done.answered.answered.length, equals.reviews.length)
    assert.equal((await inbox(dir)).length, items.length - equals.reviews.length)
    const { answers } = await json(['reviews', '--dir', dir])
    assert.equal(new Set(answers.map(({ batch }: { batch: string }) => batch)).size, 1)
  })

  it('killed on the way, has answered all of the equals or none', async () => {
    for (const [point, share] of [
      ['review.before-answer', 0],
      ['review.after-answer', 1],
    ] as const) {
      const dir = workspace()
      const [like = assert.fail()] = (await inbox(dir)).filter(
        ({ warnings, quality }) => warnings.length === 0 && quality === 'cold',
      )
      const asked = ['review', 'reject', '--like', like.id, '--dir', dir]
      const equals = await json([...asked, '--dry-run'])
      const killed = await typed([...asked, '--yes'], { env: { HOLDFAST_CRASH_AT: point } })
      assert.notEqual(killed.code, 0, point)
      const { answers } = await json(['reviews', '--dir', dir])
      assert.equal(answers.length, share * equals.reviews.length, point)
      const waiting = (await inbox(dir)).map(({ id }) => id)
      for (const { id } of equals.reviews) assert.equal(waiting.includes(id), share === 0, `${point} ${id}`)
      assert.equal((await cli(['run', 'replay', '--all', '--dir', dir])).code, 0, point)
    }
  })

  it('leaves to a rule what is like it, shows the delegation, and takes it back', async () => {
    const dir = workspace()
    const [item = assert.fail()] = (await inbox(dir)).filter(({ warnings }) => warnings.length === 0)
    assert.equal((await failure(['review', item.id, 'delegate', '--dir', dir])).exit, 2)
    const { delegation } = await json([
      'review',
      item.id,
      'delegate',
      '--for',
      'customer',
      '--until',
      '90d',
      '--dir',
      dir,
    ])
    const [listed] = await json(['delegations', '--dir', dir])
    assert.deepEqual([listed.id, listed.used, listed.revoked], [delegation.id, 0, null])
    assert.match((await cli(['delegations', '--dir', dir])).stdout, /send-reply of lead-qualification/)
    const revoked = await json(['delegation', 'revoke', delegation.id, '--dir', dir])
    assert.equal(typeof revoked.revoked, 'number')
    assert.equal((await failure(['delegation', 'revoke', 'd-none', '--dir', dir])).code, 'DELEGATION_UNKNOWN')
  })

  it('is answered by nothing that opens an address, as a mail scanner does', async () => {
    const dir = workspace()
    const serving = await serve(['--dir', dir])
    const [{ id, hash } = assert.fail()] = await inbox(dir)
    const socketPath = socketOf(dir) ?? assert.fail()
    const query = `id=${id}&hash=${hash}&verdict=approved`
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      for (const name of [
        'review%20answer',
        'review%20answer%20all',
        'review%20delegate',
        'review%20snooze',
      ]) {
        const status = await open(socketPath, method, `/commands/${name}?${query}`)
        assert.equal(status, 404, `${method} ${name}`)
      }
    }
    // Without a body, there is no answer in the address either.
    await open(socketPath, 'POST', `/commands/review%20answer?${query}`)
    assert.equal((await json(['review', id, '--dir', dir])).status, 'waiting')
    assert.equal(await serving.stop(), 0)
  })
})

async function open(socketPath: string, method: string, path: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    asked.on('error', reject)
    asked.end()
  })
}
