/** A real SMTP server on this machine for tests, with the moods that servers have. */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface TestServer {
  readonly port: number
  /** The mails that it took, as they came. */
  readonly taken: string[]
  /** The recipients of each of them. */
  readonly recipients: string[][]
  close(): Promise<void>
}

export interface Mood {
  /** Answers to a recipient, by address; 250 when not named. */
  readonly recipients?: Readonly<Record<string, number>>
  /** What it does once it has the whole mail; default: it takes it. */
  readonly atEnd?: 'take' | 'hang' | 'hang up' | number
  /** Its last words for a mail it took, after `250 `. */
  readonly lastWords?: string
  readonly options?: SMTPServerOptions
  readonly host?: string
}

export async function startServer(mood: Mood = {}): Promise<TestServer> {
  const taken: string[] = []
  const recipients: string[][] = []
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) =>
      password === 'secret' ? done(null, { user: username }) : done(answer(535)),
    onRcptTo({ address }, _session, done) {
      const code = mood.recipients?.[address] ?? 250
      done(code === 250 ? null : answer(code))
    },
    async onData(stream, session, done) {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of stream) chunks.push(chunk)
      } catch {
        // The sender has gone in the middle of it: the mail was not taken.
        return
      }
      const { atEnd = 'take' } = mood
      if (typeof atEnd === 'number') return done(answer(atEnd))
      if (atEnd === 'hang up') for (const socket of sockets) socket.destroy()
      if (atEnd !== 'take') return
      taken.push(Buffer.concat(chunks).toString())
      recipients.push(session.envelope.rcptTo.map(({ address }) => address))
      done(null, mood.lastWords)
    },
    ...mood.options,
  })
  server.on('error', () => {})
  const listener = server.listen(0, mood.host ?? '127.0.0.1')
  listener.on('connection', (socket) => sockets.add(socket))
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    taken,
    recipients,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function answer(responseCode: number): Error {
  return Object.assign(new Error(`says ${responseCode}`), { responseCode })
}
