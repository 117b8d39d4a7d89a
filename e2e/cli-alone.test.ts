/** The command line by itself: no process serves the workspace, and every command works. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { VERBS } from '../src/apps/cli/verb-table.ts'
import { cli, failure, folder, HOLDFAST, json, SAMPLE, spawnCli, typed } from './testing/cli.ts'

const ITEM_FIELDS = [
  'id',
  'action',
  'customer',
  'run',
  'workflow',
  'segment',
  'summary',
  'reason',
  'confidence',
  'proposal',
  'fields',
  'alternatives',
  'risk',
  'cost',
  'evidence',
  'warnings',
  'requested',
  'deadline',
  'onExpiry',
  'overdue',
  'snoozedUntil',
  'hash',
]

/** A workspace in which the sample was worked off; copied for each test, made once. */
const made = join(folder(), 'workspace')

function workspace(): string {
  const dir = join(folder(), 'workspace')
  cpSync(made, dir, { recursive: true })
  return dir
}

function sentIn(dir: string): string[] {
  const cur = join(dir, 'mail', 'Sent', 'cur')
  return existsSync(cur) ? readdirSync(cur).map((name) => readFileSync(join(cur, name), 'utf8')) : []
}

const THEATRE = 'orla@harbourlane-theatre.example'

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
async function theatre(dir: string): Promise<any> {
  const items = await json(['inbox', '--dir', dir])
  return items.find((item: { proposal: { to: string } }) => item.proposal.to === THEATRE)
}

describe('the command line alone', { concurrency: 2 }, () => {
  before(async () => {
    const { code, stdout, stderr } = await typed(['up', '--sample', '--once', '--dir', made])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /61 messages: 60 new, 1 duplicate → \d+ leads, \d+ closed; \d+ reviews wait/)
    assert.match(stdout, /reviews wait for your word/)
    assert.match(stdout, /… and \d+ more: \S*holdfast inbox --all/)
    assert.match(stdout, /What next\n {2}\S*holdfast review r-[0-9a-f]{8}/)
  })

  it('brings the sample in on the first start only', async () => {
    const dir = workspace()
    const again = await cli(['up', '--sample', '--once', '--dir', dir])
    assert.equal(again.code, 0)
    assert.doesNotMatch(again.stderr, /sample|messages/)
    const log = await cli(['log', 'export', '--dir', dir])
    const events = log.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const of = (type: string) => events.filter((event) => event.type === `holdfast.${type}`)
    assert.equal(of('sample.delivered').length, 1)
    assert.equal(of('message.received').length, 60)
    const asked = of('policy.decided').filter(({ subject }) => subject === 'intake/maildir')
    assert.equal(asked.length, 1, 'the policy was asked once whether the inbox folder may be read')
    assert.equal(asked[0].data.request.operation, 'maildir.receive')
  })

  it('does not bring the sample into the workspace of somebody else, nor into one that was used', async () => {
    const dir = join(folder(), 'workspace')
    await json(['init', '--yes', '--name', 'Ada Ek', '--address', 'ada@ek.example', '--dir', dir])
    const { stdout } = await cli(['up', '--sample', '--once', '--dir', dir])
    assert.match(stdout, /Nothing waits for your word/)
    const used = join(folder(), 'workspace')
    await json(['init', '--yes', '--name', 'M', '--address', 'mara@lindqvist.studio', '--dir', used])
    await json(['ingest', join(SAMPLE, '13-iphone-tearoom-opening-hours.eml'), '--dir', used])
    await cli(['up', '--sample', '--once', '--dir', used])
    assert.equal((await json(['runs', '--dir', used])).length, 1)
  })

  it('lists the inbox with what each proposal is, whom it is for and why', async () => {
    const items = await json(['inbox', '--dir', workspace()])
    assert.ok(items.length > 20)
    for (const item of items) {
      for (const field of ITEM_FIELDS) assert.ok(Object.hasOwn(item, field), `${item.id} has ${field}`)
      assert.match(item.id, /^r-[0-9a-f]{8}$/)
      assert.ok(item.confidence > 0 && item.confidence <= 1)
      assert.deepEqual(Object.keys(item.customer), ['id', 'name', 'address'])
      assert.deepEqual(Object.keys(item.proposal), ['to', 'subject', 'body'])
    }
    const ranks = items.map((item: { quality: string }) => ['hot', 'warm', 'cold'].indexOf(item.quality))
    assert.deepEqual(
      ranks,
      ranks.toSorted((a: number, b: number) => a - b),
      'the most promising first',
    )
    const injected = items.filter((item: { warnings: { kind: string }[] }) =>
      item.warnings.some(({ kind }) => kind === 'instruction-to-assistant'),
    )
    assert.ok(injected.length >= 1)
    const { stdout } = await cli(['inbox', '--all', '--dir', made])
    assert.match(stdout, /INJECTION ATTEMPT: .*“IGNORE ALL PREVIOUS/)
  })

  it('sends what is approved, once, threaded to the mail it answers, and says what comes next', async () => {
    const dir = workspace()
    const item = await theatre(dir)
    const { code, stdout } = await typed(['review', item.id, 'approve', '--hash', item.hash, '--dir', dir])
    assert.equal(code, 0)
    assert.match(stdout, /^Sent to Orla Fennessy <orla@harbourlane-theatre\.example>/)
    assert.match(stdout, /If no answer comes by .+ 20\d\d, \d\d:\d\d, a follow-up draft waits/)
    const [mail = '', ...others] = sentIn(dir)
    assert.deepEqual(others, [])
    const original = '<7DF1DB1A-FEFC-48CB-8E19-36524A9AD401@harbourlane-theatre.example>'
    const heads = mail.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
    for (const name of ['In-Reply-To', 'References']) assert.ok(heads.includes(`${name}: ${original}`), mail)
    const again = await failure(['review', item.id, 'approve', '--dir', dir])
    assert.deepEqual([again.code, again.exit], ['REVIEW_ENDED', 1])
    assert.equal(sentIn(dir).length, 1)
    const shown = await cli(['run', 'show', item.run, '--dir', dir])
    for (const part of ['maildir.send', 'taint.endorsed', 'approved', 'mail.answered']) {
      assert.ok(shown.stdout.includes(part), `run show tells of ${part}`)
    }
    const story = await json(['run', 'show', item.run.slice(0, 14), '--dir', dir])
    assert.equal(story.status, 'waiting')
  })

  it('refuses an answer to a proposal that is another one now', async () => {
    const dir = workspace()
    const { id } = await theatre(dir)
    const stale = await failure(['review', id, 'approve', '--hash', 'abc', '--dir', dir])
    assert.equal(stale.code, 'REVIEW_STALE')
    assert.deepEqual(sentIn(dir), [])
  })

  it('edits by fields, by a file of fields, and by a file with the text of one field', async () => {
    const dir = workspace()
    const [one, two, three] = await json(['inbox', '--dir', dir])
    await json(['review', one.id, 'edit', '--set', 'subject=Re: mine', '--set', 'body=a=b', '--dir', dir])
    const file = join(dir, 'fields.yaml')
    writeFileSync(file, 'subject: "Re: from a file"\nbody: |\n  Two\n  lines\n')
    await json(['review', two.id, 'edit', '--file', file, '--dir', dir])
    const input = 'Just the text\n'
    const last = ['review', three.id, 'edit', '--file', '-', '--field', 'body', '--dir', dir]
    assert.equal((await typed(last, { input })).code, 0)
    const mails = sentIn(dir).join('\n')
    for (const part of [
      'Subject: Re: mine',
      'a=3Db',
      'Subject: Re: from a file',
      'Two\r\nlines',
      'Just the text',
    ]) {
      assert.ok(mails.includes(part) || mails.includes(part.replace('=3D', '=')), `${part} in ${mails}`)
    }
    const wrong = await failure(['review', one.id.slice(0, 6), 'edit', '--set', 'nothing', '--dir', dir])
    assert.deepEqual([wrong.code, wrong.exit], ['USAGE', 2])
  })

  it('says which field there is not, and what can be typed instead of an unknown answer', async () => {
    const dir = workspace()
    const { id } = await theatre(dir)
    const field = await failure(['review', id, 'edit', '--set', 'sbject=x', '--dir', dir])
    assert.equal(field.code, 'INPUT_INVALID')
    assert.match(field.message, /has no field sbject; it has to, subject, body/)
    const verdict = await failure(['review', id, 'aprove', '--dir', dir])
    assert.match(verdict.message, /did you mean approve\?/)
    assert.equal(verdict.exit, 2)
  })

  it('rejects with a reason, and sends nothing', async () => {
    const dir = workspace()
    const { id, run } = await theatre(dir)
    const answered = await json(['review', id, 'reject', '--reason', 'not our kind of work', '--dir', dir])
    assert.deepEqual([answered.review.status, answered.progress.status], ['rejected', 'completed'])
    assert.equal(answered.progress.output.outcome, 'rejected')
    assert.deepEqual(sentIn(dir), [])
    assert.match((await cli(['run', 'show', run, '--dir', dir])).stdout, /not our kind of work/)
  })

  it('responds with an instruction and gets another draft, which can be approved', async () => {
    const dir = workspace()
    const { id, proposal } = await theatre(dir)
    const { review, next } = await json(['review', id, 'respond', 'shorter,', 'and', 'formal', '--dir', dir])
    assert.equal(review.status, 'responded')
    assert.notEqual(next.id, id)
    assert.notEqual(next.proposal.body, proposal.body)
    assert.equal((await json(['review', next.id, 'approve', '--dir', dir])).progress.sent.length, 1)
    assert.equal(sentIn(dir).length, 1)
  })

  it('cancels a run, and its review is gone', async () => {
    const dir = workspace()
    const { id, run } = await theatre(dir)
    assert.deepEqual(await json(['run', 'cancel', run, '--dir', dir]), { run, status: 'cancelled' })
    assert.equal((await failure(['review', id, 'approve', '--dir', dir])).code, 'REVIEW_ENDED')
  })

  it('takes in what was delivered to the inbox folder, when any command is used', async () => {
    const dir = workspace()
    const mail = readFileSync(join(SAMPLE, '04-gmail-potter-vague.eml'), 'utf8')
    const other = mail.replace(/^Message-ID:.*$/im, 'Message-ID: <other@gmail.example>')
    writeFileSync(join(dir, 'mail', 'Inbox', 'new', 'other'), other)
    const before = (await json(['runs', '--limit', '1000', '--dir', made])).length
    assert.equal((await json(['runs', '--limit', '1000', '--dir', dir])).length, before + 1)
    assert.deepEqual(readdirSync(join(dir, 'mail', 'Inbox', 'new')), [])
  })

  it('leaves mail alone where the policy says so, and says that', async () => {
    const dir = workspace()
    cpSync(join(SAMPLE, '04-gmail-potter-vague.eml'), join(dir, 'mail', 'Inbox', 'new', 'again'))
    writeFileSync(join(dir, 'policy.yaml'), 'version: 1\noperations: { deny: [maildir.receive] }\n')
    const { code, stderr } = await cli(['inbox', '--dir', dir])
    assert.equal(code, 0)
    assert.match(stderr, /inbox folder is not read: .*policy\.yaml/)
    assert.deepEqual(readdirSync(join(dir, 'mail', 'Inbox', 'new')), ['again'])
  })

  it('reports what is no mail, keeps it, and goes on', async () => {
    const dir = workspace()
    const files = ['empty.eml', 'binary-garbage.eml', 'truncated-tree.eml'].map((name) =>
      join(SAMPLE, '..', 'malformed', name),
    )
    const taken = await json([
      'ingest',
      ...files,
      join(SAMPLE, '01-apple-mail-theatre-clear-brief.eml'),
      '--dir',
      dir,
    ])
    assert.deepEqual([taken.skipped, taken.duplicate, taken.new], [3, 1, 0])
    assert.deepEqual(
      taken.problems.map(({ ref }: { ref: string }) => ref),
      files,
    )
    const garbage = join(dir, 'mail', 'Inbox', 'new', 'garbage')
    cpSync(files[1] ?? '', garbage)
    assert.equal((await cli(['inbox', '--dir', dir])).code, 0)
    assert.ok(!existsSync(garbage), 'it does not come again')
    const missing = await failure(['ingest', join(dir, 'nothing.eml'), '--dir', dir])
    assert.equal(missing.code, 'FILE_UNREADABLE')
  })

  it('gives JSON for every command that gives data', async () => {
    const dir = workspace()
    const { id, run, customer } = await theatre(dir)
    const commands = [
      ['version'],
      ['inbox'],
      ['review', id],
      ['reviews'],
      ['delegations'],
      ['runs'],
      ['queue'],
      ['schedules'],
      ['triggers'],
      ['dead-letters'],
      ['flags'],
      ['run', 'show', run],
      ['run', 'replay', run],
      ['run', 'replay', '--all'],
      ['why', run],
      ['what-if', '--limit', '5'],
      ['run', 'fork', run, '--from', 'draft reply'],
      ['agents'],
      ['breakers'],
      ['flags'],
      ['grants', '--all'],
      ['budgets', '--all'],
      ['grant', 'give', 'maildir.send'],
      ['lineage', '1'],
      ['policy', 'test'],
      ['customers', '--all'],
      ['customer', 'show', customer.id],
      ['playbook', 'check'],
      ['config', 'show', '--origin'],
      ['doctor'],
      ['backup', join(folder(), 'backup')],
      ['backups'],
      ['preflight'],
      ['autonomy'],
      ['autonomy', '--calibration'],
      ['anomalies'],
      ['anomalies', '--normal'],
      ['autonomy', 'set', 'lead-qualification', 'send-reply', 'review'],
      ['autonomy', 'demote', 'lead-qualification', 'send-reply'],
      ['vault', 'list'],
      ['retain', '--dry-run'],
      ['erase', 'orla@harbourlane-theatre.example', '--dry-run'],
      ['log', 'checkpoint'],
      ['log', 'verify'],
      ['log', 'rebuild', '--check'],
      ['log', 'rebuild'],
      ['connector', 'check', 'maildir'],
      ['stop', '--reason', 'a drill'],
      ['resume'],
      ['run', 'cancel', run],
      ['run', 'rollback', run, '--dry-run'],
      ['run', 'rollback', run],
      ['init', '--yes'],
      ['ingest', SAMPLE],
    ]
    for (const command of commands) await json([...command, '--dir', dir])
    const up = await cli(['up', '--once', '--json', '--dir', dir])
    assert.deepEqual(
      up.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).what),
      ['started', 'ready'],
    )
    const elsewhere = [
      'up',
      'log export',
      'review',
      'restore',
      'delegation revoke',
      'breaker close',
      'autonomy accept',
      'autonomy decline',
      'autonomy compare',
      'anomaly lift',
      'grant revoke',
      'policy decide',
      'policy what-if',
      'schedule pause',
      'schedule resume',
      'schedule run',
      'trigger pause',
      'trigger resume',
      'trigger retry',
      'run retry',
      'run discard',
      'flag show',
      'flag explain',
      'flag on',
      'flag off',
      'flag set',
      'flag roll-out',
      'flag skipped',
      'flag start',
      'vault set',
      'vault remove',
      'vault rotate',
      'vault export',
      'vault import',
      'backup destroy',
    ]
    // The flags have a workspace of their own with some: e2e/cli-flags.test.ts.
    elsewhere.push(...VERBS.map(({ words }) => words).filter((words) => words.startsWith('flag ')))
    const ofAgents = VERBS.filter(({ words }) => words.startsWith('agent '))
    for (const { words, args = '' } of ofAgents) {
      const given = args.split(' ').map((_, i) => (i === 2 ? '1' : 'nobody'))
      const { code } = await failure([...words.split(' '), ...given, '--dir', dir])
      assert.match(code, /AGENT|EVENT_NOT_SET_ASIDE/, `${words}: this workspace has no agents`)
    }
    const known = [...commands.map((words) => words.join(' ')), ...ofAgents.map(({ words }) => words)]
    const tested = new Set([...known, ...elsewhere])
    for (const { words } of VERBS) {
      assert.ok(
        [...tested].some((one) => one.startsWith(words)),
        `${words} is in this list`,
      )
    }
  })

  it('verifies, replays and rebuilds what it recorded', async () => {
    const dir = workspace()
    const reports = await json(['run', 'replay', '--all', '--dir', dir])
    assert.ok(reports.length >= 60)
    for (const { verdict } of reports) assert.notEqual(verdict, 'diverged')
    assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', dir])).differing, [])
    assert.ok((await json(['log', 'verify', '--dir', dir])).events > 300)
  })

  it('notices a log that was changed by other hands', async () => {
    const dir = workspace()
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(dir, 'holdfast.db'))
    database.exec('UPDATE events SET actor = kind WHERE position = 7')
    database.close()
    const { code, exit, message } = await failure(['log', 'verify', '--dir', dir])
    assert.deepEqual([code, exit], ['LOG_CORRUPT', 1])
    // One event, or the commit that holds it.
    assert.match(message, /\b7\b|Events \d to \d/)
    const doctor = await cli(['doctor', '--json', '--dir', dir])
    assert.equal(doctor.code, 1)
    const row = JSON.parse(doctor.stdout).find(({ check }: { check: string }) => check === 'log')
    assert.equal(row.ok, false)
  })

  it('backs up and restores: the same log, files and inbox in another folder', async () => {
    const dir = workspace()
    const backup = join(folder(), 'backup')
    const { to, checkpoint, files } = await json(['backup', backup, '--dir', dir])
    assert.equal(to, backup)
    const paths = files.map(({ path }: { path: string }) => path)
    for (const path of ['holdfast.yaml', 'policy.yaml', 'playbooks/lead-qualification.yaml', 'holdfast.db'])
      assert.ok(paths.includes(path), path)
    assert.ok(paths.some((path: string) => path.startsWith('mail/Inbox/cur/')))
    assert.ok(!paths.some((path: string) => path.includes('holdfast.db-')))
    const again = await failure(['backup', backup, '--dir', dir])
    assert.deepEqual([again.code, again.exit], ['FOLDER_NOT_EMPTY', 2])
    const restored = join(folder(), 'restored')
    const said = await cli(['restore', backup, '--dir', restored])
    assert.match(said.stdout, /^Restored and verified: \d+ events up to 20[\s\S]*you are asked/)
    const over = await failure(['restore', backup, '--dir', dir])
    assert.deepEqual([over.code, over.exit], ['FOLDER_NOT_EMPTY', 2])
    assert.deepEqual(await json(['inbox', '--dir', restored]), await json(['inbox', '--dir', dir]))
    const file = join(folder(), 'checkpoint.json')
    writeFileSync(file, JSON.stringify(checkpoint))
    await json(['log', 'verify', '--against', file, '--dir', restored])
    assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', restored])).differing, [])
    const { code } = await cli(['doctor', '--dir', restored])
    assert.equal(code, 0)
  })

  it('erases what the policy says is not to be kept, and everything else goes on', async () => {
    const dir = workspace()
    const file = join(folder(), 'checkpoint.json')
    writeFileSync(file, (await cli(['log', 'checkpoint', '--dir', dir])).stdout)
    assert.match((await cli(['retain', '--dir', dir])).stdout, /Everything is kept/)
    writeFileSync(join(dir, 'policy.yaml'), 'version: 1\nretention:\n  - eraseAfter: 90 daze\n')
    const wrong = await failure(['retain', '--dir', dir])
    assert.equal(wrong.code, 'CONFIG_INVALID')
    assert.match(wrong.message, /policy\.yaml:3:\d+ retention\[0\]\.eraseAfter/)
    writeFileSync(join(dir, 'policy.yaml'), 'version: 1\nretention:\n  - eraseAfter: 0s\n')
    const before = await json(['runs', '--limit', '1000', '--dir', dir])
    const ended = before.filter(({ status }: { status: string }) => status === 'completed')
    const said = await cli(['retain', '--dry-run', '--dir', dir])
    assert.match(said.stdout, new RegExp(`Would be erased: ${ended.length} runs`))
    const done = await json(['retain', '--dir', dir])
    assert.deepEqual([done.runs, done.blobs], [ended.length, ended.length])
    assert.ok(done.bytesAfter < done.bytesBefore)
    const verified = await json(['log', 'verify', '--against', file, '--dir', dir])
    assert.equal(verified.erased, done.events)
    assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', dir])).differing, [])
    const after = await json(['runs', '--limit', '1000', '--dir', dir])
    const lineage = (rows: { id: string; status: string; workflow: string }[]) =>
      rows.map(({ id, status, workflow }) => [id, status, workflow])
    assert.deepEqual(lineage(after), lineage(before))
    const shown = await cli(['run', 'show', ended[0].id, '--dir', dir])
    assert.match(
      shown.stdout,
      /erased +.* by retention: kept as long as the policy says; what it held is gone/,
    )
    const [customer] = await json(['customers', '--all', '--dir', dir])
    assert.equal((await cli(['customer', 'show', customer.id, '--dir', dir])).code, 0)
    assert.ok((await json(['inbox', '--dir', dir])).length > 20)
    assert.equal((await cli(['doctor', '--dir', dir])).code, 0)
    const replayed = await cli(['run', 'replay', '--all', '--dir', dir])
    assert.equal(replayed.code, 0, replayed.stderr)
  })

  it('shows by a checkpoint kept elsewhere that the end of the log was cut off', async () => {
    const dir = workspace()
    const file = join(folder(), 'checkpoint.json')
    const { stdout } = await cli(['log', 'checkpoint', '--dir', dir])
    writeFileSync(file, stdout)
    const verified = await cli(['log', 'verify', '--against', file, '--dir', dir])
    assert.match(verified.stdout, /The log is whole[\s\S]*It goes on from the checkpoint at \d+/)
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(dir, 'holdfast.db'))
    const lastCommit = 'SELECT max(position) FROM events WHERE hash IS NOT NULL AND position <= 300'
    database.exec(`DELETE FROM events WHERE position > (${lastCommit})`)
    database.close()
    assert.equal((await cli(['log', 'verify', '--dir', dir])).code, 0, 'the chain alone does not show it')
    const cut = await failure(['log', 'verify', '--against', file, '--dir', dir])
    assert.deepEqual([cut.code, cut.exit], ['LOG_TRUNCATED', 1])
    assert.match(cut.message, /ends at \d+; .* it went up to \d+, so \d+ events are missing/)
    writeFileSync(file, '{}')
    const wrong = await failure(['log', 'verify', '--against', file, '--dir', dir])
    assert.deepEqual([wrong.code, wrong.exit], ['INPUT_INVALID', 2])
  })

  it('keeps the last valid playbook in force while the file is broken, and says where and what', async () => {
    const dir = workspace()
    const file = join(dir, 'playbooks', 'lead-qualification.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/hot: \d+/, 'hot: very'))
    const { code, exit, message } = await failure(['playbook', 'check', '--dir', dir])
    assert.deepEqual([code, exit], ['PLAYBOOK_INVALID', 78])
    assert.match(message, /lead-qualification\.yaml:\d+:\d+ thresholds\.hot/)
    const inbox = await cli(['inbox', '--dir', dir])
    assert.equal(inbox.code, 0)
    assert.match(inbox.stderr, /last valid one stays in force[\s\S]*:\d+:\d+ thresholds\.hot/)
    const doctor = JSON.parse((await cli(['doctor', '--json', '--dir', dir])).stdout)
    const row = doctor.find(({ check }: { check: string }) => check === 'playbook')
    assert.equal(row.ok, false)
  })

  it('reads the log while configuration and policy are broken, and names line and column', async () => {
    const dir = workspace()
    writeFileSync(join(dir, 'holdfast.yaml'), 'owner:\n  nme: x\n')
    writeFileSync(join(dir, 'policy.yaml'), 'version: 3\n')
    assert.ok((await json(['log', 'verify', '--dir', dir])).events > 0)
    assert.equal((await cli(['log', 'export', '--dir', dir])).code, 0)
    const config = await failure(['config', 'show', '--dir', dir])
    assert.deepEqual([config.code, config.exit], ['CONFIG_INVALID', 78])
    assert.match(config.message, /holdfast\.yaml:2:3/)
    const doctor = await cli(['doctor', '--json', '--dir', dir])
    const bad = JSON.parse(doctor.stdout).filter(({ ok }: { ok: unknown }) => ok === false)
    assert.deepEqual(
      bad.map(({ check }: { check: string }) => check),
      ['configuration', 'policy'],
    )
  })

  it('says what was not understood, on stderr, with exit code 2 or that of the error', async () => {
    const dir = workspace()
    const CANARY = 'canary-typed-5d1e'
    const cases: [string[], string, number, RegExp][] = [
      [['inbx'], 'USAGE', 2, /unknown command 'inbx' \(Did you mean inbox\?\)/],
      [['run'], 'USAGE', 2, /command is missing/],
      [['vault'], 'USAGE', 2, /command is missing/],
      [['vault', 'set'], 'USAGE', 2, /vault set takes <name>, and less was given/],
      [['vault', 'set', 'smtp', CANARY], 'USAGE', 2, /vault set takes <name>, and more was given/],
      [['vault', 'list', CANARY], 'USAGE', 2, /vault list takes nothing, and more was given/],
      [['vault', 'set', 'smtp', `--value=${CANARY}`], 'USAGE', 2, /vault set has no such option$/],
      [['vault', 'import', 'f', `--kep=${CANARY}`], 'USAGE', 2, /no such option/],
      [['vault', 'sett', 'smtp', CANARY], 'USAGE', 2, /vault has no such command \(Did you mean set\?\)/],
      [['vault', CANARY], 'USAGE', 2, /vault has no such command$/],
      [['--dir', dir, '--json', 'vault', 'remove', 'smtp', CANARY], 'USAGE', 2, /more was given/],
      [['run', 'shwo'], 'USAGE', 2, /Did you mean show\?/],
      [['inbox', '--al'], 'USAGE', 2, /unknown option '--al' \(Did you mean --all\?\)/],
      [['review'], 'USAGE', 2, /missing required argument 'id'/],
      [['runs', '--limit', 'x', '--dir', dir], 'USAGE', 2, /--limit "x"/],
      [['breaker', 'close', 'nope', '--dir', dir], 'CONNECTOR_UNKNOWN', 2, /breaker of "nope"/],
      [['runs', '--status', 'foo', '--dir', dir], 'INPUT_INVALID', 2, /status/],
      [['run', 'replay', '--dir', dir], 'USAGE', 2, /--all/],
      [['run', 'show', 'lead-m-', '--dir', dir], 'RUN_NOT_FOUND', 1, /Several runs begin with/],
      [['run', 'show', 'nothing', '--dir', dir], 'RUN_NOT_FOUND', 1, /no run "nothing"/],
      [['review', 'r-zzzz', '--dir', dir], 'REVIEW_NOT_FOUND', 1, /r-zzzz/],
      [['customer', 'show', 'nobody@x', '--dir', dir], 'CUSTOMER_NOT_FOUND', 1, /nobody@x/],
      [['connector', 'check', 'fax', '--dir', dir], 'CONNECTOR_UNKNOWN', 2, /maildir and smtp/],
      [['inbox', '--dir', join(dir, 'none')], 'WORKSPACE_MISSING', 78, /is not a workspace/],
    ]
    for (const [args, code, exit, message] of cases) {
      const failed = await failure(args)
      assert.deepEqual([failed.code, failed.exit], [code, exit], args.join(' '))
      assert.match(failed.message, message)
      assert.notEqual(failed.fix, '')
      assert.ok(!JSON.stringify(failed).includes(CANARY), 'a word that may be a secret is not repeated')
    }
    const person = await cli(['inbox', '--dir', join(dir, 'none')])
    assert.match(
      person.stderr,
      /^WORKSPACE_MISSING: .*\nFix: Create one with `\S*holdfast init --dir \S+none`\.\n$/,
    )
  })

  it('is quiet when whoever reads it goes away, or was never there', async () => {
    for (const pipe of [
      'log export | head -1',
      'log export | true',
      'inbox --all | true',
      'review --help | true',
    ]) {
      const [command = '', reader = ''] = pipe.split(' | ')
      const typed = `"${process.execPath}" "${HOLDFAST}" ${command} --dir "${made}"`
      const child = spawn('bash', ['-c', `${typed} | ${reader}; exit \${PIPESTATUS[0]}`])
      let complaint = ''
      child.stderr.on('data', (data) => {
        complaint += data
      })
      const [code] = await once(child, 'close')
      assert.deepEqual([code, complaint], [0, ''], pipe)
    }
  })

  it('ends with 130 or 143 when it is stopped by a signal, and lets go of the workspace', async () => {
    const dir = workspace()
    const many = join(folder(), 'many')
    mkdirSync(many)
    for (let i = 0; i < 400; i += 1) {
      const mail = `From: a${i}@x.example\nMessage-ID: <${i}@x.example>\nSubject: ${i}\n\nA website, please.\n`
      writeFileSync(join(many, `${i}.eml`), mail)
    }
    for (const [signal, exit] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const child = spawnCli(['ingest', many, '--dir', dir])
      while (
        !existsSync(join(dir, 'holdfast.db-wal')) ||
        statSync(join(dir, 'holdfast.db-wal')).size < 200_000
      ) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      child.kill(signal)
      const [code] = await once(child, 'close')
      assert.equal(code, exit)
    }
    const { messages, new: fresh } = await json(['ingest', many, '--dir', dir])
    assert.equal(messages, 400)
    assert.ok(fresh > 0 && fresh < 400, `${fresh} were left`)
    await json(['log', 'verify', '--dir', dir])
  })

  it('asks nothing and colours nothing without a terminal; takes the workspace from HOLDFAST_DIR', async () => {
    const dir = join(folder(), 'workspace')
    const { code, stdout } = await typed(['init', '--region', 'DE'], { env: { HOLDFAST_DIR: dir } })
    assert.equal(code, 0)
    assert.ok(!stdout.includes('\u001b'))
    const { settings } = await json(['config', 'show'], { HOLDFAST_DIR: dir })
    assert.equal(settings['owner.region'], 'DE')
    assert.equal(statSync(dir).mode & 0o777, 0o700)
    const wrong = await failure(['init', '--region', 'Germany', '--dir', join(dir, 'other')])
    assert.equal(wrong.code, 'INPUT_INVALID')
    assert.ok(!existsSync(join(dir, 'other')))
  })
})
