import { join } from 'node:path'
import { Mastra } from '@mastra/core'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { z } from 'zod'
import { type Peer, resultOf } from './peer.ts'

const state = z.object({ last: z.string() })

function stepsOf(count: number) {
  let workflow: any = createWorkflow({ id: `steps-${count}`, inputSchema: state, outputSchema: state })
  for (let i = 1; i <= count; i += 1) {
    workflow = workflow.then(
      createStep({
        id: `step-${i}`,
        inputSchema: state,
        outputSchema: state,
        execute: async () => ({ last: resultOf(i) }),
      }),
    )
  }
  return workflow.commit()
}

const waiter = createWorkflow({ id: 'waiter', inputSchema: state, outputSchema: state })
  .then(
    createStep({
      id: 'wait',
      inputSchema: state,
      outputSchema: state,
      resumeSchema: z.object({ go: z.string() }),
      execute: async ({ resumeData, suspend }) =>
        resumeData === undefined ? await suspend({}) : { last: resumeData.go },
    }),
  )
  .commit()

const SIZES = [1, 5, 1_000]

export const mastra: Peer = {
  name: 'Mastra',
  setting: 'LibSQL file, its defaults',
  async open(dir) {
    const store = new LibSQLStore({ id: 'bench', url: `file:${join(dir, 'mastra.db')}` })
    const workflows = Object.fromEntries(SIZES.map((size) => [`steps-${size}`, stepsOf(size)]))
    const engine = new Mastra({ storage: store, workflows: { ...workflows, waiter }, logger: false })
    return {
      async steps(id, count) {
        const run = await engine.getWorkflow(`steps-${count}`).createRun({ runId: id })
        const { status } = await run.start({ inputData: { last: '' } })
        if (status !== 'success') throw new Error(`${id} ended as ${status}`)
      },
      async wait(id) {
        const run = await engine.getWorkflow('waiter').createRun({ runId: id })
        await run.start({ inputData: { last: '' } })
        return {
          async signal() {
            const { status } = await run.resume({ step: 'wait', resumeData: { go: 'go' } })
            if (status !== 'success') throw new Error(`${id} ended as ${status}`)
          },
        }
      },
      async close() {},
    }
  },
}
