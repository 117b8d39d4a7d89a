/** The workflows that do what a tree says: alike but for what they are held to. */
import { z } from 'zod'
import type { ParentClose } from '../src/kernel/children.ts'
import type { GraphFailure, NodeOutcome, Settled } from '../src/kernel/concurrency.ts'
import { type HoldfastError, isHoldfastError } from '../src/kernel/errors.ts'
import type { Json } from '../src/kernel/json.ts'
import { type Context, defineWorkflow, type Workflow } from '../src/kernel/workflow.ts'
import { anything } from './connector.ts'
import { branches, type ReviewTree, type Tree } from './tree.ts'

export interface TreeInput {
  readonly tree: Tree
  readonly path: string
  /** What limits and rates count by. */
  readonly key: string
  /** How often a chain goes on as the next run before it does the tree. */
  readonly left: number
  /** Of a child: what was asked for, to be compared with what is on record. */
  readonly onParentClose?: ParentClose
  /** Words of somebody whom the run is about, or of another. */
  readonly says?: string
}

export type TreeWorkflow = Workflow<TreeInput, Json>

/** What holds runs back, by the name of their workflow, as the invariants know it. */
export const HELD: Readonly<Record<string, { readonly slots?: number; readonly rate?: number }>> = {
  narrow: { slots: 2 },
  paced: { rate: 1 },
  chain: { slots: 2 },
  delivery: { slots: 1 },
}
export const RATE_MS = 3_600_000
export const FLAVOURS = ['tree', 'careful', 'careful', 'narrow', 'paced', 'chain'] as const
export type Flavour = (typeof FLAVOURS)[number]

/** Told of what the code of a workflow sees that must not be, by the name of the invariant. */
export type Tell = (invariant: string, wrong: string) => void

/** Resolves after that time of the simulation; never in a process that has died. */
export type Pause = (ms: number) => Promise<void>

const NUMBER = z.number()

/** What the operator is asked to decide in the simulated runs. */
export const DECISION = 'decide-number'

/** @param isMended by the path of what fails until then */
export function treeWorkflows(pause: Pause, tell: Tell, isMended: (path: string) => boolean): TreeWorkflow[] {
  const common = { version: 1, input: anything<TreeInput>(), output: anything<Json>() }
  const run: TreeWorkflow['run'] = (ctx, { tree, path }) => grow(ctx, tree, path)
  const byKey = { key: ({ key }: TreeInput) => key }
  const workflow: TreeWorkflow = defineWorkflow({ ...common, name: 'tree', run })
  const careful = defineWorkflow({ ...common, name: 'careful', compensate: 'on-failure', run })
  const narrow = defineWorkflow({ ...common, name: 'narrow', concurrency: { limit: 2, ...byKey }, run })
  const paced = defineWorkflow({ ...common, name: 'paced', rate: { limit: 1, per: '1h', ...byKey }, run })
  const chain: TreeWorkflow = defineWorkflow({
    ...common,
    name: 'chain',
    concurrency: { limit: 2, ...byKey },
    async run(ctx, input) {
      const { tree, path, left } = input
      if (left === 0) return await grow(ctx, tree, path)
      await ctx.emit({ kind: 'link', key: path, data: left })
      const heard = await ctx.waitFor('link', { key: path, name: `${path} hears` })
      if (heard?.data !== left)
        tell('wait-once', `${path} hears ${JSON.stringify(heard?.data)} instead of ${left}`)
      await ctx.act(`${path} acts`, 'world.keyed', { path: `${path} ${left}` }).catch(() => {})
      return await ctx.continueAs({ ...input, left: left - 1 })
    },
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
          if (tree.mendable && isMended(path)) return 'mended'
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
      case 'act': {
        const { type: _, operation, ...more } = tree
        return await ctx.act(path, `world.${operation}`, { path, ...more })
      }
      case 'review':
        return await review(ctx, tree, path)
      case 'draw':
        return [ctx.random(path), ctx.uuid(path)]
      case 'flag': {
        const { flag, fallback, type: _, ...subject } = tree
        // The type of the answer is that of the default.
        return await ctx.flag(flag, fallback as string, subject)
      }
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
        return await ctx.call(path, workflow, { tree: branch, path: at, key: '', left: 0 })
      }
      case 'spawn': {
        const [branch, at] = below[0] as [Tree, string]
        const { onParentClose } = tree
        // Nobody waits for it, so it may be held back.
        const flavour = at.length % 2 === 0 ? workflow : narrow
        const input = { tree: branch, path: at, key: 'x', left: 0, onParentClose }
        return (await ctx.spawn(path, flavour, input, { onParentClose })).slice(ctx.run.id.length)
      }
      case 'regret': {
        const value = await one()
        const { undone } = await ctx.compensate()
        return [value, undone.length]
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
      case 'some': {
        const { limit, onFailure } = tree
        const counted = atMost(limit, path)
        const tasks = below.map(
          ([branch, at]) =>
            () =>
              counted(() => grow(ctx, branch, at)),
        )
        return asJson(await ctx.all(tasks, { concurrency: limit, onFailure }))
      }
      case 'each': {
        const { limit, onFailure } = tree
        const counted = atMost(limit, path)
        const work = (own: Context, [branch, at]: [Tree, string]) => counted(() => grow(own, branch, at))
        return asJson(await ctx.map(path, below, work, { concurrency: limit, onFailure }))
      }
      case 'nodes': {
        const over = new Set<number>()
        const nodes = below.map(([branch, at], i) => {
          const before = tree.nodes[i]?.after ?? []
          const run = async (own: Context): Promise<Json> => {
            for (const one of before)
              if (!over.has(one)) tell('node-order', `${at} begins, and ${one} is not over`)
            const value = await grow(own, branch, at)
            over.add(i)
            return value
          }
          return [`n${i}`, { after: before.map((one) => `n${one}`), run }] as const
        })
        const { onFailure } = tree
        const done = await ctx.graph<Record<string, Json>, GraphFailure>(path, Object.fromEntries(nodes), {
          onFailure,
        })
        return asJson(nodes.map(([name]) => done[name] as Json | NodeOutcome<Json>))
      }
      case 'first': {
        const runners = below.map(([branch, at], i) => [`b${i}`, (own: Context) => grow(own, branch, at)])
        const { winner, value } = await ctx.race(path, Object.fromEntries(runners) as Runners)
        const place = Number(winner.slice(1))
        await ctx.step(`${path} won by ${place}`, () => value)
        return [place, value]
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

  /** Tells when more are under way at once than may be. */
  function atMost(limit: number, path: string): <T>(work: () => Promise<T>) => Promise<T> {
    let underWay = 0
    return async (work) => {
      underWay += 1
      if (underWay > limit)
        tell('at-once', `${path} has ${underWay} under way at once, the limit is ${limit}`)
      try {
        return await work()
      } finally {
        underWay -= 1
      }
    }
  }

  return [workflow, careful, narrow, paced, chain]
}

type Runners = Readonly<Record<string, (ctx: Context) => Promise<Json>>>
type Outcome = Json | Settled<Json> | NodeOutcome<Json>

/** Settled results as pairs of what became of them and the value, the code or the node. */
function asJson(results: readonly Outcome[]): Json {
  return results.map((result) => {
    if (typeof result !== 'object' || result === null || Array.isArray(result)) return result as Json
    const one = result as Partial<Settled<Json>> & Partial<NodeOutcome<Json>> & { because?: string }
    if (one.ok === true || one.state === 'done') return ['done', (one as { value: Json }).value]
    const { error } = one as { error?: HoldfastError }
    return error === undefined ? ['skipped', one.because ?? null] : ['failed', error.code]
  })
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

async function review(ctx: Context, tree: ReviewTree, path: string): Promise<Json> {
  const { n, deadlineMs, onExpiry, operation, hasWarning } = tree
  const { verdict, value, way } = await ctx.review(path, {
    action: DECISION,
    summary: path,
    reason: 'it is asked',
    confidence: 0.5,
    proposal: { n },
    warnings: hasWarning ? ['it looks odd'] : [],
    ...(deadlineMs === null ? {} : { deadline: deadlineMs, onExpiry }),
    ...(operation === null ? {} : { operation }),
  })
  return [verdict, value.n ?? null, way]
}
