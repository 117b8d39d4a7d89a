/** Has a command carried out by the process that serves the workspace, over its socket. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type ErrorRecord, fromErrorRecord, HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import type { CommandIo } from '../commands/command.ts'
import { ATTENDED } from '../server/attended-header.ts'
import { socketOf } from '../server/socket.ts'

/** Nobody listens: no socket, one that was left over, or a process that is shutting down. */
export const NOBODY = Symbol('nobody listens')

/** @throws the error that the command ended with; HOLDFAST_CLOSED when the process ended before the command. */
export async function askRunning(
  dir: string,
  name: string,
  params: unknown,
  io: CommandIo,
  attended = false,
): Promise<unknown> {
  const headers = attended ? { [ATTENDED]: 'yes' } : {}
  const path = `/commands/${encodeURIComponent(name)}`
  const answer = await send(dir, path, JSON.stringify(params), io.signal, headers)
  if (answer === NOBODY) return NOBODY
  if (answer.statusCode === 503) {
    answer.resume()
    return NOBODY
  }
  try {
    for await (const line of createInterface({ input: answer })) {
      const told = JSON.parse(line) as Told
      if (told.error !== undefined) throw fromErrorRecord(told.error)
      if (told.data !== undefined) return told.data
      if (told.row !== undefined) await io.emit(told.row)
      if (told.note !== undefined) io.note(told.note)
      if (told.progress !== undefined) io.progress(told.progress)
    }
  } catch (error) {
    if (!isLostConnection(error)) throw error
  } finally {
    answer.destroy()
  }
  throw new HoldfastError('HOLDFAST_CLOSED', `The running process ended while it worked on ${name}`, {
    fix: 'Look what was done, then repeat the command; what was acknowledged is not lost.',
  })
}

/** How long a process may take to say that it is there. */
const ANSWER_MS = 2_000

interface Told {
  readonly error?: ErrorRecord
  readonly data?: unknown
  readonly row?: Json
  readonly note?: string
  readonly progress?: string
}

/**
 * What the process that serves the workspace says of itself; null when there is none.
 * @throws HOLDFAST_CLOSED when it takes the connection and says nothing.
 */
export async function runningProcess(dir: string): Promise<{ pid: number; ready: boolean } | null> {
  try {
    const answer = await send(dir, '/readyz', null, AbortSignal.timeout(ANSWER_MS))
    return answer === NOBODY ? null : JSON.parse(await text(answer))
  } catch (cause) {
    throw new HoldfastError('HOLDFAST_CLOSED', 'The process that serves the workspace does not answer', {
      cause,
      fix: 'Look whether it is stopped or very busy; if it is stuck, end it and start `holdfast up` again.',
    })
  }
}

async function send(
  dir: string,
  path: string,
  body: string | null,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage | typeof NOBODY> {
  const socketPath = socketOf(dir)
  if (socketPath === null) return NOBODY
  const asked = request({
    socketPath,
    path,
    method: body === null ? 'GET' : 'POST',
    agent: false,
    signal,
    headers,
  })
  if (body !== null) asked.setHeader('Content-Type', 'application/json')
  asked.end(body ?? undefined)
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return answer
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return NOBODY
    throw error
  }
}

const NOT_THERE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

function isLostConnection(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return code === 'ECONNRESET' || code === 'EPIPE' || error instanceof SyntaxError
}
