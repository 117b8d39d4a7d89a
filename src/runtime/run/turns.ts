/**
 * Turns, shared by all runs: what is asked for in one turn is done together in the next, so that hundreds of runs
 * advance in step and their records share a commit. A turn comes when all code that could go on has come to
 * rest, which is when no microtask is left; the event loop with its timers and sockets gets its own in between.
 */

/** Turns that are taken before the event loop gets to see to everything else: a few milliseconds' work. */
const TURNS_IN_A_ROW = 500

let waiting: (() => void)[] = []
let taken = 0

/** Calls `turn` in the next turn. */
export function nextTurn(turn: () => void): void {
  waiting.push(turn)
  if (waiting.length > 1) return
  if (taken < TURNS_IN_A_ROW) {
    // A tick that a microtask asks for comes after the last microtask; one asked for here might come before.
    queueMicrotask(() => process.nextTick(takeTurns))
    return
  }
  taken = 0
  setImmediate(takeTurns)
}

function takeTurns(): void {
  const turns = waiting
  waiting = []
  let done = 0
  try {
    for (const turn of turns) {
      done += 1
      turn()
    }
  } catch (error) {
    for (const other of turns.slice(done)) nextTurn(other)
    throw error
  } finally {
    taken += done
  }
}
