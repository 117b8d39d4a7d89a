/** Whom an effect addresses, and which amounts it handles: by the arguments that its manifest calls critical. */
import { hash } from 'node:crypto'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { subjectsOf } from '../../kernel/subjects.ts'
import type { DeclaredManifest } from '../../ports/connector.ts'
import type { EffectRequest } from '../../ports/gate.ts'

export interface Touched {
  /** Hashes, of which nobody is told by; bound to the log and the agent. */
  readonly recipients: readonly string[]
  /** By operation and argument. */
  readonly amounts: Readonly<Record<string, number>>
}

const NOTHING: Touched = { recipients: [], amounts: {} }
/** A text with blanks in it, or longer, is no address or account of anybody. */
const ADDRESS = /^\S{1,320}$/

/** @param salt of the log */
export function touchedBy(
  { operation, input, workflow }: EffectRequest,
  { effect, criticalArguments }: DeclaredManifest,
  salt: string,
): Touched {
  if (effect === 'reversible' || typeof input !== 'object' || input === null || Array.isArray(input)) {
    return NOTHING
  }
  const critical = criticalOf(input as JsonObject, criticalArguments)
  const recipients = new Set(
    critical.flatMap(([, value]) => addressesIn(value)).map((one) => hashOf(`${salt} ${workflow} ${one}`)),
  )
  const amounts = critical.filter((one): one is [string, number] => isAmount(one[1]))
  return {
    recipients: [...recipients],
    amounts: Object.fromEntries(amounts.map(([name, value]) => [`${operation} ${name}`, value])),
  }
}

function criticalOf(input: JsonObject, names: readonly string[]): [string, Json][] {
  const all = Object.entries(input)
  return names.includes('*') ? all : all.filter(([name]) => names.includes(name))
}

function addressesIn(value: Json): string[] {
  return subjectsOf(value).flatMap((one) => {
    const address = typeof one === 'string' ? one.trim().toLowerCase() : ''
    return ADDRESS.test(address) ? [address] : []
  })
}

function isAmount(value: Json): value is number {
  return typeof value === 'number' && value > 0
}

function hashOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 12)
}
