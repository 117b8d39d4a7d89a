/**
 * A promise that the code looks at late, or never, must not count as an unhandled rejection: that would end
 * the process, and every later one that replays the run. The failure is on record all the same.
 */
export function unwatched<T>(outcome: Promise<T>): Promise<T> {
  outcome.catch(() => {})
  return outcome
}
