import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type Schema, validate } from './schema.ts'

const order = z.object({ item: z.string(), lines: z.array(z.object({ amount: z.number() })) })

test('gives the value as the schema gives it back', async () => {
  assert.deepEqual(await validate(z.object({ n: z.number().default(7) }), {}, 'Input'), { n: 7 })
})

test('names every issue with its path', async () => {
  await assert.rejects(validate(order, { lines: [{ amount: 'two' }] }, 'Input of order'), {
    code: 'INPUT_INVALID',
    message: /^Input of order does not fit its schema: item: .+; lines\.0\.amount: /,
  })
})

test('names the whole where an issue has no path, with the code that is wanted', async () => {
  await assert.rejects(validate(z.string(), 7, 'Output of order', 'OUTPUT_INVALID'), {
    code: 'OUTPUT_INVALID',
    message: /: Output of order: /,
  })
})

test('takes any library that speaks Standard Schema, with paths of either form and later answers', async () => {
  const late: Schema<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) =>
        value === 'ok' ? { value: 'fine' } : { issues: [{ message: 'no', path: [{ key: 'a' }, 0] }] },
    },
  }
  assert.equal(await validate(late, 'ok', 'It'), 'fine')
  await assert.rejects(validate(late, '?', 'It'), {
    message: 'It does not fit its schema: a.0: no',
    details: { what: 'It', issues: ['a.0: no'] },
  })
})

test('an issue without a path is one of the whole', async () => {
  const refusing: Schema<string> = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
  }
  await assert.rejects(validate(refusing, '?', 'It'), { message: 'It does not fit its schema: It: no' })
})
