/**
 * What a simulated run does, as data: a tree of operations, done one after the other, together, or as a
 * race. Every node has a path of its own in all the simulation, which names its operations, its effects and
 * its events.
 */
import type { ParentClose } from '../src/kernel/children.ts'
import type { GraphFailure, OnFailure } from '../src/kernel/concurrency.ts'
import type { OnExpiry } from '../src/kernel/review.ts'
import type { Chance } from './chance.ts'
import { type AskedFlag, drawAskedFlag } from './flags.ts'
import type { Request } from './world.ts'

export type Tree =
  /** Fails so many times before it gives its value. */
  | { readonly type: 'step'; readonly value: number; readonly failures: number; readonly slowMs: number }
  /** Fails for good, or until it is mended. */
  | { readonly type: 'oops'; readonly code: string; readonly mendable: boolean }
  | { readonly type: 'sleep'; readonly ms: number }
  /** Waits for an event that nobody publishes. */
  | { readonly type: 'wait'; readonly ms: number }
  /** Waits so many times for news from outside; null: for as long as it takes. */
  | { readonly type: 'hear'; readonly times: number; readonly patienceMs: number | null }
  /** One branch publishes events while another waits for them. */
  | { readonly type: 'meet'; readonly events: number; readonly afterMs: number; readonly patienceMs: number }
  /** To somebody, and about an amount, where that is said. */
  | {
      readonly type: 'act'
      readonly operation: Request['operation']
      readonly to?: string
      readonly sum?: number
    }
  | ReviewTree
  | ({ readonly type: 'flag' } & AskedFlag)
  | { readonly type: 'draw' }
  | { readonly type: 'decide'; readonly answer: number }
  | { readonly type: 'loop'; readonly times: number }
  /** Undoes, after the tree, all that the run has done until then. */
  | { readonly type: 'call' | 'try' | 'regret'; readonly tree: Tree }
  | { readonly type: 'spawn'; readonly tree: Tree; readonly onParentClose: ParentClose }
  /** By promises alone, and by the context, which gives up the branches that lose. */
  | { readonly type: 'all' | 'seq' | 'race' | 'first'; readonly trees: readonly Tree[] }
  /** So many at once, of functions and of items. */
  | {
      readonly type: 'some' | 'each'
      readonly trees: readonly Tree[]
      readonly limit: number
      readonly onFailure: OnFailure
    }
  /** Nodes, of which each comes after some before it. */
  | { readonly type: 'nodes'; readonly nodes: readonly Node[]; readonly onFailure: GraphFailure }

export interface ReviewTree {
  readonly type: 'review'
  readonly n: number
  /** null: it may take as long as it takes. */
  readonly deadlineMs: number | null
  readonly onExpiry: OnExpiry
  /** What it leads to, as it says. */
  readonly operation: 'world.read' | 'world.plain' | null
  readonly hasWarning: boolean
}

export interface Node {
  readonly tree: Tree
  readonly after: readonly number[]
}

type LeafType = Exclude<
  Tree['type'],
  'call' | 'try' | 'regret' | 'spawn' | 'all' | 'seq' | 'race' | 'first' | 'some' | 'each' | 'nodes'
>

/** How often a leaf is of which type, by chance of the whole simulation: some hold many of one and none of another. */
export type Taste = Readonly<Record<LeafType, number>>

const SECOND = 1_000
const DAY = 86_400_000

export function drawTaste(chance: Chance): Taste {
  const weight = (most: number): number => (chance.happens(0.25) ? 0 : chance.whole(1, most))
  return {
    step: 1 + weight(4),
    oops: weight(2),
    sleep: weight(2),
    wait: weight(1),
    hear: weight(2),
    meet: weight(2),
    act: 1 + weight(10),
    review: weight(2),
    draw: weight(1),
    decide: weight(2),
    loop: weight(1),
    flag: chance.part('flag').happens(0.2) ? 3 : 0,
  }
}

export function drawTree(chance: Chance, taste: Taste, depth = 3): Tree {
  if (depth === 0 || chance.happens(0.25)) return drawLeaf(chance, chance.weighted(taste))
  const below = (): Tree => drawTree(chance, taste, depth - 1)
  const type = chance.weighted(BRANCHING)
  switch (type) {
    case 'call':
    case 'try':
    case 'regret':
      return { type, tree: below() }
    case 'spawn':
      return { type, tree: drawSpawned(chance, below), onParentClose: chance.pick(['cancel', 'abandon']) }
    case 'nodes':
      return { type, nodes: drawNodes(chance, below), onFailure: chance.pick(GRAPH_FAILURES) }
    default:
      return drawSeveral(chance, type, below)
  }
}

function drawSeveral(
  chance: Chance,
  type: 'seq' | 'all' | 'race' | 'first' | 'some' | 'each',
  below: () => Tree,
): Tree {
  const trees = Array.from({ length: chance.whole(2, 3) }, below)
  if (type !== 'some' && type !== 'each') return { type, trees }
  return { type, trees, limit: chance.whole(1, 2), onFailure: chance.pick(['stop', 'settle']) }
}

/** Often one that is still there when its parent ends. */
function drawSpawned(chance: Chance, below: () => Tree): Tree {
  if (chance.happens(0.5)) return below()
  return { type: 'seq', trees: [{ type: 'sleep', ms: DAY }, below()] }
}

const BRANCHING = {
  seq: 6,
  all: 3,
  race: 1.5,
  first: 1.5,
  some: 1,
  each: 1.5,
  nodes: 2,
  call: 2,
  spawn: 1.5,
  try: 2,
  regret: 1,
}
const GRAPH_FAILURES = ['all-or-nothing', 'stop', 'continue'] as const

function drawNodes(chance: Chance, below: () => Tree): Node[] {
  return Array.from({ length: chance.whole(2, 4) }, (_, i) => {
    const after = Array.from({ length: i }, (_, before) => before).filter(() => chance.happens(0.5))
    return { tree: i < 2 ? below() : drawLeaf(chance, 'step'), after }
  })
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
      return { type, code: chance.pick(['BROKEN', 'OUT_OF_STOCK']), mendable: chance.happens(0.6) }
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
      return drawReview(chance)
    case 'flag':
      return { type, ...drawAskedFlag(chance) }
    case 'draw':
      return { type }
    case 'decide':
      return { type, answer: chance.whole(0, 9) }
    case 'loop':
      return { type, times: chance.whole(2, 4) }
  }
}

export function drawReview(chance: Chance): ReviewTree {
  return {
    type: 'review',
    n: chance.whole(0, 2),
    deadlineMs: chance.happens(0.5) ? null : chance.pick([60 * SECOND, 3_600 * SECOND, DAY]),
    onExpiry: chance.pick(['keep', 'escalate', 'reject', 'approve']),
    operation: chance.pick([null, null, null, 'world.read', 'world.plain']),
    hasWarning: chance.happens(0.15),
  }
}

/** The paths of the nodes of a type, in a tree that stands at `path`. */
export function pathsOf(tree: Tree, path: string, type: Tree['type']): string[] {
  const own = tree.type === type ? [path] : []
  return [...own, ...branches(tree, path).flatMap(([branch, at]) => pathsOf(branch, at, type))]
}

/** The subtrees with their paths. */
export function branches(tree: Tree, path: string): [Tree, string][] {
  if ('tree' in tree) return [[tree.tree, `${path}.${tree.type[0]}`]]
  if ('trees' in tree) return tree.trees.map((one, i) => [one, `${path}.${i}`])
  return 'nodes' in tree ? tree.nodes.map((one, i) => [one.tree, `${path}.${i}`]) : []
}
