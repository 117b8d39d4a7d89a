import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { docsFile, JSON_SCHEMAS } from './json-schemas.ts'

for (const [name, schema] of Object.entries(JSON_SCHEMAS)) {
  test(`docs/${name} is what the code accepts`, async () => {
    const written: unknown = JSON.parse(await readFile(docsFile(name), 'utf8'))
    assert.deepEqual(
      written,
      JSON.parse(JSON.stringify(schema)),
      'write it anew, and format it: node src/apps/config/json-schemas.ts',
    )
  })
}
