/**
 * The first four benches through the public APIs of other engines, and of Holdfast, on one machine in one run:
 *
 *     cd bench/peers && npm ci && node main.ts            all of them; writes results.md
 *     node main.ts --only DBOS,Restate --runs 200         some of them, with fewer runs
 *
 * Figures of engines with different stores say what a user of each gets at its documented durable settings, not
 * which store is better.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dbos } from './dbos.ts'
import { holdfast } from './holdfast.ts'
import { langgraph } from './langgraph.ts'
import { mastra } from './mastra.ts'
import type { Engine, Peer } from './peer.ts'
import { restateServer } from './restate.ts'

const PEERS: readonly Peer[] = [holdfast, dbos, restateServer, mastra, langgraph]
const IN_FLIGHT = 200
const LATENCIES = 100

const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string', default: '2000' } },
})
const chosen = values.only?.split(',')
const runs = Number(values.runs)

interface Figures {
  readonly peer: Peer
  readonly concurrentPerSecond: number
  readonly sequentialMs: number
  readonly startMs: number
  readonly signalMs: number
}

async function measure(peer: Peer): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'peers-'))
  const engine = await peer.open(dir)
  try {
    await engine.steps('warm-up', 5)
    const startMs = await median(LATENCIES, (i) => engine.steps(`start-${i}`, 1))
    const signalMs = await signalLatency(engine)
    const began = performance.now()
    await engine.steps('sequential', 1_000)
    const sequentialMs = (performance.now() - began) / 1_000
    const concurrentPerSecond = await concurrent(engine)
    return { peer, concurrentPerSecond, sequentialMs, startMs, signalMs }
  } finally {
    await engine.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function concurrent(engine: Engine): Promise<number> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < runs) {
      next += 1
      await engine.steps(`concurrent-${next}`, 5)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return ((runs * 5) / (performance.now() - began)) * 1_000
}

async function signalLatency(engine: Engine): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < LATENCIES; i += 1) {
    const waiting = await engine.wait(`wait-${i}`)
    const began = performance.now()
    await waiting.signal()
    times.push(performance.now() - began)
  }
  return middle(times)
}

async function median(count: number, work: (i: number) => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const began = performance.now()
    await work(i)
    times.push(performance.now() - began)
  }
  return middle(times)
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

function table(figures: readonly Figures[]): string {
  const rows = figures.map(({ peer, concurrentPerSecond, sequentialMs, startMs, signalMs }) =>
    [
      `${peer.name} (${peer.setting})`,
      Math.round(concurrentPerSecond).toLocaleString('en'),
      ...[sequentialMs, startMs, signalMs].map((ms) => `${ms.toPrecision(2)} ms`),
    ].join(' | '),
  )
  const head = [
    'engine',
    `steps/s, ${runs.toLocaleString('en')} runs × 5, 200 in flight`,
    'a step of 1,000 in a row',
    'one-step run',
    'signal to end',
  ]
  return [`| ${head.join(' | ')} |`, '|---|--:|--:|--:|--:|', ...rows.map((row) => `| ${row} |`)].join('\n')
}

const figures: Figures[] = []
for (const peer of PEERS) {
  if (chosen !== undefined && !chosen.includes(peer.name)) continue
  console.error(`${peer.name} …`)
  figures.push(await measure(peer))
  console.log(table(figures.slice(-1)))
}
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`
if (chosen === undefined) {
  writeFileSync(
    join(import.meta.dirname, 'results.md'),
    `${table(figures)}\n\nOn one machine in one run: ${machine}.\n`,
  )
}
process.exit(0)
