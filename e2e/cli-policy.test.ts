/** The policy on the command line: requests decided line by line, grants, cases, past decisions, lineage. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/holdfast', import.meta.url))
const MAIL = fileURLToPath(
  new URL('../sample/mailbox/01-apple-mail-theatre-clear-brief.eml', import.meta.url),
)
const place = mkdtempSync(join(tmpdir(), 'holdfast-policy-'))
const dir = join(place, 'workspace')
after(() => rmSync(place, { recursive: true }))

async function cli(words: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [BIN, ...words], { env: { ...process.env, HOLDFAST_MODEL: 'none' } })
  child.stdin.end(input)
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { code, out, err }
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever a command prints
async function json(...words: string[]): Promise<any> {
  const { out, err } = await cli([...words, '--json', '--dir', dir])
  assert.ok(out, err)
  return JSON.parse(out)
}

test('policy decide answers each line, and names the one that is no request by its number', async () => {
  const request = {
    operation: 'smtp.send',
    manifest: { effect: 'external', criticalArguments: ['to'] },
    arguments: { to: { value: 'ada@ek.example', label: { trust: 'owner' } } },
    context: { trust: 'external', sources: ['mail:m-1'], readers: null, readPrivate: false },
    grants: [{ operation: 'smtp.send' }],
    addressBook: [],
    budget: null,
  }
  const lines = [request, { ...request, grants: [] }].map((one) => JSON.stringify(one))
  const good = await cli(['policy', 'decide'], `${lines.join('\n')}\n`)
  const answers = good.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    [good.code, answers.map(({ answer, rule }) => `${answer} ${rule}`)],
    [0, ['allow taint.granted', 'review taint.grant']],
  )
  const bad = await cli(['policy', 'decide'], [lines[0], '', '{"operation":1}', 'x', lines[0]].join('\n'))
  const rows = bad.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    [bad.code, rows.map((row) => row.answer ?? [row.line, row.error.code])],
    [1, ['allow', [3, 'INPUT_INVALID'], [4, 'INPUT_INVALID'], 'allow']],
  )
  const both = await cli(['policy', 'decide', '--policy', '-'], lines[0])
  assert.deepEqual([both.code, both.out], [2, ''])
  const policy = join(place, 'strict.yaml')
  writeFileSync(policy, 'version: 1\noperations: { allow: [], deny: [smtp.*] }\n')
  const strict = await cli(['policy', 'decide', '--policy', policy], lines[0])
  assert.equal(JSON.parse(strict.out).rule, 'access.deny')
})

test('policy decide knows hosts and own addresses of the workspace that its policy lies in, or that is named', async () => {
  const here = join(place, 'decides')
  assert.equal((await cli(['init', '--yes', '--dir', here])).code, 0)
  const config = 'owner: { addresses: [me@firm.example] }\nsmtp: { host: mx.firm.example }\n'
  writeFileSync(join(here, 'holdfast.yaml'), config)
  const request = {
    operation: 'smtp.send',
    manifest: { effect: 'external', criticalArguments: ['to'], hosts: ['mx.firm.example'] },
    arguments: { to: { value: 'me@firm.example' } },
    grants: ['smtp.send'],
  }
  const rule = async (...words: string[]): Promise<string> => {
    const { out, err } = await cli(['policy', 'decide', ...words], JSON.stringify(request))
    assert.ok(out, err)
    return JSON.parse(out).rule
  }
  const inside = join(here, 'policy.yaml')
  const outside = join(place, 'decides.yaml')
  writeFileSync(outside, 'version: 1\n')
  assert.equal(await rule('--policy', inside), 'taint.granted')
  assert.equal(await rule('--policy', outside), 'egress.host')
  assert.equal(await rule('--policy', outside, '--dir', here), 'taint.granted')
  const nowhere = await cli(['policy', 'decide', '--policy', outside, '--dir', join(place, 'none')], '{}')
  assert.match(nowhere.err, /WORKSPACE_MISSING/)
})

test('policy decide takes what separates lines elsewhere for a part of a text, and has one answer for each line', async () => {
  const text = JSON.stringify({
    operation: 'a.b',
    arguments: { text: { value: 'one\u2028{"two":1}\u2028three' } },
  })
  const { code, out } = await cli(['policy', 'decide'], `\ufeff${text}\r\n${text}\n`)
  assert.equal(code, 0, out)
  assert.equal(out.trim().split('\n').length, 2)
})

test('policy decide ends when nobody reads its answers any more', { timeout: 60_000 }, async (t) => {
  const child = spawn(process.execPath, [BIN, 'policy', 'decide'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  const lines = '{"operation":"a.b"}\n'.repeat(1_000)
  const more = (): void => {
    while (child.stdin.writable && child.stdin.write(lines));
  }
  child.stdin.on('drain', more)
  more()
  child.stdout.once('data', () => child.stdout.destroy())
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
})

test('grants are given, seen and revoked; cases run; past decisions are made anew; a value is traced', async () => {
  await cli(['init', '--yes', '--name', 'Mara', '--address', 'mara@lindqvist.studio', '--dir', dir])
  const given = await json(
    'grant',
    'give',
    'maildir.send',
    '--agent',
    'follow-up',
    '--for',
    '30d',
    '--reason',
    'mine',
  )
  assert.match(given.id, /^g-/)
  const shown = await cli(['grants', '--dir', dir])
  assert.match(shown.out, /maildir\.send by follow-up/)
  assert.equal((await json('grant', 'revoke', given.id)).held, true)
  assert.deepEqual([await json('grants'), (await json('grants', '--all')).length], [[], 1])
  const refused = await cli(['grant', 'give', 'maildir.*', '--dir', dir])
  assert.match(refused.err, /Name one operation in full/)

  await cli(['ingest', MAIL, '--dir', dir])
  const [review] = await json('inbox')
  await cli(['review', review.id, 'approve', '--dir', dir])
  const stricter = join(place, 'stricter.yaml')
  writeFileSync(stricter, 'version: 1\noperations: { review: [maildir.send] }\n')
  const { decisions, changed } = await json('policy', 'what-if', stricter)
  assert.ok(decisions >= 1)
  assert.deepEqual(
    changed.map(
      ({
        name,
        before,
        after: then,
      }: {
        name: string
        before: { rule: string }
        after: { rule: string }
      }) => [name, before.rule, then.rule],
    ),
    [['send reply', 'taint.endorsed', 'access.review']],
  )
  assert.match(
    (await cli(['policy', 'what-if', stricter, '--dir', dir])).out,
    /1 of \d+ decisions? would be another/,
  )

  writeFileSync(
    join(dir, 'policy.yaml'),
    'version: 1\nbudgets: [{ name: mails, operations: [maildir.send], per: month, unit: calls, limit: 1 }]\n',
  )
  const [mails] = (await json('budgets')).budgets.filter((one: { budget: string }) => one.budget === 'mails')
  assert.deepEqual([mails.limit, mails.settled, mails.left], [1, 0, 1], 'it counts from when it is laid down')
  const told = await cli(['budgets', '--dir', dir])
  assert.match(told.out, /day +all +\d{4}-\d\d-\d\d +\$5\.00 +\$0\.00 +\$0\.00 +\$5\.00 +ask/)
  assert.match(told.out, /Nothing is reserved/)

  const traced = await json('lineage', 'orla@harbourlane-theatre.example')
  assert.equal(traced.places[0].kind, 'message.received')
  assert.equal(traced.places[0].label.trust, 'external')
  assert.match(
    (await cli(['lineage', String(traced.places[0].position), '--dir', dir])).out,
    /trust +external/,
  )
  assert.equal((await cli(['lineage', 'nobody-wrote-this', '--dir', dir])).code, 1)

  assert.match((await cli(['policy', 'test', '--dir', dir])).out, /no cases yet/)
  writeFileSync(
    join(dir, 'policy-cases.yaml'),
    `- name: a stranger in a mail is put to me
  request:
    operation: maildir.send
    arguments: { to: { value: eve@evil.example, label: { trust: external } } }
    grants: [maildir.send]
  expect: review
  rule: taint.argument
- name: a host of its own is refused, the rest is as the connector has it
  request:
    operation: maildir.send
    manifest: { hosts: [evil.example] }
  expect: deny
  rule: egress.host
- name: this is wrong
  request: { operation: maildir.receive }
  expect: deny
`,
  )
  const tested = await cli(['policy', 'test', '--dir', dir])
  assert.equal(tested.code, 1)
  assert.match(tested.out, /ok +a stranger in a mail is put to me/)
  assert.match(tested.out, /ok +a host of its own is refused/)
  assert.match(tested.out, /BAD +this is wrong\n +expected deny, got allow by access\.allow/)
  writeFileSync(join(dir, 'policy-cases.yaml'), '- name: x\n  request: { operation: a.b }\n  expect: maybe\n')
  assert.match((await cli(['policy', 'test', '--dir', dir])).err, /policy-cases\.yaml:3:11/)
  const versions = (await cli(['log', 'export', '--dir', dir])).out.match(/policy\.adopted/g)
  assert.equal(versions?.length, 1)
})

test('a misspelt name is told by doctor and by policy test, and is no error', async () => {
  const here = join(place, 'misspelt')
  assert.equal((await cli(['init', '--yes', '--dir', here])).code, 0)
  const told = async () => {
    const { out } = await cli(['doctor', '--json', '--dir', here])
    const rows: { check: string; ok: unknown; detail: string; fix: string }[] = JSON.parse(out)
    return rows.filter(({ check }) => check === 'policy' || check === 'autonomy')
  }
  assert.deepEqual(
    (await told()).map(({ ok, fix }) => [ok, fix]),
    [
      [true, ''],
      [true, ''],
    ],
  )
  writeFileSync(join(here, 'policy.yaml'), 'version: 1\noperations: { deny: [maildir.sned] }\n')
  writeFileSync(
    join(here, 'autonomy.yaml'),
    'version: 1\nactions: [{ agent: lead-qualificaton, tier: high }]\n',
  )
  const [policy, autonomy] = await told()
  assert.equal(policy?.ok, 'warn')
  assert.match(policy.detail, /^policy\.yaml:2:22 operations\.deny\[0\]: .*did you mean "maildir\.send"\?$/m)
  assert.match(policy.fix, /a deny denies nothing/)
  assert.equal(autonomy?.ok, 'warn')
  assert.match(autonomy.detail, /^autonomy\.yaml:2:20 actions\[0\]\.agent: .*"lead-qualification"\?$/m)
  assert.equal((await cli(['doctor', '--dir', here])).code, 0)
  const tested = await cli(['policy', 'test', '--dir', here])
  assert.equal(tested.code, 0)
  assert.match(tested.out, /policy\.yaml:2:22 operations\.deny\[0\]: no operation "maildir\.sned"/)
  const { unknown } = JSON.parse((await cli(['policy', 'test', '--json', '--dir', here])).out)
  assert.deepEqual(
    unknown.map(({ line, column, path }: Record<string, unknown>) => [line, column, path]),
    [[2, 22, 'operations.deny[0]']],
  )
})
