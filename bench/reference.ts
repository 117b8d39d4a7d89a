/**
 * What the disk allows: a bare loop that commits rows of about 300 bytes of JSON to SQLite in WAL mode with
 * `synchronous=FULL`, grouped as the measured work is grouped.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Rows a second with `rowsPerCommit` rows in each transaction. */
export function referenceRowsPerSecond(rows: number, rowsPerCommit: number): number {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const database = new DatabaseSync(join(dir, 'reference.db'))
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)',
    )
    const insert = database.prepare('INSERT INTO rows (body) VALUES (?)')
    const body = JSON.stringify({ kind: 'step.completed', name: 'a step', text: 'x'.repeat(240) })
    const began = performance.now()
    for (let done = 0; done < rows; done += rowsPerCommit) {
      database.exec('BEGIN IMMEDIATE')
      for (let i = 0; i < rowsPerCommit; i += 1) insert.run(body)
      database.exec('COMMIT')
    }
    return (rows / (performance.now() - began)) * 1000
  } finally {
    database.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Milliseconds of one durable commit of one row, median. */
export function commitMs(commits = 500): number {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const database = new DatabaseSync(join(dir, 'reference.db'))
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)',
    )
    const insert = database.prepare('INSERT INTO rows (body) VALUES (?)')
    const body = JSON.stringify({ kind: 'step.completed', text: 'x'.repeat(260) })
    const times: number[] = []
    for (let i = 0; i < commits; i += 1) {
      const began = performance.now()
      insert.run(body)
      times.push(performance.now() - began)
    }
    return median(times)
  } finally {
    database.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
