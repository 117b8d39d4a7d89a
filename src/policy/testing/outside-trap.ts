/**
 * A trap around this process: every connection, datagram, child process and worker is noted, with the operation
 * that the gate was doing; what is done for none is refused, at the lowest place that JavaScript can reach.
 */
import { ChildProcess } from 'node:child_process'
import { Socket as UdpSocket } from 'node:dgram'
import { Socket } from 'node:net'
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
  watch(ChildProcess.prototype, 'spawn', 'spawn')
  const onWorker = (): void => {
    reached.push({ by: 'worker', operation: outside.getStore() ?? null })
  }
  process.on('worker', onWorker)
  set.push(() => process.off('worker', onWorker))
  return {
    reached,
    release() {
      for (const undo of set) undo()
    },
  }
}
