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
  for (const [i, turn] of turns.entries()) {
    try {
      turn()
    } catch (error) {
      for (const other of turns.slice(i + 1)) nextTurn(other)
      throw error
    }
  }
}
