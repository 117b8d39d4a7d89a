import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { JsonObject } from '../../kernel/json.ts'
import { answerShape } from './answer-schema.ts'

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema) as JsonObject

test('a closed object goes as it is, to be enforced', () => {
  const schema = jsonSchema(
    z.object({ lead: z.boolean(), reasons: z.array(z.object({ quote: z.string() })) }),
  )
  const shape = answerShape(schema)
  assert.equal(shape.schema, schema)
  assert.equal(shape.strict, true)
  assert.deepEqual(shape.unwrap({ lead: true }), { lead: true })
})

test('a schema that OpenAI would refuse to enforce is sent without that', () => {
  const loose: Record<string, z.ZodType> = {
    'an optional property': z.object({ a: z.string().optional() }),
    'an open object': z.looseObject({ a: z.string() }),
    'a map': z.object({ a: z.record(z.string(), z.number()) }),
    'a limit on length': z.object({ a: z.string().max(10) }),
    'within a list': z.object({ a: z.array(z.object({ b: z.number().optional() })) }),
    'within an alternative': z.object({ a: z.union([z.string(), z.object({ b: z.number().optional() })]) }),
  }
  for (const [name, schema] of Object.entries(loose)) {
    assert.equal(answerShape(jsonSchema(schema)).strict, false, name)
  }
})

test('anything but an object travels in one', () => {
  const shape = answerShape(jsonSchema(z.enum(['lead', 'noise'])))
  assert.equal(shape.schema.type, 'object')
  assert.equal(shape.strict, true)
  assert.equal(shape.unwrap({ answer: 'lead' }), 'lead')
  assert.equal(shape.unwrap({}), null)
})

test('definitions stay at the root, where references look for them', () => {
  const Reason = z.object({ quote: z.string() }).meta({ id: 'Reason' })
  const shape = answerShape(jsonSchema(z.array(z.union([Reason, z.object({ and: Reason })]))))
  assert.ok((shape.schema.$defs as JsonObject).Reason)
  assert.match(JSON.stringify(shape.schema), /#\/\$defs\/Reason/)
})
