/**
 * A thousand runs at once, each of which asks a model and pays, within budgets: `budget-process.ts DIR`. It says `begun`
 * once all of them are on record, and ends when nothing is under way any more. What it did outside stands in files.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  type BudgetRule,
  defineConnector,
  defineWorkflow,
  type Model,
  type OpenOptions,
  openHoldfast,
  type PolicySettings,
} from '../../src/sdk.ts'

export const RUNS = 1_000
export const ASK_MICROS = 10_000

const every = {
  agents: ['*'],
  each: 'all',
  per: null,
  reserve: null,
  argument: null,
  atLimit: 'ask',
} as const

/** Each is less than all the runs ask for. */
export const BUDGETS: readonly BudgetRule[] = [
  { ...every, name: 'till', operations: ['till.*'], unit: 'usd', limit: 900_000_000, argument: 'usd' },
  { ...every, name: 'payments', operations: ['till.*'], each: 'customer', unit: 'calls', limit: 40 },
  {
    ...every,
    name: 'questions',
    operations: ['model.*'],
    each: 'agent',
    unit: 'usd',
    limit: 500 * ASK_MICROS,
    reserve: ASK_MICROS,
    atLimit: 'deny',
  },
  { ...every, name: 'asked', operations: ['model.*'], unit: 'calls', limit: 600, atLimit: 'deny' },
]

const policy: PolicySettings = {
  operations: { allow: ['*'], deny: [], review: [] },
  egress: { allow: ['parrot.example'] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  budgets: BUDGETS,
}

const pay = defineWorkflow({
  name: 'pay',
  version: 1,
  input: z.number(),
  output: z.string(),
  async run(ctx, usd) {
    const { answer } = await ctx.decide('may I', {
      ask: 'May it be paid?',
      material: {},
      answer: z.string(),
      rules: () => ({ answer: 'yes', confidence: 1, reasons: [], source: 'book' }),
    })
    await ctx.act('pay', 'till.pay', { usd, customer: ctx.run.customer })
    return answer
  },
})

/** What was done outside, a line for each time. */
export function witness(
  dir: string,
  file: 'paid' | 'asked',
): { key: string; usd: number; customer: string }[] {
  const path = join(dir, `${file}.ndjson`)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
}

function note(dir: string, file: 'paid' | 'asked', what: object): void {
  appendFileSync(join(dir, `${file}.ndjson`), `${JSON.stringify(what)}\n`)
}

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 20))

/** The workspace is in `dir/workspace`, what was done outside beside it. */
export function openOptions(dir: string): OpenOptions {
  const till = defineConnector({
    name: 'till',
    operations: {
      pay: {
        manifest: { effect: 'irreversible' },
        input: z.any(),
        output: z.any(),
        async perform({ usd, customer }, { idempotencyKey: key }) {
          await aMoment()
          note(dir, 'paid', { key, usd, customer })
          await aMoment()
          return null
        },
        async lookup(_, { idempotencyKey }) {
          const isPaid = witness(dir, 'paid').some(({ key }) => key === idempotencyKey)
          return isPaid ? { found: 'yes', output: null } : { found: 'no' }
        },
      },
    },
  })
  const parrot: Model = {
    provider: 'parrot',
    model: 'p-1',
    host: 'parrot.example',
    async ask() {
      note(dir, 'asked', {})
      await aMoment()
      const usage = { inputTokens: 1, outputTokens: 1, priceMicros: ASK_MICROS, latencyMs: 1 }
      return { answer: { answer: 'yes', confidence: 1, reasons: [] }, usage }
    },
  }
  return {
    dir: join(dir, 'workspace'),
    workflows: [pay],
    connectors: [till],
    models: [parrot],
    policy,
    activeRuns: RUNS,
  }
}

async function main(dir: string): Promise<void> {
  const hf = await openHoldfast(openOptions(dir))
  await Promise.all(
    Array.from({ length: RUNS }, (_, i) =>
      hf.start(pay, 1 + (i % 3), { id: `run-${i}`, customer: `c-${i % 20}` }),
    ),
  )
  console.log('begun')
  await hf.idle()
  await hf.close()
}

if (import.meta.main) await main(process.argv[2] ?? '')
