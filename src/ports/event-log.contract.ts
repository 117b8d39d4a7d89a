/** What every event log must do, whatever it is stored in. Adapters run it with their own `open`. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { checkpointOf } from '../kernel/checkpoint.ts'
import { GENESIS_HASH, type NewEvent } from '../kernel/event.ts'
import { externalFrom, OWNER, SYSTEM } from '../kernel/label.ts'
import type { EventLog, StreamAppend } from './event-log.ts'
import type { Projection } from './projection.ts'

export interface EventLogUnderTest {
  /** Opens the log of `place` (made by `newPlace`), or a second writer of it. */
  open(place: string, projections?: readonly Projection[]): EventLog
  /** Opens one log twice, without the second noticing that the first lives: a lock that was lost. */
  openTwice(): { former: EventLog; present: EventLog }
  newPlace(): string
  dispose(): void
}

/** Counts events by stream; the simplest projection that can go wrong. */
const tally: Projection = {
  name: 'tally',
  version: 1,
  tables: ['tally'],
  schema: 'CREATE TABLE tally (stream TEXT PRIMARY KEY, n INTEGER NOT NULL, last TEXT)',
  kinds: ['thing.happened'],
  apply(event, tables) {
    if (event.body?.explode === true) throw new Error('the projection exploded')
    tables.run(
      `INSERT INTO tally (stream, n, last) VALUES (?, 1, ?)
       ON CONFLICT DO UPDATE SET n = n + 1, last = excluded.last`,
      event.stream,
      event.body === null ? null : JSON.stringify(event.body),
    )
  },
}

function happened(n: number, more: Partial<NewEvent> = {}): NewEvent {
  return { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { n }, ...more }
}

function to(stream: string, expectedVersion: number | 'any', ...events: NewEvent[]): StreamAppend {
  return { stream, expectedVersion, events }
}

export function eventLogContract(name: string, subject: EventLogUnderTest): void {
  describe(`event log contract: ${name}`, () => {
    after(() => subject.dispose())

    async function withLog(work: (log: EventLog, place: string) => Promise<void>): Promise<void> {
      const place = subject.newPlace()
      const log = subject.open(place, [tally])
      try {
        await work(log, place)
      } finally {
        await log.close()
      }
    }

    it('refuses what a writer issued ahead behind a refused append, also where the versions fit again', () =>
      withLog(async (log) => {
        const writer = {}
        const others = log.append([to('a', 0, happened(1))])
        const first = log.append([to('a', 0, happened(2))], [], { writers: [writer] })
        const ahead = log.append([to('a', 1, happened(3))], [], { writers: [writer] })
        const told = await Promise.allSettled([others, first, ahead])
        assert.deepEqual(
          told.map((one) => (one.status === 'rejected' ? one.reason.code : 'appended')),
          ['appended', 'LOG_CONFLICT', 'LOG_CONFLICT'],
        )
        await assert.rejects(log.append([to('a', 1, happened(4))], [], { writers: [writer] }), {
          code: 'LOG_CONFLICT',
        })
        await log.append([to('a', 1, happened(5))], [], { writers: [{}] })
        assert.deepEqual(
          log.readStream('a').map(({ body }) => body?.n),
          [1, 5],
        )
      }))

    for (const [what, odd] of [
      ['an actor', { actor: 5 }],
      ['a kind', { kind: 5 }],
      ['a correlation', { correlation: 5 }],
      ['a label', { label: { ...SYSTEM, trust: 'internal' } }],
      ['a stream', {}],
    ] as const) {
      it(`refuses ${what} that would not be read back, and takes what is appended beside it`, async () => {
        const place = subject.newPlace()
        const log = subject.open(place, [tally])
        const stream = (what === 'a stream' ? 5 : 'a') as string
        const told = await Promise.allSettled([
          log.append([to('b', 0, happened(1))]),
          log.append([to(stream, 0, happened(2, odd as Partial<NewEvent>))]),
        ])
        await log.close()
        const again = subject.open(place, [tally])
        const kept = [...again.read()].map(({ body }) => body?.n)
        again.verify()
        await again.close()
        assert.deepEqual(kept, [1])
        assert.equal(told[1].status === 'rejected' && told[1].reason.code, 'INPUT_INVALID')
      })
    }

    it('refuses what any of those issued ahead who shared a refused append', () =>
      withLog(async (log) => {
        const writers = [{}, {}]
        const parts = [to('a', 0, happened(2)), to('b', 0, happened(2))]
        const told = await Promise.allSettled([
          log.append([to('a', 0, happened(1)), to('b', 0, happened(1))]),
          log.append(parts, [], { writers }),
          ...writers.map((one, i) =>
            log.append([to(i === 0 ? 'a' : 'b', 1, happened(3))], [], { writers: [one] }),
          ),
        ])
        assert.deepEqual(
          told.map((one) => (one.status === 'rejected' ? one.reason.code : 'appended')),
          ['appended', 'LOG_CONFLICT', 'LOG_CONFLICT', 'LOG_CONFLICT'],
        )
      }))

    it('gives gapless positions and versions per stream', () =>
      withLog(async (log) => {
        await Promise.all([
          log.append([to('a', 0, happened(1), happened(2))]),
          log.append([to('b', 0, happened(3))]),
          log.append([to('a', 2, happened(4))]),
        ])
        const seen = [...log.read()].map((e) => [e.position, e.stream, e.version])
        assert.deepEqual(seen, [
          [1, 'a', 1],
          [2, 'a', 2],
          [3, 'b', 1],
          [4, 'a', 3],
        ])
        assert.equal(log.versionOf('a'), 3)
        assert.equal(log.versionOf('nowhere'), 0)
      }))

    it('keeps every field of an event', () =>
      withLog(async (log) => {
        const label = { trust: 'external', sources: ['mail:m-1'], readers: ['owner'] } as const
        const body = { text: 'Grüße \u2028 日本', list: [1, null, { deep: true }], __proto__: 'x' }
        const [stored] = await log.append([
          to('s', 0, { kind: 'thing.happened', actor: 'me', label, body, cause: 7, correlation: 'run-1' }),
        ])
        assert.deepEqual(log.event(1), stored)
        assert.deepEqual(log.readStream('s'), [stored])
        assert.deepEqual(log.event(1)?.label, label)
        assert.equal(log.event(1)?.cause, 7)
        assert.equal(log.event(2), undefined)
      }))

    it('refuses a stale writer and keeps nothing of its append', () =>
      withLog(async (log) => {
        await log.append([to('a', 0, happened(1))])
        const stale = log.append([to('b', 0, happened(2)), to('a', 0, happened(3))])
        const good = log.append([to('a', 1, happened(4))])
        await assert.rejects(stale, { code: 'LOG_CONFLICT' })
        await good
        assert.equal(log.versionOf('b'), 0)
        assert.deepEqual(
          [...log.read()].map((e) => e.body?.n),
          [1, 4],
        )
      }))

    it('lets one of two equal writers win', () =>
      withLog(async (log) => {
        const results = await Promise.allSettled([
          log.append([to('a', 0, happened(1))]),
          log.append([to('a', 0, happened(2))]),
        ])
        assert.deepEqual(
          results.map((r) => r.status),
          ['fulfilled', 'rejected'],
        )
      }))

    it('refuses only the append whose projection fails', () =>
      withLog(async (log) => {
        const results = await Promise.allSettled([
          log.append([to('a', 0, happened(1))]),
          log.append([to('b', 0, happened(2, { body: { explode: true } }))]),
          log.append([to('c', 0, happened(3))]),
        ])
        assert.deepEqual(
          results.map((r) => r.status),
          ['fulfilled', 'rejected', 'fulfilled'],
        )
        assert.deepEqual(
          [...log.read()].map((e) => [e.position, e.stream]),
          [
            [1, 'a'],
            [2, 'c'],
          ],
        )
        log.verify()
      }))

    it('takes parts of one stream as following each other', () =>
      withLog(async (log) => {
        const twice = log.append([to('a', 0, happened(1)), to('b', 0), to('a', 0, happened(2))])
        await assert.rejects(twice, { code: 'LOG_CONFLICT' })
        assert.equal(log.versionOf('a'), 0)
        await log.append([to('a', 0, happened(1), happened(2)), to('a', 2, happened(3))])
        assert.deepEqual(
          log.readStream('a').map(({ version, body }) => [version, body?.n]),
          [
            [1, 1],
            [2, 2],
            [3, 3],
          ],
        )
      }))

    it('has everything acknowledged after reopening', async () => {
      const place = subject.newPlace()
      const log = subject.open(place, [tally])
      await log.append([to('a', 0, happened(1))])
      const { hash } = log.head()
      const { id } = log
      await log.close()
      const again = subject.open(place, [tally])
      assert.deepEqual(again.head(), { position: 1, hash })
      assert.equal(again.id, id)
      await again.append([to('a', 1, happened(2))])
      assert.equal(again.verify().events, 2)
      await again.close()
    })

    it('has one writer', () =>
      withLog(async (_log, place) => {
        assert.throws(() => subject.open(place), { code: 'WORKSPACE_LOCKED' })
      }))

    it('refuses whoever opened it before somebody else did', async () => {
      const { former, present } = subject.openTwice()
      await present.append([to('a', 0, happened(1))])
      const stale = [former.append([to('b', 0, happened(2))]), former.append([to('c', 'any', happened(3))])]
      for (const append of stale) await assert.rejects(append, { code: 'LOG_EPOCH_STALE' })
      const erasure = former.erase({ positions: [1] }, { actor: 'test', reason: 'stale' })
      await assert.rejects(erasure, { code: 'LOG_EPOCH_STALE' })
      assert.throws(() => former.rebuild({ replace: true }), { code: 'LOG_EPOCH_STALE' })
      await present.append([to('a', 1, happened(4))])
      assert.deepEqual(
        [...present.read()].map((e) => e.body?.n),
        [1, 4],
      )
      await present.close()
    })

    it('refuses appends after it is closed', async () => {
      const log = subject.open(subject.newPlace())
      await log.close()
      await assert.rejects(log.append([to('a', 0, happened(1))]), { code: 'LOG_CLOSED' })
    })

    it('tells listeners of each commit in order, once durable', () =>
      withLog(async (log) => {
        const seen: number[] = []
        const stop = log.onCommit((events) => seen.push(...events.map((e) => e.position)))
        await Promise.all([log.append([to('a', 0, happened(1))]), log.append([to('b', 0, happened(2))])])
        stop()
        await log.append([to('a', 1, happened(3))])
        assert.deepEqual(seen, [1, 2])
      }))

    it('keeps projections in step, and rebuilds them to the same content', () =>
      withLog(async (log) => {
        await log.append([to('a', 0, happened(1), happened(2))])
        assert.deepEqual({ ...log.tables.get<object>('SELECT n FROM tally WHERE stream = ?', 'a') }, { n: 2 })
        assert.deepEqual(log.rebuild({ replace: false }).differing, [])
        assert.equal(log.rebuild({ replace: true }).tables.tally, 1)
        assert.deepEqual({ ...log.tables.get<object>('SELECT n FROM tally WHERE stream = ?', 'a') }, { n: 2 })
      }))

    it('builds a projection that is new or changed when it opens', async () => {
      const place = subject.newPlace()
      const before = subject.open(place)
      await before.append([to('a', 0, happened(1))])
      await before.close()
      const later = subject.open(place, [tally])
      assert.equal(later.tables.all('SELECT * FROM tally').length, 1)
      await later.close()
    })

    it('keeps blobs with the events that name them', () =>
      withLog(async (log) => {
        const bytes = Buffer.from('raw mail')
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        await log.append([to('a', 0, happened(1))], [{ sha256, bytes }])
        assert.deepEqual(Buffer.from(log.blob(sha256) ?? []), bytes)
        assert.equal(log.blob('0'.repeat(64)), undefined)
        const wrong = log.append([to('a', 1, happened(2))], [{ sha256: '0'.repeat(64), bytes }])
        await assert.rejects(wrong, { code: 'LOG_CORRUPT' })
        assert.equal(log.verify().blobs, 1)
      }))

    it('chains headers by hash from the first event on', () =>
      withLog(async (log) => {
        assert.deepEqual(log.head(), { position: 0, hash: GENESIS_HASH })
        await log.append([to('a', 0, happened(1, { label: OWNER }))])
        await log.append([to('a', 1, happened(1, { label: externalFrom('mail:m-1') }))])
        const report = log.verify()
        assert.equal(report.events, 2)
        assert.deepEqual(report.head, log.head())
      }))

    it('shows against a checkpoint that its end was cut off, or that it is another log', () =>
      withLog(async (log) => {
        const empty = checkpointOf(log, 0)
        await log.append([to('a', 0, happened(1), happened(2))])
        const taken = checkpointOf(log, 0)
        await log.append([to('a', 2, happened(3))])
        for (const one of [empty, taken, checkpointOf(log, 0)]) assert.equal(log.verify(one).events, 3)
        const later = { ...taken, position: 4 }
        assert.throws(() => log.verify(later), { code: 'LOG_TRUNCATED' })
        const other = { ...taken, log: 'another' }
        assert.throws(() => log.verify(other), { code: 'LOG_REPLACED' })
        for (const one of [taken, empty]) {
          const forged = { ...one, hash: 'f'.repeat(64) }
          assert.throws(() => log.verify(forged), { code: 'LOG_REWRITTEN' })
        }
      }))

    it('erases blobs for good', () =>
      withLog(async (log) => {
        const bytes = Buffer.from('raw mail')
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        await log.append([to('a', 0, happened(1))], [{ sha256, bytes }])
        await log.erase({ positions: [], blobs: [sha256] }, { actor: 'operator', reason: 'asked for' })
        assert.equal(log.blob(sha256), undefined)
        assert.equal(log.verify().blobs, 0)
      }))

    it('deletes a blob with the last body that it came with, and tells the listeners', () =>
      withLog(async (log) => {
        const bytes = Buffer.from('raw mail')
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        const naming = (n: number) => happened(n, { body: { n, raw: sha256 } })
        await log.append([to('a', 0, happened(1), naming(2))], [{ sha256, bytes }])
        await log.append([to('b', 0, naming(3))], [{ sha256, bytes }])
        const told: string[] = []
        log.onCommit((events) => told.push(...events.map(({ kind }) => kind)))
        const by = { actor: 'operator', reason: 'asked for' }
        assert.deepEqual(await log.erase({ positions: [1, 2] }, by), { events: 2, blobs: 0 })
        assert.notEqual(log.blob(sha256), undefined)
        assert.deepEqual(await log.erase({ positions: [3, 1] }, by), { events: 1, blobs: 1 })
        assert.equal(log.blob(sha256), undefined)
        assert.deepEqual(told, ['bodies.erased', 'bodies.erased'])
        assert.deepEqual(log.event(5)?.body?.positions, [3])
        assert.equal(log.verify().blobs, 0)
      }))

    it('folds anew only what can not let go of a body by itself', async () => {
      let folds = 0
      const frugal: Projection = {
        ...tally,
        name: 'frugal',
        tables: ['frugal'],
        schema: 'CREATE TABLE frugal (stream TEXT PRIMARY KEY, n INTEGER NOT NULL, text TEXT)',
        apply({ stream, body }, tables) {
          folds += 1
          const text = typeof body?.text === 'string' ? body.text : null
          tables.run(
            `INSERT INTO frugal VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET n = n + excluded.n, text = excluded.text`,
            stream,
            Number(body?.n ?? 0),
            text,
          )
        },
        erasure: {
          keep: ({ body }) => ({ n: body?.n ?? 0 }),
          forget({ stream, body }, tables) {
            tables.run('UPDATE frugal SET text = NULL WHERE stream = ?', stream)
            return body?.n !== 3
          },
        },
      }
      const log = subject.open(subject.newPlace(), [tally, frugal])
      const secret = (n: number) => happened(n, { body: { n, text: 'Rosenkohl' } })
      await log.append([to('a', 0, secret(1), secret(2)), to('b', 0, secret(3))])
      assert.equal(folds, 3)
      const by = { actor: 'operator', reason: 'asked for' }
      await log.erase({ positions: [2] }, by)
      assert.equal(folds, 3, 'it let go of the body by itself')
      assert.deepEqual(
        { ...log.tables.get<object>("SELECT * FROM frugal WHERE stream = 'a'") },
        { stream: 'a', n: 3, text: null },
      )
      assert.deepEqual(log.rebuild({ replace: false }).differing, [])
      await log.erase({ positions: [3] }, by)
      assert.equal(folds, 9, 'it could not: three were compared, three folded anew')
      assert.deepEqual(log.rebuild({ replace: false }).differing, [])
      assert.equal(JSON.stringify(log.tables.all('SELECT * FROM frugal')).includes('Rosenkohl'), false)
      await log.close()
    })

    it('gives the room of what was erased back', () =>
      withLog(async (log) => {
        const events = Array.from({ length: 50 }, (_, n) =>
          happened(n, { body: { text: 'x'.repeat(20_000) } }),
        )
        await log.append([to('a', 0, ...events)])
        const positions = events.map((_, i) => i + 1)
        await log.erase({ positions }, { actor: 'operator', reason: 'asked for' })
        const { bytesBefore, bytesAfter } = log.compact()
        assert.ok(bytesBefore > 1_000_000 && bytesAfter < 300_000, `${bytesBefore} → ${bytesAfter}`)
        assert.equal(log.verify().erased, 50)
      }))

    it('erases who it was about from headers, residues and earlier records too, and the chain verifies', async () => {
      const keeping: Projection = {
        ...tally,
        name: 'keeping',
        tables: ['keeping'],
        schema: 'CREATE TABLE keeping (stream TEXT, correlation TEXT, who TEXT)',
        apply({ stream, correlation, body }, tables) {
          const who = typeof body?.who === 'string' ? body.who : null
          tables.run('INSERT INTO keeping VALUES (?, ?, ?)', stream, correlation, who)
        },
        erasure: { keep: ({ body }) => ({ who: body?.who ?? null }) },
      }
      const place = subject.newPlace()
      const open = () => subject.open(place, [keeping])
      let log = open()
      const ada = 'ada@hall.example'
      const about = (n: number) =>
        happened(n, {
          actor: `agent:${ada}`,
          correlation: `run-${ada}`,
          label: { trust: 'external', sources: [`mail:${ada}`], readers: null },
          body: { who: ada },
        })
      await log.append([to('other', 0, happened(1)), to(`mail/${ada}`, 0, about(2), about(3))])
      await log.append([to('other', 1, happened(4))])
      const checkpoint = checkpointOf(log, 0)
      const by = { actor: 'operator', reason: `${ada} asked for it` }
      await log.erase({ positions: [2], runs: [`run-${ada}`] }, by)
      const replace = (text: string) => text.replaceAll(ada, 'erased-1')
      await log.erase({ positions: [3], replace, note: { why: 'a wish' } }, by)
      log.compact({ anew: true })

      for (const _ of [1, 2]) {
        assert.equal(log.verify(checkpoint).erased, 3, 'two, and the earlier record of an erasure')
        assert.deepEqual(log.rebuild({ replace: false }).differing, [])
        const said = JSON.stringify([...log.read()]) + JSON.stringify(log.tables.all('SELECT * FROM keeping'))
        assert.equal(said.includes(ada), false)
        assert.equal(log.readStream('mail/erased-1').length, 2)
        assert.deepEqual(
          log.tables
            .all<{ who: string }>('SELECT who FROM keeping WHERE who IS NOT NULL')
            .map(({ who }) => who),
          ['erased-1', 'erased-1'],
        )
        const { body } = log.event(log.head().position) ?? {}
        assert.deepEqual(body?.runs, ['run-erased-1'])
        assert.equal(body?.why, 'a wish')
        await log.close()
        log = open()
      }
      await log.append([to(`mail/${ada}`, 0, happened(9))])
      assert.equal(log.readStream(`mail/${ada}`).length, 1, 'the name is free for a new stream')
      log.verify()
      await log.close()
    })

    it('erases bodies for good while the chain still verifies', () =>
      withLog(async (log) => {
        await log.append([to('a', 0, happened(1, { body: { secret: 'Rosenkohl' } }), happened(2))])
        await log.erase({ positions: [1] }, { actor: 'operator', reason: 'asked for' })
        assert.equal(log.event(1)?.body, null)
        assert.deepEqual(log.event(2)?.body, { n: 2 })
        const report = log.verify()
        assert.equal(report.erased, 1)
        assert.equal(log.event(report.events)?.kind, 'bodies.erased')
        assert.deepEqual(log.rebuild({ replace: false }).differing, [])
        const stored = JSON.stringify(log.tables.all('SELECT * FROM tally'))
        assert.ok(!stored.includes('Rosenkohl'))
      }))
  })
}
