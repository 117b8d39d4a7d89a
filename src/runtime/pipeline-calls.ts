/** Calls of pipelines: their runs are under way before anything of them is on record. */
import { fromErrorRecord, isHoldfastError } from '../kernel/errors.ts'
import type { NewEvent } from '../kernel/event.ts'
import type { RunEnd } from '../kernel/journal.ts'
import { canonicalJson, type Json } from '../kernel/json.ts'
import type { Execution } from './run/execution.ts'
import { idConflict } from './run-errors.ts'

export interface PipelineCall {
  readonly run: string
  readonly started: NewEvent
}

interface CallHost {
  begin(call: PipelineCall): Execution
  /** The output of a run that is on record as the same call; null when there is none. @throws RUN_ID_CONFLICT */
  recorded(call: PipelineCall): Promise<Json> | null
}

/** Calls whose hand-over another run was first to make under the same id are made again, this many times in all. */
const ATTEMPTS = 3

export class PipelineCalls {
  readonly #host: CallHost
  readonly #underWay = new Map<string, { readonly request: string; readonly output: Promise<Json> }>()

  constructor(host: CallHost) {
    this.#host = host
  }

  /** The output; of the call under way or on record where there is one with this id. @throws RUN_ID_CONFLICT */
  async call(call: PipelineCall): Promise<Json> {
    const { run, started } = call
    const request = canonicalJson(started.body)
    const known = this.#underWay.get(run)
    if (known !== undefined && known.request !== request) throw idConflict(run, started.body)
    if (known !== undefined) return await known.output
    const output = this.#output(call)
    this.#underWay.set(run, { request, output })
    try {
      return await output
    } finally {
      this.#underWay.delete(run)
    }
  }

  async #output(call: PipelineCall): Promise<Json> {
    for (let attempt = 1; ; attempt += 1) {
      const recorded = this.#host.recorded(call)
      if (recorded !== null) return await recorded
      const execution = this.#host.begin(call)
      let end: RunEnd
      try {
        end = await execution.records.over
      } catch (error) {
        const code = isHoldfastError(error) ? error.code : ''
        if (code === 'LOG_CONFLICT' && attempt < ATTEMPTS) continue
        // It may have gone on record with an effect: then it comes back and is brought to its end.
        const saved = code === 'LOG_WRITE_FAILED' ? this.#host.recorded(call) : null
        if (saved === null) throw error
        return await saved
      }
      if (end.status === 'completed') return end.output
      if (end.status !== 'continued') throw fromErrorRecord(end.error)
    }
  }
}
