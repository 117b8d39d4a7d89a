import { HoldfastError } from '../../kernel/errors.ts'

/** Does something with a mail folder; when that fails, it throws `code` in the words of a connector. */
export async function withFolder<Result>(
  code: 'CONNECTOR_UNAVAILABLE' | 'CONNECTOR_OUTCOME_UNKNOWN',
  dir: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw new HoldfastError(code, `The mail folder ${dir} can't be used: ${reasonOf(cause)}`, {
      details: { dir },
      cause,
      fix: 'Check that its disk has space and that the folder can be read and written.',
    })
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** True for the error of a file or folder that isn't there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** @throws CONNECTOR_UNAVAILABLE when the call was called off; to be asked before anything is done. */
export function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'The time was up before the mail was begun')
}
