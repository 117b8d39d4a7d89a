import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AUTONOMY_DEFAULTS } from '../../autonomy/settings.ts'
import { DEFAULT_AUTONOMY_TEXT, loadAutonomy } from './autonomy-file.ts'
import { AUTONOMY_FILE } from './file-names.ts'

async function load(t: TestContext, text: string | null) {
  const dir = await mkdtemp(join(tmpdir(), 'autonomy-file-'))
  t.after(() => rm(dir, { recursive: true }))
  if (text !== null) await writeFile(join(dir, AUTONOMY_FILE), text)
  return await loadAutonomy(dir)
}

test('without a file, with the one that init writes, and with an empty one, the defaults hold', async (t) => {
  for (const text of [null, DEFAULT_AUTONOMY_TEXT, 'version: 1\n']) {
    assert.deepEqual(await load(t, text), AUTONOMY_DEFAULTS)
  }
})

test('what is given takes the place of its default, and nothing else', async (t) => {
  const settings = await load(
    t,
    [
      'version: 1',
      'tiers: { high: { tolerance: 0.01 } }',
      'ceilings: { irreversible: sampled }',
      'audits: { auto: 1 }',
      'actions:',
      '  - action: send-reply',
      '    tier: high',
    ].join('\n'),
  )
  assert.deepEqual(settings.tiers.high, { tolerance: 0.01, edit: 0.1 })
  assert.deepEqual(settings.tiers.low, AUTONOMY_DEFAULTS.tiers.low)
  assert.deepEqual(settings.ceilings, { ...AUTONOMY_DEFAULTS.ceilings, irreversible: 'sampled' })
  assert.deepEqual(settings.audits, { sampled: 0.25, auto: 1 })
  assert.deepEqual(settings.actions, [{ agent: '*', action: 'send-reply', segment: '*', tier: 'high' }])
})

test('an exception has the bounds of the file where it names none, and may say never', async (t) => {
  const text = `version: 1
anomalies:
  window: 6h
  lower: 6
  exceptions:
    - { agent: newsletter, measure: recipients, quarantine: null }
`
  const { anomalies } = await load(t, text)
  assert.deepEqual(anomalies, {
    ...AUTONOMY_DEFAULTS.anomalies,
    windowMs: 21_600_000,
    lower: 6,
    exceptions: [{ agent: 'newsletter', measure: 'recipients', lower: 6, quarantine: null }],
  })
})

for (const [what, text, place] of [
  ['an unknown level', 'version: 1\nlevel: full\n', /autonomy\.yaml:2:8/],
  ['a tolerance of 0', 'version: 1\ntiers: { low: { tolerance: 0 } }\n', /:2:28.*above 0/s],
  ['audits of nobody', 'version: 1\naudits: { auto: 0 }\n', /:2:17/],
  ['too many known-bad items', 'version: 1\nvigilance: { rate: 5 }\n', /:2:20/],
  ['a window of no whole hours', 'version: 1\nanomalies: { window: 90m }\n', /:2:22.*whole hours/s],
  ['less history than is needed', 'version: 1\nanomalies: { history: 9 }\n', /:2:23.*at least `minimum`/s],
  [
    'a measure that there is not',
    'version: 1\nanomalies:\n  exceptions:\n    - { measure: luck }\n',
    /:4:18/,
  ],
  ['an unknown name', 'version: 1\nactions:\n  - agnet: x\n', /:3:5/],
] as const) {
  test(`${what} is named with its line and column`, async (t) => {
    await assert.rejects(load(t, text), { code: 'CONFIG_INVALID', message: place })
  })
}
