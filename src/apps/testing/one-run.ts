/** Tests of what one workflow sees: its code as run `r` in a place of its own, to its end. */
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { isHoldfastError } from '../../kernel/errors.ts'
import { type AnyWorkflow, type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { verifyRun } from '../../runtime/replay/replay.ts'
import { openPlace, type Place, type PlaceOptions } from './place.ts'

export type Code<Input = unknown> = (ctx: Context, input: Input) => Promise<unknown>

export function flow<Input = unknown, Output = unknown>(
  run: (ctx: Context, input: Input) => Promise<Output>,
  name = 'flow',
): Workflow<Input, Output> {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

/** Letting time pass; replayed from its journal at every wait when `residentRuns` is 0. */
export async function runToEnd(
  t: TestContext,
  code: Code,
  options: PlaceOptions & { others?: readonly AnyWorkflow[]; input?: unknown } = {},
): Promise<{ output: unknown; place: Place }> {
  const workflow = flow(code)
  const { others = [], input = null, ...rest } = options
  const place = await openPlace(t, { workflows: [workflow, ...others], ...rest })
  await place.hf.start(workflow, input, { id: 'r' })
  const output = await place.outcome('r').catch((error: unknown) => error)
  return { output, place }
}

/** What verification by replay says. */
export async function verdict({ hf }: Place, run = 'r'): Promise<string> {
  return (await verifyRun(hf.log, hf.runtime.workflows, run)).verdict
}

export function codeOf(error: unknown): string {
  return isHoldfastError(error) ? error.code : `no error: ${JSON.stringify(error)}`
}
