/**
 * Playbooks in force. The operator edits a file; each valid version that is met is put on record whole
 * (`playbook.adopted`), so that a decision can name the version it was made by and a replay uses that very
 * one. A broken file is put on record too (`playbook.rejected`) and changes nothing: the last valid version
 * stays in force.
 *
 * Why: docs/decisions/0012-playbook-versions-in-the-log.md
 */
import { readFileSync } from 'node:fs'
import { HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { OWNER } from '../kernel/label.ts'
import type { EventLog } from '../ports/event-log.ts'

export interface PlaybookSource<Playbook> {
  /** `lead-qualification`. */
  readonly name: string
  /** Path of the file the operator edits. */
  readonly file: string
  /** @throws PLAYBOOK_INVALID */
  readonly parse: (text: string, file: string) => Playbook
  /** Hex hash of the text. */
  readonly hash: (text: string) => string
}

/** Hashes of the versions in force: of the one playbook, or of the one that is the standard and its variants. */
export type PlaybooksInForce =
  | string
  | { readonly standard: string; readonly variants: Readonly<Record<string, string>> }

/** Where a template gets its playbook from. */
export interface PlaybookShelf<Playbook> {
  /** @throws PLAYBOOK_INVALID, FILE_UNREADABLE only while there has never been a valid version. */
  current(): Promise<PlaybooksInForce>
  /** A version that was in force. @param variant default: the one playbook, or the standard of several */
  version(hash: string, variant?: string): Playbook
}

export interface PlaybookLibrary<Playbook> extends PlaybookShelf<Playbook> {
  /**
   * The hash of the version in force, after a look at the file.
   * @throws PLAYBOOK_INVALID, FILE_UNREADABLE only while there has never been a valid version.
   */
  current(): Promise<string>
  /** What is wrong with the file as it is now; null when nothing. */
  problem(): HoldfastError | null
}

export function openPlaybookLibrary<Playbook>(
  log: EventLog,
  source: PlaybookSource<Playbook>,
): PlaybookLibrary<Playbook> {
  const stream = `playbook/${source.name}`
  const parsed = new Map<string, Playbook>()

  function lastAdopted(): string | null {
    const adopted = log.readStream(stream).findLast((event) => event.kind === 'playbook.adopted')
    return adopted?.body ? String(adopted.body.hash) : null
  }

  /** Two looks at once may want to record different things; the one that comes second looks again. */
  async function record(kind: string, body: JsonObject): Promise<void> {
    const event = { kind, body: { name: source.name, ...body }, actor: 'operator', label: OWNER }
    for (;;) {
      const last = log.readStream(stream).at(-1)
      if (last?.kind === kind && last.body?.hash === body.hash) return
      try {
        await log.append([{ stream, expectedVersion: last?.version ?? 0, events: [event] }])
        return
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT') throw error
      }
    }
  }

  function read(): { text: string; hash: string } {
    try {
      const text = readFileSync(source.file, 'utf8')
      return { text, hash: source.hash(text) }
    } catch (cause) {
      throw new HoldfastError('FILE_UNREADABLE', `The playbook ${source.file} can't be read`, {
        details: { file: source.file },
        cause,
      })
    }
  }

  function parse(text: string, hash: string): void {
    if (!parsed.has(hash)) parsed.set(hash, source.parse(text, source.file))
  }

  return {
    async current() {
      const inForce = lastAdopted()
      let hash: string | null = null
      try {
        const file = read()
        hash = file.hash
        parse(file.text, hash)
        await record('playbook.adopted', { hash, text: file.text })
        return hash
      } catch (error) {
        if (!isHoldfastError(error) || !['PLAYBOOK_INVALID', 'FILE_UNREADABLE'].includes(error.code))
          throw error
        await record('playbook.rejected', { hash, error: toErrorRecord(error) as unknown as JsonObject })
        if (inForce === null) throw error
        return inForce
      }
    },

    version(hash) {
      const known = parsed.get(hash)
      if (known !== undefined) return known
      const adopted = log.readStream(stream).find((event) => event.body?.hash === hash && event.body.text)
      if (adopted?.body == null) {
        throw new HoldfastError('BODY_ERASED', `Version ${hash} of the playbook ${source.name} is gone`)
      }
      const playbook = source.parse(String(adopted.body.text), source.file)
      parsed.set(hash, playbook)
      return playbook
    },

    problem() {
      try {
        const { text, hash } = read()
        parse(text, hash)
        return null
      } catch (error) {
        if (isHoldfastError(error)) return error
        throw error
      }
    },
  }
}

/** A playbook with its variants, each of which is a library of its own. One that never was valid is left out. */
export function withVariants<Playbook>(
  standard: PlaybookLibrary<Playbook>,
  variants: {
    /** Of the variants that there are now. */
    readonly names: () => readonly string[]
    readonly library: (name: string) => PlaybookLibrary<Playbook>
  },
): PlaybookShelf<Playbook> {
  return {
    async current() {
      const hash = await standard.current()
      const others: [string, string][] = []
      for (const name of variants.names()) {
        const version = await variants
          .library(name)
          .current()
          .catch(() => null)
        if (version !== null) others.push([name, version])
      }
      return others.length === 0 ? hash : { standard: hash, variants: Object.fromEntries(others) }
    },
    version: (hash, variant) => (variant === undefined ? standard : variants.library(variant)).version(hash),
  }
}
