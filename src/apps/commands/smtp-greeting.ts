/**
 * Connects to an SMTP server and greets it, as far as EHLO and STARTTLS, by the rules by which mail is sent;
 * signs in nowhere, sends nothing.
 */
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { connectionOptions } from '../../connectors/smtp/session.ts'

const TIMEOUT_MS = 5_000

/** Resolves with whether the connection is encrypted, in words. */
export async function greetServer(server: {
  readonly host: string
  readonly port: number
  readonly secure: boolean
}): Promise<string> {
  const connection = new SMTPConnection(connectionOptions({ ...server, timeoutMs: TIMEOUT_MS }))
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once('error', reject)
      connection.connect((error) => (error ? reject(error) : resolve()))
    })
    return connection.secure ? 'with TLS' : 'in plain text'
  } finally {
    connection.close()
  }
}
