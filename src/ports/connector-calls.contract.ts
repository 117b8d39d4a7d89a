/** How the contract suite calls a connector, and what it compares. */
import { isHoldfastError } from '../kernel/errors.ts'
import { canonicalJson, toJson } from '../kernel/json.ts'
import { validate } from '../kernel/schema.ts'
import type { DeclaredManifest, Lookup, Operation, OperationContext } from './connector.ts'

const CODES = ['CONNECTOR_REFUSED', 'CONNECTOR_UNAVAILABLE', 'CONNECTOR_OUTCOME_UNKNOWN']

/** Fails the row with what was seen instead. */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

/** Carries it out, as the policy gate does: with a valid input, within the limit. */
export async function perform(
  operation: Operation,
  sample: unknown,
  key: string,
  limitMs: number,
): Promise<unknown> {
  const input = await validate(operation.input, sample, 'the sample')
  return checked(operation, await within(limitMs, operation.perform(input, contextFor(key))))
}

/** An output that is plain data and fits its schema. */
export async function checked(operation: Operation, output: unknown): Promise<unknown> {
  toJson(output, 'output')
  return validate(operation.output, output, 'the output', 'OUTPUT_INVALID')
}

/** What a lookup says; an output that it would have must fit its schema as well. */
export async function ask(
  operation: Operation,
  sample: unknown,
  key: string,
  limitMs: number,
): Promise<Lookup<unknown>> {
  const input = await validate(operation.input, sample, 'the sample')
  const found = await within(limitMs, Promise.resolve(operation.lookup?.(input, contextFor(key))))
  must(
    found !== undefined && ['yes', 'no', 'unknown'].includes(found.found),
    'a lookup says yes, no or unknown',
  )
  if (found.found === 'unknown' && found.ifDone !== undefined) await checked(operation, found.ifDone)
  return found
}

/** The code of the connector error that it ends with. */
export async function failure(
  operation: Operation,
  sample: unknown,
  key: string,
  limitMs: number,
  signal?: AbortSignal,
): Promise<string> {
  const input = await validate(operation.input, sample, 'the sample')
  try {
    await within(limitMs, operation.perform(input, contextFor(key, signal)))
  } catch (error) {
    return codeOf(error)
  }
  throw new Error('it succeeds')
}

/** @throws the error itself when it is none of a connector. */
export function codeOf(error: unknown): string {
  if (isHoldfastError(error) && CODES.includes(error.code)) return error.code
  throw error
}

export function notYes(found: Lookup<unknown>): string {
  must(found.found !== 'yes', 'says yes')
  return found.found
}

export function contextFor(
  key: string,
  signal = new AbortController().signal,
  attempt = 1,
): OperationContext {
  const secret = async (name: string): Promise<string> => {
    throw new Error(`asked for vault:${name}: declare it, and give it in \`secrets\``)
  }
  return { idempotencyKey: key, signal, attempt, cost() {}, secret }
}

/** The operation, handed the secrets that its manifest names and that are given here. */
export function withSecrets(
  operation: Operation | undefined,
  { secrets: declared }: DeclaredManifest,
  secrets: Readonly<Record<string, string>>,
): Operation | undefined {
  if (operation === undefined || declared.length === 0) return operation
  const handed = (context: OperationContext): OperationContext => ({
    ...context,
    secret: async (name) =>
      (declared.includes(name) ? secrets[name] : undefined) ?? (await context.secret(name)),
  })
  const { perform, lookup, undo } = operation
  return {
    ...operation,
    perform: (input, context) => perform(input, handed(context)),
    ...(lookup && { lookup: (input, context) => lookup(input, handed(context)) }),
    ...(undo && { undo: (input, output, context) => undo(input, output, handed(context)) }),
  }
}

export function newKey(): string {
  return `contract/${crypto.randomUUID()}`
}

/** @throws when it takes longer, or never ends. */
export async function within<Result>(limitMs: number, call: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no end after ${limitMs} ms`)), limitMs)
  return Promise.race([call, promise]).finally(() => clearTimeout(timer))
}

export function textOf(value: unknown): string {
  return canonicalJson(toJson(value))
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Values of another kind than the sample, and the sample without, or with a spoilt, critical argument. */
export function junkFor(sample: unknown, critical: readonly string[]): Array<[string, unknown]> {
  const kindOf = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)
  const values = [null, undefined, 'junk', 42, true, ['junk'], { junk: true }, () => 'junk']
  const others = values.filter((value) => kindOf(value) !== kindOf(sample))
  const fields = fieldsOf(sample)
  const spoilt = critical.flatMap((name): Array<[string, unknown]> => {
    const { [name]: value, ...rest } = fields
    const odd = kindOf(value) === 'object' ? 42 : { junk: true }
    return [
      [`an input without ${name}`, rest],
      [`an input with junk for ${name}`, { ...fields, [name]: odd }],
    ]
  })
  return [
    ...others.map((value): [string, unknown] => [`${kindOf(value)} ${String(value)}`, value]),
    ...spoilt,
  ]
}
