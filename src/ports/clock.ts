/** Time is injected: the real clock, a faster one, or a simulated one. */
export interface Clock {
  /** Milliseconds since 1970: the time of day, which may be set forward or back. */
  now(): number
  /** Calls `wake` once the time of day is `atMs` or later; returns a function that calls it off. */
  wakeAt(atMs: number, wake: () => void): () => void
  /** Calls `wake` once `delayMs` have passed, whatever happens to the time of day: for limits on attempts. */
  after(delayMs: number, wake: () => void): () => void
}
