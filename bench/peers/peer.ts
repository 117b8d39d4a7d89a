/** What each engine is asked to do: the same work, through its public API, at its documented durable settings. */
export interface Peer {
  readonly name: string
  /** Engine, store and durability, for the table. */
  readonly setting: string
  open(dir: string): Promise<Engine>
}

export interface Engine {
  /** Starts a run of so many short steps, each with a result of about 100 bytes, and resolves with its end. */
  steps(id: string, count: number): Promise<void>
  /** Starts a run that waits for a signal; resolves when it waits. */
  wait(id: string): Promise<Waiting>
  close(): Promise<void>
}

export interface Waiting {
  /** Signals the run and resolves when it has completed. */
  signal(): Promise<void>
}

/** The result of a step. */
export function resultOf(step: number): string {
  return `${'r'.repeat(96)}${step}`
}
