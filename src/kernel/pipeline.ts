/**
 * A pipeline is a bounded piece of work whose caller waits: it may take no longer than its deadline and do no
 * more than so many steps, and it is put on record by one commit at its end, together with everything that it
 * hands over. It can't wait for time, events, people or children, nor can a branch of it: what takes longer is
 * handed to a workflow or an agent.
 *
 * Because nothing of it is on disk before its end, a step may run again when the process dies: it must be
 * idempotent, or an effect. An effect's intent is durable before it is tried, as everywhere; from then on the
 * pipeline is a run that recovery brings to its end.
 */
import type { Concurrency, GraphNode, GraphNodes } from './concurrency.ts'
import { type Duration, durationMs } from './duration.ts'
import { HoldfastError } from './errors.ts'
import type { Schema } from './schema.ts'
import { type Bounds, type Context, defineWorkflow, type Workflow } from './workflow.ts'

/**
 * What pipeline code may ask for. `emit` and `spawn` hand over to agents and workflows: the event is published, the
 * run started, in the very commit that ends the pipeline, and not at all when it fails.
 */
export interface PipelineContext
  extends Pick<
      Context,
      'run' | 'step' | 'decide' | 'flag' | 'act' | 'emit' | 'spawn' | 'now' | 'random' | 'uuid'
    >,
    Pick<Concurrency<PipelineContext>, 'all' | 'map' | 'graph'> {}

export interface PipelineDefinition<Input, Output> {
  readonly name: string
  readonly version: number
  readonly input: Schema<Input>
  readonly output: Schema<Output>
  /** Default 10 seconds. */
  readonly deadline?: Duration
  /** Default 100. */
  readonly maxSteps?: number
  run(ctx: PipelineContext, input: Input): Promise<Output>
}

/** Runs as a workflow does, within bounds. */
export interface Pipeline<Input = unknown, Output = unknown> extends Workflow<Input, Output> {
  readonly bounds: Bounds
}

const WAITS = ['sleep', 'waitFor', 'review', 'call', 'race', 'continueAs', 'compensate'] as const

const DEADLINE = '10s'
const MAX_STEPS = 100

/** @throws INPUT_INVALID when the name, the version or a bound has not the right form. */
export function definePipeline<Input, Output>(
  definition: PipelineDefinition<Input, Output>,
): Pipeline<Input, Output> {
  const { deadline = DEADLINE, maxSteps = MAX_STEPS, ...rest } = definition
  const bounds = { deadlineMs: durationMs(deadline), maxSteps }
  if (bounds.deadlineMs < 1 || !Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new HoldfastError(
      'INPUT_INVALID',
      `Pipeline ${definition.name} can't have the deadline ${JSON.stringify(deadline)} and ${maxSteps} steps`,
      {
        details: { name: definition.name, deadline, maxSteps },
        fix: 'Give a deadline of at least 1 ms, such as `5s`, and a whole number of steps from 1.',
      },
    )
  }
  const run = (ctx: Context, input: Input) => definition.run(withoutWaits(ctx, definition.name), input)
  return Object.freeze({ ...defineWorkflow({ ...rest, run }), bounds })
}

/**
 * The types leave these out; code that asks for one all the same is told what to do instead. Branches are given a
 * context that can wait as little.
 */
function withoutWaits(ctx: Context, pipeline: string): PipelineContext {
  const refusals = WAITS.map((what) => [what, () => Promise.reject(cannotWait(pipeline, what))])
  const map: PipelineContext['map'] = (name, items, work, options) => {
    return ctx.map(name, items, (own, item, i) => work(withoutWaits(own, pipeline), item, i), options)
  }
  const graph: PipelineContext['graph'] = (name, nodes, options) => {
    return ctx.graph(name, nodesWithoutWaits(nodes, pipeline), options)
  }
  return { ...ctx, ...Object.fromEntries(refusals), map, graph }
}

function nodesWithoutWaits<Values extends object>(
  nodes: GraphNodes<Values, PipelineContext>,
  pipeline: string,
): GraphNodes<Values> {
  const given = Object.entries(nodes) as [string, GraphNode<Values, keyof Values, PipelineContext>][]
  const bounded = given.map(([name, node]): [string, GraphNode<Values, keyof Values>] => [
    name,
    { ...node, run: (own, done) => node.run(withoutWaits(own, pipeline), done) },
  ])
  return Object.fromEntries(bounded) as unknown as GraphNodes<Values>
}

function cannotWait(pipeline: string, what: string): HoldfastError {
  return new HoldfastError('PIPELINE_CANNOT_WAIT', `Pipeline ${pipeline} asks for ctx.${what}`, {
    details: { pipeline, what },
  })
}
