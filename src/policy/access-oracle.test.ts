/** Cedar, an access language with proofs behind it, must say the same of every access rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithCedar } from './testing/access-cases.ts'
import { chanceFrom } from './testing/chance.ts'

/** `CASES=1000000` for a million of them, `SEED` for the same ones again. */
const CASES = Number(process.env.CASES ?? 20_000)
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000)

test(`${CASES} random cases of access, judged by Cedar as well`, (t) => {
  const { answers, differences } = compareWithCedar(CASES, chanceFrom(SEED))
  t.diagnostic(`SEED=${SEED} ${JSON.stringify(answers)}`)
  assert.deepEqual(differences.slice(0, 3), [])
  for (const answer of ['allow', 'deny', 'review', 'unlisted']) {
    assert.ok((answers[answer] ?? 0) > CASES / 50, `too few cases of ${answer}`)
  }
})
