/** What stands in the place of a part of the kernel or the log where a bug is planted. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { HoldfastError, isHoldfastError } from '../../src/kernel/errors.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { Gate } from '../../src/ports/gate.ts'
import type { Projection } from '../../src/ports/projection.ts'
import { changed } from '../changed.ts'
import type { Wiring } from '../process.ts'
import { PROJECTIONS } from '../projections.ts'

export type Append = EventLog['append']

export function appending(log: EventLog, append: Append): EventLog {
  return changed(log, { append })
}

export function assumingNothingDone(gate: Gate): Gate['perform'] {
  return async (...given) => {
    try {
      return await gate.perform(...given)
    } catch (error) {
      const isUnclear = isHoldfastError(error) && error.code === 'CONNECTOR_OUTCOME_UNKNOWN'
      throw isUnclear ? new HoldfastError('CONNECTOR_UNAVAILABLE', error.message) : error
    }
  }
}

/** As after a crash between the two: the world is asked, and then asked again. */
export function twice(gate: Gate): Gate['perform'] {
  return async (permit, input, context) => {
    const output = await gate.perform(permit, input, context)
    const request = { run: '', workflow: '', customer: null, operation: permit.operation, input }
    const label = { trust: 'system', sources: [], readers: null } as const
    const second = gate.decideEffect({ ...request, label, approvedBy: 'nobody' }).permit
    if (second !== null) await gate.perform(second, input, context).catch(() => {})
    return output
  }
}

export function acknowledgingAtOnce(): Wiring {
  let now = (): number => 0
  /** What the log holds once it has taken all that was asked for, if it takes it. */
  const ahead = (log: EventLog): Append => {
    let position = log.head().position
    const versions = new Map<string, number>()
    return async (parts, blobs) => {
      const isRefused = parts.some(({ stream, expectedVersion }) => {
        const version = Math.max(versions.get(stream) ?? 0, log.versionOf(stream))
        return expectedVersion !== 'any' && expectedVersion !== version
      })
      if (isRefused) return await log.append(parts, blobs)
      log.append(parts, blobs).catch(() => {})
      position = Math.max(position, log.head().position)
      return parts.flatMap(({ stream, events }) =>
        events.map((event): StoredEvent => {
          position += 1
          const version = Math.max(versions.get(stream) ?? 0, log.versionOf(stream)) + 1
          versions.set(stream, version)
          return { time: now(), ...event, cause: null, correlation: null, stream, position, version }
        }),
      )
    }
  }
  return {
    clock(clock) {
      now = () => clock.now()
      return clock
    },
    log: (log) => appending(log, ahead(log)),
  }
}

export function answeringTwice(log: EventLog): Append {
  return async (parts, blobs) => {
    const stored = await log.append(parts, blobs)
    const answer = stored.find(({ kind }) => kind === 'review.answered')
    if (answer?.body) {
      await log.append([
        { stream: answer.stream, expectedVersion: 'any', events: [{ ...answer, body: answer.body }] },
      ])
    }
    return stored
  }
}

export function forgetfulOfReceipts(log: EventLog): EventLog['tables'] {
  const { tables } = log
  return {
    all: (sql, ...values) => tables.all(sql, ...values),
    iterate: (sql, ...values) => tables.iterate(sql, ...values),
    get(sql, ...values) {
      const looksBack = /FROM published\w* WHERE kind = \? AND key/.test(sql)
      return tables.get(sql, ...(looksBack ? values.with(-1, 0) : values))
    },
  }
}

export function blindToEpochs(database: DatabaseSync): DatabaseSync['prepare'] {
  let held: unknown
  return (sql) => {
    const statement = database.prepare(sql)
    if (!/^SELECT value FROM meta/.test(sql)) return statement
    const get = statement.get.bind(statement) as (key: string) => unknown
    const same = (key: string): unknown => {
      if (key !== 'epoch') return get(key)
      held ??= get(key)
      return held
    }
    return Object.assign(statement, { get: same }) as StatementSync
  }
}

export function losingAlarms(clock: Clock): Clock {
  let alarms = 0
  return {
    ...clock,
    wakeAt(atMs, wake) {
      alarms += 1
      return alarms % 3 === 0 ? () => {} : clock.wakeAt(atMs, wake)
    },
  }
}

/** The tables stay as they are when a body is erased. */
export function keepingNothing(): readonly Projection[] {
  return PROJECTIONS.map((projection) =>
    projection.name === 'runs'
      ? { ...projection, erasure: { keep: () => null, forget: () => true } }
      : projection,
  )
}

export function drifting(): readonly Projection[] {
  let seen = 0
  return PROJECTIONS.map((projection) => {
    if (projection.name !== 'runs') return projection
    return {
      ...projection,
      apply(event, tables) {
        seen += 1
        if (event.kind !== 'timer.set' || seen % 5 > 0) projection.apply(event, tables)
      },
    } satisfies Projection
  })
}

export function tampering(database: DatabaseSync): DatabaseSync['exec'] {
  let commits = 0
  return (sql) => {
    database.exec(sql)
    commits += sql.startsWith('COMMIT') ? 1 : 0
    if (commits === 5) database.exec('UPDATE events SET time = time + 1 WHERE position = 2')
  }
}
