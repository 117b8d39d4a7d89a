/**
 * One mail over one SMTP connection. nodemailer speaks the protocol; what is kept here is how far it came,
 * because that decides what a failure means: before the message was begun nothing was done, after it only
 * the server's own answer tells.
 */
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
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

/**
 * Hands a mail over.
 * @returns the addresses that the server accepted, at least one.
 * @throws CONNECTOR_UNAVAILABLE or CONNECTOR_REFUSED when it surely wasn't taken, CONNECTOR_OUTCOME_UNKNOWN
 *   when the connection was lost, or the time was up, after the message was begun.
 */
export async function deliver(
  server: SmtpServer,
  envelope: Envelope,
  raw: Uint8Array,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const connection = new SMTPConnection(connectionOptions(server))
  const progress = { begun: false }
  try {
    return await new Promise<readonly string[]>((resolve, reject) => {
      const settle = (error: Error | null | undefined, next: () => void) => {
        if (error) reject(error)
        else next()
      }
      const send = () =>
        connection.send({ from: envelope.from, to: [...envelope.to], size: raw.length }, body(raw, progress), (error, info) =>
          settle(error, () => resolve(info?.accepted ?? [])),
        )
      const logIn = () =>
        server.auth === null ? send() : connection.login(server.auth, (error) => settle(error, send))
      connection.on('error', reject)
      signal.addEventListener('abort', () => reject(new Error('the time was up')), { once: true })
      if (signal.aborted) reject(new Error('the time was up before it began'))
      else connection.connect((error) => settle(error, logIn))
    })
  } catch (error) {
    throw failureOf(error, progress.begun, server)
  } finally {
    connection.close()
  }
}

/** The message as a stream, which nodemailer reads only once the server has asked for it. */
function body(raw: Uint8Array, progress: { begun: boolean }): Readable {
  return new Readable({
    read() {
      progress.begun = true
      this.push(raw)
      this.push(null)
    },
  })
}

function connectionOptions(server: SmtpServer): ConstructorParameters<typeof SMTPConnection>[0] {
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
  const details = { host, port, code, ...(responseCode > 0 ? { responseCode } : {}) }
  const where = `${host}:${port}`
  if (begun && !isAnswer) {
    return new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', `${where} was given the mail but gave no answer: ${message}`, {
      details,
      cause: error,
    })
  }
  const forGood = isAnswer ? responseCode >= 500 : FOR_GOOD.includes(code)
  return forGood
    ? new HoldfastError('CONNECTOR_REFUSED', `${where} refused the mail: ${message}`, { details, cause: error })
    : new HoldfastError('CONNECTOR_UNAVAILABLE', `${where} can't take the mail now: ${message}`, {
        details,
        cause: error,
      })
}
