/**
 * A server for tests that speaks a provider's protocol over real HTTP: OpenAI's chat completions, Anthropic's
 * messages, or Ollama's `/v1`. It checks requests as the provider does (key, model, schema) and lets the
 * test decide the answer from the request, for instance obeying whatever it finds in the mail.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Json, JsonObject } from '../../../kernel/json.ts'

export type Protocol = 'openai' | 'anthropic' | 'ollama'

/** What a model would see, and how it came. */
export interface ProtocolRequest {
  readonly model: string
  /** The system message. */
  readonly instruction: string
  /** The user message as it stands. */
  readonly user: string
  /** The material read back out of the user message, {} when there is none. */
  readonly material: JsonObject
  /** The schema the answer must fit, {} when none was given. */
  readonly schema: JsonObject
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: JsonObject
}

interface Tokens {
  readonly inputTokens?: number
  readonly outputTokens?: number
}

export type ProtocolReply =
  | ({ readonly answer: Json } & Tokens)
  /** The model's words as they are; `cut` when they broke off at the token limit. */
  | ({ readonly text: string; readonly cut?: boolean } & Tokens)
  /** An error in the form of the provider. */
  | { readonly status: number; readonly message?: string }
  /** Any HTTP body with status 200. */
  | { readonly body: string }
  | { readonly redirect: string }
  /** Never answers. */
  | 'hang'

export interface ProtocolServerOptions {
  readonly protocol: Protocol
  /** What the model does with a request that is in order. */
  readonly obey: (request: ProtocolRequest) => ProtocolReply | Promise<ProtocolReply>
  /** The one key that is let in, default `test-key`; Ollama asks for none. */
  readonly key?: string
  /** The models it has; default: any. */
  readonly models?: readonly string[]
}

export interface ProtocolServer {
  /** As the provider's variable takes it: OPENAI_BASE_URL, ANTHROPIC_BASE_URL, OLLAMA_HOST. */
  readonly address: string
  /** The environment of a client of this server. */
  readonly env: Readonly<Record<string, string>>
  /** Every request so far, also the refused ones. */
  readonly requests: readonly ProtocolRequest[]
  /** How many requests the client gave up before they were answered. */
  readonly abandoned: () => number
  close(): Promise<void>
}

/** Listens on a free port of the loopback interface. */
export async function startProtocolServer(options: ProtocolServerOptions): Promise<ProtocolServer> {
  const requests: ProtocolRequest[] = []
  let abandoned = 0
  const server = createServer((incoming, response) => {
    response.on('close', () => {
      if (!response.writableFinished) abandoned++
    })
    handle(options, incoming, response, requests).catch((error) => {
      send(response, 500, errorBody(options.protocol, 500, String(error)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const { address, env } = CLIENT[options.protocol](host, options.key ?? 'test-key')
  return {
    address,
    env,
    requests,
    abandoned: () => abandoned,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const CLIENT: Record<Protocol, (host: string, key: string) => Pick<ProtocolServer, 'address' | 'env'>> = {
  openai: (host, key) => ({
    address: `http://${host}/v1`,
    env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: `http://${host}/v1` },
  }),
  anthropic: (host, key) => ({
    address: `http://${host}`,
    env: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: `http://${host}` },
  }),
  ollama: (host) => ({ address: host, env: { OLLAMA_HOST: host } }),
}

async function handle(
  options: ProtocolServerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
  requests: ProtocolRequest[],
): Promise<void> {
  const { protocol } = options
  const body = (await json(incoming)) as JsonObject
  const request = readRequest(incoming, body)
  requests.push(request)
  const reply = refusal(options, request) ?? (await options.obey(request))
  if (reply === 'hang') return
  if ('redirect' in reply) {
    response.writeHead(307, { location: reply.redirect }).end()
  } else if ('status' in reply) {
    send(response, reply.status, errorBody(protocol, reply.status, reply.message ?? 'it went wrong'))
  } else if ('body' in reply) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(reply.body)
  } else {
    send(response, 200, protocol === 'anthropic' ? message(request, reply) : completion(request, reply))
  }
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function readRequest(incoming: IncomingMessage, body: JsonObject): ProtocolRequest {
  const messages = (body.messages ?? []) as readonly JsonObject[]
  const system = messages.find(({ role }) => role === 'system' || role === 'developer')?.content
  const user = textOf(messages.findLast(({ role }) => role === 'user')?.content)
  const from = user.indexOf('{')
  return {
    model: String(body.model),
    instruction: textOf(body.system ?? system),
    user,
    material: from === -1 ? {} : (JSON.parse(user.slice(from)) as JsonObject),
    schema: schemaOf(body),
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
  }
}

/** A message's content is a string, or a list of parts with a text each. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return ((content ?? []) as readonly JsonObject[]).map(({ text }) => String(text ?? '')).join('\n')
}

interface SchemaBearer {
  readonly response_format?: {
    readonly json_schema?: { readonly schema?: JsonObject; readonly strict?: boolean }
  }
  readonly output_config?: { readonly format?: { readonly schema?: JsonObject } }
  readonly tools?: readonly { readonly input_schema?: JsonObject }[]
}

function schemaOf(body: JsonObject): JsonObject {
  const { response_format, output_config, tools } = body as SchemaBearer
  const given = response_format?.json_schema?.schema ?? output_config?.format?.schema
  return given ?? tools?.[0]?.input_schema ?? {}
}

/** What the provider itself refuses, before any model sees it. */
function refusal(options: ProtocolServerOptions, request: ProtocolRequest): ProtocolReply | null {
  const { protocol, key = 'test-key', models } = options
  const { headers, path, body, model } = request
  const wantedPath = protocol === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'
  if (path !== wantedPath) return { status: 404, message: `Invalid URL (POST ${path})` }
  const shown =
    protocol === 'anthropic' ? headers['x-api-key'] : headers.authorization?.replace('Bearer ', '')
  // The real ones mask most of it; a client must not rely on that.
  if (protocol !== 'ollama' && shown !== key) return { status: 401, message: `Incorrect API key: ${shown}` }
  if (models && !models.includes(model)) return { status: 404, message: `model "${model}" not found` }
  if (protocol === 'anthropic' && (!headers['anthropic-version'] || !body.max_tokens)) {
    return { status: 400, message: 'anthropic-version and max_tokens are required' }
  }
  const { strict } = (body as SchemaBearer).response_format?.json_schema ?? {}
  const open = protocol === 'openai' && strict ? notClosed(request.schema, 'root') : null
  return open === null ? null : { status: 400, message: `Invalid schema for response_format: ${open}` }
}

/** OpenAI's rule for strict schemas: each object is closed and requires all its properties. */
function notClosed(schema: Json, path: string): string | null {
  if (schema === null || typeof schema !== 'object') return null
  const { type, properties = {}, required = [], additionalProperties } = schema as JsonObject
  if (path === 'root' && type !== 'object') return 'the root must be an object'
  if (type === 'object') {
    const missing = Object.keys(properties as JsonObject).find((name) => !(required as Json[]).includes(name))
    if (additionalProperties !== false) return `${path}: additionalProperties must be false`
    if (missing !== undefined) return `${path}: ${missing} must be required`
  }
  for (const [name, part] of Object.entries(schema)) {
    const problem = notClosed(part, `${path}.${name}`)
    if (problem !== null) return problem
  }
  return null
}

type Words = Extract<ProtocolReply, { answer: Json } | { text: string }>

const words = (reply: Words) => ('answer' in reply ? JSON.stringify(reply.answer) : reply.text)
const isCut = (reply: Words) => 'cut' in reply && reply.cut === true

/** Four characters to a token, where the test names no numbers. */
function tokens(request: ProtocolRequest, reply: Words): { input: number; output: number } {
  const { inputTokens, outputTokens } = reply
  return {
    input: inputTokens ?? Math.ceil((request.instruction.length + request.user.length) / 4),
    output: outputTokens ?? Math.ceil(words(reply).length / 4),
  }
}

function completion(request: ProtocolRequest, reply: Words): JsonObject {
  const { input, output } = tokens(request, reply)
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_767_600_000,
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: words(reply), refusal: null },
        finish_reason: isCut(reply) ? 'length' : 'stop',
      },
    ],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  }
}

function message(request: ProtocolRequest, reply: Words): JsonObject {
  const { input, output } = tokens(request, reply)
  const byTool = request.body.tools !== undefined && 'answer' in reply
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: byTool
      ? [{ type: 'tool_use', id: 'toolu_1', name: 'json', input: reply.answer }]
      : [{ type: 'text', text: words(reply) }],
    stop_reason: isCut(reply) ? 'max_tokens' : byTool ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: input, output_tokens: output },
  }
}

function errorBody(protocol: Protocol, status: number, text: string): JsonObject {
  const type = ERROR_TYPE[status] ?? 'api_error'
  if (protocol === 'anthropic') return { type: 'error', error: { type, message: text }, request_id: 'req_1' }
  return { error: { message: text, type, param: null, code: null } }
}

const ERROR_TYPE: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}
