/** What the log knows of its backups: where they were made, and until when they can be read. */
import type { Projection, TablesReader } from '../../ports/projection.ts'

export const BACKUP_STREAM = 'backup/'

/** Body: `backup`, `to`, `made`, `expires`, `head`, `folder` of the key. */
export const KEY_MADE = 'backup-key.made'
/** Body: `backup`, `to`, `sealed`, `made`, `head`, `position`, `files`, `bytes`: it is whole and has its name. */
export const BACKUP_MADE = 'backup.made'
/** Body: `backup`, `why`: no byte of the key is left where it was kept. */
export const KEY_DESTROYED = 'backup-key.destroyed'

export const backupIndex: Projection = {
  name: 'backups',
  version: 1,
  tables: ['backups', 'backups_erasures'],
  schema: `
    CREATE TABLE backups (
      id TEXT PRIMARY KEY, target TEXT NOT NULL, made INTEGER NOT NULL, head INTEGER NOT NULL,
      folder TEXT, expires INTEGER, position INTEGER, files INTEGER, bytes INTEGER, destroyed INTEGER, why TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE backups_erasures (position INTEGER PRIMARY KEY, time INTEGER NOT NULL) STRICT;`,
  kinds: [KEY_MADE, BACKUP_MADE, KEY_DESTROYED, 'bodies.erased'],
  apply({ kind, body, time, position }, tables) {
    if (body === null) return
    if (kind === 'bodies.erased') {
      // By retention nobody is erased; a customer has a record, whom a program erased has none.
      if (body.person != null || body.somebody === true)
        tables.run('INSERT INTO backups_erasures VALUES (?, ?)', position, time)
      return
    }
    const id = String(body.backup)
    if (kind === KEY_DESTROYED) {
      tables.run('UPDATE backups SET destroyed = ?, why = ? WHERE id = ?', time, String(body.why), id)
      return
    }
    tables.run(
      `INSERT INTO backups (id, target, made, head) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET target = ?2`,
      id,
      String(body.to),
      Number(body.made),
      Number(body.head),
    )
    if (kind === KEY_MADE) {
      const { folder, expires } = body
      tables.run(
        'UPDATE backups SET folder = ?, expires = ? WHERE id = ?',
        String(folder),
        Number(expires),
        id,
      )
    } else {
      const { position: upTo, files, bytes } = body
      tables.run(
        'UPDATE backups SET position = ?, files = ?, bytes = ? WHERE id = ?',
        Number(upTo),
        Number(files),
        Number(bytes),
        id,
      )
    }
  },
}

export interface KnownBackup {
  readonly id: string
  /** The folder, as it was made. */
  readonly to: string
  /** Milliseconds since 1970. */
  readonly made: number
  /** The folder of its key, from the workspace's; null for a plain copy. */
  readonly folder: string | null
  /** When its key is to be destroyed by its own time; null for a plain copy. */
  readonly expires: number | null
  /** Up to where its log goes; null while it is not known to be whole. */
  readonly position: number | null
  readonly files: number | null
  readonly bytes: number | null
  /** When the key was destroyed, and why; null while it was not. */
  readonly destroyed: number | null
  readonly why: string | null
  /** When somebody was first erased whom it may still hold; null for never. */
  readonly erased: number | null
}

/** An erasure counts when it came later by the log or by the clock: one of them may have been put back. */
const SELECT = `
  SELECT id, target AS "to", made, folder, expires, position, files, bytes, destroyed, why,
    (SELECT MIN(e.time) FROM backups_erasures e WHERE e.position > b.head OR e.time > b.made) AS erased
  FROM backups b`

/** The newest first. */
export function knownBackups(tables: TablesReader): KnownBackup[] {
  return tables.all<KnownBackup>(`${SELECT} ORDER BY made DESC, id`)
}

export function knownBackup(tables: TablesReader, id: string): KnownBackup | undefined {
  return tables.get<KnownBackup>(`${SELECT} WHERE id = ?`, id)
}
