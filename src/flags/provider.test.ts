/** The client of OpenFeature itself, asking the provider over a real log. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { OpenFeature } from '@openfeature/server-sdk'
import type { FlagDefinitions } from '../apps/config/flags-file.ts'
import { openPlace } from '../apps/testing/place.ts'
import { flagProvider } from './provider.ts'

const flags: FlagDefinitions = {
  version: 1,
  segments: {
    nordic: { where: [{ field: 'country', operator: 'is', value: 'SE' }] },
    pro: { where: [{ field: 'context.plan', operator: 'is', value: 'pro' }] },
  },
  flags: {
    video: {
      rules: [
        { segment: 'nordic', serve: 'on' },
        { segment: 'pro', serve: 'on' },
      ],
    },
    tone: { type: 'string', variants: { formal: 'Dear', loose: 'Hi' }, default: 'formal' },
    limit: {
      type: 'number',
      variants: { low: 1, high: 9 },
      default: 'low',
      rules: [{ split: { high: 50 } }],
    },
    stopped: { enabled: false, default: 'on' },
  },
}

after(() => OpenFeature.close())

async function open(t: Parameters<typeof openPlace>[0]) {
  const customerFacts = (id: string) => ({ country: id === 'c-se' ? 'SE' : 'DE' })
  const place = await openPlace(t, { flags, customerFacts })
  await OpenFeature.setProviderAndWait(t.name, flagProvider(place.hf))
  return { place, client: OpenFeature.getClient(t.name) }
}

test('the client is given value, variant, reason, version and segment', async (t) => {
  const { client, place } = await open(t)
  const { flagMetadata, ...details } = await client.getBooleanDetails('video', false, {
    targetingKey: 'c-se',
  })
  assert.deepEqual(details, { flagKey: 'video', value: true, variant: 'on', reason: 'TARGETING_MATCH' })
  const [adopted] = place.hf.log.readStream('flags')
  assert.deepEqual(flagMetadata, { segment: 'nordic', version: adopted?.body?.hash })
  assert.equal(await client.getBooleanValue('video', false, { targetingKey: 'c-de' }), false)
  assert.equal(await client.getStringValue('tone', 'x'), 'Dear')
  assert.equal((await client.getBooleanDetails('stopped', true)).reason, 'DISABLED')
  const { value, reason } = await client.getNumberDetails('limit', 0, { targetingKey: 'c-se' })
  assert.ok((value === 9 && reason === 'SPLIT') || (value === 1 && reason === 'DEFAULT'))
})

test('the context names the customer, and says what is not on record', async (t) => {
  const { client } = await open(t)
  const ask = (context: Parameters<typeof client.getBooleanValue>[2]) =>
    client.getBooleanValue('video', false, context)
  assert.equal(await ask({ targetingKey: 'device-7', customer: 'c-se' }), true)
  assert.equal(await ask({ targetingKey: 'device-7', plan: 'pro' }), true)
  assert.equal(await ask({ targetingKey: 'c-de', country: 'SE' }), true)
  assert.equal(await ask({}), false)
})

test('an error gives the default, with the code of OpenFeature', async (t) => {
  const { client } = await open(t)
  const codes = [
    await client.getBooleanDetails('none', true),
    await client.getBooleanDetails('tone', true),
    await client.getNumberDetails('limit', 5),
    await client.getObjectDetails('tone', { a: 1 }),
  ].map(({ reason, errorCode }) => [reason, errorCode])
  assert.deepEqual(codes, [
    ['ERROR', 'FLAG_NOT_FOUND'],
    ['ERROR', 'TYPE_MISMATCH'],
    ['ERROR', 'TARGETING_KEY_MISSING'],
    ['ERROR', 'TYPE_MISMATCH'],
  ])
})

test('each answer is on record before it is given, and once as long as it is the same', async (t) => {
  const { client, place } = await open(t)
  for (let i = 0; i < 3; i += 1) await client.getBooleanValue('video', false, { targetingKey: 'c-se' })
  const events = place.hf.log.readStream('flag/video')
  const { version, ...body } = events[0]?.body ?? {}
  assert.equal(events.length, 1)
  assert.equal(typeof version, 'string')
  assert.deepEqual(body, {
    flag: 'video',
    customer: 'c-se',
    key: 'c-se',
    value: true,
    variant: 'on',
    reason: 'TARGETING_MATCH',
    segment: 'nordic',
  })
})
