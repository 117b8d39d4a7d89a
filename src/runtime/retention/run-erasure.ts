/** What the list of runs keeps of erased bodies: who a run is and how it ended, not what it was about. */

import { RUN_ENDS } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Erasure } from '../../ports/projection.ts'

export const runErasure: Erasure = {
  keep({ kind, body }) {
    if (body === null) return null
    if (kind === 'run.started') {
      const { input: _, forkedFrom: __, ...rest } = body
      return rest
    }
    if (kind === 'run.reopened') {
      return body.queue === undefined ? null : { workflow: body.workflow ?? '', queue: body.queue }
    }
    if (kind === 'run.admitted') return body.rate === undefined ? null : { rate: body.rate }
    if (!RUN_ENDS.has(kind)) return null
    const { code } = (body.error ?? {}) as JsonObject
    return typeof code === 'string' ? { error: { code } } : null
  },
  /** Of a run that has ended, the rows hold no more than that; one that has not may have timers and waits. */
  forget({ kind, stream }, tables) {
    if (kind === 'run.started' || kind === 'bodies.erased') return true
    const ended = [...RUN_ENDS].map((end) => end.slice('run.'.length))
    const run = tables.get<{ status: string }>('SELECT status FROM runs WHERE id = ?', runOf(stream))
    return run === undefined || ended.includes(run.status)
  },
}
