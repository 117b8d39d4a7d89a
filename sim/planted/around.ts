/** What stands in the place of a part of the runtime where a bug is planted. */
import type { NewEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import type { AnyWorkflow, Context } from '../../src/kernel/workflow.ts'
import type { Erasable, EventLog, StreamAppend } from '../../src/ports/event-log.ts'
import type { FlagRules, Flags } from '../../src/ports/flags.ts'
import type { Row, SqlValue, TablesReader } from '../../src/ports/projection.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import type { AnyTrigger } from '../../src/runtime/triggers/trigger.ts'
import { changed } from '../changed.ts'
import type { Wiring } from '../process.ts'
import type { Append } from './kernel.ts'

const DAY_MS = 86_400_000

function withTables(log: EventLog, changes: Partial<TablesReader>): EventLog {
  return changed(log, { tables: changed(log.tables, changes) })
}

/** Another answer to questions for one row of the tables. */
export function reading(asked: RegExp, answer: (row: Row | undefined) => unknown): Wiring {
  return {
    log(log) {
      const { tables } = log
      const get = (sql: string, ...values: SqlValue[]): unknown => {
        const row = tables.get(sql, ...values)
        return asked.test(sql) ? answer(row) : row
      }
      return withTables(log, { get: get as TablesReader['get'] })
    },
  }
}

/** Another answer to questions for rows of the tables. */
export function listing(asked: RegExp, answer: (rows: Row[]) => unknown[]): Wiring {
  return {
    log(log) {
      const { tables } = log
      const all = (sql: string, ...values: SqlValue[]): unknown[] => {
        const rows = tables.all(sql, ...values)
        return asked.test(sql) ? answer(rows) : rows
      }
      return withTables(log, { all: all as TablesReader['all'] })
    },
  }
}

/** Other questions to the tables. */
export function rewriting(asked: RegExp, instead: string): Wiring {
  return {
    log(log) {
      const { tables } = log
      const get = (sql: string, ...values: SqlValue[]): unknown =>
        tables.get(sql.replace(asked, instead), ...values)
      const all = (sql: string, ...values: SqlValue[]): unknown[] =>
        tables.all(sql.replace(asked, instead), ...values)
      return withTables(log, { get: get as TablesReader['get'], all: all as TablesReader['all'] })
    },
  }
}

/** Of the timers of a day ahead, those that start runs are due. */
export function startingEarly(log: EventLog): EventLog {
  const { tables } = log
  const all = (sql: string, ...values: SqlValue[]): unknown[] => {
    if (!/FROM runs_timers\b(?! t )/.test(sql)) return tables.all(sql, ...values)
    const now = Math.max(...values.map(Number))
    const ahead = values.map((value) => (Number(value) === now ? now + DAY_MS : value))
    return tables.all(sql, ...ahead).filter(({ at, type }) => type === 'start' || Number(at) <= now)
  }
  return withTables(log, { all: all as TablesReader['all'] })
}

/** Reviews of a day ahead are due. */
export function expiringEarly(log: EventLog): EventLog {
  const { tables } = log
  const all = (sql: string, ...values: SqlValue[]): unknown[] => {
    const [now, ...rest] = values
    return /FROM reviews WHERE due/.test(sql)
      ? tables.all(sql, Number(now) + DAY_MS, ...rest)
      : tables.all(sql, ...values)
  }
  return withTables(log, { all: all as TablesReader['all'] })
}

/** A delegation without its limits. */
export function boundless(row: Row): Row {
  const content = JSON.parse(String(row.content))
  return { ...row, content: JSON.stringify({ ...content, most: null, expiresAt: null, arguments: {} }) }
}

/** Another code for the workflows. */
export function running(plant: (workflow: AnyWorkflow) => AnyWorkflow): (runtime: Runtime) => void {
  return (runtime) => {
    const real = runtime.workflow.bind(runtime)
    runtime.workflow = (name, version) => plant(real(name, version))
  }
}

function withContext(workflow: AnyWorkflow, plant: (ctx: Context) => Partial<Context>): AnyWorkflow {
  return { ...workflow, run: (ctx: Context, input: unknown) => workflow.run(changed(ctx, plant(ctx)), input) }
}

/** Another list of what a rollback finds to undo. */
export function undoing(list: (deeds: readonly Json[]) => readonly Json[]): (runtime: Runtime) => void {
  return running((workflow) => {
    if (workflow.name !== 'holdfast.rollback') return workflow
    return withContext(workflow, (ctx) => {
      const step = async (name: string, work: () => JsonObject): Promise<unknown> => {
        const found = await ctx.step(name, work)
        return found.undoable === undefined ? found : { ...found, undoable: list(found.undoable as Json[]) }
      }
      return { step: step as unknown as Context['step'] }
    })
  })
}

export function unlimited(workflow: AnyWorkflow): AnyWorkflow {
  const free = { concurrency: 100 }
  return withContext(workflow, (ctx) => ({
    all: ((tasks: [], options: object) => ctx.all(tasks, { ...options, ...free })) as Context['all'],
    map: ((name: string, items: [], work: () => Json, options: object) =>
      ctx.map(name, items, work, { ...options, ...free })) as unknown as Context['map'],
  }))
}

export function unordered(workflow: AnyWorkflow): AnyWorkflow {
  return withContext(workflow, (ctx) => ({
    graph: ((name: string, nodes: Record<string, { run: () => Json }>, options: object) => {
      const free = Object.entries(nodes).map(([node, { run }]) => [node, { run }])
      return ctx.graph(name, Object.fromEntries(free), options)
    }) as unknown as Context['graph'],
  }))
}

export function forgettingRollbacks(runtime: Runtime): void {
  let present = runtime.besideEnd
  Object.defineProperty(runtime, 'besideEnd', {
    get(): Runtime['besideEnd'] {
      const now = present
      return (...given) => now(...given).filter(({ stream }) => !stream.startsWith('run/rollback/'))
    },
    set(next) {
      present = next
    },
  })
}

/** Children are on record as bound to their parents, whatever was asked for. */
export function bindingChildren(log: EventLog): Append {
  return async (parts, ...rest) => {
    const bound = (event: NewEvent): NewEvent => {
      const parent = event.body.parent as JsonObject | null | undefined
      if (event.kind !== 'run.started' || parent == null) return event
      return { ...event, body: { ...event.body, parent: { ...parent, onParentClose: 'cancel' } } }
    }
    return await log.append(
      parts.map((part) => ({ ...part, events: part.events.map(bound) })),
      ...rest,
    )
  }
}

/** What a retry takes out of the journal is all that the run has done. */
export function doingAgain(log: EventLog): Append {
  return async (parts, ...rest) => {
    const all = (stream: string): string[] =>
      log.readStream(stream).flatMap(({ body }) => (typeof body?.name === 'string' ? [body.name] : []))
    const voiding = (stream: string, event: NewEvent): NewEvent =>
      event.kind !== 'run.reopened'
        ? event
        : { ...event, body: { ...event.body, voided: [...new Set(all(stream))], kept: [] } }
    return await log.append(
      parts.map((part) => ({ ...part, events: part.events.map((one) => voiding(part.stream, one)) })),
      ...rest,
    )
  }
}

/** What stands beside the end of a run, and closes what it has reserved, is left out. */
export function closingNothing(log: EventLog): Append {
  return async (parts, ...rest) => {
    const ends = ({ events }: StreamAppend): boolean => events.some(({ kind }) => RUN_ENDS.has(kind))
    const left = (part: StreamAppend): StreamAppend => ({
      ...part,
      events: part.events.filter(({ kind }) => !kind.startsWith('budget.')),
    })
    return await log.append(
      parts.map((part) => (ends(part) ? left(part) : part)),
      ...rest,
    )
  }
}

function continuing({ events }: StreamAppend): boolean {
  return events.some(({ kind, body }) => kind === 'run.started' && body.continued !== undefined)
}

export function breakingChains(log: EventLog): Append {
  return async (parts, ...rest) =>
    await log.append(
      parts.filter((part) => !continuing(part)),
      ...rest,
    )
}

export function doublingChains(log: EventLog): Append {
  return async (parts, ...rest) => {
    const stored = await log.append(parts, ...rest)
    const next = parts.find(continuing)
    if (next !== undefined) await log.append([{ ...next, stream: `${next.stream}-again` }])
    return stored
  }
}

/** Another day for what is gathered. */
export function patient({ debounce, batch }: AnyTrigger): Partial<AnyTrigger> {
  if (batch !== undefined) return { batch: { ...batch, within: '1d' } }
  return debounce === undefined ? {} : { debounce: '1d' }
}

/** Another plan of what is erased. */
export function erasing(plan: (what: Erasable, log: EventLog) => Partial<Erasable>): Wiring {
  return {
    log(log) {
      const erase: EventLog['erase'] = async (what, by) => {
        const planned = (): Erasable => {
          const given = typeof what === 'function' ? what() : what
          return { ...given, ...plan(given, log) }
        }
        return await log.erase(planned, by)
      }
      return changed(log, { erase })
    },
  }
}

/** With the names, another's event is taken. */
export function takingAnothers({ positions, replace }: Erasable, log: EventLog): Partial<Erasable> {
  const first = [...log.read()].find(
    ({ position, stream }) => !positions.includes(position) && isOfRun(stream),
  )
  return replace === undefined || first === undefined ? {} : { positions: [...positions, first.position] }
}

function isOfRun(stream: string): boolean {
  return stream.startsWith('run/')
}

/** What flags.yaml says is not put on record. */
export function forgettingFlags(log: EventLog): Append {
  return async (parts, ...rest) => {
    const left = parts.filter(({ stream }) => stream !== 'flags')
    return left.length === 0 ? [] : await log.append(left, ...rest)
  }
}

/** A key has another place in a flag each time. */
export function shifting(flags: Flags): Flags {
  const real = flags.current.bind(flags)
  let times = 0
  flags.current = async () => {
    const rules = await real()
    const answer: FlagRules['answer'] = (question) => {
      times += 1
      const { key } = question
      return rules.answer({ ...question, key: key === null ? null : `${key} ${times}` })
    }
    return changed(rules, { answer })
  }
  return flags
}
