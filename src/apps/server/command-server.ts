/**
 * Commands over HTTP at the workspace's socket. `POST /commands/NAME` with the parameters as JSON answers
 * with one JSON object a line: `{progress}`, `{note}` and `{row}` while it works, then `{data}` or `{error}`.
 * `GET /livez` and `/readyz` tell whether the process lives and takes commands.
 */
import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { toErrorRecord } from '../../kernel/errors.ts'
import { checkParams, loadCommand } from '../commands/catalogue.ts'
import type { CommandIo } from '../commands/command.ts'
import { noteAttended } from '../presence.ts'
import type { Workspace } from '../workspace.ts'
import { ATTENDED } from './attended-header.ts'
import { bindSocket } from './socket.ts'

/** What `/readyz` tells. */
export interface ProcessInfo {
  readonly pid: number
  readonly version: string
  /** Milliseconds since 1970. */
  readonly started: number
}

export interface CommandServer {
  readonly path: string
  /** Takes no more commands, gives those under way up to `graceMs`, takes the socket away. */
  stop(graceMs: number): Promise<void>
}

export async function serveCommands(workspace: Workspace, info: ProcessInfo): Promise<CommandServer> {
  const underWay = new Set<Promise<void>>()
  let ready = true
  const app = new Hono()
  app.get('/livez', (c) => c.json({ alive: true, ...info }))
  app.get('/readyz', (c) => c.json({ ready, ...info }, ready ? 200 : 503))
  app.post('/commands/:name', async (c) => {
    if (!ready) return c.json({ ready }, 503)
    const params = await c.req.json().catch(() => null)
    c.header('Content-Type', 'application/x-ndjson')
    return stream(c, async (out) => {
      const asked = new AbortController()
      out.onAbort(() => asked.abort())
      const tell = async (line: object): Promise<void> => {
        await out.writeln(JSON.stringify(workspace.redactor.json(line)))
      }
      const io = ioTo(tell, asked.signal)
      if (c.req.header(ATTENDED) === 'yes') await noteAttended(workspace, io)
      const work = answer(workspace, c.req.param('name'), params, io).then(tell)
      underWay.add(work)
      await work.finally(() => underWay.delete(work))
    })
  })
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  const socket = await bindSocket(server, workspace.dir)
  return {
    path: socket.path,
    async stop(graceMs) {
      ready = false
      await socket.remove()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await Promise.race([Promise.allSettled(underWay), sleep(graceMs, undefined, { ref: false })])
      server.closeAllConnections()
      await closed
    },
  }
}

function ioTo(tell: (line: object) => Promise<void>, signal: AbortSignal): CommandIo {
  return {
    progress: (progress) => void tell({ progress }),
    note: (note) => void tell({ note }),
    emit: (row) => tell({ row }),
    signal,
  }
}

async function answer(
  workspace: Workspace,
  name: string,
  given: unknown,
  io: CommandIo,
): Promise<{ data: unknown } | { error: unknown }> {
  try {
    const command = await loadCommand(name)
    const params = await checkParams(command, given)
    return { data: (await command.run(workspace, params, io)) ?? null }
  } catch (error) {
    return { error: toErrorRecord(error, 'UNEXPECTED') }
  }
}
