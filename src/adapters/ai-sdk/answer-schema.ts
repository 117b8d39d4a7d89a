/**
 * What providers ask of a schema for structured output. They take an object at the root only, and
 * OpenAI enforces a schema (`strict`) only when it is closed and uses none of the keywords it refuses.
 */
import type { Json, JsonObject } from '../../kernel/json.ts'

export interface AnswerShape {
  /** What is sent: the schema itself, or an object around it. */
  readonly schema: JsonObject
  /** Whether OpenAI can enforce it. */
  readonly strict: boolean
  /** Takes the answer out of the object around it. */
  unwrap(answer: Json): Json
}

export function answerShape(schema: JsonObject): AnswerShape {
  if (schema.type === 'object') return { schema, strict: isStrict(schema), unwrap: (answer) => answer }
  const { $defs, $schema, ...inner } = schema
  const outer = {
    ...($schema === undefined ? {} : { $schema }),
    type: 'object',
    properties: { answer: inner },
    required: ['answer'],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  }
  return {
    schema: outer,
    strict: isStrict(outer),
    unwrap: (answer) => (answer as JsonObject)?.answer ?? null,
  }
}

/** https://platform.openai.com/docs/guides/structured-outputs lists what is supported. */
const REFUSED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'minLength',
  'maxLength',
  'uniqueItems',
  'default',
]

function isStrict(schema: Json): boolean {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return true
  const { properties, required, additionalProperties, $defs, items, anyOf } = schema as JsonObject
  if (REFUSED.some((keyword) => keyword in schema)) return false
  const names = Object.keys((properties ?? {}) as JsonObject)
  const isObject = (schema as JsonObject).type === 'object' || properties !== undefined
  const all = (required ?? []) as readonly Json[]
  if (isObject && (additionalProperties !== false || names.some((name) => !all.includes(name)))) return false
  return [properties, $defs]
    .flatMap((group) => Object.values((group ?? {}) as JsonObject))
    .concat(items ?? [], (anyOf ?? []) as readonly Json[])
    .every(isStrict)
}
