/**
 * The event log on node:sqlite.
 *
 * Appends are queued and committed together once per turn of the event loop: one transaction, one fsync
 * (`synchronous=FULL`), however many runs append. Within a group each append stands alone: a version
 * conflict refuses that one before anything of it is written; a failure while writing rolls the group
 * back and commits its members one by one, so that only the guilty one is refused.
 *
 * A crash before COMMIT leaves nothing of the group; after it, everything. Nobody is told before.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assertGoesOnFrom, type Checkpoint } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { encodeLabel, SYSTEM } from '../../kernel/label.ts'
import type { Clock } from '../../ports/clock.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type {
  EventLog,
  LogHead,
  NewBlob,
  RebuildReport,
  StreamAppend,
  VerifyReport,
} from '../../ports/event-log.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'
import { copyDatabase } from './copy.ts'
import { explain, SqliteTables } from './database.ts'
import { blobHash, bodyHash, eventHash, newNonce } from './event-chain.ts'
import {
  BODIES_ERASED,
  bodyHashOf,
  type EventRow,
  hashAt,
  readHead,
  rowsAfter,
  SELECT_EVENT,
  toEvent,
  verifyChain,
} from './event-rows.ts'
import { checkEpoch, raiseEpoch, readId } from './meta.ts'
import { type OpenPlace, openPlace, type Place } from './place.ts'
import { inTransaction, ProjectionSet } from './projections.ts'
import { type StreamState, Streams } from './streams.ts'

export type SqliteEventLogOptions = Place & {
  readonly clock: Pick<Clock, 'now'>
  readonly projections?: readonly Projection[]
}

interface QueuedAppend {
  readonly parts: readonly StreamAppend[]
  readonly blobs: readonly NewBlob[]
  readonly resolve: (events: readonly StoredEvent[]) => void
  readonly reject: (error: unknown) => void
}

/** @throws WORKSPACE_LOCKED, WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED */
export function openSqliteEventLog(options: SqliteEventLogOptions): EventLog {
  return new SqliteEventLog(options)
}

class SqliteEventLog implements EventLog {
  readonly id: string
  readonly tables: TablesReader
  readonly #file: string
  readonly #place: OpenPlace
  readonly #database: DatabaseSync
  readonly #tables: SqliteTables
  readonly #projections: ProjectionSet
  readonly #clock: Pick<Clock, 'now'>
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>()
  readonly #streams: Streams
  readonly #insertEvent: StatementSync
  #queue: QueuedAppend[] = []
  #flushScheduled = false
  #head: LogHead
  readonly #epoch: number
  readonly #copying = new Set<Promise<LogHead>>()
  #closed = false

  constructor(options: SqliteEventLogOptions) {
    this.#clock = options.clock
    this.#place = openPlace(options)
    this.#file = this.#place.file
    this.#database = this.#place.database
    this.#tables = new SqliteTables(this.#database)
    this.tables = this.#tables
    this.#streams = new Streams(this.#tables)
    this.#projections = new ProjectionSet(this.#database, this.#tables, options.projections ?? [])
    try {
      this.#projections.bringUpToDate()
      this.id = readId(this.#tables)
      this.#epoch = raiseEpoch(this.#tables)
      this.#head = readHead(this.#tables)
    } catch (error) {
      this.#place.release()
      throw explain(error, this.#file)
    }
    this.#insertEvent = this.#database.prepare(
      `INSERT INTO events (position, stream, version, kind, time, actor, cause, correlation, label, nonce, body, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** Every transaction that writes begins here. @throws LOG_EPOCH_STALE */
  #transact(work: () => void): void {
    inTransaction(this.#database, () => {
      checkEpoch(this.#tables, this.#epoch, this.#file)
      work()
    })
  }

  // -- appending ---------------------------------------------------------------------------------

  append(parts: readonly StreamAppend[], blobs: readonly NewBlob[] = []): Promise<readonly StoredEvent[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closed(this.#file))
        return
      }
      this.#queue.push({ parts, blobs, resolve, reject })
      if (this.#flushScheduled) return
      this.#flushScheduled = true
      setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    this.#flushScheduled = false
    const group = this.#queue
    this.#queue = []
    if (group.length > 0) this.#commitGroup(group)
  }

  #commitGroup(group: readonly QueuedAppend[]): void {
    const before = this.#head
    const settle: (() => void)[] = []
    const committed: StoredEvent[] = []
    try {
      this.#transact(() => {
        for (const item of group) {
          const conflict = this.#conflict(item.parts)
          if (conflict !== undefined) {
            settle.push(() => item.reject(conflict))
            continue
          }
          const events = this.#write(item)
          committed.push(...events)
          settle.push(() => item.resolve(events))
        }
        crashPoint('log.before-commit')
      })
    } catch (error) {
      this.#streams.forget()
      this.#head = before
      if (group.length > 1) for (const item of group) this.#commitGroup([item])
      else group[0]?.reject(explain(error, this.#file))
      return
    }
    crashPoint('log.after-commit')
    try {
      if (committed.length > 0) for (const listener of this.#listeners) listener(committed)
    } finally {
      for (const tell of settle) tell()
    }
  }

  #conflict(parts: readonly StreamAppend[]): HoldfastError | undefined {
    for (const { stream, expectedVersion } of parts) {
      if (expectedVersion === 'any') continue
      const version = this.versionOf(stream)
      if (version === expectedVersion) continue
      return new HoldfastError('LOG_CONFLICT', `${stream} is at version ${version}, not ${expectedVersion}`, {
        details: { stream, version, expectedVersion },
      })
    }
    return undefined
  }

  #write(item: QueuedAppend): readonly StoredEvent[] {
    const time = this.#clock.now()
    for (const blob of item.blobs) this.#writeBlob(blob)
    const events: StoredEvent[] = []
    for (const part of item.parts) {
      if (part.events.length === 0) continue
      const state = this.#streams.findOrCreate(part.stream)
      for (const event of part.events) events.push(this.#writeEvent(part.stream, state, event, time))
    }
    return events
  }

  #writeEvent(stream: string, state: StreamState, event: NewEvent, time: number): StoredEvent {
    state.version += 1
    const stored: StoredEvent = {
      position: this.#head.position + 1,
      stream,
      version: state.version,
      kind: event.kind,
      time: event.time ?? time,
      actor: event.actor,
      cause: event.cause ?? null,
      correlation: event.correlation ?? null,
      label: event.label,
      body: event.body,
    }
    const nonce = newNonce()
    const body = JSON.stringify(event.body)
    const hash = eventHash(this.#head.hash, stored, bodyHash(nonce, body))
    this.#insertEvent.run(
      stored.position,
      state.id,
      stored.version,
      stored.kind,
      stored.time,
      stored.actor,
      stored.cause,
      stored.correlation,
      encodeLabel(stored.label),
      nonce,
      body,
      Buffer.from(hash, 'hex'),
    )
    this.#head = { position: stored.position, hash }
    this.#projections.apply(stored)
    return stored
  }

  #writeBlob(blob: NewBlob): void {
    const actual = blobHash(blob.bytes)
    if (actual !== blob.sha256) {
      throw new HoldfastError('LOG_CORRUPT', `A blob given as ${blob.sha256} has the hash ${actual}`, {
        details: { sha256: blob.sha256, actual },
      })
    }
    this.#tables.run(
      'INSERT INTO blobs (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING',
      actual,
      blob.bytes,
    )
  }

  versionOf(stream: string): number {
    return this.#streams.find(stream)?.version ?? 0
  }

  // -- reading -----------------------------------------------------------------------------------

  readStream(stream: string, fromVersion = 1): StoredEvent[] {
    return this.#tables
      .all<EventRow>(
        `${SELECT_EVENT} WHERE streams.name = ? AND version >= ? ORDER BY version`,
        stream,
        fromVersion,
      )
      .map(toEvent)
  }

  *read(afterPosition = 0): Generator<StoredEvent> {
    for (const row of rowsAfter(this.#tables, afterPosition)) yield toEvent(row)
  }

  event(position: number): StoredEvent | undefined {
    const row = this.#tables.get<EventRow>(`${SELECT_EVENT} WHERE position = ?`, position)
    return row && toEvent(row)
  }

  blob(sha256: string): Uint8Array | undefined {
    return this.#tables.get<{ bytes: Uint8Array }>('SELECT bytes FROM blobs WHERE sha256 = ?', sha256)?.bytes
  }

  head(): LogHead {
    return this.#head
  }

  onCommit(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  // -- keeping -----------------------------------------------------------------------------------

  async erase(
    { positions, blobs = [] }: { readonly positions: readonly number[]; readonly blobs?: readonly string[] },
    by: { readonly actor: string; readonly reason: string },
  ): Promise<void> {
    this.#flush()
    this.#guard(() => {
      for (const position of positions) this.#eraseBody(position)
      for (const sha256 of blobs) this.#tables.run('DELETE FROM blobs WHERE sha256 = ?', sha256)
      const body = { positions, blobs, reason: by.reason }
      const erasure: NewEvent = { kind: BODIES_ERASED, actor: by.actor, label: SYSTEM, body }
      const stream = 'log/erasures'
      this.#writeEvent(stream, this.#streams.findOrCreate(stream), erasure, this.#clock.now())
      this.#projections.renewAll()
    })
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  #eraseBody(position: number): void {
    const row = this.#tables.get<EventRow>(`${SELECT_EVENT} WHERE position = ?`, position)
    if (row === undefined || row.body === null) return
    const kept = Buffer.from(bodyHashOf(row), 'hex')
    this.#tables.run(
      'UPDATE events SET body = NULL, nonce = NULL, body_hash = ? WHERE position = ?',
      kept,
      position,
    )
  }

  verify(against?: Checkpoint): VerifyReport {
    this.#flush()
    try {
      if (against !== undefined) {
        const hash = hashAt(this.#tables, against.position)
        assertGoesOnFrom(against, { log: this.id, head: this.#head, hash })
      }
      return verifyChain(this.#tables)
    } catch (error) {
      throw explain(error, this.#file)
    }
  }

  rebuild({ replace }: { replace: boolean }): RebuildReport {
    this.#flush()
    const report = this.#projections.compare()
    if (replace) this.#guard(() => this.#projections.renewAll())
    return report
  }

  /** A transaction of its own; on failure the state in memory is as before. */
  #guard(work: () => void): void {
    const before = this.#head
    try {
      this.#transact(work)
    } catch (error) {
      this.#head = before
      this.#streams.forget()
      throw explain(error, this.#file)
    }
  }

  async copyTo(file: string): Promise<LogHead> {
    if (this.#closed) throw closed(this.#file)
    this.#flush()
    const copying = copyDatabase(this.#database, file)
    this.#copying.add(copying)
    try {
      return await copying
    } catch (error) {
      throw explain(error, file)
    } finally {
      this.#copying.delete(copying)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    await Promise.allSettled(this.#copying)
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      throw explain(error, this.#file)
    } finally {
      this.#place.release()
    }
  }
}

function closed(file: string): HoldfastError {
  return new HoldfastError('LOG_CLOSED', `${file} was closed`, { details: { file } })
}
