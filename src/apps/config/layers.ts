/** The places that a value of the configuration can come from, each as a function that is asked for it. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { Environment } from '../../adapters/system/environment.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { parseYamlFile } from '../../templates/yaml-file.ts'
import { explainIssues } from '../../templates/yaml-mistakes.ts'
import { readIfThere } from './file.ts'
import { type ConfigLeaf, configSchema } from './schema.ts'

export type Origin = 'default' | 'user' | 'project' | 'environment' | 'flag'

/** A value and where it comes from. */
export interface Setting<T = unknown> {
  readonly value: T
  readonly origin: Origin
  /** `file:line`, the name of the variable or of the flag; null for a default. */
  readonly where: string | null
}

/** By dotted key: which flag was given, and its value, as text or as typed. */
export type Flags = Readonly<Record<string, { readonly flag: string; readonly value: unknown }>>

/** What one place says about a value; undefined when nothing. */
export type Layer = (leaf: ConfigLeaf) => Setting | undefined

export function firstOf(layers: readonly Layer[], leaf: ConfigLeaf): Setting {
  for (const layer of layers) {
    const setting = layer(leaf)
    if (setting !== undefined) return setting
  }
  return defaultLayer(leaf)
}

export function defaultLayer({ schema }: ConfigLeaf): Setting {
  return { value: schema.parse(undefined), origin: 'default', where: null }
}

export function flagLayer(flags: Flags): Layer {
  return ({ key, schema }) => {
    const given = flags[key]
    if (given === undefined || given.value === undefined) return undefined
    return { value: readGiven(given.value, schema, given.flag), origin: 'flag', where: given.flag }
  }
}

/** An empty variable counts as not set. */
export function environmentLayer(env: Environment): Layer {
  return ({ schema, variable }) => {
    const text = variable === null ? undefined : env[variable]?.trim()
    if (!text || variable === null) return undefined
    return { value: readGiven(text, schema, variable), origin: 'environment', where: variable }
  }
}

export async function fileLayer(file: string, origin: 'project' | 'user'): Promise<Layer> {
  const text = await readIfThere(file)
  if (text === null) return () => undefined
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const isEmpty = document.errors.length === 0 && document.contents === null
  const checked = parseYamlFile(isEmpty ? '{}' : text, configSchema, { file, code: 'CONFIG_INVALID' })
  const written: unknown = document.toJS()
  return ({ path }) => {
    if (pick(written, path) === undefined) return undefined
    const offset = keyOffset(document.contents, path)
    const where = offset === null ? file : `${file}:${lines.linePos(offset).line}`
    return { value: pick(checked, path), origin, where }
  }
}

/** Where the key at this path begins; null where an alias brought it in. */
function keyOffset(node: unknown, path: readonly string[]): number | null {
  const [name, ...rest] = path
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === name)
  if (rest.length > 0) return keyOffset(pair?.value, rest)
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? null) : null
}

/** A text from outside, in the first reading that the schema accepts: text, number, true or false, list. */
function readGiven(given: unknown, schema: z.ZodType, where: string): unknown {
  const readings = typeof given === 'string' ? [given, ...otherReadings(given)] : [given]
  for (const reading of readings) {
    const result = schema.safeParse(reading)
    if (result.success) return result.data
  }
  const { error } = schema.safeParse(given, { reportInput: true })
  const mistakes = explainIssues(error?.issues ?? [], schema).map(({ message }) => message)
  throw new HoldfastError('CONFIG_INVALID', `${where}: ${mistakes.join('; ')}`, {
    details: { where },
    fix: `Correct or unset ${where}.`,
  })
}

function otherReadings(text: string): unknown[] {
  const flag = text === 'true' ? [true] : text === 'false' ? [false] : []
  return [Number(text), ...flag, text.split(',').map((part) => part.trim())]
}

function pick(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (tree, name) => (tree as Record<string, unknown> | null | undefined)?.[name],
    value,
  )
}
