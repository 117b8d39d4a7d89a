/**
 * What a manifest says of an operation, checked, with the defaults of what it does not say. Types don't hold in plain
 * JavaScript, and the policy goes by what stands here: what it can't go by is refused before anything is decided.
 */
import { HoldfastError } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'
import type { Schema } from '../kernel/schema.ts'
import type { Carries, DeclaredManifest, Operation, OperationManifest } from './connector.ts'
import { inputFields } from './input-fields.ts'

const EVERY_ARGUMENT: readonly string[] = Object.freeze(['*'])

/** What a field must be, in words, and whether a value is. */
type Form = readonly [words: string, fits: (value: unknown) => boolean]

const TEXT: Form = ['a text', (value) => typeof value === 'string']
const FUNCTION: Form = ['a function', (value) => typeof value === 'function']
const SCHEMA: Form = [
  'a schema that speaks Standard Schema, such as one of zod',
  (value) => typeof (value as Partial<Schema> | null)?.['~standard']?.validate === 'function',
]
const OBJECT: Form = [
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
]

const MANIFEST: Readonly<Record<keyof OperationManifest, Form>> = {
  title: TEXT,
  effect: oneOf('read', 'reversible', 'external', 'irreversible'),
  idempotency: oneOf('key', 'natural', 'none'),
  criticalArguments: listOf('fields of its input'),
  hosts: listOf('hosts'),
  dataClass: oneOf('public', 'personal', 'private'),
  gives: oneOf('external', 'system'),
  witness: oneOf('outside', 'workspace'),
  carries: OBJECT,
  secrets: listOf('secrets'),
  timeoutMs: ['a number of milliseconds above 0', (value) => Number.isFinite(value) && (value as number) > 0],
  priceMicros: ['a number from 0 on', (value) => Number.isFinite(value) && (value as number) >= 0],
}

const CARRIES: Readonly<Record<keyof Carries, Form>> = {
  recipients: listOf('fields of its input'),
  content: listOf('fields of its input'),
  attachments: listOf('fields of its input'),
}

const OPERATION: Readonly<Record<Exclude<keyof Operation, 'lookup' | 'undo'>, Form>> = {
  manifest: OBJECT,
  input: SCHEMA,
  output: SCHEMA,
  perform: FUNCTION,
}

function oneOf(...words: string[]): Form {
  return [words.join(', '), (value) => words.includes(value as string)]
}

function listOf(what: string): Form {
  return [
    `a list of names of ${what}`,
    (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && one.trim() !== ''),
  ]
}

/**
 * @param name the full name, such as `books.enter`
 * @throws INPUT_INVALID naming the operation, the field, and what to write instead
 */
export function declared(name: string, operation: Operation): DeclaredManifest {
  assertCanBeMeant(name, operation)
  const { manifest, undo } = operation
  const isRead = manifest.effect === 'read'
  return Object.freeze({
    title: manifest.title ?? '',
    effect: manifest.effect ?? 'irreversible',
    idempotency: manifest.idempotency ?? 'none',
    criticalArguments: manifest.criticalArguments ?? (isRead ? [] : EVERY_ARGUMENT),
    hosts: manifest.hosts ?? [],
    dataClass: manifest.dataClass ?? 'personal',
    gives: manifest.gives ?? (isRead ? 'external' : 'system'),
    witness: manifest.witness ?? 'outside',
    carries: Object.freeze({ ...manifest.carries }),
    secrets: manifest.secrets ?? [],
    timeoutMs: manifest.timeoutMs ?? 30_000,
    priceMicros: manifest.priceMicros ?? 0,
    hasUndo: undo !== undefined,
  })
}

function assertCanBeMeant(name: string, operation: Operation): void {
  const { manifest, input, lookup, undo } = operation
  for (const [field, form] of Object.entries(OPERATION)) {
    assertForm(name, field, form, operation[field as keyof Operation])
  }
  assertForms(name, '', MANIFEST, manifest)
  if (manifest.carries !== undefined) assertForms(name, 'carries.', CARRIES, manifest.carries)
  if (lookup !== undefined) assertForm(name, 'lookup', FUNCTION, lookup)
  if (undo !== undefined) assertForm(name, 'undo', FUNCTION, undo)
  // What is reversible passes where what leaves is asked about.
  if (manifest.effect === 'reversible' && undo === undefined) {
    throw refused(name, 'effect', `${name} is declared reversible, and has no undo`, {
      fix: 'Give it an `undo`, or say `external` or `irreversible`: what nothing takes back is not reversible.',
    })
  }
  assertInput(name, manifest, inputFields(input))
}

/** A field that is misspelt says nothing, where something was meant: no hosts, no secrets, nothing that is carried. */
function assertForms(name: string, at: string, forms: Readonly<Record<string, Form>>, said: object): void {
  for (const [field, value] of Object.entries(said)) {
    const form = Object.hasOwn(forms, field) ? forms[field] : undefined
    if (form === undefined) throw unknownField(name, at + field, field, Object.keys(forms))
    if (value !== undefined) assertForm(name, at + field, form, value)
  }
}

function assertForm(name: string, field: string, [words, fits]: Form, value: unknown): void {
  if (fits(value)) return
  const isOneOfList = words.startsWith('a list') && typeof value === 'string' && value.trim() !== ''
  const fix = isOneOfList ? `Write ${field}: [${JSON.stringify(value)}].` : `Give ${words}.`
  throw refused(name, field, `${field} of ${name} must be ${words}, not ${textOf(value)}`, { fix })
}

/** What no input has is critical to nobody, and is looked at by no guardrail. */
function assertInput(
  name: string,
  { criticalArguments = [], carries = {} }: OperationManifest,
  known: ReadonlySet<string> | null,
): void {
  if (known === null) return
  const named = { criticalArguments, ...carriedBy(carries) }
  for (const [field, names] of Object.entries(named)) {
    const odd = names.find((one) => !known.has(one) && !(one === '*' && field === 'criticalArguments'))
    if (odd !== undefined) throw unknownField(name, field, odd, [...known], 'the input has no field')
  }
}

function carriedBy(carries: Carries): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(carries).map(([part, names]) => [`carries.${part}`, names ?? []]))
}

function unknownField(
  name: string,
  field: string,
  odd: string,
  known: readonly string[],
  what = 'a manifest has no field',
): HoldfastError {
  const meant = nearest(odd, known)
  return refused(name, field, `${field} of ${name}: ${what} ${JSON.stringify(odd)}`, {
    fix: meant === undefined ? `Known here: ${known.join(', ') || 'none'}.` : `Did you mean \`${meant}\`?`,
  })
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value
  }
}

function refused(operation: string, field: string, message: string, { fix }: { fix: string }): HoldfastError {
  const connector = operation.slice(0, operation.indexOf('.'))
  return new HoldfastError('INPUT_INVALID', message, { details: { connector, operation, field }, fix })
}
