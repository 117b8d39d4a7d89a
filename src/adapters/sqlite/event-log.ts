/**
 * The event log on node:sqlite.
 *
 * Appends are queued and committed together (append-queue.ts says when): one transaction, one fsync
 * (`synchronous=FULL`), however many runs append. Within a group each append stands alone: a version
 * conflict refuses that one before anything of it is written; a failure while writing rolls the group
 * back and commits its halves, and so on, until only the guilty one is refused.
 *
 * A crash before COMMIT leaves nothing of the group; after it, everything. Nobody is told before.
 */
import type { DatabaseSync } from 'node:sqlite'
import { assertGoesOnFrom, type Checkpoint } from '../../kernel/checkpoint.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { mapTexts } from '../../kernel/json-texts.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { Clock } from '../../ports/clock.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type {
  AppendOptions,
  CompactReport,
  Erasable,
  ErasureReport,
  EventLog,
  LogHead,
  NewBlob,
  RebuildReport,
  StreamAppend,
  VerifyReport,
} from '../../ports/event-log.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'
import { AppendQueue, type QueuedAppend } from './append-queue.ts'
import { writeBlob } from './blobs.ts'
import { giveBackRoom } from './compact.ts'
import { conflictOf, standsBehindRefused } from './conflicts.ts'
import { copyDatabase } from './copy.ts'
import { explain, SqliteTables } from './database.ts'
import { eraseBodies, supersede } from './erasing.ts'
import { EventRows } from './event-rows.ts'
import { EventWriter } from './event-writer.ts'
import { checkEpoch, takeOver } from './meta.ts'
import { type OpenPlace, openPlace, type Place } from './place.ts'
import { inTransaction, ProjectionSet } from './projections.ts'
import { hashesOfCommits, renameHeaders } from './renaming.ts'
import { BODIES_ERASED, ERASURES_STREAM } from './residues.ts'
import { Streams } from './streams.ts'
import { hashAt, readHead, verifyChain } from './verification.ts'
import { Words } from './words.ts'

export type SqliteEventLogOptions = Place & {
  readonly clock: Pick<Clock, 'now'>
  readonly projections?: readonly Projection[]
  /** What the body of each event passes before anything of it is kept, told or folded. Default: as it is. */
  readonly redact?: <Value>(body: Value) => Value
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
  readonly #redact: <Value>(body: Value) => Value
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>()
  readonly #words: Words
  readonly #streams: Streams
  readonly #rows: EventRows
  readonly #writer: EventWriter
  readonly #queue = new AppendQueue((group) => this.#commit(group))
  readonly #epoch: number
  /** Writers of which an append was refused. */
  readonly #refused = new WeakSet<object>()
  readonly #copying = new Set<Promise<LogHead>>()
  #head: LogHead
  #closed = false

  constructor(options: SqliteEventLogOptions) {
    this.#clock = options.clock
    this.#redact = options.redact ?? ((body) => body)
    this.#place = openPlace(options)
    this.#file = this.#place.file
    this.#database = this.#place.database
    this.#tables = new SqliteTables(this.#database)
    this.tables = this.#tables
    this.#words = new Words(this.#tables)
    this.#streams = new Streams(this.#tables)
    this.#rows = new EventRows(this.#tables, this.#words)
    this.#writer = new EventWriter(this.#database, this.#words)
    this.#projections = new ProjectionSet(this.#database, this.#tables, this.#rows, options.projections ?? [])
    try {
      this.#projections.bringUpToDate()
      const { id, epoch } = takeOver(this.#database, this.#tables)
      this.id = id
      this.#epoch = epoch
      this.#head = readHead(this.#tables)
    } catch (error) {
      this.#place.release()
      throw explain(error, this.#file)
    }
  }

  /** Every transaction that writes; when it fails, the state in memory is as before. @throws LOG_EPOCH_STALE */
  #transact(work: () => void): void {
    const before = this.#head
    try {
      inTransaction(this.#database, () => {
        checkEpoch(this.#tables, this.#epoch, this.#file)
        work()
      })
    } catch (error) {
      this.#head = before
      this.#forgetRows()
      throw error
    }
  }

  /** What is kept in memory of rows that may not be as they were. */
  #forgetRows(): void {
    this.#streams.forget()
    this.#words.forget()
    this.#writer.forget()
  }

  // -- appending ---------------------------------------------------------------------------------

  append(
    parts: readonly StreamAppend[],
    blobs: readonly NewBlob[] = [],
    { writers = [] }: AppendOptions = {},
  ): Promise<readonly StoredEvent[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closed(this.#file))
        return
      }
      this.#queue.push({ parts, blobs, writers, resolve, reject })
    })
  }

  #commit(group: readonly QueuedAppend[]): void {
    const settle: (() => void)[] = []
    const events: StoredEvent[] = []
    try {
      this.#transact(() => {
        this.#write(this.#admit(group, events, settle), events)
        crashPoint('log.before-commit')
      })
    } catch (error) {
      this.#refuse(group, error)
      return
    }
    crashPoint('log.after-commit')
    try {
      if (events.length > 0) for (const listener of this.#listeners) listener(events)
    } finally {
      for (const tell of settle) tell()
    }
  }

  /** One of them is guilty, unless it is this log: the halves are tried, down to that one. */
  #refuse(group: readonly QueuedAppend[], error: unknown): void {
    if (group.length === 1 || (isHoldfastError(error) && error.code === 'LOG_EPOCH_STALE')) {
      for (const item of group) {
        for (const one of item.writers) this.#refused.add(one)
        item.reject(explain(error, this.#file))
      }
      return
    }
    const middle = group.length >> 1
    this.#commit(group.slice(0, middle))
    this.#commit(group.slice(middle))
  }

  /** Adds the events of those that saw the present versions to `events`. Returns the ids of their streams. */
  #admit(group: readonly QueuedAppend[], events: StoredEvent[], settle: (() => void)[]): number[] {
    const streams: number[] = []
    for (const item of group) {
      const conflict = this.#conflict(item)
      if (conflict !== undefined) {
        for (const one of item.writers) this.#refused.add(one)
        settle.push(() => item.reject(conflict))
        continue
      }
      const first = events.length
      this.#number(item.parts, events, streams)
      const own = events.slice(first)
      for (const blob of item.blobs) writeBlob(this.#tables, blob, own)
      settle.push(() => item.resolve(own))
    }
    return streams
  }

  #conflict({ parts, writers }: QueuedAppend): HoldfastError | undefined {
    if (writers.some((one) => this.#refused.has(one))) return standsBehindRefused(parts)
    return conflictOf(parts, (stream) => this.versionOf(stream))
  }

  /** Gives events their positions and versions, after those that are in `stored`. */
  #number(parts: readonly StreamAppend[], stored: StoredEvent[], streams: number[]): void {
    const now = this.#clock.now()
    for (const { stream, events } of parts) {
      for (const {
        kind,
        actor,
        cause = null,
        correlation = null,
        label,
        body: given,
        time = now,
      } of events) {
        const body = this.#redact(given)
        const position = this.#head.position + stored.length + 1
        const { id, version } = this.#streams.advance(stream, position)
        streams.push(id)
        stored.push({ position, stream, version, kind, time, actor, cause, correlation, label, body })
      }
    }
  }

  #write(streams: readonly number[], events: readonly StoredEvent[]): void {
    this.#head = this.#writer.write(events, streams, this.#head)
    for (const event of events) this.#projections.apply(event)
  }

  versionOf(stream: string): number {
    return this.#streams.find(stream).version
  }

  // -- reading -----------------------------------------------------------------------------------

  readStream(stream: string, fromVersion = 1, limit?: number): StoredEvent[] {
    const rows = this.#rows.ofStream(this.#streams.find(stream), fromVersion, limit)
    return rows.map((row) => this.#rows.toEvent(row))
  }

  *read(afterPosition = 0): Generator<StoredEvent> {
    for (const row of this.#rows.after(afterPosition)) yield this.#rows.toEvent(row)
  }

  event(position: number): StoredEvent | undefined {
    const row = this.#rows.at(position)
    return row && this.#rows.toEvent(row)
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
    what: Erasable | (() => Erasable),
    { actor, reason }: { readonly actor: string; readonly reason: string },
  ): Promise<ErasureReport> {
    this.#queue.drain()
    const erasable = typeof what === 'function' ? what() : what
    const report = { events: 0, blobs: 0 }
    const written: StoredEvent[] = []
    const streams: number[] = []
    this.#guard(() => {
      const { stale, count, ...gone } = this.#take(erasable)
      const given = erasable.replace ?? ((text) => text)
      const body = { ...gone, reason: given(reason), ...erasable.note }
      const erasure: NewEvent = { kind: BODIES_ERASED, actor, label: SYSTEM, body }
      this.#number([{ stream: ERASURES_STREAM, expectedVersion: 'any', events: [erasure] }], written, streams)
      this.#write(streams, written)
      this.#projections.renew([...stale])
      report.events = count
      report.blobs = gone.blobs.length
    })
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    for (const listener of this.#listeners) listener(written)
    return report
  }

  /** Takes bodies, blobs and, if that is wanted, names; gives what of it goes on record, and what is stale. */
  #take({ positions, blobs = [], runs = [], replace }: Erasable) {
    const what = { positions, blobs }
    if (replace === undefined) {
      const gone = eraseBodies(this.#tables, this.#rows, this.#projections, what)
      return { ...gone, runs, count: gone.positions.length }
    }
    const keeping = { forget: (event: StoredEvent) => this.#projections.residueOf(event) }
    const gone = eraseBodies(this.#tables, this.#rows, keeping, what)
    const earlier = supersede(this.#tables, this.#rows, replace)
    const changed = renameHeaders(this.#tables, replace)
    this.#forgetRows()
    return {
      count: gone.positions.length,
      positions: [...earlier.positions, ...gone.positions],
      blobs: [...earlier.blobs, ...gone.blobs],
      kept: mapTexts({ ...earlier.kept, ...gone.kept } as JsonObject, replace),
      runs: [...earlier.runs, ...runs].map(replace),
      renamed: { ...earlier.renamed, ...hashesOfCommits(this.#tables, this.#rows, changed) },
      stale: this.#projections.all,
    }
  }

  compact({ anew = false }: { readonly anew?: boolean } = {}): CompactReport {
    this.#queue.drain()
    try {
      return giveBackRoom(this.#database, this.#tables, anew)
    } catch (error) {
      throw explain(error, this.#file)
    }
  }

  verify(against?: Checkpoint): VerifyReport {
    this.#queue.drain()
    try {
      if (against !== undefined) {
        const hash = hashAt(this.#tables, against.position)
        assertGoesOnFrom(against, { log: this.id, head: this.#head, hash })
      }
      return verifyChain(this.#tables, this.#rows)
    } catch (error) {
      throw explain(error, this.#file)
    }
  }

  rebuild({ replace }: { replace: boolean }): RebuildReport {
    this.#queue.drain()
    const report = this.#projections.compare()
    if (replace) this.#guard(() => this.#projections.renewAll())
    return report
  }

  #guard(work: () => void): void {
    try {
      this.#transact(work)
    } catch (error) {
      throw explain(error, this.#file)
    }
  }

  async copyTo(file: string): Promise<LogHead> {
    if (this.#closed) throw closed(this.#file)
    this.#queue.drain()
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
    this.#queue.drain()
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
