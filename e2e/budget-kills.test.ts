/**
 * A thousand runs reserve of the same budgets at once, in a process that is killed again and again. After each death no
 * budget is gone past, neither by the record nor by what was done outside; at the end nothing is left reserved.
 *
 * `BUDGET_KILLS` says how often it is killed, default 5; `SEED` repeats the moments.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { budgets, openHoldfast } from '../src/sdk.ts'
import { ASK_MICROS, BUDGETS, openOptions, RUNS, witness } from './testing/budget-process.ts'
import { chanceFrom } from './testing/chance.ts'

const PROCESS = new URL('./testing/budget-process.ts', import.meta.url).pathname
const KILLS = Number(process.env.BUDGET_KILLS ?? 5)

test('a thousand reservations at once never go past a budget, and none is left over', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  const chance = chanceFrom(seed)
  t.diagnostic(`SEED=${seed}`)
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-budgets-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  let reservedAtDeath = 0
  for (let kills = 0; ; kills += 1) {
    const isOver = await live(dir, kills < KILLS ? chance.between(5, 400) : null)
    const { standing, open } = await check(dir, isOver)
    if (isOver) {
      assert.equal(standing.length, 0, 'nothing is left reserved')
      assert.equal(open.running, 0)
      assert.ok((open.waiting ?? 0) > 0, 'the budgets were asked for more than they have')
      break
    }
    reservedAtDeath += standing.length
  }
  t.diagnostic(`${reservedAtDeath} reservations stood when it was killed`)
  if (KILLS >= 5) assert.ok(reservedAtDeath > 0, 'it died with something reserved')
})

/** Kills it so long after all runs were on record; null: lets it end. */
async function live(dir: string, afterMs: number | null): Promise<boolean> {
  const child = spawn(process.execPath, [PROCESS, dir], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (data) => {
    complaint += data
  })
  createInterface({ input: child.stdout }).once('line', () => {
    if (afterMs !== null) setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end))
  })
  if (signal === 'SIGKILL') return false
  assert.equal(code, 0, complaint)
  return true
}

async function check(dir: string, isOver: boolean) {
  const hf = await openHoldfast({ ...openOptions(dir), recover: false })
  try {
    if (isOver) {
      hf.log.verify()
      assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
    }
    const standing = hf.runtime.gate.reservations()
    const states = budgets(hf)
    for (const { budget, of, limit, reserved, settled, left } of states) {
      assert.ok(
        left >= 0 && reserved >= 0 && settled >= 0,
        `${budget} ${of}: ${settled} + ${reserved} of ${limit}`,
      )
      const held = standing.flatMap(({ holds }) =>
        holds.filter((one) => one.budget === budget && one.of === of),
      )
      assert.equal(
        held.reduce((sum, { amount }) => sum + amount, 0),
        reserved,
        `${budget} ${of}`,
      )
    }
    checkOutside(dir, states)
    const rows = hf.log.tables.all<{ status: string; n: number }>(
      'SELECT status, count(*) AS n FROM runs GROUP BY status',
    )
    const open: Record<string, number> = Object.fromEntries(rows.map(({ status, n }) => [status, n]))
    open.running ??= 0
    assert.ok(rows.reduce((sum, { n }) => sum + n, 0) <= RUNS)
    return { standing, open }
  } finally {
    await hf.close()
  }
}

/** What really happened is within the budgets, and within what is on record as taken. */
function checkOutside(dir: string, states: ReturnType<typeof budgets>): void {
  const paid = witness(dir, 'paid')
  const asked = witness(dir, 'asked').length
  assert.equal(new Set(paid.map(({ key }) => key)).size, paid.length, 'nothing was paid twice')
  const really = new Map<string, number>()
  const add = (key: string, amount: number): unknown => really.set(key, (really.get(key) ?? 0) + amount)
  for (const { usd, customer } of paid) {
    add('till ', usd * 1e6)
    add(`payments ${customer}`, 1)
  }
  add('questions pay', asked * ASK_MICROS)
  add('asked ', asked)
  for (const [key, amount] of really) {
    const [budget, of] = key.split(' ')
    const limit = BUDGETS.find(({ name }) => name === budget)?.limit ?? 0
    const state = states.find((one) => one.budget === budget && one.of === of)
    assert.ok(amount <= limit, `${key} really took ${amount} of ${limit}`)
    assert.ok(amount <= (state?.reserved ?? 0) + (state?.settled ?? 0), `${key}: ${amount} is on record`)
  }
}
