/**
 * Whatever a model is talked into: it obeys the text it reads, word for word, and mixes the attacker's values, tainted
 * ones and the owner's. No effect that leaves or stays done has an untrusted critical argument, without the owner's
 * word. And each rule counts: with any one of them taken out, this test goes red.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verdict } from '../ports/gate.ts'
import { decide, decideBy, RULES } from './decide.ts'
import { type Breach, breachOf } from './testing/obeying-model.ts'

/** Steps of an agent on what it reads, each decided on. */
const SEQUENCES = 100_000
/** Sequences within which a rule that is missing must be missed. */
const WITHOUT = 20_000

/** In their order; said once more, so that a rule that is gone is missed by its name. */
const NAMES = [
  'stop',
  'access.deny',
  'access.review',
  'access.unlisted',
  'budget',
  'rate',
  'egress.host',
  'guard.secret',
  'taint.argument',
  'taint.grant',
  'two.private',
  'two.link',
  'guard.personal',
  'guard.length',
  'guard.recipients',
  'guard.attachments',
  'guard.day',
  'absence',
  'objections',
  'guard.quiet',
]

function firstBreach(sequences: number, ask: typeof decide): Breach | null {
  for (let seed = 1; seed <= sequences; seed += 1) {
    const breach = breachOf(seed, ask)
    if (breach !== null) return breach
  }
  return null
}

test(`in ${SEQUENCES} sequences of an obeying model nothing untrusted decides what leaves`, () => {
  assert.equal(firstBreach(SEQUENCES, decide), null)
})

test('the sequences are no empty ones: all of the answers come about, by every rule', () => {
  const seen = new Set<string>()
  const ask: typeof decide = (...given) => {
    const verdict = decide(...given)
    seen.add(verdict.rule.startsWith('budget.') ? 'budget' : verdict.rule.replace(/^rate\..*/, 'rate'))
    return verdict
  }
  firstBreach(2_000, ask)
  const wanted = [
    ...RULES.map(({ name }) => (name === 'objections' ? 'autonomy.off' : name)),
    'access.allow',
    'access.approved',
    'taint.granted',
    'taint.endorsed',
  ]
  assert.deepEqual(
    wanted.filter((rule) => !seen.has(rule)),
    [],
  )
})

describe('a rule that is taken out is missed', () => {
  test('each is here, in the order in which they are asked', () => {
    assert.deepEqual(
      RULES.map(({ name }) => name),
      NAMES,
    )
  })

  for (const name of NAMES) {
    test(`without ${name}`, (t) => {
      const rest = RULES.filter((rule) => rule.name !== name)
      assert.ok(rest.length < RULES.length, 'it is one of the rules')
      const breach = firstBreach(WITHOUT, (...given): Verdict => decideBy(rest, ...given))
      assert.ok(breach, `no sequence of ${WITHOUT} misses it`)
      assert.equal(breach.rule, name)
      t.diagnostic(`missed in sequence ${breach.seed}`)
    })
  }
})
