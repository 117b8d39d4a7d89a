/** The workflow that does what a tree says. */
import { z } from 'zod'
import { isHoldfastError } from '../src/kernel/errors.ts'
import type { Json } from '../src/kernel/json.ts'
import { type Context, defineWorkflow, type Workflow } from '../src/kernel/workflow.ts'
import { anything } from './connector.ts'
import { branches, type Tree } from './tree.ts'

export interface TreeInput {
  readonly tree: Tree
  readonly path: string
}

/** Resolves after that time of the simulation; never in a process that has died. */
export type Pause = (ms: number) => Promise<void>

const NUMBER = z.number()

/** What the operator is asked to decide in the simulated runs. */
export const DECISION = 'decide-number'

export function treeWorkflow(pause: Pause): Workflow<TreeInput, Json> {
  const workflow: Workflow<TreeInput, Json> = defineWorkflow({
    name: 'tree',
    version: 1,
    input: anything<TreeInput>(),
    output: anything<Json>(),
    run: (ctx, { tree, path }) => grow(ctx, tree, path),
  })

  async function grow(ctx: Context, tree: Tree, path: string): Promise<Json> {
    const below = branches(tree, path)
    const one = async (): Promise<Json> => {
      const [branch, at] = below[0] as [Tree, string]
      return await grow(ctx, branch, at)
    }
    switch (tree.type) {
      case 'step':
        return await ctx.step(path, async ({ attempt }) => {
          if (tree.slowMs > 0) await pause(tree.slowMs)
          if (attempt <= tree.failures) throw new Error(`attempt ${attempt}`)
          return tree.value
        })
      case 'oops':
        return await ctx.step(path, () => {
          throw Object.assign(new Error(path), { code: tree.code, retryable: false })
        })
      case 'sleep':
        await ctx.sleep(path, tree.ms)
        return 'slept'
      case 'wait':
        return (await ctx.waitFor('never', { name: path, timeout: tree.ms })) === null ? 'in vain' : 'wrong'
      case 'hear':
        return await hear(ctx, tree, path)
      case 'meet':
        return await meet(ctx, tree, path)
      case 'act':
        return await ctx.act(path, `world.${tree.operation}`, { path })
      case 'review':
        return await review(ctx, tree, path)
      case 'draw':
        return [ctx.random(path), ctx.uuid(path)]
      case 'decide': {
        const rules = () => ({ answer: tree.answer, confidence: 1, reasons: [], source: 'tree' })
        const question = { ask: 'Which?', material: { n: tree.answer }, answer: NUMBER, rules }
        return (await ctx.decide(path, question)).answer
      }
      case 'loop': {
        const results: Json[] = []
        for (let i = 0; i < tree.times; i += 1) results.push(await ctx.step(path, () => i))
        return results
      }
      case 'call': {
        const [branch, at] = below[0] as [Tree, string]
        return await ctx.call(path, workflow, { tree: branch, path: at })
      }
      case 'try':
        return await one().catch((error) => {
          if (isHoldfastError(error)) return `caught ${error.code}`
          throw error
        })
      case 'seq': {
        const results: Json[] = []
        for (const [branch, at] of below) results.push(await grow(ctx, branch, at))
        return results
      }
      case 'all':
        return await Promise.all(below.map(([branch, at]) => grow(ctx, branch, at)))
      case 'race': {
        const runners = below.map(
          async ([branch, at], i): Promise<[number, Json]> => [i, await grow(ctx, branch, at)],
        )
        const [winner, result] = await Promise.race(runners)
        await ctx.step(`${path} won by ${winner}`, () => result)
        return [winner, result]
      }
    }
  }

  return workflow
}

async function hear(ctx: Context, tree: Tree & { type: 'hear' }, path: string): Promise<Json> {
  const heard: Json[] = []
  for (let i = 0; i < tree.times; i += 1) {
    const patience = tree.patienceMs === null ? {} : { timeout: tree.patienceMs }
    heard.push((await ctx.waitFor('news', { key: path, ...patience }))?.id ?? 'silence')
  }
  return heard
}

async function meet(ctx: Context, tree: Tree & { type: 'meet' }, path: string): Promise<Json> {
  const speak = async (): Promise<void> => {
    await ctx.sleep(`${path} speaks`, tree.afterMs)
    for (let i = 0; i < tree.events; i += 1) await ctx.emit({ kind: 'said', key: path, data: i })
  }
  const listen = async (): Promise<Json> => {
    const heard: Json[] = []
    for (let i = 0; i < tree.events; i += 1) {
      heard.push((await ctx.waitFor('said', { key: path, timeout: tree.patienceMs }))?.data ?? 'silence')
    }
    return heard
  }
  const [, heard] = await Promise.all([speak(), listen()])
  return heard
}

async function review(ctx: Context, { n }: Tree & { type: 'review' }, path: string): Promise<Json> {
  const { verdict, value } = await ctx.review(path, {
    action: DECISION,
    summary: path,
    reason: 'it is asked',
    confidence: 0.5,
    proposal: { n },
  })
  return [verdict, value.n ?? null]
}
