/** Feature flags on the command line: mail that is kept back, a playbook for some, and what would be otherwise. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { cli, failure, folder, json } from './testing/cli.ts'

const FLAGS = `version: 1
segments:
  swedish:
    where:
      - { field: country, operator: is, value: SE }
flags:
  # Only Sweden for now.
  workflow.lead-qualification:
    rules:
      - { segment: swedish, serve: on }
  lead-qualification.playbook:
    type: string
    variants: { standard: standard, formal: formal }
    default: standard
`

function letter(name: string, address: string, phone: string): string {
  return [
    `From: ${name} <${address}>`,
    'To: Mara <mara@lindqvist.studio>',
    'Subject: A new website for our theatre',
    'Date: Mon, 2 Nov 2026 09:00:00 +0000',
    `Message-ID: <1.${address}>`,
    '',
    'Dear Mara,',
    '',
    'we need a new website by the end of March. Our budget is EUR 8,500. Could you make us an offer?',
    '',
    'Kind regards,',
    name,
    'Harbour Theatre',
    phone,
    '',
  ].join('\r\n')
}

/** A workspace with flags, two playbooks, and mail from Sweden and from Germany. */
async function workspace(): Promise<string> {
  const dir = join(folder(), 'workspace')
  await json(['init', '--yes', '--name', 'Mara', '--address', 'mara@lindqvist.studio', '--dir', dir])
  writeFileSync(join(dir, 'flags.yaml'), FLAGS)
  const playbook = readFileSync(join(dir, 'playbooks', 'lead-qualification.yaml'), 'utf8')
  const formal = playbook.replace('  signature: |\n', '  signature: |\n    Yours most sincerely\n')
  assert.notEqual(formal, playbook)
  writeFileSync(join(dir, 'playbooks', 'lead-qualification.formal.yaml'), formal)
  writeFileSync(join(dir, 'se.eml'), letter('Ada Ek', 'ada@ek.example', '+46 8 765 43 21'))
  writeFileSync(join(dir, 'de.eml'), letter('Uwe Ohm', 'uwe@ohm.example', '+49 30 901820'))
  return dir
}

it('keeps mail of some customers back, says why, and begins what was kept back when it is on', async () => {
  const dir = await workspace()
  const taken = await json(['ingest', join(dir, 'se.eml'), join(dir, 'de.eml'), '--dir', dir])
  assert.deepEqual([taken.new, taken.leads, taken.off], [2, 1, 1])
  const [skipped, ...more] = await json(['flag', 'skipped', '--dir', dir])
  assert.equal(more.length, 0)
  assert.match(skipped.reason, /is off for c-\w+: flag workflow\.lead-qualification says off \(DEFAULT\)/)
  assert.equal((await failure(['flag', 'start', skipped.run, '--dir', dir])).code, 'FLAG_OFF')
  assert.equal((await failure(['flag', 'start', 'lead-m-none', '--dir', dir])).code, 'RUN_NOT_FOUND')

  const ask = async (who: string) =>
    await json(['flag', 'explain', 'workflow.lead-qualification', '--customer', who, '--dir', dir])
  const [ada, uwe] = [await ask('ada@ek.example'), await ask('uwe@ohm.example')]
  assert.deepEqual([ada.answer.reason, ada.rules[0].result], ['TARGETING_MATCH', 'answers'])
  assert.deepEqual([uwe.answer.reason, uwe.rules[0].conditions[0].known], ['DEFAULT', 'DE'])
  const { stdout } = await cli([
    'flag',
    'explain',
    'workflow.lead-qualification',
    '--customer',
    'uwe',
    '--dir',
    dir,
  ])
  assert.match(
    stdout,
    /says off \(false\)[\s\S]*rule 1: swedish: on: not of the segment\n {4}does not hold: country is SE \(it is DE\)/,
  )

  const changed = await json(['flag', 'set', 'workflow.lead-qualification', 'on', '--dir', dir])
  assert.deepEqual([changed.default, changed.versions[0].change.what], ['on', 'set'])
  assert.match(readFileSync(join(dir, 'flags.yaml'), 'utf8'), /# Only Sweden for now\.\n/)
  await json(['flag', 'start', skipped.run, '--dir', dir])
  assert.deepEqual(await json(['flag', 'skipped', '--dir', dir]), [])
  assert.equal((await json(['run', 'show', skipped.run, '--dir', dir])).status, 'waiting')
  assert.equal((await json(['inbox', '--dir', dir])).length, 2)
  assert.equal((await cli(['run', 'replay', skipped.run, '--dir', dir])).code, 0)
  assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', dir])).differing, [])
})

it('chooses a playbook for a segment, and shows what another choice would have done', async () => {
  const dir = await workspace()
  await json(['flag', 'set', 'workflow.lead-qualification', 'on', '--dir', dir])
  await json(['flag', 'set', 'lead-qualification.playbook', 'formal', '--segment', 'swedish', '--dir', dir])
  await json(['ingest', join(dir, 'se.eml'), join(dir, 'de.eml'), '--dir', dir])
  const drafts = async () => {
    const inbox: { id: string }[] = await json(['inbox', '--dir', dir])
    const reviews = await Promise.all(inbox.map(({ id }) => json(['review', id, '--dir', dir])))
    return new Map(reviews.map(({ proposal }) => [proposal.to, /Yours most sincerely/.test(proposal.body)]))
  }
  assert.deepEqual(
    await drafts(),
    new Map([
      ['ada@ek.example', true],
      ['uwe@ohm.example', false],
    ]),
  )

  const list = await json(['flags', '--dir', dir])
  const counts = list.flags.find(
    ({ name }: { name: string }) => name === 'lead-qualification.playbook',
  ).counts
  assert.deepEqual(
    counts.map(({ variant, reason, segment, count }: Record<string, unknown>) => [
      variant,
      reason,
      segment,
      count,
    ]),
    [
      ['formal', 'TARGETING_MATCH', 'swedish', 1],
      ['standard', 'DEFAULT', '', 1],
    ],
  )
  assert.match((await cli(['flags', '--dir', dir])).stdout, /1 × formal \(TARGETING_MATCH swedish\)/)

  const other = join(dir, 'other.yaml')
  writeFileSync(other, FLAGS.replace('default: standard', 'default: formal'))
  const report = await json(['what-if', '--flags', other, '--dir', dir])
  assert.deepEqual([report.runs, report.flags], [2, 1])
  assert.deepEqual(report.proposals, { closer: 0, further: 0, 'as close': 0, 'cannot tell': 1 })
  const { stdout } = await cli(['what-if', '--flags', other, '--dir', dir])
  assert.match(
    stdout,
    /1 flag would say something else[\s\S]*flag lead-qualification\.playbook: "standard" \(DEFAULT\) → "formal" \(STATIC\)/,
  )
  writeFileSync(other, 'version: 1\nflags: { a: { default: maybe } }\n')
  const wrong = await failure(['what-if', '--flags', other, '--dir', dir])
  assert.equal(wrong.code, 'FLAGS_INVALID')
  assert.match(wrong.message, /:2:\d+ flags\.a\.default: must be one of the variants on, off/)
})

it('switches off and on, rolls out, and refuses what there is not; a broken file is told and changes nothing', async () => {
  const dir = await workspace()
  const flag = 'workflow.lead-qualification'
  const off = await json(['flag', 'off', flag, '--dir', dir])
  assert.deepEqual([off.enabled, off.versions[0].change], [false, { flag, what: 'off' }])
  assert.equal((await json(['flag', 'on', flag, '--dir', dir])).enabled, true)
  const half = await json(['flag', 'roll-out', flag, '50%', '--dir', dir])
  assert.deepEqual(half.rules.at(-1), { segment: null, serve: null, split: { on: 50 } })
  assert.equal((await failure(['flag', 'roll-out', flag, 'half', '--dir', dir])).exit, 2)
  assert.equal((await failure(['flag', 'off', 'nothing', '--dir', dir])).code, 'FLAG_NOT_FOUND')
  assert.equal((await failure(['flag', 'show', 'nothing', '--dir', dir])).code, 'FLAG_NOT_FOUND')
  writeFileSync(join(dir, 'flags.yaml'), FLAGS.replace('serve: on', 'serve: onn'))
  const list = await json(['flags', '--dir', dir])
  assert.match(
    list.problem,
    /flags\.yaml:10:36 flags\.workflow\.lead-qualification\.rules\[0\]\.serve: must be one of/,
  )
  assert.deepEqual(list.flags[0].rules.at(-1).split, { on: 50 })
  assert.match(
    (await cli(['flags', '--dir', dir])).stdout,
    /The flags have a mistake; the last valid ones stay in force/,
  )
  assert.match((await cli(['doctor', '--dir', dir])).stdout, /flags +.*flags\.yaml:10:36/)
})
