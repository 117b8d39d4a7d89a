/**
 * The fields of an input, as far as its schema tells: by Standard JSON Schema (https://standardschema.dev/json-schema),
 * which zod speaks, among others. A schema that does not speak it tells nothing.
 */
import type { Schema } from '../kernel/schema.ts'

type Node = Readonly<Record<string, unknown>>

/** What an input without fields is called, such as a text or a list. */
const WHOLE = 'input'

/** How deep it is looked: a schema may contain itself. */
const DEEPEST = 20

/** Names of all fields that an input may have; null where it may have others, or nobody can tell. */
export function inputFields(schema: Schema): ReadonlySet<string> | null {
  const root = jsonSchemaOf(schema)
  return root === null ? null : fieldsOf(root, root, 0)
}

function jsonSchemaOf(schema: Schema): Node | null {
  const { jsonSchema } = schema['~standard'] as { jsonSchema?: { input?: (options: object) => unknown } }
  try {
    // Of a field that JSON Schema has no words for, zod says that it may be anything, if so asked.
    const libraryOptions = { unrepresentable: 'any' }
    return nodeIn(jsonSchema?.input?.({ target: 'draft-2020-12', libraryOptions }))
  } catch {
    return null
  }
}

function fieldsOf(node: Node, root: Node, depth: number): ReadonlySet<string> | null {
  if (depth > DEEPEST) return null
  const { $ref, type, properties, additionalProperties, patternProperties } = node
  if ($ref !== undefined) {
    const named = nodeAt(root, $ref)
    return named === null ? null : fieldsOf(named, root, depth + 1)
  }
  const parts = [node.anyOf, node.oneOf, node.allOf].filter(Array.isArray).flat()
  const names = new Set<string>()
  for (const part of parts) {
    const inner = nodeIn(part)
    const found = inner === null ? null : fieldsOf(inner, root, depth + 1)
    if (found === null) return null
    for (const name of found) names.add(name)
  }
  if (type !== undefined && ![type].flat().includes('object')) return names.add(WHOLE)
  if (Array.isArray(type)) names.add(WHOLE)
  const own = nodeIn(properties)
  if (own === null) return parts.length === 0 ? null : names
  const isOpen = patternProperties !== undefined || (additionalProperties ?? false) !== false
  if (isOpen) return null
  for (const name of Object.keys(own)) names.add(name)
  return names
}

/** What `#` or `#/$defs/mail` stands for. */
function nodeAt(root: Node, ref: unknown): Node | null {
  if (typeof ref !== 'string' || !/^#($|\/)/.test(ref)) return null
  const names = ref.split('/').slice(1)
  return names.reduce<Node | null>(
    (node, name) => nodeIn(node?.[name.replaceAll('~1', '/').replaceAll('~0', '~')]),
    root,
  )
}

function nodeIn(value: unknown): Node | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : null
}
