/**
 * Sealed backups and the end of their keys. A backup that lies where nobody can delete from it any more ends with its
 * key: once no byte of that is left, the backup is noise.
 *
 *     made:       key on the disk ─▶ backup-key.made ─▶ the folder gets its name ─▶ backup.made
 *     destroyed:  key overwritten in place ─▶ backup-key.destroyed ─▶ what is left of the file goes
 *
 * The log never says more than is so. A key without a record is put on record when this is next looked after. A key
 * that was overwritten, wholly or not, before its record, is overwritten again and put on record then. A key that is
 * not where it was kept is not taken for destroyed: it may lie elsewhere.
 *
 * A key is due when its time is over, or so long after an erasure that came after the backup.
 *
 * Why: docs/decisions/0053-backups-under-expiring-keys.md
 */
import { randomBytes } from 'node:crypto'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { MasterKey } from '../vault/master-keys.ts'
import {
  BACKUP_STREAM,
  KEY_DESTROYED,
  KEY_MADE,
  type KnownBackup,
  knownBackup,
  knownBackups,
} from './backup-index.ts'
import {
  isFolder,
  KEY_FOLDER,
  keysIn,
  overwriteKey,
  readKey,
  removeKey,
  stateOf,
  writeKey,
} from './key-folder.ts'
import { BACKUP_KEY_BYTES } from './sealing.ts'

export interface BackupKeysOptions {
  readonly log: EventLog
  /** The workspace. */
  readonly dir: string
  /** Folder of the keys, from the workspace's. Default `backup-keys`. */
  readonly folder?: string
  /** How long after an erasure older backups can still be read, in milliseconds. */
  readonly afterErasureMs: number
}

/** A backup that is about to be made. */
export interface BegunBackup {
  readonly id: string
  readonly key: Uint8Array
  readonly expires: number
  /** The folder of the key, for whoever restores. */
  readonly folder: string
}

/**
 * plain: a copy that anybody can read. readable: sealed, and its key is there. due: its key is to be destroyed now.
 * missing: its key is not where it was kept. destroyed: no byte of its key is left there.
 */
export type BackupState = 'plain' | 'readable' | 'due' | 'missing' | 'destroyed'

export interface ListedBackup extends KnownBackup {
  readonly state: BackupState
  /** Until when it can be read, milliseconds since 1970; null for a plain copy. */
  readonly until: number | null
}

export interface DestroyedKeys {
  readonly destroyed: readonly string[]
  /** What is due and could not be reached: where its key was kept. */
  readonly unreached: readonly { readonly id: string; readonly folder: string }[]
}

export class BackupKeys {
  readonly #log: EventLog
  readonly #dir: string
  readonly #folder: string
  readonly #afterErasureMs: number

  constructor({ log, dir, folder = KEY_FOLDER, afterErasureMs }: BackupKeysOptions) {
    this.#log = log
    this.#dir = resolve(dir)
    this.#folder = resolve(dir, folder)
    this.#afterErasureMs = afterErasureMs
  }

  /** Makes the key of a backup; it is on the disk and on record once this resolves. */
  async begin(
    { to, now, keepMs }: { readonly to: string; readonly now: number; readonly keepMs: number },
    master: MasterKey,
  ): Promise<BegunBackup> {
    const id = newBackupId()
    const key = randomBytes(BACKUP_KEY_BYTES)
    const expires = now + keepMs
    const head = this.#log.head().position
    const given = { backup: id, log: this.#log.id, to, made: now, expires, head }
    await writeKey(this.#folder, given, key, master)
    crashPoint('backup.after-key')
    await this.#recordKey(given, 'operator')
    return { id, key, expires, folder: this.#folder }
  }

  /** The newest first. Looks where the keys are. */
  async list(now: number): Promise<ListedBackup[]> {
    return await Promise.all(
      knownBackups(this.#log.tables).map(async (one) => {
        const until = this.#untilOf(one)
        return { ...one, until, state: await this.#stateOf(one, until, now) }
      }),
    )
  }

  /** Puts on record what a crash has left off it, and destroys the keys that are due. */
  async lookAfter(now: number): Promise<DestroyedKeys> {
    await this.#catchUp()
    const due = (await this.list(now)).filter(
      ({ state, until }) => state === 'due' || (state === 'missing' && isPast(until, now)),
    )
    return await this.#destroyAll(due, ({ expires, until }) =>
      isPast(expires, now) ? 'expired' : isPast(until, now) ? 'erasure' : 'begun',
    )
  }

  /** Destroys the keys of all backups that may hold somebody who was erased, whatever time they have left. */
  async destroyOlder(): Promise<DestroyedKeys> {
    await this.#catchUp()
    const older = knownBackups(this.#log.tables).filter(
      ({ folder, erased, destroyed }) => folder !== null && erased !== null && destroyed === null,
    )
    return await this.#destroyAll(older, () => 'erasure')
  }

  /**
   * Destroys the key of one backup, on the operator's word. Destroyed again, it stays so.
   * @throws BACKUP_UNKNOWN; BACKUP_KEY_GONE when the key is not where it was kept
   */
  async destroy(id: string): Promise<KnownBackup> {
    await this.#catchUp()
    const found = knownBackup(this.#log.tables, id)
    if (found?.folder == null) throw unknownBackup(id, found !== undefined, knownBackups(this.#log.tables))
    if (found.destroyed === null && !(await this.#destroy(found, 'operator'))) {
      throw new HoldfastError('BACKUP_KEY_GONE', `The key of backup ${id} is not in ${found.folder}`, {
        details: { backup: id, folder: found.folder },
        fix: 'Bring the folder of the keys back to its place and repeat the command: what is not there can not be destroyed.',
      })
    }
    return knownBackup(this.#log.tables, id) ?? found
  }

  async #destroyAll<Backup extends KnownBackup>(
    backups: readonly Backup[],
    why: (backup: Backup) => string,
  ): Promise<DestroyedKeys> {
    const destroyed: string[] = []
    const unreached: { id: string; folder: string }[] = []
    for (const one of backups) {
      if (await this.#destroy(one, why(one))) destroyed.push(one.id)
      else unreached.push({ id: one.id, folder: one.folder ?? '' })
    }
    return { destroyed, unreached }
  }

  /** false when the key is not where it was kept, so that nothing can be said of it. */
  async #destroy({ id, folder }: KnownBackup, why: string): Promise<boolean> {
    const places = this.#placesOf(folder)
    if (!(await this.#areThere(places, id))) return false
    crashPoint('backup.before-overwrite')
    for (const place of places) await overwriteKey(place, id)
    crashPoint('backup.after-overwrite')
    await this.#append(id, KEY_DESTROYED, why === 'operator' ? 'operator' : 'runtime', { why })
    crashPoint('backup.after-record')
    for (const place of places) await removeKey(place, id)
    return true
  }

  /** Whether the place where it was put can be looked into, and one of all has something of the key. */
  async #areThere(places: readonly string[], id: string): Promise<boolean> {
    const [put = this.#folder] = places
    if (!(await isFolder(put))) return false
    const states = await Promise.all(places.map((place) => stateOf(place, id)))
    return states.some((state) => state !== 'absent')
  }

  async #catchUp(): Promise<void> {
    const known = new Map(knownBackups(this.#log.tables).map((one) => [one.id, one]))
    for (const file of await keysIn(this.#folder, this.#log.id)) {
      const { format: _, master: __, envelope: ___, ...given } = file
      if (!known.has(file.backup)) await this.#recordKey(given, 'recovery')
    }
    for (const { id, folder, destroyed } of known.values()) {
      if (folder === null || destroyed === null) continue
      for (const place of this.#placesOf(folder)) {
        if ((await stateOf(place, id)) === 'absent') continue
        await overwriteKey(place, id)
        await removeKey(place, id)
      }
    }
  }

  async #stateOf(one: KnownBackup, until: number | null, now: number): Promise<BackupState> {
    if (one.folder === null) return 'plain'
    if (one.destroyed !== null) return 'destroyed'
    const states = await Promise.all(this.#placesOf(one.folder).map((place) => stateOf(place, one.id)))
    if (!states.some((state) => state !== 'absent')) return 'missing'
    if (isPast(until, now) || states.includes('destroyed')) return 'due'
    if (!states.includes('whole')) return 'missing'
    return 'readable'
  }

  #untilOf({ expires, erased }: KnownBackup): number | null {
    if (expires === null || erased === null) return expires
    return Math.min(expires, erased + this.#afterErasureMs)
  }

  /** Where it was put, first; and where keys are kept now, as the operator may have moved them. */
  #placesOf(folder: string | null): string[] {
    const put = folder === null ? this.#folder : resolve(this.#dir, folder)
    return [...new Set([put, this.#folder])]
  }

  async #recordKey(
    {
      backup,
      to,
      made,
      expires,
      head,
    }: Record<'backup' | 'to', string> & Record<'made' | 'expires' | 'head', number>,
    actor: string,
  ): Promise<void> {
    const inside = relative(this.#dir, this.#folder)
    const folder = inside.startsWith('..') || isAbsolute(inside) ? this.#folder : inside
    await this.#append(backup, KEY_MADE, actor, { to, made, expires, head, folder })
  }

  async #append(id: string, kind: string, actor: string, body: JsonObject): Promise<void> {
    const label = actor === 'operator' ? OWNER : SYSTEM
    const event: NewEvent = { kind, actor, label, body: { backup: id, ...body } }
    await this.#log.append([{ stream: BACKUP_STREAM + id, expectedVersion: 'any', events: [event] }])
  }
}

export function newBackupId(): string {
  return `bk-${randomBytes(6).toString('hex')}`
}

/** The key of a backup, in the first of the folders that has it. */
export async function findKey(folders: readonly string[], backup: string) {
  for (const folder of folders) {
    const found = await readKey(folder, backup)
    if (found !== null) return found
  }
  return null
}

/** The folder where keys are kept beside a backup, as they may be when both were moved together. */
export function besideBackup(from: string): string {
  return join(from, '..', KEY_FOLDER)
}

function isPast(until: number | null, now: number): boolean {
  return until !== null && until <= now
}

function unknownBackup(id: string, isPlain: boolean, known: readonly KnownBackup[]): HoldfastError {
  const ids = known.filter(({ folder }) => folder !== null).map((one) => one.id)
  const what = isPlain ? `Backup ${id} is a plain copy: it has no key` : `There is no backup ${id}`
  return new HoldfastError('BACKUP_UNKNOWN', what, {
    details: { backup: id, known: ids },
    fix: isPlain ? 'Delete its folder yourself.' : 'See `holdfast backups`.',
  })
}
