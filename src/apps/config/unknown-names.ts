/**
 * Names in `policy.yaml` and `autonomy.yaml` that match no operation or agent that is known: a misspelt `deny` denies
 * nothing. They are told, and hold all the same: a connector may be configured later, and an agent run for the first time.
 */
import { parse } from 'yaml'
import { nearest } from '../../kernel/nearest.ts'
import { placesIn, type YamlProblem } from '../../templates/yaml-file.ts'

export interface KnownNames {
  /** Full names, such as `smtp.send`. */
  readonly operations: readonly string[]
  /** Workflows and agents; null where nobody can say which there are. */
  readonly agents: readonly string[] | null
}

type Sort = keyof KnownNames
type Path = readonly (string | number)[]

/** Where names stand; `*` is each of a list. */
const POLICY: Readonly<Record<string, Sort>> = {
  'operations.allow.*': 'operations',
  'operations.deny.*': 'operations',
  'operations.review.*': 'operations',
  'access.*.operations.*': 'operations',
  'access.*.agents.*': 'agents',
  'rates.*.operations.*': 'operations',
  'rates.*.agents.*': 'agents',
  'grants.never.*': 'operations',
  'budgets.*.operations.*': 'operations',
  'budgets.*.agents.*': 'agents',
  'retention.*.workflow': 'agents',
  'retention.*.agent': 'agents',
}

const AUTONOMY: Readonly<Record<string, Sort>> = {
  'actions.*.agent': 'agents',
  'anomalies.exceptions.*.agent': 'agents',
}

/** @param text of a policy that is valid */
export function unknownInPolicy(text: string, known: KnownNames): YamlProblem[] {
  return unknownIn(text, POLICY, known)
}

/** @param text of an autonomy.yaml that is valid */
export function unknownInAutonomy(text: string, known: KnownNames): YamlProblem[] {
  return unknownIn(text, AUTONOMY, known)
}

/** In the order of the file. */
function unknownIn(text: string, places: Readonly<Record<string, Sort>>, known: KnownNames): YamlProblem[] {
  const content: unknown = parse(text)
  const odd = Object.entries(places).flatMap(([pattern, sort]) =>
    namesAt(content, pattern.split('.'), []).flatMap(({ path, name }) => {
      const why = whyUnknown(name, sort, known)
      return why === null ? [] : [{ path, message: why }]
    }),
  )
  return placesIn(text, odd).toSorted((a, b) => a.line - b.line || a.column - b.column)
}

function namesAt(
  value: unknown,
  [part, ...rest]: readonly string[],
  path: Path,
): { readonly path: Path; readonly name: string }[] {
  if (part === undefined) return typeof value === 'string' ? [{ path, name: value }] : []
  if (typeof value !== 'object' || value === null) return []
  if (part === '*') {
    return Array.isArray(value) ? value.flatMap((one, i) => namesAt(one, rest, [...path, i])) : []
  }
  return Object.hasOwn(value, part) ? namesAt((value as never)[part], rest, [...path, part]) : []
}

/** null where the name matches something. */
function whyUnknown(name: string, sort: Sort, { operations, agents }: KnownNames): string | null {
  if (name === '*') return null
  if (sort === 'agents') {
    if (agents === null || agents.includes(name)) return null
    return `no workflow or agent "${name}" has been seen here${helpOf(name, agents)}`
  }
  const connectors = [...new Set(operations.map((one) => one.slice(0, one.indexOf('.'))))]
  const connector = name.slice(0, name.indexOf('.'))
  if (operations.includes(name) || (name === `${connector}.*` && connectors.includes(connector))) return null
  if (name === `${connector}.*`) return `no connector "${connector}" is known${helpOf(connector, connectors)}`
  return `no operation "${name}" is known${helpOf(name, operations)}`
}

function helpOf(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  if (meant !== undefined) return `; did you mean "${meant}"?`
  return known.length === 0 ? '' : `; known here: ${known.join(', ')}`
}

/** A line for each. @param file as it is named to the operator */
export function unknownText(file: string, problems: readonly YamlProblem[]): string[] {
  return problems.map(({ line, column, path, message }) => `${file}:${line}:${column} ${path}: ${message}`)
}
