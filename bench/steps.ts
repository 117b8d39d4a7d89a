/** How fast runs advance: steps of many runs together, of one run alone, and the latency of a start. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { definePipeline, defineWorkflow, type Holdfast, openHoldfast } from '../src/sdk.ts'
import { median } from './reference.ts'

const steps = defineWorkflow({
  name: 'steps',
  version: 1,
  input: z.object({ steps: z.number() }),
  output: z.object({ last: z.string() }),
  async run(ctx, { steps: count }) {
    let last = ''
    for (let i = 1; i <= count; i += 1) last = await ctx.step(`step ${i}`, () => `${'r'.repeat(96)}${i}`)
    return { last }
  },
})

const pipeline = definePipeline({
  name: 'pipeline',
  version: 1,
  input: z.object({ steps: z.number() }),
  output: z.object({ last: z.string() }),
  async run(ctx, { steps: count }) {
    let last = ''
    for (let i = 1; i <= count; i += 1) last = await ctx.step(`step ${i}`, () => `${'r'.repeat(96)}${i}`)
    return { last }
  },
})

async function inWorkspace<T>(work: (holdfast: Holdfast) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const holdfast = await openHoldfast({ dir, workflows: [steps, pipeline] })
  try {
    return await work(holdfast)
  } finally {
    await holdfast.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Steps a second over `runs` runs of five steps, `inFlight` of them at a time. */
export function concurrentStepsPerSecond(runs: number, inFlight: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const began = performance.now()
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < runs) {
        next += 1
        const run = await holdfast.start(steps, { steps: 5 }, { id: `run-${next}` })
        await run.result()
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
    return ((runs * 5) / (performance.now() - began)) * 1000
  })
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
    const times: number[] = []
    for (let i = 0; i < runs; i += 1) {
      const began = performance.now()
      const run = await holdfast.start(steps, { steps: 1 })
      await run.result()
      times.push(performance.now() - began)
    }
    return median(times)
  })
}

/** Milliseconds of a call of a five-step pipeline, median over `calls`. */
export function pipelineLatencyMs(calls: number): Promise<number> {
  return inWorkspace(async (holdfast) => {
    const times: number[] = []
    for (let i = 0; i < calls; i += 1) {
      const began = performance.now()
      await holdfast.call(pipeline, { steps: 5 })
      times.push(performance.now() - began)
    }
    return median(times)
  })
}
