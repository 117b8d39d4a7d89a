/**
 * What a schema found wrong with a value, said in words for the person who wrote the file. The
 * expectations come from the JSON Schema of the place, so that "must be a number between -100 and 100"
 * names both ends whichever was passed.
 */
import { z } from 'zod'
import { nearest } from '../kernel/nearest.ts'
import { plainIssues } from '../kernel/plain-issues.ts'

export type Path = readonly PropertyKey[]

export interface Mistake {
  readonly path: Path
  readonly message: string
  /** The value, its key, or a line and column (from 1) within the text that the value is. */
  readonly at: 'value' | 'key' | { readonly line: number; readonly column: number }
}

type Issue = z.core.$ZodIssue
type JsonSchema = z.core.JSONSchema.BaseSchema

/** Every mistake behind the issues of `schema.safeParse(value, { reportInput: true })`. */
export function explainIssues(issues: readonly Issue[], schema: z.ZodType): Mistake[] {
  const whole: JsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return issues.flatMap((issue) => plainIssues(issue)).flatMap((issue) => explain(issue, issue.path, whole))
}

function explain(issue: Issue, path: Path, whole: JsonSchema): Mistake[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, keysAt(whole, path)))
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? issue.message, at: 'key' }]
    case 'invalid_union':
      return [{ path, message: unfitUnion(issue, schemasAt(whole, path)), at: 'value' }]
    case 'custom':
      return [{ path, message: issue.message, at: placeOf(issue.params) }]
    case 'invalid_type':
    case 'invalid_value':
    case 'too_small':
    case 'too_big':
      return [{ path, message: unfit(issue.input, schemasAt(whole, path)), at: 'value' }]
    default:
      return [{ path, message: issue.message, at: 'value' }]
  }
}

function unknownKey(key: string, path: Path, known: readonly string[]): Mistake {
  const meant = nearest(key, known)
  const help = meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`
  return { path: [...path, key], message: `unknown key "${key}"; ${help}`, at: 'key' }
}

/** What the schema says of it, where it says something of its own. */
function unfitUnion({ message, input }: Issue, schemas: readonly JsonSchema[]): string {
  return message === 'Invalid input' ? unfit(input, schemas) : message
}

function placeOf(params: Record<string, unknown> | undefined): Mistake['at'] {
  const { line, column } = params ?? {}
  return typeof line === 'number' && typeof column === 'number' ? { line, column } : 'value'
}

function unfit(value: unknown, schemas: readonly JsonSchema[]): string {
  const expected = [...new Set(schemas.map(expectation))].join(' or ')
  if (value === undefined) return `is missing: ${expected}`
  const unquoted = schemas.some(({ type }) => type === 'string') && /^(number|boolean)$/.test(typeof value)
  return `must be ${expected}, not ${wordsFor(value)}${unquoted ? '; put it in quotes' : ''}`
}

function wordsFor(value: unknown): string {
  if (value === null || value === '') return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a group of keys'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return `one of ${schema.enum.map((each) => String(each)).join(', ')}`
  switch (schema.type) {
    case 'number':
    case 'integer':
      return `a ${schema.type === 'integer' ? 'whole ' : ''}number${range(schema)}`
    case 'string':
      return `a text${schema.maxLength === undefined ? '' : ` of at most ${schema.maxLength} characters`}`
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'array':
      return schema.minItems ? `a list with at least ${schema.minItems} entry` : 'a list'
    default:
      return 'a group of keys'
  }
}

function range({ minimum, maximum }: JsonSchema): string {
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined
  if (least !== undefined && most !== undefined) return ` between ${least} and ${most}`
  if (least !== undefined) return ` of at least ${least}`
  return most === undefined ? '' : ` of at most ${most}`
}

/** The schemas that a value at this path may follow; several where there are alternatives. */
function schemasAt(whole: JsonSchema, path: Path): JsonSchema[] {
  return path.reduce<JsonSchema[]>(
    (schemas, part) => schemas.flatMap((schema) => alternatives(stepInto(schema, part))),
    alternatives(whole),
  )
}

function stepInto(schema: JsonSchema, part: PropertyKey): JsonSchema | undefined {
  const next =
    typeof part === 'number'
      ? schema.items
      : (schema.properties?.[String(part)] ?? schema.additionalProperties)
  return typeof next === 'object' && !Array.isArray(next) ? next : undefined
}

function alternatives(schema: JsonSchema | undefined): JsonSchema[] {
  if (!schema) return []
  const choices = schema.anyOf ?? schema.oneOf
  return choices ? choices.flatMap((choice) => alternatives(choice as JsonSchema)) : [schema]
}

function keysAt(whole: JsonSchema, path: Path): string[] {
  return schemasAt(whole, path).flatMap((schema) => [
    ...Object.keys(schema.properties ?? {}),
    ...(typeof schema.propertyNames === 'object' ? (schema.propertyNames.enum ?? []).map(String) : []),
  ])
}
