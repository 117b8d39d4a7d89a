/** What came of an answer: waits until the run has nothing under way, then tells what it did since. */

import type { ErrorRecord } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { RunStatus } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { type Waiting, waitingFor } from '../../observe/why.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** After it the caller is told that it is still under way. */
const LIMIT_MS = 60_000

export interface RunProgress {
  readonly run: string
  readonly status: RunStatus
  /** What left by effects, such as a mail. */
  readonly sent: readonly { readonly operation: string; readonly input: Json; readonly output: Json }[]
  /** Attempts and effects that failed and were not begun anew. */
  readonly failures: readonly {
    readonly operation: string
    readonly error: ErrorRecord
    /** Milliseconds since 1970; null when it is not tried again. */
    readonly retryAt: number | null
  }[]
  readonly waitsFor: readonly Waiting[]
  /** Of a run that has ended. */
  readonly output: Json
  /** Why it failed or stalled. */
  readonly error: ErrorRecord | null
}

/** Resolves when the run waits, has ended or is stalled; after a minute, or when `signal` is aborted, all the same. */
export async function settled(log: EventLog, run: string, signal: AbortSignal): Promise<void> {
  const isRunning = () => statusOf(log, run) === 'running'
  if (!isRunning()) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const stream = runStream(run)
  const stop = log.onCommit((events) => {
    if (events.some((event) => event.stream === stream) && !isRunning()) resolve()
  })
  const timer = setTimeout(resolve, LIMIT_MS)
  signal.addEventListener('abort', () => resolve(), { once: true })
  try {
    await promise
  } finally {
    stop()
    clearTimeout(timer)
  }
}

/** What the run did from this version of its stream on. */
export function progressSince(log: EventLog, run: string, version: number): RunProgress {
  const events = log.readStream(runStream(run))
  const since = events.filter((event) => event.version >= version)
  const end = since.findLast(({ kind }) => /^run\.(completed|failed|cancelled|stalled)$/.test(kind))
  return {
    run,
    status: statusOf(log, run),
    sent: since.filter(({ kind }) => kind === 'effect.succeeded').map((event) => sentBy(event, events)),
    failures: since.filter((event, at) => !isBegunAnew(since.slice(at + 1), event)).flatMap(failureOf),
    waitsFor: waitingFor(log.tables, run),
    output: end?.body?.output ?? null,
    error: (end?.body?.error as unknown as ErrorRecord | undefined) ?? null,
  }
}

function statusOf({ tables }: EventLog, run: string): RunStatus {
  return tables.get<{ status: RunStatus }>('SELECT status FROM runs WHERE id = ?', run)?.status ?? 'failed'
}

function sentBy({ body }: StoredEvent, events: readonly StoredEvent[]): RunProgress['sent'][number] {
  const intended = events.findLast(
    (event) => event.kind === 'effect.intended' && event.body?.name === body?.name,
  )
  return {
    operation: String(body?.operation ?? ''),
    input: intended?.body?.input ?? null,
    output: body?.output ?? null,
  }
}

/** A failure that an attempt followed has no last word. */
function isBegunAnew(later: readonly StoredEvent[], { body }: StoredEvent): boolean {
  return later.some((event) => event.kind === 'effect.intended' && event.body?.name === body?.name)
}

function failureOf({ kind, body }: StoredEvent): RunProgress['failures'][number][] {
  if (kind !== 'attempt.failed' && kind !== 'effect.failed') return []
  const { name, operation, error, retryAt } = (body ?? {}) as JsonObject
  return [
    {
      operation: String(operation ?? name ?? ''),
      error: error as unknown as ErrorRecord,
      retryAt: typeof retryAt === 'number' ? retryAt : null,
    },
  ]
}
