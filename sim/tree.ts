/**
 * What a simulated run does, as data: a tree of operations, done one after the other, together, or as a
 * race. Every node has a path of its own in all the simulation, which names its operations, its effects and
 * its events.
 */
import type { Chance } from './chance.ts'
import type { Request } from './world.ts'

export type Tree =
  /** Fails so many times before it gives its value. */
  | { readonly type: 'step'; readonly value: number; readonly failures: number; readonly slowMs: number }
  | { readonly type: 'oops'; readonly code: string }
  | { readonly type: 'sleep'; readonly ms: number }
  /** Waits for an event that nobody publishes. */
  | { readonly type: 'wait'; readonly ms: number }
  /** Waits so many times for news from outside; null: for as long as it takes. */
  | { readonly type: 'hear'; readonly times: number; readonly patienceMs: number | null }
  /** One branch publishes events while another waits for them. */
  | { readonly type: 'meet'; readonly events: number; readonly afterMs: number; readonly patienceMs: number }
  | { readonly type: 'act'; readonly operation: Request['operation'] }
  | { readonly type: 'review'; readonly n: number }
  | { readonly type: 'draw' }
  | { readonly type: 'decide'; readonly answer: number }
  | { readonly type: 'loop'; readonly times: number }
  | { readonly type: 'call'; readonly tree: Tree }
  | { readonly type: 'try'; readonly tree: Tree }
  | { readonly type: 'all' | 'seq' | 'race'; readonly trees: readonly Tree[] }

type LeafType = Exclude<Tree['type'], 'call' | 'try' | 'all' | 'seq' | 'race'>

/** How often a leaf is of which type, by chance of the whole simulation: some hold many of one and none of another. */
export type Taste = Readonly<Record<LeafType, number>>

const SECOND = 1_000
const DAY = 86_400_000

export function drawTaste(chance: Chance): Taste {
  const weight = (most: number): number => (chance.happens(0.25) ? 0 : chance.whole(1, most))
  return {
    step: 1 + weight(4),
    oops: weight(1),
    sleep: weight(2),
    wait: weight(1),
    hear: weight(2),
    meet: weight(2),
    act: 1 + weight(10),
    review: weight(2),
    draw: weight(1),
    decide: weight(2),
    loop: weight(1),
  }
}

export function drawTree(chance: Chance, taste: Taste, depth = 3): Tree {
  if (depth === 0 || chance.happens(0.25)) return drawLeaf(chance, chance.weighted(taste))
  const below = (): Tree => drawTree(chance, taste, depth - 1)
  const type = chance.weighted({ seq: 6, all: 4, race: 2, call: 2, try: 2 })
  if (type === 'call' || type === 'try') return { type, tree: below() }
  return { type, trees: Array.from({ length: chance.whole(2, 3) }, below) }
}

function drawLeaf(chance: Chance, type: LeafType): Tree {
  const soon = (): number => chance.pick([0, 1, 40, SECOND, 5 * SECOND, 60 * SECOND])
  const long = (): number => chance.pick([SECOND, 60 * SECOND, 3_600 * SECOND, DAY, 12 * DAY])
  switch (type) {
    case 'step': {
      const failures = chance.happens(0.7) ? 0 : chance.whole(1, 5)
      return { type, value: chance.whole(0, 9), failures, slowMs: chance.happens(0.7) ? 0 : soon() }
    }
    case 'oops':
      return { type, code: chance.pick(['BROKEN', 'OUT_OF_STOCK']) }
    case 'sleep':
      return { type, ms: chance.happens(0.5) ? soon() : long() }
    case 'wait':
      return { type, ms: soon() }
    case 'hear':
      return { type, times: chance.whole(1, 3), patienceMs: chance.happens(0.5) ? null : long() }
    case 'meet':
      return { type, events: chance.whole(1, 3), afterMs: soon(), patienceMs: soon() }
    case 'act':
      return { type, operation: chance.pick(['keyed', 'natural', 'plain', 'blind', 'guarded', 'read']) }
    case 'review':
      return { type, n: chance.whole(0, 9) }
    case 'draw':
      return { type }
    case 'decide':
      return { type, answer: chance.whole(0, 9) }
    case 'loop':
      return { type, times: chance.whole(2, 4) }
  }
}

/** The paths of the nodes of a type, in a tree that stands at `path`. */
export function pathsOf(tree: Tree, path: string, type: Tree['type']): string[] {
  const own = tree.type === type ? [path] : []
  return [...own, ...branches(tree, path).flatMap(([branch, at]) => pathsOf(branch, at, type))]
}

/** The subtrees with their paths. */
export function branches(tree: Tree, path: string): [Tree, string][] {
  if (tree.type === 'call') return [[tree.tree, `${path}.c`]]
  if (tree.type === 'try') return [[tree.tree, `${path}.t`]]
  if (tree.type !== 'all' && tree.type !== 'seq' && tree.type !== 'race') return []
  return tree.trees.map((one, i) => [one, `${path}.${i}`])
}
