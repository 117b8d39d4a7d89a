/** Why an append is refused: its writer saw other versions than the present ones. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { StreamAppend } from '../../ports/event-log.ts'

/** LOG_CONFLICT at the first stream that is at another version; parts of one stream follow each other. */
export function conflictOf(
  parts: readonly StreamAppend[],
  versionOf: (stream: string) => number,
): HoldfastError | undefined {
  // Most have one part: what several take is not made for them.
  const ahead = parts.length > 1 ? new Map<string, number>() : null
  for (const { stream, expectedVersion, events } of parts) {
    const own = ahead?.get(stream) ?? 0
    if (expectedVersion !== 'any') {
      const version = versionOf(stream) + own
      if (version !== expectedVersion) return conflict(stream, version, expectedVersion)
    }
    ahead?.set(stream, own + events.length)
  }
  return undefined
}

function conflict(stream: string, version: number, expectedVersion: number): HoldfastError {
  return new HoldfastError('LOG_CONFLICT', `${stream} is at version ${version}, not ${expectedVersion}`, {
    details: { stream, version, expectedVersion },
  })
}

/** An earlier append of the same writer was refused, and this one was made in the belief that it would not be. */
export function standsBehindRefused([own]: readonly StreamAppend[]): HoldfastError {
  return new HoldfastError('LOG_CONFLICT', `What was to stand before this in ${own?.stream} was refused`, {
    details: { stream: own?.stream ?? null },
  })
}
