/**
 * The one port that others may reach: `POST /webhooks/NAME`. It takes deliveries and nothing else, and answers what
 * became of one: 202 with the id of the event, or a problem (RFC 9457) with a stable code. Whatever is refused, is
 * refused before it is kept; what takes too long, or is too large, is cut off.
 *
 * It speaks plain HTTP, on this machine by default: put a server in front that speaks TLS.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { ERRORS, type ErrorCode } from '../../kernel/error-table.ts'
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { isOurs, type Webhooks } from './receive.ts'

export interface WebhookServer {
  /** Where it listens: `http://127.0.0.1:8787`. */
  readonly url: string
  /** Takes no more deliveries, and lets those under way come to their end. */
  stop(): Promise<void>
}

export interface WebhookServerOptions {
  readonly webhooks: Webhooks
  /** `127.0.0.1:8787`; port 0 for any that is free. */
  readonly listen: string
  /** Most bytes of a body. */
  readonly maxBytes: number
  /** Replaces secrets by their handles. */
  readonly redact: (value: Json) => Json
  /** What the operator should know: the first refusal of each sort. */
  readonly note: (line: string) => void
  readonly limits?: WebhookLimits
}

/** So that nobody holds the port by being slow, or many. */
export interface WebhookLimits {
  /** For one request with its body; it is cut off up to a third later. */
  readonly requestMs: number
  readonly connections: number
}

const LIMITS: WebhookLimits = { requestMs: 15_000, connections: 100 }

/** @throws CONFIG_INVALID when it can't listen there */
export async function serveWebhooks(options: WebhookServerOptions): Promise<WebhookServer> {
  const { webhooks, listen, maxBytes, redact, note, limits = LIMITS } = options
  const told = new Set<string>()
  const underWay = new Set<Promise<Response>>()
  const refuse = (c: Context, name: string, error: unknown): Response => {
    const record = toErrorRecord(error, 'UNEXPECTED')
    const { code } = record
    const message = String(redact(record.message))
    const known = Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : null
    const status = isOurs(error) ? 503 : (known?.http ?? 500)
    const line = `${name} ${code}`
    if (!told.has(line) && code !== 'WEBHOOK_UNKNOWN') {
      told.add(line)
      note(`A delivery to webhook ${name} was refused: ${code}: ${message}`)
    }
    // What is wrong on this side is told to the operator, not to whoever asks.
    const detail = isOurs(error) ? 'It can not be received now; deliver it again later.' : message
    const problem = { type: 'about:blank', title: known?.means ?? 'Unexpected', status, code, detail }
    return c.body(JSON.stringify(problem), status as 400, { 'Content-Type': 'application/problem+json' })
  }
  const receive = async (c: Context): Promise<Response> => {
    const name = c.req.param('name') ?? ''
    try {
      webhooks.source(name)
      const body = await bodyOf(c.req.raw, maxBytes)
      const header = (what: string): string | null => c.req.header(`webhook-${what}`) ?? null
      const received = await webhooks.receive(name, {
        id: header('id'),
        timestamp: header('timestamp'),
        signature: header('signature'),
        body,
      })
      return c.json(received, 202)
    } catch (error) {
      return refuse(c, name, error)
    }
  }
  const app = new Hono()
  app.post('/webhooks/:name', (c) => {
    const answer = receive(c)
    underWay.add(answer)
    return answer.finally(() => underWay.delete(answer))
  })
  app.all('/webhooks/:name', (c) => c.body(null, 405, { Allow: 'POST' }))
  const serverOptions = {
    requestTimeout: limits.requestMs,
    headersTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.ceil(limits.requestMs / 3),
  }
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server
  server.maxConnections = limits.connections
  const url = await listening(server, listen)
  return {
    url,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      await Promise.allSettled(underWay)
      server.closeAllConnections()
      await closed
    },
  }
}

async function listening(server: Server, listen: string): Promise<string> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(listen) ?? []
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  try {
    server.listen(Number(port), bare)
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new HoldfastError('CONFIG_INVALID', `Webhooks can't be received at ${listen} (${code})`, {
      details: { listen },
      fix: 'Name another address and port under `webhooks: listen:` in holdfast.yaml, or end what listens there.',
      cause,
    })
  }
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** @throws WEBHOOK_TOO_LARGE before more than that is read */
async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): HoldfastError {
  return new HoldfastError('WEBHOOK_TOO_LARGE', `The body is larger than ${maxBytes} bytes`, {
    details: { maxBytes },
  })
}
