/** What the log knows of the secrets: their versions, and when and by what they were last used. */
import type { Projection, TablesReader } from '../ports/projection.ts'

export const SECRET_STREAM = 'secret/'

export const secretsProjection: Projection = {
  name: 'secrets',
  version: 1,
  tables: ['secrets'],
  schema: `
    CREATE TABLE secrets (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, removed INTEGER NOT NULL, changed INTEGER NOT NULL,
      uses INTEGER NOT NULL, used INTEGER, used_by TEXT
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['secret.set', 'secret.rotated', 'secret.removed', 'secret.used'],
  apply({ kind, stream, time, actor, body }, tables) {
    if (body === null) return
    const name = stream.slice(SECRET_STREAM.length)
    if (kind === 'secret.used') {
      tables.run(
        'UPDATE secrets SET uses = uses + 1, used = ?, used_by = ? WHERE name = ?',
        time,
        actor,
        name,
      )
      return
    }
    tables.run(
      `INSERT INTO secrets VALUES (?1, ?2, ?3, ?4, 0, NULL, NULL)
       ON CONFLICT DO UPDATE SET version = ?2, removed = ?3, changed = ?4`,
      name,
      Number(body.version),
      kind === 'secret.removed' ? 1 : 0,
      time,
    )
  },
}

export interface KnownSecret {
  readonly name: string
  readonly version: number
  readonly removed: boolean
  /** How often it was handed over. */
  readonly uses: number
  /** Milliseconds since 1970: when it was last used; null for never. */
  readonly used: number | null
  /** Which operation used it last: `smtp.send`, `model.openai`. */
  readonly usedBy: string | null
}

type SecretRow = Omit<KnownSecret, 'removed'> & { readonly removed: number }

const COLUMNS = 'name, version, removed, uses, used, used_by AS usedBy'

export function knownSecrets(tables: TablesReader): KnownSecret[] {
  return tables.all<SecretRow>(`SELECT ${COLUMNS} FROM secrets ORDER BY name`).map(known)
}

export function knownSecret(tables: TablesReader, name: string): KnownSecret | null {
  const row = tables.get<SecretRow>(`SELECT ${COLUMNS} FROM secrets WHERE name = ?`, name)
  return row === undefined ? null : known(row)
}

function known(row: SecretRow): KnownSecret {
  return { ...row, removed: row.removed === 1 }
}
