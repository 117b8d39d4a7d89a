import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { GUARDRAILS } from '../../policy/guardrails/rules.ts'
import { DEFAULT_POLICY_TEXT, loadBackupRules, loadPolicy, POLICY_FILE } from './policy-file.ts'

async function load(t: TestContext, text: string | null, hosts: string[] = [], own: string[] = []) {
  const dir = await mkdtemp(join(tmpdir(), 'policy-'))
  t.after(() => rm(dir, { recursive: true }))
  if (text !== null) await writeFile(join(dir, POLICY_FILE), text)
  return await loadPolicy({ dir, hosts, own })
}

test('without a file the defaults hold: the own mail, the models, the configured hosts, a small budget', async (t) => {
  assert.deepEqual(await load(t, null, ['SMTP.example.com', 'localhost']), {
    operations: { allow: ['maildir.send', 'maildir.receive', 'smtp.send', 'model.*'], deny: [], review: [] },
    access: [],
    rates: [],
    egress: { allow: ['localhost', '127.0.0.1', '::1', 'smtp.example.com'] },
    grants: { never: [], maxAgeMs: null },
    addressBook: [],
    guardrails: GUARDRAILS,
    absence: null,
    budget: {
      perDayUsd: 5,
      perRunUsd: 0.5,
      modelCallsPerDay: 1_000,
      atLimit: 'ask',
      expireAfterMs: 86_400_000,
    },
    budgets: [],
  })
})

test('the text for init says what the defaults say', async (t) => {
  assert.deepEqual(await load(t, DEFAULT_POLICY_TEXT, ['a.example']), await load(t, null, ['a.example']))
})

test('hosts named in the file are the only ones: not even loopback is added', async (t) => {
  const text = 'version: 1\negress: { allow: [API.OpenAI.com, "::1", 10.0.0.7, bücher.example] }\n'
  const { egress } = await load(t, text, ['smtp.example.com'])
  assert.deepEqual(egress.allow, ['api.openai.com', '::1', '10.0.0.7', 'bücher.example'])
  assert.deepEqual((await load(t, 'version: 1\negress: { allow: [] }\n')).egress.allow, [])
})

test('the owner’s own addresses are in the address book, whatever it says', async (t) => {
  const text = 'version: 1\naddressBook: [ada@ek.example, "@north.example"]\n'
  const { addressBook } = await load(t, text, [], ['Mara@Lindqvist.Studio', 'ada@ek.example'])
  assert.deepEqual(addressBook, ['ada@ek.example', '@north.example', 'mara@lindqvist.studio'])
  assert.deepEqual((await load(t, null, [], ['ada@ek.example'])).addressBook, ['ada@ek.example'])
})

test('null lifts a limit, 0 keeps everything', async (t) => {
  const { budget } = await load(t, 'version: 1\nbudget: { perDayUsd: null, perRunUsd: 0 }\n')
  assert.deepEqual(
    { ...budget },
    { perDayUsd: null, perRunUsd: 0, modelCallsPerDay: 1_000, atLimit: 'ask', expireAfterMs: 86_400_000 },
  )
})

test('a mistake is named with line, column and path', async (t) => {
  const cases: [string, RegExp][] = [
    ['operations: {}\n', /policy\.yaml:1:1 version: is missing/],
    ['version: 2\n', /:1:10 version: must be 1/],
    ['version: 1\noperations:\n  alow: []\n', /:3:3 operations\.alow: .*did you mean "allow"\?/],
    [
      'version: 1\noperations:\n  deny:\n    - Send everything\n',
      /:4:7 operations\.deny\[0\]: must be an operation/,
    ],
    [
      'version: 1\negress: { allow: ["https://x"] }\n',
      /:2:19 egress\.allow\[0\]: must be the name or address/,
    ],
    ['version: 1\negress: { allow: ["x:443"] }\n', /without scheme, port or path/],
    ['version: 1\nbudget: { perDayUsd: -1 }\n', /:2:22 budget\.perDayUsd: must be a number of at least 0/],
    ['version: 1\nbudget: { atLimit: stop }\n', /:2:20 budget\.atLimit: /],
    ['version: 1\nbudget: { expireAfter: later }\n', /budget\.expireAfter: must be a length of time/],
    [
      'version: 1\nbudgets: [{ name: day, unit: usd, limit: 1 }]\n',
      /:2:19 budgets\[0\]\.name: is the name of one/,
    ],
    ['version: 1\nbudgets: [{ name: a, unit: eur, limit: 1 }]\n', /:2:28 budgets\[0\]\.unit: /],
    [
      'version: 1\nbudgets: [{ name: a, unit: minutes, limit: 1 }]\n',
      /budgets\[0\]\.per: minutes must be per day/,
    ],
    [
      'version: 1\nbudgets:\n  - { name: a, unit: calls, limit: 1 }\n  - { name: a, unit: usd, limit: 1 }\n',
      /budgets: must have a name of its own each/,
    ],
    [
      'version: 1\nbudgets: [{ name: a, unit: calls, limit: 1, argument: usd }]\n',
      /budgets\[0\]\.argument: must go with the unit usd/,
    ],
    ['', /policy\.yaml:1:1 /],
    ['version: 1\naccess:\n  - operations: [smtp.send]\n    answer: maybe\n', /:4:13 access\[0\]\.answer: /],
    ['version: 1\nrates: [{ operations: [smtp.send], limit: 0, per: 1h }]\n', /rates\[0\]\.limit: /],
    [
      'version: 1\nrates: [{ operations: [smtp.send], limit: 1, per: soon }]\n',
      /a length of time such as 1h/,
    ],
    ['version: 1\naddressBook: ["Ada <ada@ek.example>"]\n', /:2:15 addressBook\[0\]: must be one address/],
    ['version: 1\nguardrails: { secrets: maybe }\n', /:2:24 guardrails\.secrets: /],
    ['version: 1\nguardrails: { quietHours: { from: "25:00", to: "08:00" } }\n', /:2:35 .*time of the day/],
    ['version: 1\nguardrails: { quietHours: { from: "21:00" } }\n', /must say both, from and to/],
    ['version: 1\nguardrails: { quietHours: { from: "21:00", to: "21:00" } }\n', /must end at another time/],
    ['version: 1\nguardrails: { timeZone: Mars }\n', /:2:25 .*time zone such as/],
    [
      'version: 1\nguardrails: { attachments: { maxBytes: lots } }\n',
      /:2:40 guardrails\.attachments\.maxBytes: /,
    ],
    ['version: 1\nguardrails: { personalData: { nationalIds: [Atlantis] } }\n', /a country such as/],
    ['version: 1\nabsence: { after: never }\n', /:2:19 absence\.after: .*a length of time/],
    ['version: 1\nquestions: { onExpiry: reject }\n', /questions\.deadline: is missing/],
    ['version: 1\nquestions: { deadline: 3d, onExpiry: approve }\n', /:2:38 questions\.onExpiry: /],
    ['version: 1\nbackups: { keep: never }\n', /backups\.keep: must be a length of time/],
    ['version: 1\ngrants: { never: [Everything] }\n', /grants\.never\[0\]: must be an operation/],
    ['version: 1\ncases: [{ name: x, request: { operation: a.b, to: x }, expect: deny }]\n', /cases\[0\]/],
    [
      'version: 1\nguardrails: { attachments: { maxBytes: 10XB }, maxLength: .inf }',
      /2:40 guardrails\.attachments\.maxBytes: must be a number of bytes, a size such as 10MB, or null; 2:59 .*: must be a whole number of at least 0 or null, not Infinity/,
    ],
    [
      'version: 1\ncases: [{ name: x, expect: allow, request: { operation: a.b, budget: { remaining: 1, cost: -2 } } }]',
      /2:92 cases\[0\].request\.budget\.cost: must be a number of at least 0, not -2$/,
    ],
    [
      'version: 1\ncases: [{ name: x, expect: allow, request: { operation: a.b, grants: [{ operation: a.b, agents: x }] } }]',
      /2:89 cases\[0\].request\.grants\[0\]\.agents: unknown key "agents"; did you mean "agent"\?$/,
    ],
  ]
  for (const [text, message] of cases) {
    await assert.rejects(load(t, text), { code: 'CONFIG_INVALID', message }, text)
  }
})

test('budgets are read in whole numbers of what they count', async (t) => {
  const text = `version: 1
budgets:
  - { name: refunds, operations: [bank.refund], each: customer, per: month, unit: usd, limit: 49.9, argument: amount }
  - { name: my-time, per: day, unit: minutes, limit: 1.5, reserve: 0.5, atLimit: deny }
`
  const every = { operations: ['*'], agents: ['*'], each: 'all' } as const
  assert.deepEqual((await load(t, text)).budgets, [
    {
      ...every,
      ...{ name: 'refunds', operations: ['bank.refund'], each: 'customer', per: 'month', unit: 'usd' },
      ...{ limit: 49_900_000, reserve: null, argument: 'amount', atLimit: 'ask' },
    },
    {
      ...every,
      ...{ name: 'my-time', per: 'day', unit: 'minutes' },
      ...{ limit: 90_000, reserve: 30_000, argument: null, atLimit: 'deny' },
    },
  ])
})

test('rules of access, rates, grants and the address book are read as they stand', async (t) => {
  const text = `version: 1
access:
  - { agents: [lead], operations: [smtp.*], customers: [c-1, "segment:vip"], answer: review }
  - { operations: [crm.note], answer: allow }
rates:
  - { operations: [smtp.send], limit: 20, per: 1h, each: customer }
  - { operations: ["*"], limit: 5, per: 10s, burst: 50 }
grants: { never: [bank.*], maxAge: 90d }
addressBook: [Ada@Ek.example, "@firm.example"]
`
  const { access, rates, grants, addressBook } = await load(t, text)
  assert.deepEqual(access, [
    { agents: ['lead'], operations: ['smtp.*'], customers: ['c-1', 'segment:vip'], answer: 'review' },
    { agents: ['*'], operations: ['crm.note'], customers: ['*'], answer: 'allow' },
  ])
  assert.deepEqual(rates, [
    { operations: ['smtp.send'], agents: ['*'], each: 'customer', limit: 20, perMs: 3_600_000, burst: 20 },
    { operations: ['*'], agents: ['*'], each: 'all', limit: 5, perMs: 10_000, burst: 50 },
  ])
  assert.deepEqual(grants, { never: ['bank.*'], maxAgeMs: 90 * 86_400_000 })
  assert.deepEqual(addressBook, ['ada@ek.example', '@firm.example'])
})

test('guardrails and absence are read as they stand', async (t) => {
  const { guardrails, absence } = await load(
    t,
    `version: 1
guardrails:
  personalData: { nationalIds: [sv-SE, PL], allow: ["SE45 5000 0000 0583 9825 7466"] }
  overLimit: deny
  maxLength: 20000
  attachments: { maxCount: 5, maxBytes: 1.5MB, types: [application/PDF, image/*] }
  perCustomerPerDay: 3
  timeZone: Europe/Stockholm
  quietHours: { from: "21:00", to: "8:30", days: [sat, sun] }
absence: { after: 3d }
`,
  )
  assert.deepEqual(guardrails, {
    ...GUARDRAILS,
    personalData: {
      answer: 'review',
      nationalIds: ['sv-SE', 'PL'],
      allow: ['SE45 5000 0000 0583 9825 7466'],
    },
    overLimit: 'deny',
    maxLength: 20_000,
    attachments: { maxCount: 5, maxBytes: 1_500_000, types: ['application/pdf', 'image/*'] },
    perCustomerPerDay: 3,
    timeZone: 'Europe/Stockholm',
    quietHours: { from: 1_260, to: 510, days: [6, 0] },
  })
  assert.deepEqual(absence, { afterMs: 259_200_000 })
})

test('how long the policy’s own questions wait, and how long backups can be read', async (t) => {
  assert.deepEqual((await load(t, 'version: 1\nquestions: { deadline: 3d }\n')).questions, {
    deadlineMs: 3 * 86_400_000,
    onExpiry: 'escalate',
  })
  const dir = await mkdtemp(join(tmpdir(), 'policy-'))
  t.after(() => rm(dir, { recursive: true }))
  assert.deepEqual(await loadBackupRules(dir), {
    keepMs: null,
    afterErasureMs: 30 * 86_400_000,
    keys: undefined,
  })
  await writeFile(
    join(dir, POLICY_FILE),
    'version: 1\nbackups: { keep: 90d, afterErasure: 1d, keys: /media/k }\n',
  )
  assert.deepEqual(await loadBackupRules(dir), {
    keepMs: 90 * 86_400_000,
    afterErasureMs: 86_400_000,
    keys: '/media/k',
  })
})
