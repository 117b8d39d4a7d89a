/** `ctx.all`, `ctx.map` and `ctx.race`: several pieces of code at once, in an order that a replay repeats. */
import type { ConcurrencyOptions, Settled } from '../../kernel/concurrency.ts'
import { fromErrorRecord, HoldfastError, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { Context } from '../../kernel/workflow.ts'
import { chosen } from './chosen.ts'
import type { Scope } from './scope.ts'

/** Results in the order of the tasks, begun in that order. */
export async function runAll(
  tasks: readonly (() => unknown)[],
  { concurrency, onFailure = 'stop' }: ConcurrencyOptions = {},
): Promise<unknown[]> {
  const limit = limitOf(concurrency)
  chosen(onFailure, ['stop', 'settle'], 'onFailure')
  const settled = new Array<Settled<unknown>>(tasks.length)
  const failures: { readonly thrown: unknown }[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < tasks.length && (onFailure === 'settle' || failures.length === 0)) {
      const place = next
      next += 1
      try {
        settled[place] = { ok: true, value: await tasks[place]?.() }
      } catch (thrown) {
        failures.push({ thrown })
        settled[place] = { ok: false, error: asError(thrown) }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, work))
  const [failure] = failures
  if (onFailure === 'settle') return settled
  if (failure !== undefined) throw failure.thrown
  return settled.map((one) => (one.ok ? one.value : null))
}

export async function runMap<Item>(
  scope: Scope,
  contextOf: (scope: Scope) => Context,
  name: string,
  items: readonly Item[],
  work: (ctx: Context, item: Item, index: number) => unknown,
  options?: ConcurrencyOptions,
): Promise<unknown[]> {
  return await scope.several(name, async (unique) => {
    const tasks = items.map((item, index) => async () => {
      const branch = scope.branch(`${unique}/${index}`)
      try {
        return await work(contextOf(branch), item, index)
      } finally {
        branch.leave()
      }
    })
    return await runAll(tasks, options)
  })
}

export async function runRace(
  scope: Scope,
  contextOf: (scope: Scope) => Context,
  name: string,
  branches: Readonly<Record<string, (ctx: Context) => unknown>>,
): Promise<{ winner: string; value: unknown }> {
  if (Object.keys(branches).length === 0) {
    throw new HoldfastError('INPUT_INVALID', `The race "${name}" has no branches, so nothing ends it`)
  }
  return await scope.several(name, async (unique) => {
    const scopes: Scope[] = []
    const runners = Object.entries(branches).map(async ([winner, run]) => {
      const branch = scope.branch(`${unique}/${winner}`)
      scopes.push(branch)
      return { winner, value: await run(contextOf(branch)) }
    })
    try {
      return await Promise.race(runners)
    } finally {
      for (const branch of scopes) branch.close()
    }
  })
}

/** @throws INPUT_INVALID */
export function limitOf(concurrency: number | undefined): number {
  if (concurrency === undefined) return Number.POSITIVE_INFINITY
  if (Number.isInteger(concurrency) && concurrency >= 1) return concurrency
  throw new HoldfastError('INPUT_INVALID', `${concurrency} can't be how many are under way at once`, {
    details: { concurrency },
    fix: 'Give a whole number from 1, or leave `concurrency` out for no limit.',
  })
}

/** What was thrown, as an error with a code. */
export function asError(thrown: unknown): HoldfastError {
  return isHoldfastError(thrown) ? thrown : fromErrorRecord(toErrorRecord(thrown))
}
