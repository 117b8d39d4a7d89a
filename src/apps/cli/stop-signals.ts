/** Ctrl-C and its like: the first asks to stop, the second stops at once. */
import { constants } from 'node:os'

export interface StopSignals {
  readonly signal: AbortSignal
  /** Asks to stop, to end with this exit code. */
  abort(exit: number): void
  /** The exit code that was asked for: 130, 143; null when nobody asked. */
  exit(): number | null
  release(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** @param options.own the verb listens itself: nothing is listened to here. */
export function stopSignals({ own }: { readonly own: boolean }): StopSignals {
  const controller = new AbortController()
  let exit: number | null = null
  const abort = (code: number): void => {
    exit ??= code
    controller.abort()
  }
  const onSignal = (name: NodeJS.Signals): void => {
    const code = 128 + constants.signals[name]
    if (exit !== null) process.exit(code)
    abort(code)
  }
  if (!own) for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    abort,
    exit: () => exit,
    release() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}
