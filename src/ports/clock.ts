/** Time is injected: the real clock, a faster one, or a simulated one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `wake` once at or after `atMs`; returns a function that calls it off. */
  wakeAt(atMs: number, wake: () => void): () => void
}
