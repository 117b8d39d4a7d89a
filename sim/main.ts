/**
 * Deterministic simulation of the real kernel, runtime and log under seeded faults:
 *
 *     npm run sim -- --seeds 10000             seeds 1 to 10000
 *     npm run sim -- --seeds 1000 --from 5000  seeds 5000 to 5999
 *     npm run sim -- --seed 4711               one seed, with all that was done and all events
 *     npm run sim -- --failed                  the seeds that failed last time
 *
 * Why: docs/decisions/0023-deterministic-simulation.md; how to read it: docs/guides/simulation.md
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Command } from 'commander'
import { wholeNumber } from '../scripts/whole-number.ts'
import { type Outcome, simulate } from './simulation.ts'

const FAILED = join(import.meta.dirname, 'failing-seeds.txt')
/** A seed takes some hundredths of a second; one that takes this long does not come to an end. */
const HUNG_MS = 120_000
/** Room for what lives briefly: a seed's whole life, so that little of it is ever copied. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 }

interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed?: number
  readonly failed?: true
  readonly jobs: number
}

const { seed, seeds, from, failed, jobs } = new Command('npm run sim --')
  .option('--seeds <count>', 'how many worlds', wholeNumber, 1_000)
  .option('--from <seed>', 'the first of them', wholeNumber, 1)
  .option('--seed <seed>', 'this one only, with all that was done and all events', wholeNumber)
  .option('--failed', 'those that failed last time')
  .option('--jobs <count>', 'how many at a time', wholeNumber, availableParallelism())
  .parse()
  .opts<Options>()

if (seed !== undefined) await show(seed)
else await simulateAll(failed ? failedBefore() : Array.from({ length: seeds }, (_, i) => from + i), jobs)

async function show(seed: number): Promise<void> {
  const outcome = await simulate(seed, { trace: (line) => console.log(line) })
  console.log(`seed ${seed}: ${outcome.events} events, hash ${outcome.hash}`)
  tell(outcome)
}

async function simulateAll(seeds: readonly number[], jobs: number): Promise<void> {
  const begun = performance.now()
  const left = [...seeds].reverse()
  const outcomes: Outcome[] = []
  const take = (outcome: Outcome): void => {
    outcomes.push(outcome)
    tell(outcome)
  }
  await Promise.all(Array.from({ length: jobs }, () => work(left, take)))
  report(outcomes, performance.now() - begun)
}

/** One worker after the other, as they hang or die, until no seed is left. */
async function work(left: number[], take: (outcome: Outcome) => void): Promise<void> {
  while (left.length > 0) {
    const hung = await untilHung(left, take)
    if (hung === null) return
    const message = `comes-to-rest: it took longer than ${HUNG_MS / 1_000} s, or ended the process`
    const violation = { invariant: 'comes-to-rest', message }
    take({ seed: hung, hash: '', events: 0, violation, counts: {} })
  }
}

/** The seed that a worker hung at; null when there are no more. */
function untilHung(left: number[], take: (outcome: Outcome) => void): Promise<number | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits })
    let seed = 0
    let alarm: NodeJS.Timeout | undefined
    const end = (hung: number | null): void => {
      clearTimeout(alarm)
      void worker.terminate()
      resolve(hung)
    }
    const next = (): void => {
      clearTimeout(alarm)
      const one = left.pop()
      if (one === undefined) {
        end(null)
        return
      }
      seed = one
      alarm = setTimeout(() => end(seed), HUNG_MS)
      worker.postMessage(seed)
    }
    worker.on('message', (outcome: Outcome) => {
      take(outcome)
      next()
    })
    worker.on('error', () => end(seed))
    next()
  })
}

function tell({ seed, violation }: Outcome): void {
  if (violation !== null) console.error(`seed ${seed} failed: ${violation.message}`)
}

function report(outcomes: readonly Outcome[], ms: number): void {
  const failed = outcomes.filter(({ violation }) => violation !== null).sort((a, b) => a.seed - b.seed)
  const counts = new Map<string, number>()
  for (const outcome of outcomes) {
    for (const [what, times] of Object.entries(outcome.counts))
      counts.set(what, (counts.get(what) ?? 0) + times)
  }
  const widest = Math.max(...[...counts.keys()].map((what) => what.length))
  for (const [what, times] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${what.padEnd(widest)} ${String(times).padStart(9)}`)
  }
  const events = outcomes.reduce((sum, one) => sum + one.events, 0)
  const each = (ms / Math.max(1, outcomes.length)).toFixed(1)
  console.log(
    `${outcomes.length} seeds, ${events} events, ${(ms / 1_000).toFixed(1)} s (${each} ms a seed): ${failed.length} failed`,
  )
  keep(failed)
}

/** Failing seeds are kept until a run without any. */
function keep(failed: readonly Outcome[]): void {
  rmSync(FAILED, { force: true })
  if (failed.length === 0) return
  writeFileSync(FAILED, failed.map(({ seed, violation }) => `${seed} ${violation?.message}\n`).join(''))
  console.log(`${FAILED} names them; \`npm run sim -- --seed ${failed[0]?.seed}\` shows the first`)
  process.exitCode = 1
}

function failedBefore(): number[] {
  if (!existsSync(FAILED)) return []
  return readFileSync(FAILED, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number.parseInt(line, 10))
}
