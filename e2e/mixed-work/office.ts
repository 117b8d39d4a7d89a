/**
 * One process of an office with work of every kind: `node office.ts DIR BANK_URL SMTP_PORT ORDERS`. It starts
 * all orders, which is harmless when they are started already, answers what is asked, and ends when all is
 * done. It prints a line for everything that was acknowledged.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { armFromEnvironment } from '../../src/apps/cli/crash-env.ts'
import { smtpConnector } from '../../src/connectors/smtp/connector.ts'
import { isHoldfastError } from '../../src/kernel/errors.ts'
import { type Holdfast, openHoldfast } from '../../src/sdk.ts'
import { AGENTS, bankConnector, mailAddress, order, quote, WORKFLOWS } from './work.ts'

const [dir = '', bankUrl = '', smtpPort = '', orders = ''] = process.argv.slice(2)
armFromEnvironment(process.env)

function say(...words: string[]): void {
  process.stdout.write(`${JSON.stringify(words)}\n`)
}

async function takeOn(hf: Holdfast, n: number): Promise<void> {
  const run = await hf.start(order, { n, mailTo: mailAddress(n) }, { id: `order-${n}` })
  say('started', run.id)
  const { price } = await hf.call(quote, { n }, { id: `quote-${n}` })
  say('quoted', `quote-${n}`, String(price))
  await hf.emit({ kind: 'confirmed', key: `order-${n}`, data: { n }, id: `confirmed-${n}` })
  say('confirmed', `confirmed-${n}`)
}

/** Approves what is proposed; whether an unknown effect was carried out, the operator looks up. */
async function answerAll(hf: Holdfast): Promise<void> {
  for (const review of hf.reviews()) {
    let verdict: 'approved' | 'rejected' = 'approved'
    if (review.action === 'settle-unknown') {
      const { input } = review.proposal as { input?: { to?: { address: string }[] } }
      const address = input?.to?.[0]?.address ?? ''
      const { status } = await fetch(`${bankUrl}/mails/${encodeURIComponent(address)}`)
      verdict = status === 200 ? 'approved' : 'rejected'
    }
    try {
      await hf.answer(review.id, { verdict })
      say('answered', review.id)
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'REVIEW_ENDED') throw error
    }
  }
}

/** Runs of any kind that have not ended: children and handlings of the agent among them. */
function openRuns(): number {
  const sql = "SELECT count(*) AS n FROM runs WHERE status IN ('queued', 'running', 'waiting', 'stalled')"
  return hf.log.tables.get<{ n: number }>(sql)?.n ?? 0
}

const hf = await openHoldfast({
  dir,
  workflows: WORKFLOWS,
  agents: AGENTS,
  connectors: [
    bankConnector(bankUrl),
    smtpConnector({
      host: '127.0.0.1',
      port: Number(smtpPort),
      secure: false,
      auth: null,
      sentDir: join(dir, 'Sent'),
      outboxDir: join(dir, 'outbox'),
      now: Date.now,
    }),
  ],
})
await Promise.all(Array.from({ length: Number(orders) }, (_, i) => takeOn(hf, i + 1)))
const results = Array.from({ length: Number(orders) }, (_, i) => hf.run(`order-${i + 1}`).result())
const over = Promise.allSettled(results)
for (let done = false; !done; ) {
  await answerAll(hf)
  done = await Promise.race([over.then(() => true), pause(20, false)])
}
for (let left = openRuns(); left > 0; left = openRuns()) {
  await answerAll(hf)
  await pause(20)
}
await hf.idle()
await hf.close()
