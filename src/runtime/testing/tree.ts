/**
 * Small workflows as data, for properties that hold for all of them: a tree of operations, done one after
 * the other, together, or as a race. What a tree gives does not depend on how it was interrupted.
 */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import type { Schema } from '../../kernel/schema.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'

export type Tree =
  /** Fails so many times before it gives its value. */
  | { readonly type: 'step'; readonly value: number; readonly failures: number }
  | { readonly type: 'oops'; readonly code: string }
  /** Fails for good until it is mended. */
  | { readonly type: 'flaw'; readonly value: number }
  | { readonly type: 'sleep'; readonly ms: number }
  /** Waits for an event that nobody publishes. */
  | { readonly type: 'wait'; readonly ms: number }
  /** One branch publishes events while another waits for them. */
  | { readonly type: 'meet'; readonly events: number; readonly afterMs: number; readonly patienceMs: number }
  | { readonly type: 'act'; readonly first: 'ok' | 'unavailable' | 'dropped' | 'lost' }
  /** A review that nobody answers: its deadline does. */
  | { readonly type: 'ask'; readonly ms: number; readonly onExpiry: 'approve' | 'reject' }
  | { readonly type: 'draw' }
  | { readonly type: 'decide'; readonly answer: number }
  /** Asked for twice, which is once. */
  | { readonly type: 'flag'; readonly flag: string }
  | { readonly type: 'loop'; readonly times: number }
  | { readonly type: 'call' | 'spawn'; readonly tree: Tree }
  /** The whole run, which goes on as another so many times before it does the tree. */
  | { readonly type: 'chain'; readonly times: number; readonly tree: Tree }
  | { readonly type: 'try'; readonly tree: Tree }
  | { readonly type: 'all' | 'seq' | 'race' | 'first' | 'nodes'; readonly trees: readonly Tree[] }
  | { readonly type: 'each'; readonly trees: readonly Tree[]; readonly limit: number }

/** Whether all flaws are mended. Those that would not end the whole run, or not at a certain moment, always are. */
export const flaws = { areMended: false }

function isFlawed(path: string): boolean {
  return !flaws.areMended && !/\.[str]/.test(path)
}

export interface TreeInput {
  readonly tree: Tree
  readonly path: string
}

function anything<T>(): Schema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } }
}

export const treeFlow: Workflow<TreeInput, Json> = defineWorkflow({
  name: 'tree',
  version: 1,
  input: anything<TreeInput>(),
  output: anything<Json>(),
  run: (ctx, { tree, path }) => grow(ctx, tree, path),
})

interface ChainInput extends TreeInput {
  readonly left: number
}

/** Goes on as the next run until nothing is left, doing an effect and hearing an event in each. */
export const chainFlow: Workflow<ChainInput, Json> = defineWorkflow({
  name: 'chain',
  version: 1,
  input: anything<ChainInput>(),
  output: anything<Json>(),
  run: async (ctx, { tree, path, left }) => {
    if (left === 0) return await grow(ctx, tree, path)
    await ctx.emit({ kind: 'link', key: path, data: left })
    const heard = await ctx.waitFor('link', { key: path, name: `${path} hears` })
    const touched = await ctx.act(`${path} touches`, 'world.touch', {
      path: `${path} ${left}`,
      first: 'lost',
    })
    await ctx.step(`${path} hears ${left}`, () => [heard?.data ?? null, touched])
    return await ctx.continueAs({ tree, path, left: left - 1 })
  },
})

/** Operations are named by their place; below a race there is an `r`, below a try a `t`. */
async function grow(ctx: Context, tree: Tree, path: string): Promise<Json> {
  switch (tree.type) {
    case 'step':
      return await ctx.step(path, ({ attempt }) => {
        if (attempt <= tree.failures) throw new Error(`attempt ${attempt}`)
        return tree.value
      })
    case 'oops':
      return await ctx.step(path, () => {
        throw Object.assign(new Error(path), { code: tree.code, retryable: false })
      })
    case 'flaw':
      return await ctx.step(path, () => {
        if (isFlawed(path)) throw Object.assign(new Error(path), { code: 'FLAW', retryable: false })
        return tree.value
      })
    case 'sleep':
      await ctx.sleep(path, tree.ms)
      return `slept ${tree.ms}`
    case 'wait':
      return (await ctx.waitFor('never', { name: path, timeout: tree.ms })) === null ? 'in vain' : 'wrong'
    case 'meet':
      return await meet(ctx, tree, path)
    case 'act':
      return await ctx.act(path, 'world.touch', { path, first: tree.first })
    case 'ask': {
      const asked = { action: 'ask', summary: path, reason: 'r', confidence: 1, proposal: { path } }
      const due = { deadline: tree.ms, onExpiry: tree.onExpiry, operation: 'world.mark' }
      const { verdict, way } = await ctx.review(path, { ...asked, ...due })
      return `${verdict} by ${way}`
    }
    case 'draw':
      return [ctx.random(path), ctx.uuid(path)]
    case 'decide': {
      const rules = () => ({ answer: tree.answer, confidence: 1, reasons: [], source: 'tree' })
      return (await ctx.decide(path, { ask: '?', material: {}, answer: anything<number>(), rules })).answer
    }
    case 'flag':
      return await Promise.all([ctx.flag(tree.flag, 0), ctx.flag(tree.flag, 0)])
    case 'loop': {
      const results: Json[] = []
      for (let i = 0; i < tree.times; i += 1) results.push(await ctx.step(path, () => i))
      return results
    }
    case 'call':
      return await ctx.call(path, treeFlow, { tree: tree.tree, path: `${path}.c` })
    case 'spawn':
      return await ctx.spawn(path, treeFlow, { tree: tree.tree, path: `${path}.s` })
    case 'chain':
      return await ctx.call(path, chainFlow, { tree: tree.tree, path: `${path}.k`, left: tree.times })
    case 'try':
      return await grow(ctx, tree.tree, `${path}.t`).catch((error) =>
        isHoldfastError(error) ? `caught ${error.code}` : Promise.reject(error),
      )
    case 'seq': {
      const results: Json[] = []
      for (const [i, one] of tree.trees.entries()) results.push(await grow(ctx, one, `${path}.${i}`))
      return results
    }
    case 'all':
      return await Promise.all(tree.trees.map((one, i) => grow(ctx, one, `${path}.${i}`)))
    case 'each':
      return await ctx.map(path, tree.trees, (own, one, i) => grow(own, one, `${path}.${i}`), {
        concurrency: tree.limit,
      })
    case 'nodes':
      return await nodes(ctx, tree.trees, path)
    case 'first': {
      const branches = tree.trees.map((one, i) => [
        `b${i}`,
        (own: Context) => grow(own, one, `${path}.r${i}`),
      ])
      const { winner, value } = await ctx.race(path, Object.fromEntries(branches) as Branches)
      await ctx.step(`${path} won by ${winner}`, () => value)
      return [winner, value]
    }
    case 'race': {
      const runners = tree.trees.map(
        async (one, i): Promise<[number, Json]> => [i, await grow(ctx, one, `${path}.r${i}`)],
      )
      const [winner, result] = await Promise.race(runners)
      await ctx.step(`${path} won by ${winner}`, () => result)
      return [winner, result]
    }
  }
}

type Branches = Readonly<Record<string, (ctx: Context) => Promise<Json>>>

/** A node for each tree, and each but the first two comes after the last but one before it. */
async function nodes(ctx: Context, trees: readonly Tree[], path: string): Promise<Json> {
  const entries = trees.map((one, i) => {
    const after = i < 2 ? [] : [`n${i - 2}`]
    return [`n${i}`, { after, run: (own: Context) => grow(own, one, `${path}.${i}`) }] as const
  })
  const done = await ctx.graph<Record<string, Json>>(path, Object.fromEntries(entries))
  return Object.entries(done).sort(([a], [b]) => (a < b ? -1 : 1))
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
