/** Runs the office in processes that are killed, until one of them gets to the end, and checks what is left. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startServer } from '../../src/connectors/testing/smtp-server.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { verifyRun } from '../../src/runtime/replay/replay.ts'
import { openHoldfast } from '../../src/sdk.ts'
import type { Chance } from '../testing/chance.ts'
import { type Bank, startBank } from './bank.ts'
import { AGENTS, bankConnector, ledger, mailAddress, WORKFLOWS } from './work.ts'

const OFFICE = new URL('./office.ts', import.meta.url).pathname

export interface KilledOffice {
  readonly kills: number
  readonly events: number
  readonly unknown: number
}

export async function killedOffice(options: {
  readonly orders: number
  readonly kills: number
  readonly chance: Chance
}): Promise<KilledOffice> {
  const { orders, kills, chance } = options
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-office-'))
  const smtp = await startServer()
  const bank = await startBank(chance, (address) => smtp.recipients.flat().includes(address))
  const said: string[][] = []
  const args = [OFFICE, join(dir, 'workspace'), bank.url, String(smtp.port), String(orders)]
  try {
    let killed = 0
    for (let process = 0; ; process += 1) {
      const afterMs = process < kills ? chance.between(250, 1_200) : null
      if ((await runOffice(args, afterMs, said)) === 'over') break
      killed += 1
    }
    const checked = await check(join(dir, 'workspace'), orders, bank, said)
    const mails = smtp.recipients.flat().toSorted()
    const expected = Array.from({ length: orders }, (_, i) => mailAddress(i + 1)).toSorted()
    assert.deepEqual(mails, expected, 'every customer got exactly one mail')
    return { kills: killed, ...checked }
  } finally {
    await bank.close()
    await smtp.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function runOffice(
  args: readonly string[],
  afterMs: number | null,
  said: string[][],
): Promise<'over' | 'killed'> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (data) => {
    complaint += data
  })
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)))
  const timer = afterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), afterMs)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end))
  })
  clearTimeout(timer)
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0, `the office ended with ${code ?? signal}:\n${complaint}`)
  return 'over'
}

async function check(
  dir: string,
  orders: number,
  bank: Bank,
  said: readonly (readonly string[])[],
): Promise<Omit<KilledOffice, 'kills'>> {
  const hf = await openHoldfast({
    dir,
    workflows: WORKFLOWS,
    agents: AGENTS,
    connectors: [bankConnector(bank.url)],
    recover: false,
  })
  try {
    hf.log.verify()
    assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [], 'projections rebuild to the same')
    const events = [...hf.log.read()]
    const of = (kind: string): StoredEvent[] => events.filter((event) => event.kind === kind)
    const streams = new Set(events.map(({ stream }) => stream))
    const answered = new Set(of('review.answered').map(({ body }) => body?.review))
    for (const [what = '', id = ''] of said) {
      if (what === 'answered') assert.ok(answered.has(id), `acknowledged answer to ${id} is there`)
      else if (what === 'confirmed') assert.ok(streams.has(`event/${id}`), `acknowledged ${id} is there`)
      else assert.ok(streams.has(`run/${id}`), `acknowledged run ${id} is there`)
    }
    for (let n = 1; n <= orders; n += 1)
      assert.equal(hf.run(`order-${n}`).status(), 'completed', `order ${n}`)

    const charges = of('effect.succeeded').filter(({ body }) => body?.operation === 'bank.charge')
    const keys = charges.map(({ body }) => String((body?.output as JsonObject | undefined)?.key))
    assert.equal(new Set(keys).size, orders, 'one charge an order')
    for (const [key, times] of bank.charged) assert.equal(times, 1, `charge ${key} was made ${times} times`)
    assert.deepEqual([...bank.charged.keys()].toSorted(), keys.toSorted(), 'the bank and the log agree')

    const booked = of('event.published').filter(({ body }) => body?.kind === 'booked')
    assert.equal(booked.length, 2 * orders, 'each order and each quote was booked once')
    for (let account = 0; account < 3; account += 1) {
      const key = `account-${account}`
      const own = booked.flatMap(({ body }) => (body?.key === key ? [body.data as JsonObject] : []))
      const { sum, bookings } = (await hf.agent(ledger, key).query()) as { sum: number; bookings: string[] }
      assert.deepEqual(
        bookings,
        own.map(({ charge }) => charge),
        `${key} booked each once, in the order of the log`,
      )
      assert.equal(
        sum,
        own.reduce((total, { amount }) => total + Number(amount), 0),
      )
    }
    for (const { stream } of of('run.started')) {
      const run = stream.slice('run/'.length)
      const report = await verifyRun(hf.log, hf.runtime.workflows, run)
      assert.equal(report.verdict, 'same', `${run} replays: ${report.divergence?.explanation}`)
    }
    return { events: events.length, unknown: of('effect.unknown').length }
  } finally {
    await hf.close()
  }
}
