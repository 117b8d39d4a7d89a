/** The JSON Schema that a model's reply must fit: the answer, how sure it is, and why. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Schema } from '../../kernel/schema.ts'

/** The part of Standard JSON Schema (https://standardschema.dev/json-schema) that is needed here. */
interface WithJsonSchema {
  readonly jsonSchema?: { readonly output: (options: { readonly target: 'draft-2020-12' }) => JsonObject }
}

/** @throws MODEL_UNAVAILABLE when the schema can't describe itself as JSON Schema. */
export function answerJsonSchema(schema: Schema): JsonObject {
  const described = (schema['~standard'] as WithJsonSchema).jsonSchema?.output({ target: 'draft-2020-12' })
  if (described === undefined) {
    throw new HoldfastError('MODEL_UNAVAILABLE', 'The schema of the answer has no JSON Schema form', {
      fix: 'Use a schema library that offers Standard JSON Schema, such as zod 4.2 or newer.',
    })
  }
  const { $schema: _, ...answer } = described
  const properties: Record<string, Json> = {
    answer,
    confidence: { type: 'number', minimum: 0, maximum: 1, description: 'How sure you are' },
    reasons: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          why: { type: 'string' },
          words: { type: 'string', description: 'Exact words of the material that this rests on' },
        },
        required: ['why', 'words'],
        additionalProperties: false,
      },
    },
  }
  return {
    type: 'object',
    properties,
    required: ['answer', 'confidence', 'reasons'],
    additionalProperties: false,
  }
}
