/**
 * One mail over one SMTP connection. nodemailer speaks the protocol; what is kept here is how far it came,
 * because that decides what a failure means: before the message was begun nothing was done, after it only
 * the server's own answer tells.
 */
import { Readable } from 'node:stream'
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection'
import type { ErrorCode } from '../../kernel/error-table.ts'
import { HoldfastError } from '../../kernel/errors.ts'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (port 465). Otherwise STARTTLS is demanded, except on this machine. */
  readonly secure: boolean
  readonly auth: { readonly user: string; readonly pass: string } | null
  /** Milliseconds that connecting, the greeting, and each silence may take. */
  readonly timeoutMs: number
}

export interface Envelope {
  readonly from: string
  readonly to: readonly string[]
}

export interface Delivery {
  /** The addresses that the server accepted, at least one. */
  readonly accepted: readonly string[]
  /** The Message-ID that the server put in place of ours, as some do, with angle brackets; else null. */
  readonly replacedId: string | null
}

/**
 * Hands a mail over.
 * @throws CONNECTOR_UNAVAILABLE or CONNECTOR_REFUSED when it surely wasn't taken, CONNECTOR_OUTCOME_UNKNOWN
 *   when the connection was lost, or the time was up, after the message was begun.
 */
export async function deliver(
  server: SmtpServer,
  envelope: Envelope,
  raw: Uint8Array,
  signal: AbortSignal,
): Promise<Delivery> {
  const connection = new SMTPConnection(connectionOptions(server))
  const message = new Message(raw)
  const broken = new Promise<never>((_, reject) => {
    connection.on('error', reject)
    signal.addEventListener('abort', () => reject(new Error('the time was up')), { once: true })
  })
  try {
    if (signal.aborted) throw new Error('the time was up before it began')
    const info = await Promise.race([broken, converse(connection, server, envelope, message)])
    return { accepted: info.accepted, replacedId: info.serverMessageId ?? null }
  } catch (error) {
    throw failureOf(error, message.begun, server)
  } finally {
    connection.close()
  }
}

async function converse(
  connection: SMTPConnection,
  { auth }: SmtpServer,
  { from, to }: Envelope,
  message: Message,
): Promise<SMTPConnectionSendInfo> {
  await called<void>((done) => connection.connect(done))
  if (auth !== null) await called<boolean | undefined>((done) => connection.login(auth, done))
  return called((done) => connection.send({ from, to: [...to], size: message.size }, message, done))
}

/** The result of a function that tells it by a callback. */
function called<Result>(
  start: (done: (error?: Error | null, result?: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result as Result)))
  })
}

/** The mail as a stream, which nodemailer reads only once the server has asked for it. */
class Message extends Readable {
  begun = false
  readonly size: number
  private readonly raw: Uint8Array

  constructor(raw: Uint8Array) {
    super()
    this.raw = raw
    this.size = raw.length
  }

  override _read(): void {
    this.begun = true
    this.push(this.raw)
    this.push(null)
  }
}

/** How a server is spoken to: with TLS, and its certificate checked, unless it is on this machine. */
export function connectionOptions(
  server: Omit<SmtpServer, 'auth'>,
): ConstructorParameters<typeof SMTPConnection>[0] {
  const local = isLoopback(server.host)
  return {
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: !server.secure && !local,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !local },
    connectionTimeout: server.timeoutMs,
    greetingTimeout: server.timeoutMs,
    socketTimeout: server.timeoutMs,
    dnsTimeout: server.timeoutMs,
    socketCloseTimeout: 1000,
  }
}

/** A server on this machine may speak without TLS, or with a certificate of its own making. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Codes of failures that repeating won't mend, though no server answered. */
const FOR_GOOD = ['EAUTH', 'EENVELOPE', 'EMESSAGE']

function failureOf(error: unknown, begun: boolean, { host, port }: SmtpServer): HoldfastError {
  const { code = '', message, responseCode = 0 } = error as Error & { code?: string; responseCode?: number }
  const isAnswer = responseCode >= 400 && (!begun || code === 'EMESSAGE')
  const isFinal = isAnswer ? responseCode >= 500 : FOR_GOOD.includes(code)
  const where = `${host}:${port}`
  const details = { host, port, code, ...(responseCode > 0 ? { responseCode } : {}) }
  const failed = (as: ErrorCode, what: string) => new HoldfastError(as, what, { details, cause: error })
  if (begun && !isAnswer) {
    return failed('CONNECTOR_OUTCOME_UNKNOWN', `${where} was given the mail but gave no answer: ${message}`)
  }
  if (isFinal) return failed('CONNECTOR_REFUSED', `${where} refused the mail: ${message}`)
  return failed('CONNECTOR_UNAVAILABLE', `${where} can't take the mail now: ${message}`)
}
