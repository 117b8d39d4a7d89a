import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import * as restate from '@restatedev/restate-sdk'
import * as clients from '@restatedev/restate-sdk-clients'
import { type Peer, resultOf } from './peer.ts'
import { freePort } from './postgres.ts'

const steps = restate.workflow({
  name: 'steps',
  handlers: {
    run: async (ctx: restate.WorkflowContext, count: number) => {
      let last = ''
      for (let i = 1; i <= count; i += 1) last = await ctx.run(`step ${i}`, () => resultOf(i))
      return last
    },
  },
})

const waiter = restate.workflow({
  name: 'waiter',
  handlers: {
    run: async (ctx: restate.WorkflowContext) => await ctx.promise<string>('go'),
    go: async (ctx: restate.WorkflowSharedContext) => {
      await ctx.promise<string>('go').resolve('go')
    },
  },
})

export const restateServer: Peer = {
  name: 'Restate',
  setting: 'restate-server on loopback, its defaults',
  async open(dir) {
    const [ingress, admin, node, service] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const server = startServer(dir, { ingress, admin, node })
    await restate.serve({ services: [steps, waiter], port: service, logger: () => {} })
    await answering(`http://127.0.0.1:${admin}/health`)
    await register(admin, service)
    const client = clients.connect({ url: `http://127.0.0.1:${ingress}` })
    return {
      async steps(id, count) {
        await client.workflowClient(steps, id).workflowSubmit(count)
        await client.workflowClient(steps, id).workflowAttach()
      },
      async wait(id) {
        const run = client.workflowClient(waiter, id)
        await run.workflowSubmit()
        await new Promise((resolve) => setTimeout(resolve, 50))
        return {
          async signal() {
            await run.go()
            await run.workflowAttach()
          },
        }
      },
      async close() {
        server.kill('SIGTERM')
        await new Promise((resolve) => server.once('exit', resolve))
      },
    }
  },
}

function startServer(dir: string, ports: { ingress: number; admin: number; node: number }): ChildProcess {
  const program = join(import.meta.dirname, 'node_modules/.bin/restate-server')
  return spawn(program, ['--base-dir', join(dir, 'restate'), '--node-name', 'bench'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ports.admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${ports.node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${ports.node}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
  })
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return
    if (tries > 300) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function register(admin: number, service: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
  })
  if (!response.ok) throw new Error(`Restate refused the services: ${await response.text()}`)
}
