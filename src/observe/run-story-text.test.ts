import assert from 'node:assert/strict'
import { test } from 'node:test'
import { externalFrom, OWNER, SYSTEM } from '../kernel/label.ts'
import { columns } from './plain-text.ts'
import type { RunStory } from './run-story.ts'
import { runStoryText } from './run-story-text.ts'
import type { StoryOperation } from './story-operations.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const FROM_MAIL = externalFrom('mail:m-1')

const plain: StoryOperation = {
  name: 'count',
  type: 'step',
  state: 'done',
  askedBy: null,
  ref: null,
  started: null,
  ended: NOON + 1_000,
  attempts: 1,
  failures: [],
  beat: null,
  saw: null,
  produced: 5,
  error: null,
  actor: 'workflow:order',
  label: FROM_MAIL,
  policy: [],
  models: [],
  recoveries: [],
  copied: null,
  asides: [],
  undone: null,
  positions: [2],
}

const effect: StoryOperation = {
  ...plain,
  name: 'pay',
  type: 'effect',
  started: NOON + 2_000,
  ended: NOON + 200_000,
  attempts: 2,
  failures: [
    {
      attempt: 1,
      time: NOON + 3_000,
      error: { code: 'CONNECTOR_UNAVAILABLE', message: 'nobody there' },
      retryAt: NOON + 4_000,
      duringLookup: false,
      position: 6,
    },
  ],
  saw: { operation: 'bank.pay', input: { amount: 5, note: 'x '.repeat(900) } },
  produced: 'paid',
  policy: [
    {
      answer: 'allow',
      rule: 'access.allow',
      reason: 'bank.pay is on the allow list',
      operation: 'bank.pay',
      position: 3,
    },
  ],
  recoveries: [
    { time: NOON + 5_000, why: 'the line broke', settled: 'lookup', position: 8, settledPosition: 10 },
  ],
  positions: [3, 4, 6, 7, 8, 10],
}

const decision: StoryOperation = {
  ...plain,
  name: 'due \u001b[31m',
  type: 'decision',
  started: NOON + 300_000,
  ended: NOON + 300_812,
  models: [
    {
      provider: 'openai',
      model: 'm-1',
      inputTokens: 1_234,
      outputTokens: 20,
      priceMicros: 340,
      latencyMs: 812,
      error: null,
      position: 12,
    },
  ],
  positions: [11, 12, 13],
}

const review: StoryOperation = {
  ...plain,
  name: 'ask',
  type: 'review',
  state: 'open',
  askedBy: 'pay',
  ref: 'r-1',
  started: NOON + 400_000,
  ended: null,
  label: OWNER,
  positions: [14],
}

const timer: StoryOperation = {
  ...plain,
  name: 'nap',
  type: 'timer',
  state: 'open',
  started: NOON,
  ended: null,
  produced: null,
  saw: { at: NOON + 3_600_000, ms: 3_600_000 },
  positions: [15],
}

const story: RunStory = {
  run: 'o-1',
  workflow: 'order',
  version: 2,
  status: 'waiting',
  customer: 'c-1',
  parent: { run: 'p-1', name: 'rest' },
  triggeredBy: { name: 'new-order', positions: [1, 2] },
  forkedFrom: { run: 'o-0', step: 'ask', position: 4 },
  rollback: null,
  reopenings: [],
  discarded: null,
  forks: [{ run: 'o-2', step: null }],
  next: null,
  graphs: [
    {
      name: 'pay',
      onFailure: 'continue',
      nodes: [
        { name: 'ask', after: [], state: 'failed', ended: NOON, tookMs: 2_000, because: null },
        { name: 'send', after: ['ask', 'log'], state: 'skipped', ended: NOON, tookMs: null, because: 'ask' },
        { name: 'log', after: [], state: 'open', ended: null, tookMs: null, because: null },
      ],
    },
  ],
  started: NOON,
  startedBy: 'operator',
  ended: null,
  endedBy: null,
  durationMs: null,
  input: { text: 'Pay now' },
  label: FROM_MAIL,
  output: null,
  error: null,
  waitsFor: [
    { for: 'answer', words: 'your answer to r-1: Pay', since: NOON, until: NOON + 60_000, ref: 'r-1' },
  ],
  cost: {
    modelCalls: 2,
    inputTokens: 1_234,
    outputTokens: 20,
    priceMicros: 340,
    unpricedCalls: 1,
    reviews: 1,
    operatorMs: 0,
    answers: 0,
  },
  operations: [plain, effect, decision, review, timer],
  positions: [1, 15],
  erased: [9],
  erasure: null,
}

test('the whole story is there, in lines of at most 100 columns', () => {
  const text = runStoryText(story)
  for (const line of text.split('\n')) assert.ok(columns(line) <= 100, `${columns(line)}: ${line}`)
  const parts = [
    'Run o-1 ',
    'events 1–15',
    'workflow   order, version 2',
    'status     waiting',
    'customer   c-1',
    'called by  p-1 as "rest"',
    'started    2026-11-23 12:00:00 by operator',
    'cost       2 model calls (1,234 tokens in, 20 out, $0.0003 and 1 without a price); 1 review, 0 answered',
    'waits for  your answer to r-1: Pay (since 2026-11-23 12:00:00, at the latest until 2026-11-23 12:01:00)',
    'trust      external from mail:m-1',
    'erased     the bodies of events 9; what they said is missing here',
    '2026-11-23 12:00:01 step "count"',
    'produced   5',
    'effect "pay"',
    '#3 … #10',
    'state      done in 3 min 18 s, at 2026-11-23 12:03:20 after 2 attempts',
    'policy     allow bank.pay by access.allow: bank.pay is on the allow list',
    'failed     2026-11-23 12:00:03 attempt 1: CONNECTOR_UNAVAILABLE: nobody there; next at 2026-11-23 12:00:04',
    'unknown    2026-11-23 12:00:05 the line broke; the outside system says that it was done (event 10)',
    '… 15 more lines',
    'decision "due �[31m"',
    'model      openai m-1: 1,234 tokens in, 20 out, $0.0003, 812 ms',
    'asked by   the effect "pay"',
    'by         workflow:order, owner',
    'length: 1 h',
    'until: 2026-11-23 13:00:00',
  ]
  const flat = text.replace(/\s+/g, ' ')
  for (const part of parts) assert.ok(flat.includes(part.replace(/\s+/g, ' ')), `${part}\n\n${text}`)
})

test('an end is told with its output, or its error and the fix', () => {
  const ended = {
    ...story,
    ended: NOON + 60_000,
    endedBy: 'workflow:order',
    durationMs: 60_000,
    waitsFor: [],
  }
  const completed = runStoryText({ ...ended, status: 'completed', output: { outcome: 'won' } })
  assert.match(completed, /run completed +#15\n {2}output +outcome: won\n$/)
  assert.match(completed, /took +1 min\n/)
  assert.match(completed, /state +open when the run ended/)
  const error = { code: 'NO', message: 'no', fix: 'Ask again.' }
  assert.match(
    runStoryText({ ...ended, status: 'failed', error }),
    /run failed +#15\n {2}error +NO: no\n {2}fix +Ask again\.\n$/,
  )
  assert.match(runStoryText({ ...story, status: 'stalled', error }), /error +NO: no/)
})

test('emphasis, zone, width and lengths are the caller’s', () => {
  const style = {
    strong: (text: string) => `<b>${text}</b>`,
    faint: (text: string) => `<i>${text}</i>`,
    good: (text: string) => `<g>${text}</g>`,
    bad: (text: string) => `<r>${text}</r>`,
  }
  const text = runStoryText(story, { style, timeZone: 'Europe/Berlin' })
  assert.match(text, /<b>2026-11-23 13:00:01 {2}step "count"<\/b>/)
  assert.match(text, /<i>state {6}<\/i><g>done<\/g>/)
  assert.match(text, /<r>2026-11-23 13:00:03 attempt 1/)
  const narrow = runStoryText({ ...story, label: SYSTEM }, { columns: 60, textLines: 2 })
  for (const line of narrow.split('\n')) assert.ok(columns(line) <= 60, line)
  assert.match(narrow, /… \d+ more lines/)
})

test('a graph is shown with the state of each node and what it comes after', () => {
  const text = runStoryText(story)
  assert.match(text, /graph "pay" +3 nodes\n +ask +failed in 2 s\n/)
  assert.match(text, /send +skipped, since "ask" failed ◀ ask, log\n +log +open\n/)
})
