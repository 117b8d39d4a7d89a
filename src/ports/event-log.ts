/**
 * The event log: one append-only sequence of facts, the truth that everything else is folded from.
 *
 * Promises: positions have no gaps; an append is all or nothing and conditional on the versions its
 * writer saw; a resolved append is on disk; projections commit with it; every header is chained by hash
 * to the one before; a body can be erased without breaking the chain.
 */
import type { Checkpoint } from '../kernel/checkpoint.ts'
import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TablesReader } from './projection.ts'

export interface StreamAppend {
  readonly stream: string
  /**
   * The version the writer saw: 0 for a stream that must not exist yet; 'any' for no condition. For a second part of
   * the same stream, the version that the first leaves.
   */
  readonly expectedVersion: number | 'any'
  readonly events: readonly NewEvent[]
}

/** Bytes kept beside the log under their SHA-256, in the same transaction: raw mail, attachments. */
export interface NewBlob {
  readonly sha256: string
  readonly bytes: Uint8Array
}

export interface LogHead {
  /** 0 for an empty log. */
  readonly position: number
  /** Hex SHA-256 of the last header; GENESIS_HASH for an empty log. */
  readonly hash: string
}

export interface VerifyReport {
  readonly events: number
  readonly erased: number
  readonly blobs: number
  readonly head: LogHead
}

export interface RebuildReport {
  readonly events: number
  /** Rows compared or written, by table. */
  readonly tables: Readonly<Record<string, number>>
  /** Names of tables whose live content differs from the rebuilt one; empty when all is well. */
  readonly differing: readonly string[]
}

export interface Erasable {
  readonly positions: readonly number[]
  readonly blobs?: readonly string[]
  /** Ids of the runs whose bodies these are, for the record. */
  readonly runs?: readonly string[]
  /**
   * A text without what identifies somebody: given to all that is kept of the bodies, to earlier records of erasures,
   * and to what is in headers (names of streams, correlations, actors, labels). The tables are folded anew.
   */
  readonly replace?: (text: string) => string
  /** What else goes on record with the erasure. */
  readonly note?: JsonObject
}

/** How many there were. */
export interface ErasureReport {
  readonly events: number
  readonly blobs: number
}

export interface CompactReport {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

export interface AppendOptions {
  /**
   * Whoever issues appends ahead of the answers to those before, or several who share this one. Once one of its
   * appends was refused, all its later ones are (LOG_CONFLICT): by then the versions they name may have been reached
   * by another.
   */
  readonly writers?: readonly object[]
}

export interface EventLog {
  /** Id of this log, made once when it was created. */
  readonly id: string
  /** Reads of the projections' tables. */
  readonly tables: TablesReader

  /**
   * Appends to one or more streams, all or nothing, and resolves when the commit is durable. Appends made
   * close together share commits.
   * @throws LOG_CONFLICT when a stream is not at the version expected; LOG_EPOCH_STALE when the log was opened
   *   again since; LOG_WRITE_FAILED; LOG_CLOSED; INPUT_INVALID for an event whose header could not be read back as it is.
   */
  append(
    parts: readonly StreamAppend[],
    blobs?: readonly NewBlob[],
    options?: AppendOptions,
  ): Promise<readonly StoredEvent[]>

  /** The events of one stream in order, from `fromVersion` (default 1), `limit` at most (default all). */
  readStream(stream: string, fromVersion?: number, limit?: number): StoredEvent[]
  /** Version of a stream; 0 when it has none. */
  versionOf(stream: string): number
  /** All events in order of position, after `afterPosition` (default 0); read lazily. */
  read(afterPosition?: number): Iterable<StoredEvent>
  event(position: number): StoredEvent | undefined
  blob(sha256: string): Uint8Array | undefined
  head(): LogHead

  /** Called after each commit with its events, in order. Returns a function that stops it. */
  onCommit(listener: (events: readonly StoredEvent[]) => void): () => void

  /**
   * Deletes bodies, nonces and blobs for good and records that as `bodies.erased`; the chain still verifies, and
   * the projections are as if folded from what is left. Blobs that no kept event came with go too. A function says
   * what, once everything that was appended before is on record: nothing comes between its look and the erasure.
   */
  erase(
    what: Erasable | (() => Erasable),
    by: { readonly actor: string; readonly reason: string },
  ): Promise<ErasureReport>
  /**
   * Gives the room of what was erased back to the file system. Appends wait meanwhile. `anew`: the whole file is
   * written anew, so that nothing is left in unused parts of its pages; takes as much room again meanwhile.
   */
  compact(options?: { readonly anew?: boolean }): CompactReport
  /**
   * Recomputes the chain, the gaplessness, the streams' versions and the blobs; with `against`, that the log
   * goes on from that checkpoint.
   * @throws LOG_CORRUPT naming the first position that does not fit; LOG_REPLACED, LOG_TRUNCATED, LOG_REWRITTEN.
   */
  verify(against?: Checkpoint): VerifyReport
  /** Folds the whole log anew into a scratch store and compares; with `replace` the live tables are renewed. */
  rebuild(options: { replace: boolean }): RebuildReport
  /**
   * Makes a consistent copy of all of it, in a file of its own, while appends go on. Resolves with its head.
   * @throws LOG_WRITE_FAILED
   */
  copyTo(file: string): Promise<LogHead>
  /** Commits what is queued, folds the write-ahead log into the file, and lets go of the workspace. */
  close(): Promise<void>
}
