/** How fast runs advance: steps of many runs together, of one run alone, and the latency of a start. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'
import { LOG_FILE } from '../src/adapters/sqlite/place.ts'
import { type Context, definePipeline, defineWorkflow, type Holdfast, openHoldfast } from '../src/sdk.ts'
import { median } from './reference.ts'

const STEPS = 5
let started = 0

async function runSteps(
  ctx: Pick<Context, 'step'>,
  { steps: count }: { steps: number },
): Promise<{ last: string }> {
  let last = ''
  for (let i = 1; i <= count; i += 1) last = await ctx.step(`step ${i}`, () => `${'r'.repeat(96)}${i}`)
  return { last }
}

const steps = defineWorkflow({
  name: 'steps',
  version: 1,
  input: z.object({ steps: z.number() }),
  output: z.object({ last: z.string() }),
  run: runSteps,
})

const signal = defineWorkflow({
  name: 'signal',
  version: 1,
  input: z.object({ key: z.string() }),
  output: z.object({ received: z.boolean() }),
  async run(ctx, { key }) {
    return { received: (await ctx.waitFor('signal', { key })) !== null }
  },
})

const pipeline = definePipeline({
  name: 'pipeline',
  version: 1,
  input: z.object({ steps: z.number() }),
  output: z.object({ last: z.string() }),
  run: runSteps,
})

/** In a workspace of its own, or in the one given, which stays. */
async function inWorkspace<T>(
  work: (holdfast: Holdfast, dir: string) => Promise<T>,
  given?: string,
): Promise<T> {
  const dir = given ?? mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const holdfast = await openHoldfast({ dir, workflows: [steps, signal, pipeline] })
  try {
    return await work(holdfast, dir)
  } finally {
    await holdfast.close()
    if (given === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

/** Steps a second over `runs` runs of five steps, `inFlight` of them at a time. */
export function concurrentStepsPerSecond(runs: number, inFlight: number, dir?: string): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const began = performance.now()
    await runConcurrently(holdfast, runs, inFlight)
    return ((runs * STEPS) / (performance.now() - began)) * 1000
  }, dir)
}

/** 99th percentile of what the event loop was late by, in milliseconds, while runs went on side by side. */
export function concurrentStepsDelayMs(runs: number, inFlight: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    await runConcurrently(holdfast, runs, inFlight)
    delay.disable()
    return delay.percentile(99) / 1_000_000 - 1
  })
}

/** Bytes of the closed workspace for each step, results of 100 bytes. */
export async function bytesPerStep(runs: number, inFlight: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  await inWorkspace((holdfast) => runConcurrently(holdfast, runs, inFlight), dir)
  const { size } = statSync(join(dir, LOG_FILE))
  rmSync(dir, { recursive: true, force: true })
  return size / (runs * STEPS)
}

async function runConcurrently(holdfast: Holdfast, runs: number, inFlight: number): Promise<void> {
  let left = runs
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      started += 1
      const run = await holdfast.start(steps, { steps: STEPS }, { id: `run-${process.pid}-${started}` })
      await run.result()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

/** Milliseconds a step of one run, mean over `count` steps. */
export function sequentialStepMs(count: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const began = performance.now()
    const run = await holdfast.start(steps, { steps: count })
    await run.result()
    return (performance.now() - began) / count
  })
}

/** Milliseconds from the start of a one-step run to its result, median over `runs`. */
export function startLatencyMs(runs: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    return await medianMs(runs, async () => {
      const run = await holdfast.start(steps, { steps: 1 })
      await run.result()
    })
  })
}

/** Milliseconds from a signal to the end of the run that waits for it, median over `runs`. */
export function signalLatencyMs(runs: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const times: number[] = []
    for (let i = 0; i < runs; i += 1) {
      const run = await holdfast.start(signal, { key: String(i) })
      await holdfast.idle()
      const result = run.result()
      const began = performance.now()
      await holdfast.emit({ kind: 'signal', key: String(i) })
      await result
      times.push(performance.now() - began)
    }
    return median(times)
  })
}

/** Milliseconds of a call of a five-step pipeline, median over `calls`. */
export function pipelineLatencyMs(calls: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    return await medianMs(calls, async () => {
      await holdfast.call(pipeline, { steps: 5 })
    })
  })
}

async function medianMs(times: number, work: () => Promise<void>): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < times; i += 1) {
    const began = performance.now()
    await work()
    taken.push(performance.now() - began)
  }
  return median(taken)
}
