/**
 * Turns of the event loop, counted: nothing that is simulated waits for real time or real input, so when no
 * turn is asked for any more, all that can happen without the clock moving on has happened.
 */
import { nextTurn } from '../src/runtime/run/turns.ts'

const realSetImmediate = globalThis.setImmediate
let asked = 0

/** From now on, the turns that anybody in this thread asks for are counted. */
export function countTurns(): void {
  if (globalThis.setImmediate !== realSetImmediate) return
  const counted = (callback: (...given: unknown[]) => void, ...given: unknown[]): NodeJS.Immediate => {
    asked += 1
    return realSetImmediate(() => {
      asked -= 1
      callback(...given)
    })
  }
  globalThis.setImmediate = counted as typeof setImmediate
}

export function isQuiet(): boolean {
  return asked === 0
}

/**
 * Lets the turns that runs share come to where the event loop gets its own: how many there were before must not
 * matter for what follows.
 */
export async function fromFirstTurn(): Promise<void> {
  for (let isFirst = false; !isFirst; ) {
    const taken = new Promise<void>((resolve) => nextTurn(resolve))
    isFirst = !isQuiet()
    await taken
  }
}

/** One turn, in which everybody who asked before gets theirs. */
export function turn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}

/** Lets everything happen that needs no passing of time; false when it does not come to an end. */
export async function settle(most = 20_000): Promise<boolean> {
  for (let turns = 0; turns < most; turns += 1) {
    await turn()
    if (isQuiet()) return true
  }
  return false
}
