/** `holdfast up`: the process that serves a workspace, and commands that reach it by its socket. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'
import { cli, failure, folder, HOLDFAST, json, outcomeOf, SAMPLE, serve, spawnCli } from './testing/cli.ts'

/** Delivers a mail as a mail server does. */
function deliver(dir: string, sample: string, messageId = ''): void {
  const text = readFileSync(join(SAMPLE, sample), 'latin1')
  const mail = messageId === '' ? text : text.replace(/^Message-ID:.*$/im, `Message-ID: <${messageId}>`)
  const inbox = join(dir, 'mail', 'Inbox')
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(inbox, part), { recursive: true })
  const name = `${sample}${messageId}`
  writeFileSync(join(inbox, 'tmp', name), mail, 'latin1')
  renameSync(join(inbox, 'tmp', name), join(inbox, 'new', name))
}

async function fresh(name = 'workspace'): Promise<string> {
  const dir = join(folder(), name)
  await json([
    'init',
    '--yes',
    '--name',
    'Mara Lindqvist',
    '--address',
    'mara@lindqvist.studio',
    '--dir',
    dir,
  ])
  return dir
}

const CLEAR = '01-apple-mail-theatre-clear-brief.eml'
const VAGUE = '04-gmail-potter-vague.eml'
const NEWSLETTER = '03-mailchimp-frontend-newsletter.eml'

describe('holdfast up', { concurrency: 2 }, () => {
  it('takes mail in as it comes, tells it, answers every command, and stops in good order', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    deliver(dir, CLEAR)
    const told = await serving.until('news', ({ news }) => (news as { what: string }).what === 'review')
    const { text, review } = told.news as { text: string; review: string }
    assert.match(text, /^hot lead: New website for a small theatre/)
    deliver(dir, NEWSLETTER)
    await serving.until('news', ({ news }) => /Northwards.*newsletter$/.test((news as { text: string }).text))

    const items = await json(['inbox', '--dir', dir])
    assert.deepEqual(
      items.map(({ id }: { id: string }) => id),
      [review],
    )
    const answered = await json(['review', review, 'approve', '--dir', dir])
    assert.equal(answered.progress.sent.length, 1)
    await serving.until('news', ({ news }) => (news as { what: string }).what === 'sent')
    assert.equal(readdirSync(join(dir, 'mail', 'Sent', 'cur')).length, 1)
    const ended = await failure(['review', review, 'approve', '--dir', dir])
    assert.deepEqual([ended.code, ended.exit], ['REVIEW_ENDED', 1])

    assert.equal((await json(['ingest', join(SAMPLE, VAGUE), '--dir', dir])).new, 1)
    const [run] = await json(['runs', '--dir', dir])
    assert.equal((await json(['run', 'show', run.id, '--dir', dir])).run, run.id)
    assert.equal((await json(['run', 'replay', run.id, '--dir', dir])).verdict, 'unfinished')
    assert.equal((await json(['run', 'cancel', run.id, '--dir', dir])).status, 'cancelled')
    assert.equal((await json(['customers', '--dir', dir])).length, 2)
    assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', dir])).differing, [])
    const { events } = await json(['log', 'verify', '--dir', dir])
    const exported = await cli(['log', 'export', '--dir', dir])
    assert.equal(exported.stdout.trim().split('\n').length, events)
    const doctor = await json(['doctor', '--dir', dir])
    assert.match(JSON.stringify(doctor), /served by process \d+/)

    assert.equal(await serving.stop('SIGTERM'), 0)
    assert.ok(serving.told.some(({ what }) => what === 'stopping'))
    assert.deepEqual(
      readdirSync(dir).filter((name) => /sock|wal|shm/.test(name)),
      [],
      'nothing is left behind',
    )
    assert.equal((await json(['log', 'verify', '--dir', dir])).events >= events, true)
  })

  it('wakes a run by the answer of a customer', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    await json(['ingest', join(SAMPLE, CLEAR), '--dir', dir])
    const [{ id, run }] = await json(['inbox', '--dir', dir])
    const { progress } = await json(['review', id, 'approve', '--dir', dir])
    const { messageId } = progress.sent[0].output
    const answer = `From: Orla <orla@harbourlane-theatre.example>\r\nMessage-ID: <yes@x.example>\r\nIn-Reply-To: <${messageId}>\r\nSubject: Re: yes\r\n\r\nThursday at two, then.\r\n`
    writeFileSync(join(dir, 'mail', 'Inbox', 'new', 'answer'), answer)
    await serving.until('news', ({ news }) => /answered$/.test((news as { text: string }).text))
    const story = await json(['run', 'show', run, '--dir', dir])
    assert.deepEqual([story.status, story.output.outcome], ['completed', 'answered'])
    assert.equal(await serving.stop('SIGINT'), 0)
  })

  it('is one to a workspace: a second one says who serves it', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    const second = await failure(['up', '--dir', dir])
    assert.deepEqual([second.code, second.exit], ['WORKSPACE_LOCKED', 69])
    assert.match(second.message, /is served already, by process \d+/)
    assert.equal(await serving.stop(), 0)
  })

  it('has a socket for the owner alone', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    const socket = statSync(join(dir, 'holdfast.sock'))
    assert.ok(socket.isSocket())
    assert.equal(socket.mode & 0o777, 0o600)
    assert.equal(statSync(dir).mode & 0o777, 0o700)
    await serving.stop()
  })

  it('is killed and started again: the socket it left is replaced, nothing is lost', async () => {
    const dir = await fresh()
    const first = await serve(['--dir', dir])
    deliver(dir, CLEAR)
    await first.until('news')
    process.kill((first.told[0] as unknown as { pid: number }).pid, 'SIGKILL')
    await once(first.child, 'close')
    assert.ok(existsSync(join(dir, 'holdfast.sock')))
    assert.equal((await json(['inbox', '--dir', dir])).length, 1, 'alone, past the socket that was left')
    const second = await serve(['--dir', dir])
    assert.equal((await json(['inbox', '--dir', dir])).length, 1)
    assert.equal(await second.stop(), 0)
  })

  it('stops when its launcher is killed', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    serving.child.kill('SIGKILL')
    while (existsSync(join(dir, 'holdfast.sock'))) await sleep(20)
    await json(['log', 'verify', '--dir', dir])
  })

  it('stops at once at the second signal', async () => {
    const dir = await fresh()
    const hanging = createServer()
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const { port } = hanging.address() as { port: number }
    const smtp = {
      HOLDFAST_SMTP_HOST: '127.0.0.1',
      HOLDFAST_SMTP_PORT: String(port),
      HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp',
    }
    const serving = await serve(['--dir', dir], smtp)
    await json(['ingest', join(SAMPLE, CLEAR), '--dir', dir])
    const [{ id }] = await json(['inbox', '--dir', dir])
    const connected = once(hanging, 'connection')
    spawnCli(['review', id, 'approve', '--dir', dir])
    await connected
    const ended = once(serving.child, 'close')
    serving.child.kill('SIGINT')
    await serving.until('stopping')
    serving.child.kill('SIGINT')
    const [code] = await ended
    assert.equal(code, 130)
    hanging.close()
  })

  it('works where the path is too long for a socket', async () => {
    const dir = await fresh('a-name-that-is-rather-long/'.repeat(6))
    const serving = await serve(['--dir', dir])
    const pointer = join(dir, 'holdfast.sock.path')
    assert.equal(statSync(pointer).mode & 0o777, 0o600)
    const elsewhere = readFileSync(pointer, 'utf8').trim()
    assert.equal(statSync(elsewhere).mode & 0o777, 0o600)
    deliver(dir, CLEAR)
    await serving.until('news')
    assert.equal((await json(['inbox', '--dir', dir])).length, 1)
    assert.equal(await serving.stop(), 0)
    assert.ok(!existsSync(pointer))
    assert.ok(!existsSync(join(elsewhere, '..')))
  })

  it('says at once when the playbook is broken, and when it is mended', async () => {
    const dir = await fresh()
    const child = spawnCli(['up', '--dir', dir])
    const notes: string[] = []
    child.stderr?.on('data', (data) => notes.push(String(data)))
    const said = async (what: RegExp): Promise<void> => {
      while (!what.test(notes.join(''))) await sleep(20)
    }
    await said(/Serving/)
    const file = join(dir, 'playbooks', 'lead-qualification.yaml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/hot: \d+/, 'hot: very'))
    await said(/playbook has a mistake[\s\S]*lead-qualification\.yaml:\d+:\d+ thresholds\.hot/)
    writeFileSync(file, text)
    await said(/playbook was changed and is valid/)
    child.kill('SIGTERM')
    assert.equal((await outcomeOf(child)).code, 0)
  })

  it('tells that a reply can not be sent yet, and sends it over SMTP when the server is back', async () => {
    const dir = await fresh()
    const received: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        let mail = ''
        stream.on('data', (chunk) => {
          mail += chunk
        })
        stream.on('end', () => {
          received.push(mail)
          done()
        })
      },
    })
    const reserved = createServer()
    await new Promise<void>((resolve) => reserved.listen(0, '127.0.0.1', resolve))
    const { port } = reserved.address() as { port: number }
    await new Promise((resolve) => reserved.close(resolve))
    const env = {
      HOLDFAST_SMTP_HOST: '127.0.0.1',
      HOLDFAST_SMTP_PORT: String(port),
      HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp',
    }
    const serving = await serve(['--dir', dir], env)
    await json(['ingest', join(SAMPLE, CLEAR), '--dir', dir])
    const [{ id }] = await json(['inbox', '--dir', dir])
    const doctor = await cli(['doctor', '--json', '--dir', dir], env)
    assert.equal(JSON.parse(doctor.stdout).find(({ check }: { check: string }) => check === 'smtp').ok, false)
    const answered = await cli(['review', id, 'approve', '--dir', dir])
    assert.equal(answered.code, 0)
    assert.match(answered.stdout, /Not done: .*CONNECTOR_UNAVAILABLE.*tried again at/s)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
    await serving.until('news', ({ news }) => (news as { what: string }).what === 'sent')
    assert.equal(received.length, 1)
    assert.match(received[0] ?? '', /In-Reply-To:\s+<7DF1DB1A/)
    const well = await cli(['doctor', '--json', '--dir', dir], env)
    assert.equal(JSON.parse(well.stdout).find(({ check }: { check: string }) => check === 'smtp').ok, true)
    assert.equal(await serving.stop(), 0)
    server.close(() => {})
  })

  it('lets a reader of the export go away', async () => {
    const dir = await fresh()
    const serving = await serve(['--dir', dir])
    await json(['ingest', SAMPLE, '--dir', dir])
    const child = spawn('bash', [
      '-c',
      `"${process.execPath}" "${HOLDFAST}" log export --dir "${dir}" | head -1; exit \${PIPESTATUS[0]}`,
    ])
    const { code, stdout, stderr } = await outcomeOf(child)
    assert.deepEqual([code, stdout.trim().split('\n').length, stderr], [0, 1, ''])
    assert.equal(await serving.stop(), 0)
  })

  it('waits for a process that starts or ends, and gives up after a while with who is to be stopped', async () => {
    const dir = await fresh()
    const { DatabaseSync } = await import('node:sqlite')
    await json(['inbox', '--dir', dir])
    const other = new DatabaseSync(join(dir, 'holdfast.db'))
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    const waiting = json(['inbox', '--dir', dir])
    await sleep(1_500)
    other.exec('ROLLBACK')
    other.close()
    assert.deepEqual(await waiting, [])
  })

  it('delivers the sample once, however often its first start is cut off', async () => {
    const dir = join(folder(), 'workspace')
    for (const point of ['log.after-commit:1', 'log.after-commit:2', 'mail.after-receive:20']) {
      const child = spawnCli(['up', '--sample', '--once', '--dir', dir], { HOLDFAST_CRASH_AT: point })
      assert.equal((await outcomeOf(child)).code, 137, point)
    }
    const again = join(dir, 'mail', 'Inbox', 'new', 'sample-01-apple-mail-theatre-clear-brief')
    assert.ok(!existsSync(again), 'it was taken in')
    const { code } = await cli(['up', '--sample', '--once', '--dir', dir])
    assert.equal(code, 0)
    const runs = await json(['runs', '--limit', '1000', '--dir', dir])
    assert.equal(runs.length, 60)
    assert.deepEqual(readdirSync(join(dir, 'mail', 'Inbox', 'new')), [])
    assert.equal(readdirSync(join(dir, 'mail', 'Inbox', 'cur')).length, 61)
  })
})
