import { join } from 'node:path'
import { Annotation, Command, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'
import { type Peer, resultOf } from './peer.ts'

const State = Annotation.Root({ last: Annotation<string>() })

function stepsOf(count: number, checkpointer: SqliteSaver) {
  const graph: any = new StateGraph(State)
  for (let i = 1; i <= count; i += 1) {
    graph.addNode(`step ${i}`, () => ({ last: resultOf(i) }))
    graph.addEdge(i === 1 ? START : `step ${i - 1}`, `step ${i}`)
  }
  graph.addEdge(`step ${count}`, END)
  return graph.compile({ checkpointer })
}

function waiterOf(checkpointer: SqliteSaver) {
  return new StateGraph(State)
    .addNode('wait', () => ({ last: interrupt('go?') as string }))
    .addEdge(START, 'wait')
    .addEdge('wait', END)
    .compile({ checkpointer })
}

const SIZES = [1, 5, 1_000]

export const langgraph: Peer = {
  name: 'LangGraph',
  setting: "SQLite checkpoints, durability 'sync'",
  async open(dir) {
    const checkpointer = SqliteSaver.fromConnString(join(dir, 'langgraph.db'))
    const graphs = new Map(SIZES.map((size) => [size, stepsOf(size, checkpointer)]))
    const waiter = waiterOf(checkpointer)
    const config = (id: string, count: number) =>
      ({ configurable: { thread_id: id }, durability: 'sync', recursionLimit: count + 10 }) as const
    return {
      async steps(id, count) {
        await graphs.get(count)?.invoke({ last: '' }, config(id, count))
      },
      async wait(id) {
        await waiter.invoke({ last: '' }, config(id, 1))
        return {
          async signal() {
            await waiter.invoke(new Command({ resume: 'go' }), config(id, 1))
          },
        }
      },
      async close() {},
    }
  },
}
