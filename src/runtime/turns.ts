/**
 * Turns of the event loop, shared by all runs: what is asked for in one turn is done together in the next, so
 * that hundreds of runs advance in step and their records share a commit.
 */
let waiting: (() => void)[] = []

/** Calls `turn` in the next turn of the event loop, when all code that could go on has come to rest. */
export function nextTurn(turn: () => void): void {
  waiting.push(turn)
  if (waiting.length === 1) setImmediate(takeTurns)
}

function takeTurns(): void {
  const turns = waiting
  waiting = []
  let taken = 0
  try {
    for (const turn of turns) {
      taken += 1
      turn()
    }
  } catch (error) {
    for (const other of turns.slice(taken)) nextTurn(other)
    throw error
  }
}
