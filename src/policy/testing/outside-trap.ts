/**
 * A trap around this process: every connection, datagram, name that is looked up, port that is opened, child process and
 * worker is noted, with the operation that the gate was doing; what is done for none is refused, at the lowest place
 * that JavaScript can reach.
 */
import { ChildProcess } from 'node:child_process'
import { Socket as UdpSocket } from 'node:dgram'
import dns from 'node:dns'
import inspector from 'node:inspector'
import { syncBuiltinESMExports } from 'node:module'
import { Server, Socket } from 'node:net'
import threads from 'node:worker_threads'
import { outside } from '../outside.ts'

export interface Reached {
  /** What was done: `connect`, `spawn` … */
  readonly by: string
  /** The operation it was done for; null for none. */
  readonly operation: string | null
}

export interface OutsideTrap {
  readonly reached: readonly Reached[]
  release(): void
}

// biome-ignore lint/suspicious/noExplicitAny: any method of any object
type Method = (...given: any[]) => any

/** What Node itself is built on, so that it does not matter who took what of its modules, and when. */
function builtOn(name: string): Record<string, Method> & { ChannelWrap?: { prototype: object } } {
  return (process as unknown as { binding: Method }).binding(name)
}

export function setOutsideTrap(): OutsideTrap {
  const reached: Reached[] = []
  const set: (() => void)[] = []
  const watch = (owner: object, name: string, by: string): void => {
    const methods = owner as Record<string, Method>
    const method = methods[name] as Method
    methods[name] = function (this: unknown, ...given): unknown {
      const operation = outside.getStore() ?? null
      reached.push({ by, operation })
      if (operation === null) throw new Error(`${by} outside of the gate`)
      return method.apply(this, given)
    }
    set.push(() => {
      methods[name] = method
    })
  }
  watch(Socket.prototype, 'connect', 'connect')
  watch(UdpSocket.prototype, 'send', 'send')
  watch(UdpSocket.prototype, 'connect', 'connect')
  watch(Server.prototype, 'listen', 'listen')
  watch(ChildProcess.prototype, 'spawn', 'spawn')
  watch(builtOn('spawn_sync'), 'spawn', 'spawn')
  const names = builtOn('cares_wrap')
  const queries = names.ChannelWrap?.prototype ?? {}
  for (const name of Object.getOwnPropertyNames(queries))
    if (/^(query|getHostBy)/.test(name)) watch(queries, name, 'look up')
  for (const name of ['getaddrinfo', 'getnameinfo']) watch(names, name, 'look up')
  for (const name of ['lookup', 'lookupService']) watch(dns.promises, name, 'look up')
  watch(inspector, 'open', 'listen')
  for (const name of ['binding', 'dlopen', 'execve']) watch(process, name, name)
  const { Worker } = threads
  threads.Worker = new Proxy(Worker, {
    construct(of, given, self) {
      if (outside.getStore() !== undefined) return Reflect.construct(of, given, self)
      reached.push({ by: 'worker', operation: null })
      throw new Error('worker outside of the gate')
    },
  })
  set.push(() => {
    threads.Worker = Worker
  })
  syncBuiltinESMExports()
  // Of one that was taken from the module before.
  const onWorker = (): void => {
    reached.push({ by: 'worker', operation: outside.getStore() ?? null })
  }
  process.on('worker', onWorker)
  set.push(() => process.off('worker', onWorker))
  return {
    reached,
    release() {
      for (const undo of set) undo()
      syncBuiltinESMExports()
    },
  }
}
