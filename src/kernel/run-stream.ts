/** The stream of a run: `run/` and its id. */
export const RUN_STREAM = 'run/'

export function runStream(run: string): string {
  return RUN_STREAM + run
}

/** Id of the run whose stream it is. */
export function runOf(stream: string): string {
  return stream.slice(RUN_STREAM.length)
}
