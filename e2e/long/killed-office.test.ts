/**
 * Work of every kind, over real servers that fail as servers do, in a process that is killed again and again.
 * OFFICE_KILLS sets how often (default 25); SEED repeats the moments and the failures.
 */
import { it } from 'node:test'
import { killedOffice } from '../mixed-work/killed-office.ts'
import { chanceFrom } from '../testing/chance.ts'

const KILLS = Number(process.env.OFFICE_KILLS ?? 25)
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000)
/** Most kills of one office, so that it gets to its later parts. */
const KILLS_AN_OFFICE = 12
const ORDERS = 24

it(`an office survives SIGKILL at ${KILLS} random moments (SEED=${SEED})`, async (t) => {
  const chance = chanceFrom(SEED)
  for (let kills = 0; kills < KILLS; ) {
    const planned = Math.min(KILLS_AN_OFFICE, KILLS - kills)
    const office = await killedOffice({ orders: ORDERS, kills: planned, chance })
    kills += planned
    t.diagnostic(`${office.kills} kills, ${office.events} events, ${office.unknown} unknown outcomes settled`)
  }
})
