/** `ctx.graph`: named nodes, run as their dependencies allow, each once those it comes after are done. */
import type { GraphFailure, GraphOptions, NodeOutcome } from '../../kernel/concurrency.ts'
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Context } from '../../kernel/workflow.ts'
import { recordJson } from '../run-errors.ts'
import { chosen } from './chosen.ts'
import { checkGraph } from './graph-check.ts'
import type { Scope } from './scope.ts'
import { asError, limitOf } from './several.ts'

/** A node without the types of what the others give. */
export interface PlainNode {
  readonly after?: readonly string[]
  run(ctx: Context, done: object): unknown
}

export type PlainNodes = Readonly<Record<string, PlainNode>>

/** @throws GRAPH_INVALID; with `all-or-nothing` the first failure */
const FAILURES: readonly GraphFailure[] = ['all-or-nothing', 'stop', 'continue']

export async function runGraph(
  scope: Scope,
  contextOf: (scope: Scope) => Context,
  name: string,
  nodes: PlainNodes,
  options: GraphOptions = {},
): Promise<unknown> {
  const shape = Object.entries(nodes).map(([node, { after = [] }]) => ({ name: node, after: [...after] }))
  checkGraph(name, new Map(shape.map((node) => [node.name, node.after])))
  const limit = limitOf(options.concurrency)
  const onFailure = chosen(options.onFailure ?? 'all-or-nothing', FAILURES, 'onFailure')
  return await scope.several(name, async (graph) => {
    const body = { graph, nodes: shape, onFailure, concurrency: options.concurrency ?? null }
    scope.host.note({ kind: 'graph.started', body })
    return await new GraphRun({ scope, contextOf, graph, nodes, onFailure, limit }).run()
  })
}

interface GraphPlan {
  readonly scope: Scope
  readonly contextOf: (scope: Scope) => Context
  readonly graph: string
  readonly nodes: PlainNodes
  readonly onFailure: GraphFailure
  readonly limit: number
}

interface UnderWay {
  readonly scope: Scope
  readonly ended: Promise<void>
}

class GraphRun {
  readonly #plan: GraphPlan
  readonly #outcomes: Record<string, NodeOutcome<unknown>> = Object.create(null)
  readonly #waiting: Set<string>
  readonly #underWay = new Map<string, UnderWay>()
  #failure: { readonly node: string; readonly thrown: unknown } | null = null

  constructor(plan: GraphPlan) {
    this.#plan = plan
    this.#waiting = new Set(Object.keys(plan.nodes))
  }

  async run(): Promise<unknown> {
    this.#goOn()
    while (this.#underWay.size > 0) {
      await Promise.race([...this.#underWay.values()].map(({ ended }) => ended))
      this.#goOn()
    }
    if (this.#plan.onFailure !== 'all-or-nothing') return this.#outcomes
    if (this.#failure !== null) throw this.#failure.thrown
    return this.#valuesOf(Object.keys(this.#plan.nodes))
  }

  #goOn(): void {
    for (const node of this.#waiting) {
      const because = this.#blockedBy(node)
      if (because !== null) this.#skip(node, because)
      else if (this.#underWay.size < this.#plan.limit && this.#isReady(node)) this.#begin(node)
    }
  }

  /** The failed node for which this one is never begun. */
  #blockedBy(node: string): string | null {
    if (this.#failure === null) return null
    if (this.#plan.onFailure !== 'continue') return this.#failure.node
    for (const one of this.#after(node)) {
      const outcome = this.#outcomes[one]
      if (outcome?.state === 'failed') return one
      if (outcome?.state === 'skipped') return outcome.because
    }
    return null
  }

  #isReady(node: string): boolean {
    return this.#after(node).every((one) => this.#outcomes[one]?.state === 'done')
  }

  #after(node: string): readonly string[] {
    return this.#plan.nodes[node]?.after ?? []
  }

  #skip(node: string, because: string): void {
    this.#waiting.delete(node)
    this.#outcomes[node] = { state: 'skipped', because }
    this.#note(node, { state: 'skipped', because })
  }

  #begin(node: string): void {
    this.#waiting.delete(node)
    const { scope, graph } = this.#plan
    const own = scope.branch(`${graph}/${node}`)
    this.#underWay.set(node, { scope: own, ended: this.#runNode(node, own) })
  }

  async #runNode(node: string, own: Scope): Promise<void> {
    const { scope, contextOf, nodes } = this.#plan
    const began = scope.host.now()
    try {
      // Its place in the list of those under way is taken before it runs.
      await Promise.resolve()
      const value = await nodes[node]?.run(contextOf(own), this.#done(node))
      this.#outcomes[node] = { state: 'done', value }
      this.#note(node, { state: 'done', began })
    } catch (thrown) {
      this.#fail(node, thrown, own, began)
    } finally {
      own.leave()
      this.#underWay.delete(node)
    }
  }

  #fail(node: string, thrown: unknown, own: Scope, began: number): void {
    this.#outcomes[node] = { state: 'failed', error: asError(thrown) }
    const state = own.isClosed ? 'abandoned' : 'failed'
    this.#note(node, { state, began, error: recordJson(toErrorRecord(thrown)) })
    if (this.#failure !== null) return
    this.#failure = { node, thrown }
    if (this.#plan.onFailure !== 'all-or-nothing') return
    for (const [other, { scope }] of this.#underWay) if (other !== node) scope.close()
  }

  #note(node: string, body: JsonObject): void {
    const { scope, graph } = this.#plan
    scope.host.note({ kind: 'node.ended', body: { graph, node, ...body } })
  }

  /** What the node may read: reading a node that it does not come after would depend on who is faster. */
  #done(node: string): object {
    const after = this.#after(node)
    const done = this.#valuesOf(after)
    for (const other of Object.keys(this.#plan.nodes)) {
      if (!after.includes(other)) Object.defineProperty(done, other, { get: () => this.#refuse(node, other) })
    }
    return Object.freeze(done)
  }

  #refuse(node: string, other: string): never {
    const { graph } = this.#plan
    throw new HoldfastError(
      'GRAPH_INVALID',
      `The node "${node}" of the graph "${graph}" reads "${other}", which its \`after\` does not name`,
      { details: { graph, node, reads: other } },
    )
  }

  #valuesOf(nodes: readonly string[]): Record<string, unknown> {
    const values = nodes.map((node) => {
      const outcome = this.#outcomes[node]
      return [node, outcome?.state === 'done' ? outcome.value : null]
    })
    return Object.fromEntries(values)
  }
}
