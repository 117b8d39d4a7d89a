/**
 * The JSON Schemas under docs/, made from the zod schemas. Run this file to write them anew:
 * `node src/apps/config/json-schemas.ts`; a test holds the files equal to it.
 */
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { autonomySchema } from './autonomy-file.ts'
import { flagsSchema } from './flags-file.ts'
import { policySchema } from './policy-schema.ts'
import { configSchema } from './schema.ts'

/** By the name of the file in docs/. */
export const JSON_SCHEMAS = {
  'holdfast.schema.json': z.toJSONSchema(configSchema, { io: 'input' }),
  'flags.schema.json': z.toJSONSchema(flagsSchema, { io: 'input' }),
  'policy.schema.json': z.toJSONSchema(policySchema, { io: 'input' }),
  'autonomy.schema.json': z.toJSONSchema(autonomySchema, { io: 'input' }),
}

export function docsFile(name: string): URL {
  return new URL(`../../../docs/${name}`, import.meta.url)
}

if (import.meta.main) {
  for (const [name, schema] of Object.entries(JSON_SCHEMAS)) {
    await writeFile(docsFile(name), `${JSON.stringify(schema, null, 2)}\n`)
  }
}
