/** A real HTTP server that keeps accounts, with the failures that such servers have. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Chance } from '../testing/chance.ts'

export interface Bank {
  readonly url: string
  /** Every charge that was carried out, by its key, with how often it was. */
  readonly charged: ReadonlyMap<string, number>
  /** Keys of charges that were taken back, in order. */
  readonly refunded: readonly string[]
  close(): Promise<void>
}

/** `isDelivered` tells an operator who asks whether a mail to an address has arrived. */
export async function startBank(chance: Chance, isDelivered: (address: string) => boolean): Promise<Bank> {
  const charged = new Map<string, number>()
  const refunded: string[] = []

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', 'http://bank')
    const [, what, id = ''] = pathname.split('/').map(decodeURIComponent)
    await text(request)
    if (what === 'mails') return reply(response, isDelivered(id) ? 200 : 404)
    if (request.method === 'GET') return reply(response, charged.has(id) ? 200 : 404)
    if (chance.oneIn(12)) return reply(response, 503)
    if (chance.oneIn(12)) return void response.destroy()
    if (request.method === 'DELETE') {
      if (!refunded.includes(id)) refunded.push(id)
    } else charged.set(id, (charged.get(id) ?? 0) + 1)
    if (chance.oneIn(8)) return void response.destroy()
    reply(response, 200)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    charged,
    refunded,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function reply(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}
