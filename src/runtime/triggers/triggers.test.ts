/** Each published event of a trigger goes into one run, exactly once, or is set aside. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { externalFrom } from '../../kernel/label.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { raisedAlerts } from '../alert-index.ts'
import { type Input, kinds, note, onSaid, say, saying, told } from './testing/saying.ts'
import type { Trigger } from './trigger.ts'

describe('a trigger', () => {
  test('starts one run for each event, in one commit with its record', async (t) => {
    const place = await openPlace(t, saying())
    await say(place, 'one')
    await place.hf.emit({ kind: 'other', data: 'nothing' })
    await say(place, 'two')
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['one', 'two'])
    assert.deepEqual(kinds(place.hf), ['set', 'fired', 'fired'])
    const [, fired] = place.hf.log.readStream('trigger/saying')
    const run = fired?.correlation ?? ''
    assert.equal(run, `trigger/saying/${fired?.cause}`)
    const [started] = place.events(run)
    assert.equal(started?.actor, 'trigger:saying')
    assert.deepEqual(started?.body?.triggered, { name: 'saying', positions: [fired?.cause] })
    assert.equal(await place.outcome(run), 'one')
    const [state] = place.hf.triggers.list()
    assert.deepEqual([state?.status, state?.fired, state?.gathered], ['active', 2, 0])
  })

  test('takes the events that `where` says; the run knows where they come from', async (t) => {
    const place = await openPlace(t, saying({ where: ({ key }) => key === 'loud' }))
    await say(place, 'quietly')
    await place.hf.emit({ kind: 'said', key: 'loud', data: 'loudly', label: externalFrom('street') })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['loudly'])
    const run = String(place.hf.triggers.list()[0]?.lastRun)
    assert.deepEqual(place.events(run)[0]?.label, externalFrom('street'))
  })

  test('begins with the events after it was first set', async (t) => {
    const place = await openPlace(t, { workflows: [note] })
    await say(place, 'before')
    await place.reopen({ triggers: [onSaid()] })
    await say(place, 'after')
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['after'])
  })

  test('catches up with what was published while it was absent, and repeats nothing', async (t) => {
    const place = await openPlace(t, saying())
    await say(place, 'here')
    await place.hf.idle()
    await place.reopen({ triggers: [] })
    assert.equal(place.hf.triggers.list()[0]?.status, 'absent')
    for (let n = 0; n < 3; n += 1) await say(place, `absent ${n}`)
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['here'])
    await place.reopen({ triggers: [onSaid()] })
    await place.hf.idle()
    await place.reopen()
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['here', 'absent 0', 'absent 1', 'absent 2'])
  })

  test('whose kind is changed counts from the change on', async (t) => {
    const place = await openPlace(t, saying())
    await place.hf.emit({ kind: 'written', data: 'early' })
    await place.hf.idle()
    await place.reopen({ triggers: [onSaid({ on: 'written' })] })
    await place.hf.emit({ kind: 'written', data: 'late' })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['late'])
  })

  test('a flood is worked off in order', async (t) => {
    const place = await openPlace(t, saying())
    const words = Array.from({ length: 1_200 }, (_, n) => `event ${n}`)
    await Promise.all(words.map((word) => say(place, word)))
    await place.hf.idle()
    assert.equal(place.hf.triggers.list()[0]?.fired, words.length)
    assert.deepEqual(told(place.hf), words)
  })

  test('the cursor follows the log when nothing comes for it', async (t) => {
    const place = await openPlace(t, saying())
    const events = Array.from({ length: 10_001 }, () => ({
      kind: 'noise.made',
      actor: 'test',
      label: externalFrom('test'),
      body: {},
    }))
    await place.hf.log.append([{ stream: 'noise', expectedVersion: 'any', events }])
    await place.hf.idle()
    const { cursor } = place.hf.log.tables.get<{ cursor: number }>('SELECT cursor FROM triggers') ?? {}
    assert.ok(Number(cursor) > 10_000)
    await say(place, 'after it')
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['after it'])
  })
})

describe('an event that the code fails on', () => {
  test('is set aside with an alert, the next one goes on; retried after the code is mended', async (t) => {
    const broken = (events: readonly { data: unknown }[]): Input => {
      if (events[0]?.data === 'poison') throw new Error('can not read that')
      return { said: events.map(({ data }) => String(data)) }
    }
    const place = await openPlace(t, saying({ input: broken }))
    for (const word of ['one', 'poison', 'two']) await say(place, word)
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['one', 'two'])
    const [aside] = place.hf.triggers.list()[0]?.setAside ?? []
    assert.deepEqual(aside?.error, { code: 'TRIGGER_FAILED', message: 'can not read that' })
    const position = Number(aside?.position)
    const [alert] = raisedAlerts(place.hf.log.tables)
    assert.deepEqual([alert?.alert, alert?.subject], ['trigger-set-aside', `saying@${position}`])

    await assert.rejects(place.hf.triggers.retry('saying', position), /can not read that/)
    await assert.rejects(place.hf.triggers.retry('saying', 1), { code: 'EVENT_NOT_SET_ASIDE' })
    await assert.rejects(place.hf.triggers.retry('nobody', 1), { code: 'TRIGGER_UNKNOWN' })
    await place.reopen({ triggers: [onSaid()] })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['one', 'two'], 'it is not tried again by itself')
    assert.deepEqual(await place.hf.triggers.retry('saying', position), { run: `trigger/saying/${position}` })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['one', 'two', 'poison'])
    assert.deepEqual(raisedAlerts(place.hf.log.tables), [])
    assert.deepEqual(place.hf.triggers.list()[0]?.setAside, [])
    await assert.rejects(place.hf.triggers.retry('saying', position), { code: 'EVENT_NOT_SET_ASIDE' })
  })

  test('is set aside whether `where`, `key` or the workflow refuses it', async (t) => {
    const fail = (): never => {
      throw new Error('no')
    }
    const ways: Partial<Trigger<Input>>[] = [
      { where: fail },
      { key: fail, debounce: '1m' },
      { input: () => ({ said: 'no list' as unknown as string[] }) },
    ]
    for (const way of ways) {
      const place = await openPlace(t, saying(way))
      await say(place, 'one')
      await place.hf.idle()
      assert.equal(place.hf.triggers.list()[0]?.setAside.length, 1)
      assert.deepEqual(told(place.hf), [])
    }
  })

  test('is on record as retried once, also when one who retries it takes longer', async (t) => {
    const holds: Promise<void>[] = []
    const slow = defineWorkflow({
      name: 'note',
      version: 1,
      input: z.object({ said: z.array(z.string()) }).refine(async () => {
        await holds.shift()
        return true
      }),
      output: z.any(),
      run: async () => null,
    })
    let fails = true
    const trigger = onSaid({
      workflow: slow,
      input: () => {
        if (fails) throw new Error('no')
        return { said: ['yes'] }
      },
    })
    const place = await openPlace(t, { workflows: [slow], triggers: [trigger] })
    await say(place, 'one')
    await place.hf.idle()
    fails = false
    const position = Number(place.hf.triggers.list()[0]?.setAside[0]?.position)
    const { promise, resolve } = Promise.withResolvers<void>()
    // The schema asks twice: whether it is done at once, and then for what comes of it.
    holds.push(promise, promise)
    const late = place.hf.triggers.retry('saying', position)
    await place.hf.triggers.retry('saying', position)
    resolve()
    await assert.rejects(late, { code: 'EVENT_NOT_SET_ASIDE' })
    assert.deepEqual(kinds(place.hf), ['set', 'set-aside', 'retried', 'fired'])
  })

  test('starts one run when it is retried twice at once', async (t) => {
    let fails = true
    const place = await openPlace(
      t,
      saying({
        input: () => {
          if (fails) throw new Error('no')
          return { said: ['yes'] }
        },
      }),
    )
    await say(place, 'one')
    await place.hf.idle()
    fails = false
    const position = Number(place.hf.triggers.list()[0]?.setAside[0]?.position)
    const both = await Promise.allSettled([1, 2].map(() => place.hf.triggers.retry('saying', position)))
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.deepEqual(told(place.hf), ['yes'])
  })
})

test('a retry of what is none of the trigger’s any more is on record once', async (t) => {
  let takes = true
  const place = await openPlace(
    t,
    saying({
      where: () => takes,
      input: () => {
        throw new Error('no')
      },
    }),
  )
  await say(place, 'one')
  await place.hf.idle()
  takes = false
  const position = Number(place.hf.triggers.list()[0]?.setAside[0]?.position)
  const both = await Promise.allSettled([1, 2].map(() => place.hf.triggers.retry('saying', position)))
  assert.deepEqual(
    both.map((one) => (one.status === 'fulfilled' ? one.value.run : one.reason.code)),
    [null, 'EVENT_NOT_SET_ASIDE'],
  )
  assert.deepEqual(kinds(place.hf), ['set', 'set-aside', 'retried'])
})

test('a definition that can not be is refused', async (t) => {
  const broken: Partial<Trigger<Input>>[] = [
    { name: 'a b' },
    { on: '' },
    { debounce: 'soon' },
    { batch: { max: 0, within: '1m' } },
    { batch: { max: 10, within: '1m' }, debounce: '1m' },
  ]
  for (const part of broken)
    assert.throws(() => onSaid(part), { code: 'INPUT_INVALID' }, JSON.stringify(part))
  const place = await openPlace(t, saying())
  await assert.rejects(place.reopen({ triggers: [onSaid(), onSaid()] }), { code: 'INPUT_INVALID' })
  await place.open({ triggers: [] })
})
