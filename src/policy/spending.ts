/** What models have cost, by day and by run: the projection that the budget rules read. */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'
import type { Spending } from './limits.ts'

const DAY_MS = 86_400_000

/** The number of a UTC day. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

export const spendingProjection: Projection = {
  name: 'spending',
  version: 2,
  tables: ['spending_days', 'spending_runs'],
  schema: `
    CREATE TABLE spending_days (day INTEGER PRIMARY KEY, calls INTEGER NOT NULL, micros INTEGER NOT NULL) STRICT;
    CREATE TABLE spending_runs (
      run TEXT PRIMARY KEY, calls INTEGER NOT NULL, micros INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['policy.decided', 'model.called'],
  apply(event, tables) {
    const body = event.body ?? {}
    const run = event.stream.slice('run/'.length)
    if (event.kind === 'policy.decided') {
      const request = body.request as ModelRequestBody | undefined
      if (request?.type !== 'model' || body.answer !== 'allow') return
      // At midnight the record may be a day later than the decision.
      const day = request.day ?? dayOf(event.time)
      tables.run(
        'INSERT INTO spending_days (day, calls, micros) VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET calls = calls + 1',
        day,
      )
      tables.run(
        `INSERT INTO spending_runs VALUES (?, 1, 0, 0, 0) ON CONFLICT DO UPDATE SET calls = calls + 1`,
        run,
      )
      return
    }
    const micros = whole(body.priceMicros)
    const day = dayOf(event.time)
    tables.run(
      `INSERT INTO spending_days (day, calls, micros) VALUES (?1, 0, ?2)
       ON CONFLICT DO UPDATE SET micros = micros + ?2`,
      day,
      micros,
    )
    tables.run(
      `INSERT INTO spending_runs VALUES (?1, 0, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
         micros = micros + ?2, input_tokens = input_tokens + ?3, output_tokens = output_tokens + ?4`,
      run,
      micros,
      whole(body.inputTokens),
      whole(body.outputTokens),
    )
  },
  erasure: { keep: spentOf },
}

/** What was spent stays known, and what for does not. */
function spentOf({ kind, body }: StoredEvent): JsonObject | null {
  if (body === null) return null
  if (kind === 'model.called') {
    const { priceMicros = null, inputTokens = null, outputTokens = null } = body
    return { priceMicros, inputTokens, outputTokens }
  }
  const { type, day } = (body.request ?? {}) as ModelRequestBody
  if (type !== 'model') return null
  return { answer: body.answer ?? null, request: { type, ...(day === undefined ? {} : { day }) } }
}

interface ModelRequestBody {
  readonly type?: string
  /** By whose budget it was decided. */
  readonly day?: number
}

/** What a model reports is not ours to trust: nothing, or a fraction, must not keep the call from its record. */
function whole(reported: unknown): number {
  const number = Math.ceil(Number(reported ?? 0))
  return Number.isSafeInteger(number) ? number : 0
}

/** Spent so far on the UTC day of `nowMs`, and by the run. */
export function spendingOf(tables: TablesReader, run: string, nowMs: number): Spending {
  const today = tables.get<{ calls: number; micros: number }>(
    'SELECT calls, micros FROM spending_days WHERE day = ?',
    dayOf(nowMs),
  )
  const ofRun = tables.get<{ micros: number }>('SELECT micros FROM spending_runs WHERE run = ?', run)
  return { todayMicros: today?.micros ?? 0, callsToday: today?.calls ?? 0, runMicros: ofRun?.micros ?? 0 }
}
