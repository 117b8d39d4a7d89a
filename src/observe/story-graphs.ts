/** The task graphs of a run, as they stand: each node with what it comes after, its state and its time. */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'

export interface StoryNode {
  readonly name: string
  /** The nodes that it waits for: the edges of the graph. */
  readonly after: readonly string[]
  /** abandoned: stopped when another node failed. skipped: never begun. open: none of these yet. */
  readonly state: 'open' | 'done' | 'failed' | 'abandoned' | 'skipped'
  /** Milliseconds since 1970; null before it ended. */
  readonly ended: number | null
  readonly tookMs: number | null
  /** The failed node for which it was skipped. */
  readonly because: string | null
}

export interface StoryGraph {
  readonly name: string
  readonly onFailure: string
  readonly nodes: readonly StoryNode[]
}

export function storyGraphs(events: readonly StoredEvent[]): StoryGraph[] {
  return events.flatMap(({ kind, body }) =>
    kind === 'graph.started' && body !== null ? [toGraph(body, events)] : [],
  )
}

function toGraph(body: JsonObject, events: readonly StoredEvent[]): StoryGraph {
  const name = String(body.graph)
  const nodes = body.nodes as unknown as readonly Pick<StoryNode, 'name' | 'after'>[]
  return { name, onFailure: String(body.onFailure), nodes: nodes.map((node) => toNode(node, name, events)) }
}

function toNode(
  { name, after }: Pick<StoryNode, 'name' | 'after'>,
  graph: string,
  events: readonly StoredEvent[],
): StoryNode {
  const end = events.find(
    ({ kind, body }) => kind === 'node.ended' && body?.graph === graph && body.node === name,
  )
  const began = end?.body?.began
  return {
    name,
    after,
    state: (end?.body?.state as StoryNode['state'] | undefined) ?? 'open',
    ended: end?.time ?? null,
    tookMs: end !== undefined && typeof began === 'number' ? end.time - began : null,
    because: typeof end?.body?.because === 'string' ? end.body.because : null,
  }
}
