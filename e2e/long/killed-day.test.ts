/**
 * The sample day with a process that is killed again and again. KILLS sets how often at random moments
 * (default 300); SEED repeats a sequence of moments.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CRASH_POINTS } from '../../src/ports/crash-points.ts'
import { killedDay } from '../sample-day/killed-day.ts'

const KILLS = Number(process.env.KILLS ?? 300)
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000)
/** Most kills of one day, so that it gets to its later parts. */
const KILLS_A_DAY = 25
/** One process in so many lives longer: a run that ten in a row cut off before it gets on is set aside, as it should be. */
const LONGER_EVERY = 8
const LONGER_MS = 2_500

describe('the sample day', { concurrency: 2 }, () => {
  it(`survives SIGKILL at ${KILLS} random moments (SEED=${SEED})`, async (t) => {
    const random = seeded(SEED)
    let kills = 0
    let sent = 0
    while (kills < KILLS) {
      const planned = Math.min(KILLS_A_DAY, KILLS - kills)
      const day = await killedDay((process) => {
        const least = process % LONGER_EVERY === LONGER_EVERY - 1 ? LONGER_MS : 150
        return process < planned ? { afterMs: least + random() * 900 } : null
      })
      kills += day.kills
      sent += day.sent
      assert.ok(day.sent > 10, `${day.sent} replies were sent`)
    }
    t.diagnostic(`${kills} kills, ${sent} replies sent, none twice, none lost`)
  })

  it('survives a stop at every named crash point', async (t) => {
    for (const point of CRASH_POINTS) {
      const day = await killedDay((process) => (process < 3 ? { at: `${point}:${1 + process * 9}` } : null))
      assert.ok(day.kills > 0, `${point} was reached`)
      t.diagnostic(`${point}: ${day.kills} stops, ${day.sent} sent, ${day.unknownEffects} settled by lookup`)
    }
  })
})

/** Mulberry32: the same moments for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296
  }
}
