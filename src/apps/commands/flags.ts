/** `flags`, `flag show`, `flag explain`, `flag set|on|off|roll-out`, `flag skipped`, `flag start` */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { findCustomer } from '../../customers/read.ts'
import type { FlagDefinition, Segment } from '../../flags/definitions.ts'
import type { FlagExplanation } from '../../flags/evaluate.ts'
import { definitionOf } from '../../flags/flag-book.ts'
import { askedFlags, countsOf, FLAGS_STREAM, type FlagCount } from '../../flags/flag-index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type SkippedStart, skippedStarts, startSkipped } from '../../runtime/life/skipped-starts.ts'
import { editFlags } from '../config/flags-edit.ts'
import { FLAGS_FILE } from '../config/flags-file.ts'
import type { Workspace } from '../workspace.ts'
import { workspaceCommand } from './command.ts'

export interface FlagRow extends FlagDefinition {
  readonly name: string
  readonly counts: readonly FlagCount[]
}

export interface FlagList {
  /** Of the version in force; null where there never was one. */
  readonly version: string | null
  /** What is wrong with the file as it is now. */
  readonly problem: string | null
  readonly segments: readonly (Segment & { readonly name: string; readonly usedBy: readonly string[] })[]
  readonly flags: readonly FlagRow[]
  /** Asked for by the code, and not in the file. */
  readonly undefined: readonly { readonly name: string; readonly counts: readonly FlagCount[] }[]
  /** Runs that a flag has kept from beginning. */
  readonly skipped: number
}

export const flags = workspaceCommand({
  name: 'flags',
  params: z.strictObject({}),
  advances: false,
  async run({ flags: book, log }): Promise<FlagList> {
    const { file, version } = await book.current()
    const problem = await book.problem()
    const names = Object.keys(file.flags)
    const row = (name: string) => ({ name, counts: countsOf(log.tables, name) })
    return {
      version,
      problem: problem?.message ?? null,
      segments: Object.entries(file.segments).map(([name, segment]) => ({
        name,
        ...segment,
        usedBy: names.filter((flag) => file.flags[flag]?.rules.some((rule) => rule.segment === name)),
      })),
      flags: names.map((name) => ({ ...row(name), ...definitionOf(file, name) })),
      undefined: askedFlags(log.tables)
        .filter((name) => !names.includes(name))
        .map(row),
      skipped: skippedStarts(log.tables).length,
    }
  },
})

export interface FlagVersionRow {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** What the command did; null where the file was edited. */
  readonly change: JsonObject | null
}

export interface ShownFlag extends FlagRow {
  readonly version: string | null
  /** Versions that changed it, the newest first. */
  readonly versions: readonly FlagVersionRow[]
}

const nameParam = z.strictObject({ name: z.string().min(1) })

export const flagShow = workspaceCommand({
  name: 'flag show',
  params: nameParam,
  advances: false,
  /** @throws FLAG_NOT_FOUND */
  run: ({ flags: book, log }, { name }) => shown(book, log, name),
})

async function shown(book: Workspace['flags'], log: Workspace['log'], name: string): Promise<ShownFlag> {
  const { file, version } = await book.current()
  const definition = definitionOf(file, name)
  const versions = log.readStream(FLAGS_STREAM).flatMap(({ kind, body, time }): FlagVersionRow[] => {
    const isOfIt = kind === 'flags.adopted' && (body?.changed as string[] | undefined)?.includes(name)
    if (!isOfIt) return []
    const change = body?.change as JsonObject | null
    return [{ version: String(body?.hash), time, change: change?.flag === name ? change : null }]
  })
  return { name, version, ...definition, counts: countsOf(log.tables, name), versions: versions.reverse() }
}

export const flagExplain = workspaceCommand({
  name: 'flag explain',
  params: z.strictObject({
    name: z.string().min(1),
    /** Id, address, or the beginning of either or of the name. */
    customer: z.string().nullable(),
    key: z.string().nullable(),
  }),
  advances: false,
  /** @throws FLAG_NOT_FOUND, CUSTOMER_NOT_FOUND */
  async run({ flags: book, log }, { name, customer, key }): Promise<FlagExplanation> {
    return await book.explain(name, {
      ...(customer === null ? {} : { customer: findCustomer(log.tables, customer) }),
      ...(key === null ? {} : { key }),
    })
  },
})

const edit = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal(['on', 'off']) }),
  z.strictObject({ what: z.literal('set'), variant: z.string(), segment: z.string().nullable() }),
  z.strictObject({
    what: z.literal('roll-out'),
    percent: z.number().min(0).max(100),
    variant: z.string().nullable(),
    segment: z.string().nullable(),
  }),
])

export const flagChange = workspaceCommand({
  name: 'flag change',
  params: z.strictObject({ name: z.string().min(1), edit }),
  advances: true,
  /** @throws FLAG_NOT_FOUND, FLAGS_INVALID, FILE_UNREADABLE */
  async run({ dir, flags: book, log }, { name, edit }): Promise<ShownFlag> {
    const file = join(dir, FLAGS_FILE)
    const text = editFlags(textOf(file), name, edit, file)
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    await book.adopt({ flag: name, ...edit })
    return await shown(book, log, name)
  },
})

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

export const flagSkipped = workspaceCommand({
  name: 'flag skipped',
  params: z.strictObject({}),
  advances: false,
  async run({ log }): Promise<SkippedStart[]> {
    return skippedStarts(log.tables)
  },
})

export const flagStart = workspaceCommand({
  name: 'flag start',
  params: z.strictObject({ run: z.string().min(1) }),
  advances: true,
  /** @throws RUN_NOT_FOUND, FLAG_OFF */
  async run({ holdfast }, { run }): Promise<{ readonly run: string }> {
    await startSkipped(holdfast.runtime, run)
    return { run }
  },
})
