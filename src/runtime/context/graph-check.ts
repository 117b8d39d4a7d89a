/** What is wrong with a graph, found before any of its nodes is run. */
import { HoldfastError } from '../../kernel/errors.ts'

export type Dependencies = ReadonlyMap<string, readonly string[]>

/** @throws GRAPH_INVALID for a name that can't be, an unknown or repeated name in `after`, or a cycle. */
export function checkGraph(graph: string, nodes: Dependencies): void {
  for (const [node, after] of nodes) {
    if (node === '' || node.includes('/')) {
      throw invalid(graph, `a node can't be named ${JSON.stringify(node)}`, [node])
    }
    for (const [place, one] of after.entries()) {
      if (!nodes.has(one))
        throw invalid(graph, `"${node}" comes after "${one}", which is no node of it`, [one])
      if (after.indexOf(one) !== place) throw invalid(graph, `"${node}" names "${one}" twice`, [node, one])
    }
  }
  const cycle = cycleOf(nodes)
  if (cycle !== null) {
    throw invalid(graph, `its nodes wait for each other: ${cycle.join(' → ')}`, cycle)
  }
}

/** The nodes of a cycle, each before the one that it comes after, the first again at the end. */
function cycleOf(nodes: Dependencies): string[] | null {
  const left = new Map(nodes)
  for (;;) {
    const free = [...left].filter(([, after]) => !after.some((one) => left.has(one)))
    if (free.length === 0) break
    for (const [node] of free) left.delete(node)
  }
  const path: string[] = []
  let node = left.keys().next().value
  if (node === undefined) return null
  while (!path.includes(node)) {
    path.push(node)
    node = left.get(node)?.find((one) => left.has(one)) ?? node
  }
  return [...path.slice(path.indexOf(node)), node]
}

function invalid(graph: string, why: string, nodes: readonly string[]): HoldfastError {
  return new HoldfastError('GRAPH_INVALID', `The graph "${graph}" can't be run: ${why}`, {
    details: { graph, nodes },
  })
}
