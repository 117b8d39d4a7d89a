import { DBOS } from '@dbos-inc/dbos-sdk'
import { type Peer, resultOf } from './peer.ts'
import { startPostgres } from './postgres.ts'

const steps = DBOS.registerWorkflow(
  async (count: number) => {
    let last = ''
    for (let i = 1; i <= count; i += 1) {
      last = await DBOS.runStep(async () => resultOf(i), { name: `step ${i}` })
    }
    return last
  },
  { name: 'steps' },
)

const waiter = DBOS.registerWorkflow(async () => await DBOS.recv<string>('go', 600), { name: 'waiter' })

export const dbos: Peer = {
  name: 'DBOS',
  setting: 'PostgreSQL with fsync',
  async open(dir) {
    const postgres = await startPostgres(dir)
    DBOS.setConfig({
      name: 'bench',
      systemDatabaseUrl: postgres.url,
      logLevel: 'error',
      runAdminServer: false,
    })
    await DBOS.launch()
    return {
      async steps(id, count) {
        const handle = await DBOS.startWorkflow(steps, { workflowID: id })(count)
        await handle.getResult()
      },
      async wait(id) {
        const handle = await DBOS.startWorkflow(waiter, { workflowID: id })()
        await new Promise((resolve) => setTimeout(resolve, 50))
        return {
          async signal() {
            await DBOS.send(id, 'go', 'go')
            await handle.getResult()
          },
        }
      },
      async close() {
        await DBOS.shutdown()
        await postgres.stop()
      },
    }
  },
}
