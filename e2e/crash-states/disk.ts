/**
 * A disk as a crash may leave it. Killing a process leaves all that it wrote, the last write perhaps in part. Loss
 * of power leaves what was synced, and of what was not any part, in sectors, in any order. File systems keep names in
 * a journal of their own: a removed file is gone for good at the next sync of whatever file beside it.
 */
import type { FileOperation } from './recording.ts'

type Change = Extract<FileOperation, { what: 'write' | 'truncate' | 'remove' }>

export type Files = Map<string, Buffer>

const SECTOR = 512

export class Disk {
  /** As the process sees it. */
  readonly #written: Files = new Map()
  /** As it is sure to be. */
  readonly #synced: Files = new Map()
  /** Changes since the last sync of their file, in order. */
  #pending: Change[] = []

  do(operation: FileOperation): void {
    if (operation.what === 'acknowledge') return
    if (operation.what !== 'sync') {
      change(this.#written, operation)
      this.#pending.push(operation)
      return
    }
    const removed = new Set(this.#pending.filter(({ what }) => what === 'remove').map(({ file }) => file))
    const isSynced = ({ file }: Change): boolean => file === operation.file || removed.has(file)
    for (const pending of this.#pending.filter(isSynced)) change(this.#synced, pending)
    this.#pending = this.#pending.filter((pending) => !isSynced(pending))
  }

  afterKill(): Files {
    return copyOf(this.#written)
  }

  /** Killed within the next operation: a number of its sectors are written. */
  afterTorn(next: FileOperation, random: () => number): Files {
    const files = copyOf(this.#written)
    if (next.what !== 'write') return files
    const sectors = sectorsOf(next)
    for (const sector of sectors.slice(0, Math.floor(random() * sectors.length))) change(files, sector)
    return files
  }

  afterPowerLoss(random: () => number): Files {
    const files = copyOf(this.#synced)
    // Now all of a write or nothing of it, now any of its sectors, now only the first writes.
    const manner = random()
    const first = Math.floor(random() * (this.#pending.length + 1))
    for (const [index, pending] of this.#pending.entries()) {
      if (manner < 0.3 && index >= first) break
      const parts = manner > 0.6 && pending.what === 'write' ? sectorsOf(pending) : [pending]
      for (const part of parts) if (manner < 0.3 || random() < 0.5) change(files, part)
    }
    return files
  }
}

function sectorsOf({ file, at, bytes }: Extract<Change, { what: 'write' }>): Change[] {
  const sectors: Change[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR))
    sectors.push({ what: 'write', file, at: at + from, bytes: bytes.subarray(from, to) })
    from = to
  }
  return sectors
}

function change(files: Files, operation: Change): void {
  const { file } = operation
  const before = files.get(file) ?? Buffer.alloc(0)
  if (operation.what === 'remove') files.delete(file)
  else if (operation.what === 'truncate') files.set(file, sized(before, operation.size))
  else {
    const { at, bytes } = operation
    const after = at + bytes.length > before.length ? sized(before, at + bytes.length) : before
    bytes.copy(after, at)
    files.set(file, after)
  }
}

/** A copy of this size, filled with zeros. */
function sized(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.alloc(size)
  bytes.copy(copy)
  return copy
}

function copyOf(files: Files): Files {
  return new Map([...files].map(([name, bytes]) => [name, Buffer.from(bytes)]))
}
