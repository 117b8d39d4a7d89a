/** What the operator's answers come to, and what is told of the answers of others. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startServer } from '../src/connectors/testing/smtp-server.ts'
import { cli, failure, folder, json, SAMPLE } from './testing/cli.ts'

const OWNER = ['--yes', '--name', 'Mara Lindqvist', '--address', 'mara@lindqvist.studio']

/** A workspace with one draft that waits. */
async function oneDraft(env: NodeJS.ProcessEnv = {}): Promise<{ dir: string; id: string }> {
  const dir = join(folder(), 'workspace')
  await json(['init', ...OWNER, '--dir', dir])
  await json(['ingest', join(SAMPLE, '01-apple-mail-theatre-clear-brief.eml'), '--dir', dir], env)
  const [{ id }] = await json(['inbox', '--dir', dir], env)
  return { dir, id }
}

function smtpAt(port: number): NodeJS.ProcessEnv {
  return {
    HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp',
    HOLDFAST_SMTP_HOST: '127.0.0.1',
    HOLDFAST_SMTP_PORT: String(port),
  }
}

describe('answers', { concurrency: 2 }, () => {
  it('are refused, and nothing is recorded, when the mail could not leave like that', async () => {
    const { dir, id } = await oneDraft()
    for (const [set, message] of [
      ['to=bogus', /to: must be one mail address/],
      ['subject=a\nb', /subject: must be one line/],
      ['subject= ', /subject: must not be empty/],
      ['body= \n', /body: must not be blank/],
    ] as const) {
      const refused = await failure(['review', id, 'edit', '--set', set, '--dir', dir])
      assert.deepEqual([refused.code, refused.exit], ['INPUT_INVALID', 2])
      assert.match(refused.message, message)
    }
    assert.equal((await json(['review', id, '--dir', dir])).status, 'waiting')
  })

  it('end with 1 when the mail was refused; doctor and inbox say so from then on', async () => {
    const server = await startServer({ atEnd: 550 })
    const env = smtpAt(server.port)
    const { dir, id } = await oneDraft(env)
    const answered = await cli(['review', id, 'approve', '--dir', dir], env)
    await server.close()
    assert.equal(answered.code, 1)
    assert.match(answered.stdout, /Not done: .*550/s)
    const rows = await cli(['doctor', '--json', '--dir', dir])
    const alerts = JSON.parse(rows.stdout).find(({ check }: { check: string }) => check === 'alerts')
    assert.equal(alerts.ok, 'warn')
    assert.match(alerts.fix, /run retry/)
    assert.match(
      (await cli(['inbox', '--dir', dir])).stderr,
      /1 run of lead-qualification failed and waits for your word: `\S*holdfast dead-letters/,
    )
  })

  it('whose mail was refused wait as dead letters: retried once that is mended, it is sent', async () => {
    const refusing = await startServer({ atEnd: 550 })
    const { dir, id } = await oneDraft(smtpAt(refusing.port))
    await cli(['review', id, 'approve', '--dir', dir], smtpAt(refusing.port))
    await refusing.close()
    const listed = await cli(['dead-letters', '--dir', dir])
    assert.match(listed.stdout, /lead-qualification .*CONNECTOR_REFUSED/)
    assert.match(listed.stdout, /1 run, 0 events/)
    const { runs } = await json(['dead-letters', '--dir', dir])
    const [{ run }] = runs as [{ run: string }]
    const discarded = await cli(['run', 'discard', run, '--reason', 'by phone', '--dir', dir])
    assert.match(discarded.stdout, /no dead letter any more; none is left/)
    assert.match((await cli(['dead-letters', '--dir', dir])).stdout, /No dead letters/)
    assert.doesNotMatch((await cli(['inbox', '--dir', dir])).stderr, /failed/)
    const server = await startServer()
    const retried = await cli(['run', 'retry', run, '--dir', dir], smtpAt(server.port))
    assert.equal(retried.code, 0, retried.stdout + retried.stderr)
    assert.match(retried.stdout, /goes on, from "send reply" on; it is waiting now/)
    assert.equal(server.taken.length, 1)
    await server.close()
    assert.match((await cli(['run', 'show', run, '--dir', dir])).stdout, /reopened .*CONNECTOR_REFUSED/s)
    assert.equal((await failure(['run', 'retry', run, '--dir', dir])).code, 'RUN_UNDER_WAY')
  })

  it('to the question whether a mail was sent are worded for that question', async () => {
    const deaf = await startServer({ atEnd: 'hang up' })
    const { dir, id: draft } = await oneDraft(smtpAt(deaf.port))
    await cli(['review', draft, 'approve', '--dir', dir], smtpAt(deaf.port))
    await deaf.close()
    const server = await startServer()
    const env = smtpAt(server.port)
    const { stdout: listed } = await cli(['inbox', '--dir', dir], env)
    assert.match(listed, /it was sent\n.*it was not sent: send it now\n.*leave it undone/s)
    assert.doesNotMatch(listed, /% sure|send nothing/)
    assert.match(listed, /“Re: New website/)
    const [{ id }] = await json(['inbox', '--dir', dir], env)
    const { stdout: shown } = await cli(['review', id, '--dir', dir], env)
    assert.match(shown, / {4}to +Orla Fennessy <orla@harbourlane-theatre\.example>\n {4}subject +Re: New/)
    assert.doesNotMatch(shown, /\{"|0 %/)
    const rejected = await cli(['review', id, 'reject', '--dir', dir], env)
    await server.close()
    assert.deepEqual([rejected.code, server.taken.length], [0, 1], rejected.stdout)
    assert.match(rejected.stdout, /^On record: it was not done\. Now it is:\nSent to Orla Fennessy/)
  })

  it('of those we wrote to are told by the inbox', async () => {
    const { dir, id } = await oneDraft()
    const { progress } = await json(['review', id, 'approve', '--dir', dir])
    const mail = join(dir, 'answer.eml')
    writeFileSync(
      mail,
      [
        'From: Orla Fennessy <orla@harbourlane-theatre.example>',
        'To: mara@lindqvist.studio',
        'Subject: Re: New website',
        'Message-ID: <answer@harbourlane-theatre.example>',
        `In-Reply-To: <${progress.sent[0].output.messageId}>`,
        '',
        'Thank you, Tuesday suits me.',
        '',
      ].join('\r\n'),
    )
    await json(['ingest', mail, '--dir', dir])
    const { stderr } = await cli(['inbox', '--dir', dir])
    assert.match(stderr, /^Orla Fennessy answered: “Re: New website” \(0 min ago, m-[0-9a-f]+\)$/m)
  })

  it('to what was mistyped make no workspace, and end where no folder can be made', async () => {
    const dir = join(folder(), 'typo')
    const missing = await failure(['up', '--once', '--dir', dir])
    assert.deepEqual([missing.code, missing.exit], ['WORKSPACE_MISSING', 78])
    assert.match(missing.fix, /init.*up --sample/)
    const file = join(folder(), 'file')
    writeFileSync(file, '')
    for (const impossible of [join(file, 'x'), ...(process.platform === 'linux' ? ['/proc/x'] : [])]) {
      const unusable = await failure(['init', '--yes', '--dir', impossible])
      assert.equal(unusable.code, 'FOLDER_UNUSABLE')
      assert.ok(unusable.message.includes(impossible))
    }
  })
})
